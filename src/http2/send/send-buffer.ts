/** The bytes of one stream that were written and not yet sent. Sent chunks are released at once. */
import { Buffer } from 'node:buffer';
import { SLAB_BYTES, type Slab, takeEmptySlab } from './slab.js';
import type { WriteBuffer } from './write-buffer.js';

const RELEASED = Buffer.alloc(0);
// The slots of released chunks are removed once there are this many, and as many as pending chunks: each pending chunk is
// moved once on average.
const MAX_RELEASED = 32;
// A copy of this much has a slab of its own, which is written again once it is sent: memory that was never used is what costs
// most in the first second of a process, and to release it takes a collection of the heap. Less would leave much of it empty.
const MIN_SLAB_COPY_BYTES = (SLAB_BYTES * 3) / 4;

export class SendBuffer {
  #chunks: Buffer[] = [];
  // The first chunk that is not completely sent, and how much of it is.
  #first = 0;
  // Of the pending chunks that are copies, in their order.
  readonly #slabs: Slab[] = [];
  #offset = 0;
  #bytes = 0;

  /** Pending bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The total size of the chunks that are kept alive, the sent part of the first included. Summed on each call. */
  get retainedBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Slots for chunks, those of released ones included. */
  get slots(): number {
    return this.#chunks.length;
  }

  /** Takes over a chunk. */
  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** Takes a copy of bytes that may change afterwards. */
  addCopy(bytes: Buffer): void {
    if (bytes.length < MIN_SLAB_COPY_BYTES) this.add(Buffer.from(bytes));
    else {
      const slab = takeEmptySlab(bytes.length);
      bytes.copy(slab.bytes);
      this.#slabs.push(slab);
      this.add(slab.bytes.subarray(0, bytes.length));
    }
  }

  /** Moves the oldest `count` pending bytes into the frame that was begun. */
  moveTo(output: WriteBuffer, count: number): void {
    let left = count;
    while (left > 0) {
      const chunk = this.#chunks[this.#first] as Buffer; // `count` is at most `bytes`
      const end = Math.min(this.#offset + left, chunk.length);
      output.fill(chunk, this.#offset, end);
      left -= end - this.#offset;
      this.#offset = end;
      if (end === chunk.length) this.#release();
    }
    this.#bytes -= count;
  }

  clear(): void {
    for (const slab of this.#slabs.splice(0)) slab.fill();
    this.#chunks = [];
    this.#first = 0;
    this.#offset = 0;
    this.#bytes = 0;
  }

  #release(): void {
    if (this.#slabs[0]?.bytes.buffer === this.#chunks[this.#first]?.buffer) this.#slabs.shift()?.fill();
    this.#chunks[this.#first] = RELEASED;
    this.#first += 1;
    this.#offset = 0;
    if (this.#first === this.#chunks.length) this.#chunks = [];
    else if (this.#first < MAX_RELEASED || this.#first * 2 < this.#chunks.length) return;
    else this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }
}
