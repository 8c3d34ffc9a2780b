/** The first bytes of a body, as far as they are kept, and how many there were. */
import { KeptBytes } from './kept-bytes.js';

/** Takes bytes that are to be kept into account, or returns false when they may not be. */
export type Reserve = (bytes: number) => boolean;

export class BodyCopy {
  readonly #maxBytes: number;
  readonly #reserve: Reserve;
  /** Most requests have no body. */
  #kept: KeptBytes | undefined;
  #bytes = 0;

  constructor(maxBytes: number, reserve: Reserve) {
    this.#maxBytes = maxBytes;
    this.#reserve = reserve;
  }

  /** All bytes that passed. */
  get bytes(): number {
    return this.#bytes;
  }

  get kept(): number {
    return this.#kept?.length ?? 0;
  }

  add(chunk: Buffer): void {
    const isGapless = this.kept === this.#bytes;
    this.#bytes += chunk.length;
    const room = Math.min(this.#maxBytes - this.kept, chunk.length);
    if (room <= 0 || !isGapless || !this.#reserve(room)) return;
    this.#kept ??= new KeptBytes();
    this.#kept.add(chunk.subarray(0, room));
  }

  /** Counts bytes and keeps none of them. */
  pass(chunk: Buffer): void {
    this.#bytes += chunk.length;
  }

  /** Keeps nothing any more. */
  release(): void {
    this.#kept = undefined;
  }

  /** What was kept, in one piece. */
  read(): Buffer {
    return this.#kept?.read() ?? EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);
