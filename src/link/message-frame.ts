/** The frame of a message (RFC 6455 section 5.2), made in place: `ws` by itself copies what it masks. */
import { Buffer } from 'node:buffer';
import { Sender } from './ws.js';

/** The longest header: a length of eight bytes and a masking key. */
export const MAX_HEADER_BYTES = 14;

const BINARY = 2;

/**
 * The frame of a whole binary message. It is where `payload` is: the header is written in front of it, where `MAX_HEADER_BYTES`
 * of its ArrayBuffer must be free, and a client's payload is masked with a new key.
 */
export function frameInPlace(payload: Buffer, isMasked: boolean): Buffer {
  const [header] = Sender.frame(payload, { fin: true, rsv1: false, opcode: BINARY, mask: isMasked, readOnly: false });
  const frame = Buffer.from(payload.buffer, payload.byteOffset - header.length, header.length + payload.length);
  header.copy(frame);
  return frame;
}
