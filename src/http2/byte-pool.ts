/**
 * What the readers of several connections leave unread, together: the bound of one connection times their number is more
 * than a process has. While it is exceeded each connection takes no more than the least that keeps it going.
 */
export class ReceivePool {
  readonly #maxBytes: number;
  #unreadBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  get isExceeded(): boolean {
    return this.#unreadBytes > this.#maxBytes;
  }

  /** Bytes are held for a reader, or (below zero) were taken by one. */
  add(bytes: number): void {
    this.#unreadBytes += bytes;
  }
}
