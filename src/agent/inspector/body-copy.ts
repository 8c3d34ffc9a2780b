/** The first bytes of a body, as far as they are kept, and how many there were. */

/** Takes bytes that are to be kept into account, or returns false when they may not be. */
export type Reserve = (bytes: number) => boolean;

export class BodyCopy {
  readonly #maxBytes: number;
  readonly #reserve: Reserve;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #kept = 0;

  constructor(maxBytes: number, reserve: Reserve) {
    this.#maxBytes = maxBytes;
    this.#reserve = reserve;
  }

  /** All bytes that passed. */
  get bytes(): number {
    return this.#bytes;
  }

  get kept(): number {
    return this.#kept;
  }

  /** Copies what is to be kept: a chunk is part of a larger message, all of which it would keep alive. */
  add(chunk: Buffer): void {
    const isGapless = this.#kept === this.#bytes;
    this.#bytes += chunk.length;
    const room = Math.min(this.#maxBytes - this.#kept, chunk.length);
    if (room <= 0 || !isGapless || !this.#reserve(room)) return;
    this.#pieces.push(Buffer.from(chunk.subarray(0, room)));
    this.#kept += room;
  }

  /** Counts bytes and keeps none of them. */
  pass(chunk: Buffer): void {
    this.#bytes += chunk.length;
  }

  /** What was kept, in one piece. */
  read(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);
