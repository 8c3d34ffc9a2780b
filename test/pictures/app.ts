/** The app that is shared in the pictures: a shop with a page, a style sheet and orders as JSON. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const ORDERS = [
  { id: 4711, customer: 'Lindgren AB', total: 129.5, state: 'paid', items: [{ sku: 'lamp-2', quantity: 1 }] },
  { id: 4712, customer: 'ACME Ltd', total: 42, state: 'open', items: [{ sku: 'cable-1', quantity: 6 }] },
];

const PAGES: Record<string, readonly [type: string, body: string]> = {
  'GET /': ['text/html', '<!doctype html><title>Shop</title><h1>Shop</h1>'],
  'GET /cart': ['text/html', '<!doctype html><title>Cart</title><h1>Cart</h1>'],
  'GET /assets/app.css': ['text/css', 'h1 { color: teal }'],
  'GET /api/orders': ['application/json', JSON.stringify({ orders: ORDERS, next: null })],
};

export async function startApp() {
  const server = createServer((request, response) => {
    request.resume().on('end', () => serve(`${request.method} ${request.url}`, response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => server.close().closeAllConnections() };
}

function serve(what: string, response: ServerResponse): void {
  if (what === 'POST /api/orders') {
    response.writeHead(201, { 'content-type': 'application/json', location: '/api/orders/4713' });
    response.end(JSON.stringify({ id: 4713, state: 'open' }));
    return;
  }
  const [type, body] = PAGES[what] ?? ['text/plain', 'There is nothing here.'];
  response.writeHead(what in PAGES ? 200 : 404, { 'content-type': type }).end(body);
}
