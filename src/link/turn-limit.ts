/**
 * Ends the turn of a connection that has much to read. Node reads up to 2 MiB of a socket before another gets its turn: meanwhile
 * nothing is written to those who wait for it, and all of it takes memory.
 */

// Some reads of 64 KiB: to stop and begin again costs little beside them.
const MAX_BYTES = 262_144;

/** What is read. */
interface Source {
  pause(): unknown;
  resume(): unknown;
}

export class TurnLimit {
  readonly #source: Source;
  #bytes = 0;
  readonly #resume = (): void => void this.#source.resume();

  constructor(source: Source) {
    this.#source = source;
  }

  /** Bytes were read. After each 256 KiB the source pauses until all others have had their turn. */
  read(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < MAX_BYTES) return;
    this.#bytes = 0;
    this.#source.pause();
    setImmediate(this.#resume);
  }
}
