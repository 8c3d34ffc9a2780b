/** The bytes of one stream that wait for its reader, without the messages that they came in. */
import { Buffer } from 'node:buffer';

// Smaller chunks are gathered: each would otherwise pin the message that it came in.
const SMALL_CHUNK_BYTES = 4_096;
const BLOCK_BYTES = 8_192;
// A chunk that is less of its message than one in this is copied.
const MIN_SHARE = 4;

export class ReceiveBuffer {
  readonly #chunks: Buffer[] = [];
  // Where small chunks are gathered; what is used of it is the last of the chunks.
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

  /** Takes out the oldest chunk. */
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
