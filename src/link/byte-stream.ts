/**
 * A WebSocket as a stream of bytes. Binary messages are the bytes, whose boundaries mean nothing; a text message is a
 * protocol error of the peer and ends the link with close code 1003 (RFC 6455 section 7.4.1).
 */
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';

/** Takes over an open WebSocket. `onBytes` is called for every message, as a sign of life. */
export function byteStream(socket: WebSocket, onBytes: () => void): Duplex {
  const stream = createWebSocketStream(socket, { allowHalfOpen: false });
  socket.on('message', (_message, isBinary) => {
    if (isBinary) onBytes();
    else socket.close(1003);
  });
  return stream;
}
