/** Flow-control windows (RFC 9113 sections 5.2 and 6.9), of a stream or of the connection. */
import { MAX_31_BITS } from '../frame/types.js';

/** How much we may send. Can be below zero after the peer has lowered its INITIAL_WINDOW_SIZE (section 6.9.2). */
export class SendWindow {
  bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Increases the window or, with a negative number, reduces it. `'overflow'` if it would exceed 2^31-1 (section 6.9.1). */
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

/** How much the peer may send, and when to grant it more. */
export class ReceiveWindow {
  /** How much the peer may still send. */
  #creditBytes: number;
  #sizeBytes: number;
  /** Of the credit that a smaller INITIAL_WINDOW_SIZE took away, what the peer may have used before it knew. */
  #graceBytes = 0;

  /** The peer starts with a credit; the window has `sizeBytes` from the first WINDOW_UPDATE on. */
  constructor(creditBytes: number, sizeBytes: number) {
    this.#creditBytes = creditBytes;
    this.#sizeBytes = sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Sets how much the peer may have in flight. A smaller window takes effect as credit is consumed. */
  resize(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
  }

  /**
   * Applies a change of our INITIAL_WINDOW_SIZE to size and credit (section 6.9.2); credit can go below zero. A peer may have
   * DATA in its write queue that its acknowledgement of the SETTINGS overtakes, as in Chromium: that still counts as in time.
   */
  applySettingsDelta(bytes: number): void {
    if (bytes < 0) this.#graceBytes = Math.max(this.#graceBytes, this.#creditBytes);
    this.#creditBytes += bytes;
    this.#sizeBytes += bytes;
  }

  /** Consumes credit for bytes that the peer sent; `'exceeded'` if it had less. */
  consume(bytes: number): 'exceeded' | undefined {
    if (bytes > this.#creditBytes && bytes > this.#graceBytes) return 'exceeded';
    this.#creditBytes -= bytes;
    this.#graceBytes = Math.max(this.#graceBytes - bytes, 0);
    return undefined;
  }

  /** Returns the increment to announce now, at least `thresholdBytes`, or 0. `bufferedBytes` have arrived and are unread. */
  grantCredit(bufferedBytes: number, thresholdBytes: number): number {
    const increment = Math.floor(this.#sizeBytes - bufferedBytes - this.#creditBytes);
    if (increment < Math.max(thresholdBytes, 1)) return 0;
    this.#creditBytes += increment;
    return increment;
  }
}
