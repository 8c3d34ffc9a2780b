/**
 * The exchanges that are kept: the last ones that fit, and those that were pinned. When there is no more room the oldest one
 * that is not pinned goes first, whole.
 */
import type { Captured } from './captured.js';

export interface ExchangesLimits {
  /** Of everything that is kept. */
  readonly maxBytes: number;
  /** Of each body. */
  readonly bodyBytes: number;
}

/** Is called as exchanges come, change and go. */
export interface ExchangesListener {
  changed(captured: Captured): void;
  messaged(captured: Captured): void;
  cleared(): void;
}

// Of the room: what is pinned leaves the rest to what is new.
const MAX_PINNED_SHARE = 0.5;

export class Exchanges {
  readonly bodyBytes: number;
  readonly #maxBytes: number;
  readonly #all = new Map<string, Captured>();
  /** Those that may go, oldest first. */
  readonly #evictable = new Map<string, Captured>();
  /** Kept: a new iterator passes the place of each that has been deleted, until the map is built again. */
  #oldest = this.#evictable.values();
  readonly #listeners = new Set<ExchangesListener>();
  #bytes = 0;
  #pinnedBytes = 0;
  #dropped = 0;

  constructor({ maxBytes, bodyBytes }: ExchangesLimits) {
    this.#maxBytes = maxBytes;
    this.bodyBytes = Math.min(bodyBytes, maxBytes);
  }

  /** How many went for lack of room since the start, or the last clear. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What is kept, as accounted. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#all.size;
  }

  add(captured: Captured): void {
    this.#all.set(captured.id, captured);
    this.#evictable.set(captured.id, captured);
    this.#bytes += captured.cost;
    this.#makeRoom();
  }

  find(id: string): Captured | undefined {
    return this.#all.get(id);
  }

  /** All of them, newest first. */
  newestFirst(): Captured[] {
    return [...this.#all.values()].reverse();
  }

  reserve(captured: Captured, bytes: number): boolean {
    if (!this.#all.has(captured.id)) return false;
    captured.cost += bytes;
    this.#bytes += bytes;
    if (captured.isPinned) this.#pinnedBytes += bytes;
    this.#makeRoom();
    return this.#all.has(captured.id);
  }

  /** Keeps an exchange whatever comes, or no longer. False when too much is pinned. */
  pin(captured: Captured, isPinned: boolean): boolean {
    if (captured.isPinned === isPinned) return true;
    const { cost, id } = captured;
    if (isPinned && this.#pinnedBytes + cost > this.#maxBytes * MAX_PINNED_SHARE) return false;
    captured.isPinned = isPinned;
    this.#pinnedBytes += isPinned ? cost : -cost;
    if (isPinned) this.#evictable.delete(id);
    else this.#evictable.set(id, captured);
    this.changed(captured);
    return true;
  }

  /** Removes all that is not pinned. */
  clear(): void {
    for (const captured of this.#evictable.values()) this.#remove(captured);
    this.#dropped = 0;
    for (const listener of this.#listeners) listener.cleared();
  }

  /** Returns what ends it. */
  listen(listener: ExchangesListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(captured: Captured): void {
    if (this.#listeners.size > 0 && this.#all.has(captured.id))
      for (const listener of this.#listeners) listener.changed(captured);
  }

  messaged(captured: Captured): void {
    if (this.#listeners.size > 0 && this.#all.has(captured.id))
      for (const listener of this.#listeners) listener.messaged(captured);
  }

  #makeRoom(): void {
    while (this.#bytes > this.#maxBytes && this.#evictable.size > 0) {
      const { value } = this.#oldest.next();
      if (value === undefined) {
        this.#oldest = this.#evictable.values(); // one that has come to an end stays there
        continue;
      }
      this.#remove(value);
      this.#dropped += 1;
    }
  }

  #remove(captured: Captured): void {
    this.#all.delete(captured.id);
    this.#evictable.delete(captured.id);
    this.#bytes -= captured.cost;
    captured.release(); // it may run for hours
  }
}
