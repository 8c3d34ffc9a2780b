/**
 * The memory that output is copied into. A slab is written to again once all that it held has left its owners' buffers:
 * allocating one for each 64 KiB costs a collection of the whole heap for every few hundred of them (measured: a sixth of the
 * time of an edge that serves 100 KB bodies).
 */
import { Buffer } from 'node:buffer';

// One slab is one call of `send`: as much as a socket reads at once.
export const SLAB_BYTES = 65_536;
// A slab with less room than this is full.
export const MIN_ROOM_BYTES = 1_024;
// What is kept for later: two slabs in flight on each of sixteen busy connections.
const MAX_FREE = 32;

export class Slab {
  readonly bytes: Buffer;
  usedBytes = 0;
  // Parts that were given to a `send`, and of which not every byte is reported to have left.
  #unsentParts = 0;
  #isFull = false;

  /** Use `takeSlab`. */
  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  get roomBytes(): number {
    return this.bytes.length - this.usedBytes;
  }

  partGiven(): void {
    this.#unsentParts += 1;
  }

  /** A part has left completely: its bytes may be overwritten. Not called for what a broken connection leaves behind. */
  partSent(): void {
    this.#unsentParts -= 1;
    if (this.#isFull) this.#release();
  }

  /** Nothing more is written to it before it is free again. */
  fill(): void {
    this.#isFull = true;
    this.#release();
  }

  #release(): void {
    if (this.#unsentParts > 0 || this.bytes.length !== SLAB_BYTES || free.length >= MAX_FREE) return;
    this.#isFull = false;
    this.usedBytes = 0;
    free.push(this);
  }
}

const free: Slab[] = [];
// The rest of the last slab, for the connection that sends next: one turn of an idle connection needs far less than a slab,
// and thousands of connections must not hold one each.
let spare: Slab | undefined;

/** A slab with some room. */
export function takeSlab(): Slab {
  const slab = spare ?? takeEmptySlab(SLAB_BYTES);
  spare = undefined;
  return slab;
}

/** A slab with at least so much room. */
export function takeEmptySlab(minBytes: number): Slab {
  return (minBytes <= SLAB_BYTES ? free.pop() : undefined) ?? new Slab(Math.max(SLAB_BYTES, minBytes));
}

/** Keeps the rest of a slab for the next turn. */
export function leaveSlab(slab: Slab): void {
  if (slab.roomBytes < MIN_ROOM_BYTES || slab.bytes.length > SLAB_BYTES) slab.fill();
  else {
    spare?.fill();
    spare = slab;
  }
}
