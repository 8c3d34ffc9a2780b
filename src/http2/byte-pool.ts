/**
 * Bytes that several connections hold, counted together: the bound of one connection or one stream, times their number,
 * is more than a process has. One pool counts what readers have left unread: while it is exceeded, each connection keeps
 * only the minimum window open. Another counts what writers have written and peers have not let leave: while it is
 * exceeded, a stream with pending bytes accepts no more. A third counts unfinished frames and header blocks: a connection
 * that exceeds it ends.
 *
 * Pools nest: what a pool counts, its parent counts too. So a connection has a bound, and the connections of one address
 * together, and those of the process.
 */
export class BytePool {
  readonly #maxBytes: number;
  readonly #parent: BytePool | undefined;
  #bytes = 0;

  constructor(maxBytes: number, parent?: BytePool) {
    this.#maxBytes = maxBytes;
    this.#parent = parent;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** This pool or one above it holds more than it may. */
  get isExceeded(): boolean {
    return this.#bytes > this.#maxBytes || this.#parent?.isExceeded === true;
  }

  /** Counts bytes that are held from now on or, below zero, no longer. */
  add(bytes: number): void {
    this.#bytes += bytes;
    this.#parent?.add(bytes);
  }
}
