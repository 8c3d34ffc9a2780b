/** Flow-control windows (RFC 9113 sections 5.2 and 6.9), of a stream or of the connection. */
import { MOST_31_BITS } from './frame-types.js';

/** How much we may send. May be below zero after the peer lowered its INITIAL_WINDOW_SIZE (section 6.9.2). */
export class SendWindow {
  bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Widens, or with a negative number narrows, the window. `'overflow'` when it would pass 2^31-1 (section 6.9.1). */
  widen(increment: number): 'overflow' | undefined {
    if (this.bytes + increment > MOST_31_BITS) return 'overflow';
    this.bytes += increment;
    return undefined;
  }
}

// An update each half window costs least. Past a quarter of a megabyte that would let a sender far away run dry, or ask
// for a window of twice what the path holds: from there on an update comes each eighth.
const LARGE_STEP_BYTES = 131_072;

/** How much the peer may send, and when to tell it that it may send more. */
export class ReceiveWindow {
  /** What the peer may still send. */
  #creditBytes: number;
  #sizeBytes: number;
  #stepBytes = 0;

  /** The peer starts with a credit; the window is `sizeBytes` wide from the first update on. */
  constructor(creditBytes: number, sizeBytes: number) {
    this.#creditBytes = creditBytes;
    this.#sizeBytes = sizeBytes;
    this.resize(sizeBytes);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Sets how much the peer should be able to have under way. A narrower window takes effect as credit is used up. */
  resize(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#stepBytes = Math.max(sizeBytes / 8, Math.min(sizeBytes / 2, LARGE_STEP_BYTES));
  }

  /** Changes the credit by what an INITIAL_WINDOW_SIZE of ours changed (section 6.9.2); it may go below zero. */
  shift(bytes: number): void {
    this.#creditBytes += bytes;
  }

  /** Notes what the peer sent; `'exceeded'` when it had no such credit. */
  take(bytes: number): 'exceeded' | undefined {
    if (bytes > this.#creditBytes && bytes > 0) return 'exceeded';
    this.#creditBytes -= bytes;
    return undefined;
  }

  /** The increment to announce now, or 0. `heldBytes` is what arrived and still takes up the window. */
  grant(heldBytes: number): number {
    const increment = Math.floor(this.#sizeBytes - heldBytes - this.#creditBytes);
    if (increment < this.#stepBytes) return 0;
    this.#creditBytes += increment;
    return increment;
  }
}
