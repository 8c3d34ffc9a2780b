/** The unread bytes of one stream, without the larger chunks that they arrived in. */
import { Buffer } from 'node:buffer';

// Smaller chunks are coalesced: each would otherwise keep the chunk alive that it arrived in.
const SMALL_CHUNK_BYTES = 4_096;
const BLOCK_BYTES = 8_192;
// A chunk is copied if it is less than one part in this of the memory that it keeps alive.
const MIN_SHARE = 4;

export class ReceiveBuffer {
  readonly #chunks: Buffer[] = [];
  // Where small chunks are coalesced; its used part is the last of the chunks.
  #block: { readonly bytes: Buffer; used: number } | undefined;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (chunk.length < SMALL_CHUNK_BYTES) this.#coalesce(chunk);
    else {
      this.#block = undefined;
      this.#chunks.push(chunk.length * MIN_SHARE >= chunk.buffer.byteLength ? chunk : Buffer.from(chunk));
    }
  }

  /** Removes and returns the oldest chunk. */
  shift(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    if (this.#chunks.length === 0) this.#block = undefined;
    this.#bytes -= chunk.length;
    return chunk;
  }

  #coalesce(chunk: Buffer): void {
    let block = this.#block;
    if (block === undefined || block.used + chunk.length > BLOCK_BYTES) {
      block = { bytes: Buffer.allocUnsafeSlow(BLOCK_BYTES), used: 0 };
      this.#block = block;
      this.#chunks.push(block.bytes);
    }
    chunk.copy(block.bytes, block.used);
    block.used += chunk.length;
    this.#chunks[this.#chunks.length - 1] = block.bytes.subarray(0, block.used);
  }
}
