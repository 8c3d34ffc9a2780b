/**
 * Lingering close (RFC 9112 section 9.6): a connection that is closed at once is reset by what its client still sends, and
 * the client sees a lost connection instead of the response.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long the rest of a request is dropped: a response crosses the world, and its client stops sending. */
const LINGER_MS = 2_000;

/** Sends a response while the body of its request is still arriving and is dropped, then closes the connection. */
export function endWithLinger(request: IncomingMessage, response: ServerResponse, content: string): void {
  response.setHeader('Connection', 'close');
  response.flushHeaders();
  if (content !== '') response.write(content);
  const end = () => {
    clearTimeout(late);
    response.end();
  };
  const late = setTimeout(end, LINGER_MS);
  request.once('close', end);
  response.once('close', end);
  request.unpipe();
  request.resume();
}

/** Sends the last bytes of a connection whose client may still be sending, and ends it. */
export function endSocketWithLinger(socket: Duplex, last: string | Buffer): void {
  socket.end(last);
  socket.once('end', () => socket.destroy());
  const late = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(late));
}
