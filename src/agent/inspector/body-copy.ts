/** The first bytes of a body while its exchange runs, as far as they are kept, and how many there were. */

import { KeptBytes } from './kept-bytes.js';
import type { KeptBody } from './kept-exchange.js';

/** Where the bytes of one exchange are kept. */
export interface BodyKeeper {
  readonly bodyBytes: number;
  /** Where the next byte will be. */
  readonly position: number;
  /** Makes room for bytes of the exchange and writes them there; false when the exchange is not kept any more. */
  write(bytes: Uint8Array): boolean;
  /** Fills `target`, or returns false for what is not there any more. */
  read(position: number, target: Buffer): boolean;
  /** Takes bytes that are kept elsewhere into account (or fewer), and returns false when there is no room for them. */
  reserve(bytes: number): boolean;
}

// The two numbers of a piece. A peer that sends single bytes pays for them.
const PIECE_BYTES = 16;

export class BodyCopy implements KeptBody {
  readonly #keeper: BodyKeeper;
  #bytes = 0;
  #kept = 0;
  /** Position and length of each piece: those of other exchanges are between them. */
  #pieces = NONE;
  /** What is pinned cannot stay among what goes. */
  #own: KeptBytes | undefined;

  constructor(keeper: BodyKeeper) {
    this.#keeper = keeper;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get kept(): number {
    return this.#kept;
  }

  /** Position and length of each piece, in turn. */
  get pieces(): readonly number[] {
    return this.#pieces;
  }

  add(chunk: Buffer): void {
    const isGapless = this.#kept === this.#bytes;
    this.#bytes += chunk.length;
    const room = Math.min(this.#keeper.bodyBytes - this.#kept, chunk.length);
    if (room > 0 && isGapless) this.#keep(room === chunk.length ? chunk : chunk.subarray(0, room));
  }

  /** Counts bytes and keeps none of them. */
  pass(chunk: Buffer): void {
    this.#bytes += chunk.length;
  }

  /** Keeps nothing any more. */
  release(): void {
    this.#kept = 0;
    this.#pieces = NONE;
    this.#own = undefined;
  }

  read(): Buffer {
    if (this.#own !== undefined) return this.#own.read();
    return readPieces(this.#pieces, this.#kept, (position, target) => this.#keeper.read(position, target));
  }

  /** How much of what is kept is among what goes. */
  get passing(): number {
    return this.#own === undefined ? this.#kept : 0;
  }

  /** Keeps what it has, and what comes, apart from what goes. */
  hold(): void {
    if (this.#own !== undefined) return;
    const own = new KeptBytes();
    own.add(this.read());
    this.#own = own;
    this.#pieces = NONE;
  }

  /** Makes one piece of many, which takes less room. */
  join(): void {
    const bytes = this.read();
    const { position } = this.#keeper;
    if (this.#keeper.write(bytes)) this.#pieces = [position, bytes.length];
  }

  #keep(bytes: Buffer): void {
    if (this.#own !== undefined) {
      if (!this.#keeper.reserve(bytes.length)) return void this.#keeper.reserve(-bytes.length);
      this.#own.add(bytes);
      this.#kept += bytes.length;
      return;
    }
    if (!this.#keeper.write(bytes)) return;
    this.#kept += bytes.length;
    this.#addPiece(this.#keeper.position - bytes.length, bytes.length);
  }

  #addPiece(position: number, length: number): void {
    const pieces = this.#pieces;
    const last = pieces.length - 1;
    if (last > 0 && (pieces[last - 1] as number) + (pieces[last] as number) === position) {
      pieces[last] = (pieces[last] as number) + length;
      return;
    }
    if (last < 0) {
      this.#pieces = [position, length];
      return;
    }
    pieces.push(position, length);
    this.#keeper.reserve(PIECE_BYTES);
  }
}

/** The bytes of pieces in one; none when one of them is not there any more. */
export function readPieces(
  pieces: ArrayLike<number>,
  length: number,
  read: (position: number, target: Buffer) => boolean,
): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (let piece = 0; piece < pieces.length; piece += 2) {
    const end = at + (pieces[piece + 1] as number);
    if (!read(pieces[piece] as number, bytes.subarray(at, end))) return EMPTY;
    at = end;
  }
  return bytes;
}

const EMPTY = Buffer.alloc(0);

// Most requests have no body.
const NONE: number[] = [];
