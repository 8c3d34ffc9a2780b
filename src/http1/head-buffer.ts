/**
 * Text that ends with an empty line and may come in any number of pieces: the head of a response, the trailers. Nothing
 * is copied where it comes in one piece, which is nearly always.
 */
import { Buffer } from 'node:buffer';
import { MalformedResponse } from './errors.js';

const END = '\r\n\r\n';

export class HeadBuffer {
  readonly #maxBytes: number;
  #held = Buffer.alloc(0);
  #heldBytes = 0;
  #text = '';

  /** Refuses a text that is longer. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The text that was completed last, without the empty line and the end of the line before it. */
  get text(): string {
    return this.#text;
  }

  /** The bytes that are held until more come; valid until then. */
  get held(): Buffer {
    return this.#held.subarray(0, this.#heldBytes);
  }

  /**
   * Reads from `at` on. Returns the position behind the empty line, or -1 when all bytes were taken and it has not come.
   * Throws `MalformedAnswer` when the text is too long.
   */
  take(bytes: Buffer, at: number): number {
    if (this.#heldBytes > 0) return this.#takeMore(bytes, at);
    const end = bytes.indexOf(END, at, 'latin1');
    this.#limit((end === -1 ? bytes.length : end) - at);
    if (end === -1) return this.#hold(bytes, at);
    this.#text = bytes.toString('latin1', at, end);
    return end + END.length;
  }

  #takeMore(bytes: Buffer, at: number): number {
    const before = this.#heldBytes;
    this.#hold(bytes.subarray(at, at + this.#maxBytes + END.length), 0);
    const held = this.#held.subarray(0, this.#heldBytes);
    const end = held.indexOf(END, Math.max(0, before - END.length + 1), 'latin1');
    this.#limit(end === -1 ? this.#heldBytes : end);
    if (end === -1) return -1;
    this.#text = held.toString('latin1', 0, end);
    this.#held = Buffer.alloc(0);
    this.#heldBytes = 0;
    return at + end + END.length - before;
  }

  // Doubles its room, so that bytes that come one by one are not copied each time.
  #hold(bytes: Buffer, at: number): -1 {
    const needed = this.#heldBytes + bytes.length - at;
    if (needed > this.#held.length) {
      const roomier = Buffer.alloc(Math.max(1_024, needed * 2));
      this.#held.copy(roomier, 0, 0, this.#heldBytes);
      this.#held = roomier;
    }
    bytes.copy(this.#held, this.#heldBytes, at);
    this.#heldBytes = needed;
    return -1;
  }

  #limit(bytes: number): void {
    if (bytes > this.#maxBytes) throw new MalformedResponse(`a head or trailers of more than ${this.#maxBytes} bytes`);
  }
}
