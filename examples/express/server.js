// An Express app that shares itself. Its port is open on this machine too, so it believes only what the edge has signed.
import { once } from 'node:events';
import express from 'express';
import { openTunnel } from 'postern';
import { postern } from 'postern/express';

const app = express();
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
await once(server, 'listening');

const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const tunnel = await openTunnel({ target: port, allow: ['@acme.com'] });
app.use(postern({ edge: tunnel.edge, tunnel: tunnel.url }));
app.get('/', (request, response) => {
  response.type('text/plain').send(`Hello ${request.identity?.email}\n`);
});

console.log(`http://localhost:${port} is shared at ${tunnel.url}`);
tunnel.on('knock', ({ email }) => console.log(`${JSON.stringify(email)} asks to be let in: postern allow ADDRESS`));
