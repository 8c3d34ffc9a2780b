/** Where encoders write: header blocks one after another in a slab of memory, each cut off as a Buffer of its own. */
import { Buffer } from 'node:buffer';
import type { Cursor } from './integer.js';

// As with Node's own pool for small Buffers, one allocation serves many blocks; writing in place saves it the copy.
const SLAB_BYTES = 16_384;

export class BlockWriter implements Cursor {
  bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
  at = 0;
  #start = 0;

  /** Begins a block. One that was begun and not cut off is forgotten. */
  begin(): void {
    this.at = this.#start;
  }

  /** Makes room for so many octets. `bytes` and `at` may be others afterwards. */
  reserve(bytes: number): void {
    if (this.at + bytes > this.bytes.length) this.#move(bytes);
  }

  /** Cuts the block off. Nothing else will ever be written to its memory. */
  cut(): Buffer {
    const block = this.bytes.subarray(this.#start, this.at);
    this.#start = this.at;
    return block;
  }

  #move(bytes: number): void {
    const begun = this.at - this.#start;
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (begun + bytes)));
    this.bytes.copy(slab, 0, this.#start, this.at);
    this.bytes = slab;
    this.#start = 0;
    this.at = begun;
  }
}
