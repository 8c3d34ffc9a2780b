/**
 * What the writers of several connections have written and their peers have not let leave, together: what one stream takes
 * ahead, times all streams of a process, is more than it should hold. While the bound is exceeded no stream takes more
 * as long as something of it waits.
 */
export class SendPool {
  readonly #maxBytes: number;
  #waitingBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get isExceeded(): boolean {
    return this.#waitingBytes > this.#maxBytes;
  }

  /** Bytes wait, or (below zero) have left or were dropped. */
  add(bytes: number): void {
    this.#waitingBytes += bytes;
  }
}
