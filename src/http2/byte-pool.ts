/**
 * Bytes that several connections hold, counted together: the bound of one connection or one stream, times their number,
 * is more than a process has. One pool counts what readers have left unread: while it is exceeded, each connection keeps
 * only the minimum window open. Another counts what writers have written and peers have not let leave: while it is
 * exceeded, a stream with pending bytes accepts no more.
 */
export class BytePool {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isExceeded(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** Counts bytes that are held from now on or, below zero, no longer. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }
}
