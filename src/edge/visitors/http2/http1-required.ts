/** HTTP/2 where the edge has only HTTP/1.1: its clients are told so in their own protocol, and may ask again. */
import type { Duplex } from 'node:stream';
import { Http2ErrorCode } from '../../../http2/errors.js';
import { goawayFrame, settingsFrame } from '../../../http2/frame/writer.js';
import { endSocketWithLinger } from '../http1/lingering-close.js';

// The preface of a server (RFC 9113 section 3.4), without which a client takes no other frame.
const LAST_WORD = Buffer.concat([settingsFrame(Buffer.alloc(0)), goawayFrame(0, Http2ErrorCode.HTTP_1_1_REQUIRED)]);

/** Ends a connection whose client has sent the preface of HTTP/2. Nothing that it asks for is done (GOAWAY, section 6.8). */
export function requireHttp1(socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  endSocketWithLinger(socket, LAST_WORD);
  socket.resume();
}
