/**
 * Clients that take what a budget counts: connections, unfinished heads, requests in a row, offers of links. Each may come
 * from an address of its own: every address of 127.0.0.0/8 is this machine's.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { World } from './world.js';

/** Where the edge listens, and the address from which a client connects; 127.0.0.1 unless given. */
export interface Way {
  readonly port: number;
  readonly from?: string;
}

/** The `count`th address of 127.`net`.0.0/16. */
export function address(net: number, count: number): string {
  return `127.${net}.${(count >> 8) & 255}.${count & 255 || 1}`;
}

/** A connection on which these bytes were written, and whose other side is read and forgotten. */
export async function sending({ port, from }: Way, bytes: string | Uint8Array): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', ...(from === undefined ? {} : { localAddress: from }) });
  socket.on('error', () => {}).resume(); // a client that does not read is not told of an end
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined); // refused: it is closed
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

/** So many connections that say nothing, opened a hundred at a time. */
export async function dial(way: Way, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(100, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => sending(way, '')))));
  }
  return sockets;
}

/** A head of 48 kB that does not end. `host` is a whole line. */
export function unfinishedHead(host: string): string {
  const lines = Array.from({ length: 900 }, (_, at) => `X-${at}: ${'y'.repeat(45)}\r\n`);
  return `GET / HTTP/1.1\r\n${host}${lines.join('')}`;
}

/** Offers a tunnel from an address. `attach` is given the WebSocket before the edge can say a word on it. */
export function offerFrom(
  { base, port }: Pick<World, 'base' | 'port'>,
  offer: {
    readonly token: string;
    readonly name: string;
    readonly from: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
  attach: (link: WebSocket) => void = () => {},
): Promise<{ status: number; link: WebSocket }> {
  const headers = { host: new URL(base).host, authorization: `Bearer ${offer.token}`, 'postern-agent': randomUUID() };
  const link = new WebSocket(`ws://127.0.0.1:${port}/.postern/link`, ['postern.h2'], {
    localAddress: offer.from,
    perMessageDeflate: false,
    headers: { ...headers, 'postern-tunnel': offer.name, 'postern-allow': '@acme.com', ...offer.headers },
  });
  attach(link);
  return new Promise((resolve) => {
    link.on('error', () => resolve({ status: 0, link })); // after the outcome it says nothing new
    link.once('open', () => resolve({ status: 101, link }));
    link.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, link });
    });
  });
}
