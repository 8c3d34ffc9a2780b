/**
 * The parts of RFC 6455 that the edge and the agent share: the keys of the opening handshake (section 4), the close frame
 * (section 5.5.1) and where frames end (section 5.2). Everything else of a WebSocket passes unread.
 */
import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { headerValue, headerValues, type RawHeaders } from './fields.js';

/** The value of `Sec-WebSocket-Version`: RFC 6455 itself. */
export const WEBSOCKET_VERSION = '13';

// Section 1.3.
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** A new `Sec-WebSocket-Key`: 16 random bytes in base64 (section 4.1). */
export function newKey(): string {
  return randomBytes(16).toString('base64');
}

/** Whether a value of `Sec-WebSocket-Key` is 16 bytes in base64. */
export function isKey(value: string): boolean {
  return KEY.test(value);
}

/** The `Sec-WebSocket-Accept` that answers a key (section 4.2.2). */
export function acceptKey(key: string): string {
  return createHash('sha1').update(`${key}${KEY_SUFFIX}`).digest('base64');
}

/** Whether the fields of a 101 complete the handshake that was opened with `key` (section 4.1). */
export function completesHandshake(fields: RawHeaders, key: string): boolean {
  const accept = headerValues(fields, 'sec-websocket-accept');
  const upgrade = headerValue(fields, 'upgrade')?.toLowerCase();
  return upgrade === 'websocket' && accept.length === 1 && accept[0] === acceptKey(key);
}

/** The status of a close frame (section 7.4) and its reason, at most 123 bytes of UTF-8. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** An unmasked close frame, as a server sends it. */
export function closeFrame({ code, reason }: Closing): Buffer {
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
  payload.writeUInt16BE(code);
  return Buffer.concat([Buffer.from([0x88, payload.length]), payload]);
}

/** Follows frames by their lengths, however the bytes are split. */
export class FrameLengths {
  #payloadLeft = 0;
  // The header of the current frame as far as it has arrived: at most 14 bytes, 10 from a server, which does not mask.
  #header: number[] = [];

  /** Whether all bytes so far are complete frames, so that another frame may be sent after them. */
  get isBetween(): boolean {
    return this.#payloadLeft === 0 && this.#header.length === 0;
  }

  pass(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const step = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= step;
        at += step;
        continue;
      }
      this.#header.push(chunk[at++] as number);
      const length = payloadLength(this.#header);
      if (length === undefined) continue;
      this.#payloadLeft = length;
      this.#header = [];
    }
  }
}

/** The length of the payload once the header is complete; undefined before. */
function payloadLength(header: readonly number[]): number | undefined {
  const second = header[1];
  if (second === undefined) return undefined;
  const marker = second & 0x7f;
  const lengthBytes = marker === 126 ? 2 : marker === 127 ? 8 : 0;
  const maskBytes = (second & 0x80) === 0 ? 0 : 4;
  if (header.length < 2 + lengthBytes + maskBytes) return undefined;
  if (lengthBytes === 0) return marker;
  return header.slice(2, 2 + lengthBytes).reduce((length, byte) => length * 256 + byte, 0);
}
