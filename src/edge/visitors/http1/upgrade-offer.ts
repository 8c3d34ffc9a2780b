/**
 * Offers to switch protocols (RFC 9110 section 7.8). The edge takes one up, `websocket`; any other (`h2c` of curl and of
 * Java's client, `TLS/1.2`) is ignored and goes no further: its request is an ordinary one. `node:http` hands every such
 * request over as an upgrade and takes its parser off the connection, so the request is given back without the offer, in front
 * of the bytes that came behind its head, and read again: body, `Expect`, pipelined requests and keep-alive are as ever.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { listMembers } from '../../../core/white-space.js';
import { isFieldValue } from '../../../http/header-rules.js';
import { whenIdle } from './pipelining.js';

/** Whether the request offers the one protocol that the edge switches to. HTTP/1.0 knows no offers. */
export function offersWebSocket({ headers, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMinor > 0 && headers.upgrade?.toLowerCase() === 'websocket';
}

/** Serves the request of an `upgrade` event as an ordinary one, after those in front of it. Takes over the socket. */
export function serveWithoutOffer(server: Server, request: IncomingMessage, socket: Socket, behind: Buffer): void {
  socket.on('error', destroySocket);
  whenIdle(socket, () => {
    socket.off('error', destroySocket); // the server has a listener of its own
    // A value that could be read as two lines is none that the parser lets through; were it one, it would end here.
    if (!socket.writable || !request.rawHeaders.every(isFieldValue)) return void socket.destroy();
    socket.unshift(Buffer.concat([writeHead(request), behind]));
    server.emit('connection', socket);
  });
}

// As it was, byte for byte, but for white space around values, which `node:http` does not keep.
function writeHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at] as string, rawHeaders[at + 1] as string];
    const kept = withoutOffer(name.toLowerCase(), value);
    if (kept !== undefined) lines.push(`${name}: ${kept}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

const OFFERS: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

function withoutOffer(name: string, value: string): string | undefined {
  if (OFFERS.has(name)) return undefined;
  if (name !== 'connection') return value;
  const options = listMembers(value).filter((option) => !OFFERS.has(option.toLowerCase()));
  return options.length === 0 ? undefined : options.join(', ');
}

function destroySocket(this: Socket): void {
  this.destroy();
}
