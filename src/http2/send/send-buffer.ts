/** The bytes of one stream that were written and have not been sent. What has been sent is released at once. */
import { Buffer } from 'node:buffer';
import type { WriteBuffer } from './write-buffer.js';

const RELEASED = Buffer.alloc(0);
// The places of released chunks are given back once there are so many, and as many as chunks that wait: each is moved
// once on average.
const MAX_RELEASED = 32;

export class SendBuffer {
  #chunks: Buffer[] = [];
  // The first chunk that has not been sent whole, and how much of it has.
  #first = 0;
  #offset = 0;
  #bytes = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How large the chunks are that this keeps alive, what was sent of the first included. Counted anew each time. */
  get retainedBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Places for chunks, those of released ones included. */
  get slots(): number {
    return this.#chunks.length;
  }

  /** Takes over a chunk. */
  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** Moves the oldest `count` bytes, of those that wait, into the frame that was begun. */
  moveTo(output: WriteBuffer, count: number): void {
    let left = count;
    while (left > 0) {
      const chunk = this.#chunks[this.#first] as Buffer; // there are `bytes` in them
      const end = Math.min(this.#offset + left, chunk.length);
      output.fill(chunk, this.#offset, end);
      left -= end - this.#offset;
      this.#offset = end;
      if (end === chunk.length) this.#release();
    }
    this.#bytes -= count;
  }

  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#offset = 0;
    this.#bytes = 0;
  }

  #release(): void {
    this.#chunks[this.#first] = RELEASED;
    this.#first += 1;
    this.#offset = 0;
    if (this.#first === this.#chunks.length) this.#chunks = [];
    else if (this.#first < MAX_RELEASED || this.#first * 2 < this.#chunks.length) return;
    else this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }
}
