/** Flow-control windows (RFC 9113 sections 5.2 and 6.9), of a stream or of the connection. */
import { MAX_31_BITS } from '../frame/types.js';

/** How much we may send. May be below zero after the peer lowered its INITIAL_WINDOW_SIZE (section 6.9.2). */
export class SendWindow {
  bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Widens, or with a negative number narrows, the window. `'overflow'` when it would pass 2^31-1 (section 6.9.1). */
  increase(increment: number): 'overflow' | undefined {
    if (this.bytes + increment > MAX_31_BITS) return 'overflow';
    this.bytes += increment;
    return undefined;
  }
}

/** A stream as flow control sees it. */
export interface ReceivingStream {
  readonly id: number;
  readonly receiving: { readonly window: ReceiveWindow; readonly bufferedBytes: number; readonly isEnded: boolean };
}

/** How much the peer may send, and when to tell it that it may send more. */
export class ReceiveWindow {
  /** What the peer may still send. */
  #creditBytes: number;
  #sizeBytes: number;

  /** The peer starts with a credit; the window is `sizeBytes` wide from the first update on. */
  constructor(creditBytes: number, sizeBytes: number) {
    this.#creditBytes = creditBytes;
    this.#sizeBytes = sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Sets how much the peer should be able to have under way. A narrower window takes effect as credit is used up. */
  resize(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
  }

  /** Changes size and credit by what an INITIAL_WINDOW_SIZE of ours changed (section 6.9.2); credit may go below zero. */
  applySettingsDelta(bytes: number): void {
    this.#creditBytes += bytes;
    this.#sizeBytes += bytes;
  }

  /** Notes what the peer sent; `'exceeded'` when it had no such credit. */
  consume(bytes: number): 'exceeded' | undefined {
    if (bytes > this.#creditBytes && bytes > 0) return 'exceeded';
    this.#creditBytes -= bytes;
    return undefined;
  }

  /** The increment to announce now, of at least `thresholdBytes`, or 0. `bufferedBytes` is what arrived and still takes up room. */
  grantCredit(bufferedBytes: number, thresholdBytes: number): number {
    const increment = Math.floor(this.#sizeBytes - bufferedBytes - this.#creditBytes);
    if (increment < Math.max(thresholdBytes, 1)) return 0;
    this.#creditBytes += increment;
    return increment;
  }
}
