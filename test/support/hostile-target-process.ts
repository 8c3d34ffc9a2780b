/** A target on Node's own HTTP server that misbehaves by path, as hostile-target.py does. Prints its port as one JSON line. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

type Act = (response: ServerResponse, socket: Socket) => unknown;

const ACTS: Readonly<Record<string, Act>> = {
  short: (response, socket) => response.writeHead(200, { 'content-length': 10 }).write('part', () => socket.end()),
  long: (_response, socket) => okWith(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
  garbage: (_response, socket) => okWith(socket, '\0\xffgarbage\r\n\r\n'),
  reset: (response, socket) =>
    response.writeHead(200, { 'content-length': 10 }).write('part', () => socket.resetAndDestroy()),
  mute: (_response, socket) => socket.destroy(),
  close: (response, socket) => response.end('ok', () => setTimeout(() => socket.destroy(), 10)),
  async trickle(response) {
    response.writeHead(200, { 'content-length': 5 });
    for (const byte of 'whole') {
      response.write(byte);
      await delay(20);
    }
    response.end();
  },
};

/**
 * A response and more behind it in one write, hence in one packet: what comes later may meet another request on the same
 * connection, whoever the client is. Node's own response cannot: at its end it uncorks the socket and writes by itself.
 */
function okWith(socket: Socket, surplus: string): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${surplus}`, 'latin1');
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '';
  const name = url.split('?', 1)[0]?.slice(1) ?? '';
  if (name === 'early') {
    response.writeHead(413, { 'content-length': 2 }).end('no', () => request.socket.destroySoon()); // before its body
    return;
  }
  await buffer(request);
  const act = ACTS[name];
  if (act === undefined) response.setHeader('content-length', url.length).end(url);
  else {
    if (name === 'close') response.setHeader('content-length', 2);
    await act(response, request.socket);
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy()); // visitors leave
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
