/** The exchanges that a person has pinned, and those that were: they are not among those that go as others come. */
import type { KeptExchange } from './kept-exchange.js';

interface Entry {
  readonly exchange: KeptExchange;
  bytes: number;
  /** It is not pinned any more, and goes when all before this number have gone. */
  goesAt: number | undefined;
}

// Of the room: what is pinned leaves the rest to what is new.
const MAX_PINNED_SHARE = 0.5;

export class PinnedExchanges {
  readonly #maxBytes: number;
  readonly #entries = new Map<number, Entry>();
  #bytes = 0;
  /** How many are not pinned any more. */
  #loose = 0;

  /** `maxBytes`: of all exchanges. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes * MAX_PINNED_SHARE;
  }

  find(seq: number): KeptExchange | undefined {
    return this.#entries.get(seq)?.exchange;
  }

  isPinned(seq: number): boolean {
    const entry = this.#entries.get(seq);
    return entry !== undefined && entry.goesAt === undefined;
  }

  newestFirst(): KeptExchange[] {
    return [...this.#entries.values()].map(({ exchange }) => exchange).sort((one, other) => other.seq - one.seq);
  }

  /** What is pinned takes up more than it may: it has grown since. */
  get isFull(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  hasRoom(exchange: KeptExchange): boolean {
    return this.#bytes + (this.#entries.get(exchange.seq)?.bytes ?? exchange.cost) <= this.#maxBytes;
  }

  /** Pins one that is here already, or returns false. */
  pinAgain(seq: number): boolean {
    const entry = this.#entries.get(seq);
    if (entry?.goesAt === undefined) return false;
    entry.goesAt = undefined;
    this.#loose -= 1;
    this.#bytes += entry.bytes;
    return true;
  }

  add(exchange: KeptExchange, bytes: number): void {
    this.#entries.set(exchange.seq, { exchange, bytes, goesAt: undefined });
    this.#bytes += bytes;
  }

  /** One takes up more, or less, if it is here. */
  grow(seq: number, bytes: number): void {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return;
    entry.bytes += bytes;
    if (entry.goesAt === undefined) this.#bytes += bytes;
  }

  unpin(seq: number, goesAt: number): void {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return;
    entry.goesAt = goesAt;
    this.#loose += 1;
    this.#bytes -= entry.bytes;
  }

  /** Removes one whose time has come: `first` is the number of the oldest of the others. */
  takeLoose(first: number): { readonly exchange: KeptExchange; readonly bytes: number } | undefined {
    if (this.#loose === 0) return undefined;
    for (const [seq, entry] of this.#entries) {
      if ((entry.goesAt ?? Number.POSITIVE_INFINITY) > first) continue;
      this.#entries.delete(seq);
      this.#loose -= 1;
      return entry;
    }
    return undefined;
  }
}
