/**
 * Ends a spliced WebSocket from the edge with a close frame (RFC 6455 section 5.5.1) instead of a bare hang-up, so that
 * the app's code in the browser can tell the end of a session (1008) and of a tunnel (1012) from a lost connection. The frames that pass
 * towards the visitor are not changed and not read but for their lengths: a frame can only be added between two others.
 */
import type { Duplex } from 'node:stream';

/** What a close frame says (RFC 6455 section 7.4). */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** The gate would no longer let the visitor in: policy violation. */
export const SESSION_ENDED: Closing = { code: 1008, reason: 'session ended' };

/** The agent went or was lost: service restart, which tells a page to come back. */
export const TUNNEL_LOST: Closing = { code: 1012, reason: 'tunnel lost' };

// A browser answers a close frame at once; whoever does not is hung up on.
const RESPONSE_TIMEOUT_MS = 1_000;

/**
 * Follows the frames of a spliced WebSocket; returns the function that closes the visitor's side behind the current
 * frame. The target's side ends with it: `splice` sees to that.
 */
export function closeBehind(target: Duplex, visitor: Duplex): (closing: Closing) => void {
  const frames = new FrameLengths();
  target.on('data', (chunk: Buffer) => frames.pass(chunk));
  return (closing) => {
    target.unpipe(visitor);
    visitor.unpipe(target);
    // In the middle of a frame nothing can be said any more; hanging up is all that is left.
    if (!frames.isBetween || visitor.writableEnded) {
      visitor.destroy();
      return;
    }
    visitor.resume(); // bytes left unread would turn the close into a reset, and the frame could be lost with it
    visitor.end(closeFrame(closing));
    setTimeout(() => visitor.destroy(), RESPONSE_TIMEOUT_MS).unref();
  };
}

function closeFrame({ code, reason }: Closing): Buffer {
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
  payload.writeUInt16BE(code);
  return Buffer.concat([Buffer.from([0x88, payload.length]), payload]);
}

/** Counts through frames by their lengths (RFC 6455 section 5.2), however the bytes are cut. */
export class FrameLengths {
  #payloadLeft = 0;
  // The header of the frame that begins: at most 14 bytes, 10 from a server, which does not mask.
  #header: number[] = [];

  /** Whether all bytes so far are whole frames. */
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

/** The payload's length once the header is whole; undefined before. */
function payloadLength(header: readonly number[]): number | undefined {
  const second = header[1];
  if (second === undefined) return undefined;
  const mark = second & 0x7f;
  const lengthBytes = mark === 126 ? 2 : mark === 127 ? 8 : 0;
  const maskBytes = (second & 0x80) === 0 ? 0 : 4;
  if (header.length < 2 + lengthBytes + maskBytes) return undefined;
  if (lengthBytes === 0) return mark;
  return header.slice(2, 2 + lengthBytes).reduce((length, byte) => length * 256 + byte, 0);
}
