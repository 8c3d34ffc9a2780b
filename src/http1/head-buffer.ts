/**
 * A text that ends with an empty line and may arrive in any number of chunks: the head of a response, or trailers. Nothing
 * is copied if it arrives in one chunk, as it nearly always does.
 */
import { Buffer } from 'node:buffer';
import { MalformedResponse } from './errors.js';

const END = '\r\n\r\n';

export class HeadBuffer {
  readonly #maxBytes: number;
  #buffered = Buffer.alloc(0);
  #bufferedBytes = 0;
  #text = '';

  /** `maxBytes` bounds the text. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The last complete text, without the empty line and the line end before it. */
  get text(): string {
    return this.#text;
  }

  /** The bytes of an incomplete text; valid until the next `read`. */
  get buffered(): Buffer {
    return this.#buffered.subarray(0, this.#bufferedBytes);
  }

  /**
   * Reads from `at` on. Returns the position after the empty line, or -1 if all bytes were consumed without one. Throws
   * `MalformedResponse` if the text is too long.
   */
  read(bytes: Buffer, at: number): number {
    if (this.#bufferedBytes > 0) return this.#readMore(bytes, at);
    const end = bytes.indexOf(END, at, 'latin1');
    this.#limit((end === -1 ? bytes.length : end) - at);
    if (end === -1) return this.#append(bytes, at);
    this.#text = bytes.toString('latin1', at, end);
    return end + END.length;
  }

  #readMore(bytes: Buffer, at: number): number {
    const before = this.#bufferedBytes;
    this.#append(bytes.subarray(at, at + this.#maxBytes + END.length), 0);
    const buffered = this.#buffered.subarray(0, this.#bufferedBytes);
    const end = buffered.indexOf(END, Math.max(0, before - END.length + 1), 'latin1');
    this.#limit(end === -1 ? this.#bufferedBytes : end);
    if (end === -1) return -1;
    this.#text = buffered.toString('latin1', 0, end);
    this.#buffered = Buffer.alloc(0);
    this.#bufferedBytes = 0;
    return at + end + END.length - before;
  }

  // Doubles the buffer, so that bytes that arrive one by one are not copied each time.
  #append(bytes: Buffer, at: number): -1 {
    const needed = this.#bufferedBytes + bytes.length - at;
    if (needed > this.#buffered.length) {
      const larger = Buffer.alloc(Math.max(1_024, needed * 2));
      this.#buffered.copy(larger, 0, 0, this.#bufferedBytes);
      this.#buffered = larger;
    }
    bytes.copy(this.#buffered, this.#bufferedBytes, at);
    this.#bufferedBytes = needed;
    return -1;
  }

  #limit(bytes: number): void {
    if (bytes > this.#maxBytes) throw new MalformedResponse(`a head or trailers of more than ${this.#maxBytes} bytes`);
  }
}
