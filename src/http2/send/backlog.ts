/**
 * The bytes that a connection has given to its owner's `send` and that have not left yet. They are bounded because nothing
 * can overtake them: a control frame or a small response waits for all of them. What one turn of the event loop may add is
 * bounded too.
 */

import type { Slab } from './slab.js';

// A tenth of a second at 10 Mbit/s; on a fast path far more than the owner needs to keep its socket busy.
const MAX_IN_FLIGHT_BYTES = 131_072;
// The limit for a peer that causes control frames and does not read them.
const MAX_UNREAD_BYTES = 1_048_576;
// After this much it is another connection's turn, however fast the owner sends.
const MAX_TURN_BYTES = 524_288;

/** Bytes of a slab that were given to `send`. */
interface Part {
  readonly slab: Slab;
  /** What `#leftBytes` is once all of them have left. */
  readonly end: number;
}

export class Backlog {
  // In the order in which they leave.
  readonly #parts: Part[] = [];
  // Since the first part, and never more than was given, whatever the owner reports: a slab must not be free too early.
  #leftBytes = 0;
  #bytes = 0;
  #turnBytes = 0;
  #sentBytes = 0;

  /** Bytes that were given to `send` and have not left, and all that have. */
  get bytes(): number {
    return this.#bytes;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Whether enough has left to make another turn worthwhile. */
  get isLow(): boolean {
    return this.#bytes <= MAX_IN_FLIGHT_BYTES / 2;
  }

  get isFull(): boolean {
    return this.#bytes >= MAX_IN_FLIGHT_BYTES;
  }

  /** Whether a turn may write more, with `waitingBytes` written and not yet given to `send`. */
  hasRoom(waitingBytes: number): boolean {
    return this.#bytes + waitingBytes < MAX_IN_FLIGHT_BYTES && this.#turnBytes < MAX_TURN_BYTES;
  }

  /** Whether the backlog and `waitingBytes` exceed what an honest peer ever causes. */
  isOverfull(waitingBytes: number): boolean {
    return this.#bytes + waitingBytes > MAX_IN_FLIGHT_BYTES + MAX_UNREAD_BYTES;
  }

  beginTurn(): void {
    this.#turnBytes = 0;
  }

  add(bytes: number, slab: Slab): void {
    this.#bytes += bytes;
    this.#turnBytes += bytes;
    this.#parts.push({ slab, end: this.#leftBytes + this.#bytes });
  }

  remove(bytes: number): void {
    const left = Math.min(bytes, this.#bytes);
    this.#bytes -= left;
    this.#leftBytes += left;
    this.#sentBytes += bytes;
    while (this.#parts[0] !== undefined && this.#parts[0].end <= this.#leftBytes) this.#parts.shift()?.slab.partSent();
  }
}
