/**
 * What a connection has handed below and what has not left there. It is bounded, since nothing can pass it: a control
 * frame or a small response waits behind all of it. How much one turn of the event loop may add is bounded too.
 */

// At 10 Mbit/s a tenth of a second, on a fast path far more than the owner needs to keep its socket busy.
const MAX_IN_FLIGHT_BYTES = 131_072;
// A peer that asks for control frames and does not read them gets no further than this.
const MAX_UNREAD_BYTES = 1_048_576;
// After this much other connections have their turn, however fast the owner sends.
const MAX_TURN_BYTES = 524_288;

export class Backlog {
  #bytes = 0;
  #turnBytes = 0;

  /** Whether so much has left that it is worth filling up again. */
  get isLow(): boolean {
    return this.#bytes <= MAX_IN_FLIGHT_BYTES / 2;
  }

  get isFull(): boolean {
    return this.#bytes >= MAX_IN_FLIGHT_BYTES;
  }

  /** Whether a turn may write more, when it has written `waitingBytes` that it did not hand below yet. */
  hasRoom(waitingBytes: number): boolean {
    return this.#bytes + waitingBytes < MAX_IN_FLIGHT_BYTES && this.#turnBytes < MAX_TURN_BYTES;
  }

  /** Whether this and `waitingBytes` are more than an honest peer ever lets come together. */
  isOverfull(waitingBytes: number): boolean {
    return this.#bytes + waitingBytes > MAX_IN_FLIGHT_BYTES + MAX_UNREAD_BYTES;
  }

  beginTurn(): void {
    this.#turnBytes = 0;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#turnBytes += bytes;
  }

  remove(bytes: number): void {
    this.#bytes = Math.max(this.#bytes - bytes, 0);
  }
}
