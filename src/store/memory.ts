/** The store of a single edge without a state folder. A restart forgets everything in it. */
import type { Change, Entry, ListOptions, PutOptions, Store, StoreStats, Watch } from './store.js';
import { Table } from './table.js';

export interface MemoryStoreOptions {
  /** The most live entries of each kind. Default: `MAX_ENTRIES` of `table.ts`. */
  readonly maxEntries?: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Keeps everything in this process. Watchers are called before a write resolves. */
export class MemoryStore implements Store {
  readonly #table: Table;

  constructor({ maxEntries, now = Date.now }: MemoryStoreOptions = {}) {
    this.#table = new Table(now, maxEntries);
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#table.find(key);
  }

  async put(key: string, value: string, options: PutOptions = {}): Promise<Entry | undefined> {
    const entry = this.#table.put(this.#table.find(key), key, value, options);
    if (entry !== undefined) this.#table.apply(entry);
    return entry;
  }

  async delete(key: string, ifVersion?: number): Promise<boolean> {
    const write = this.#table.delete(this.#table.find(key), key, ifVersion);
    if (write !== undefined) this.#table.apply(write);
    return write !== undefined;
  }

  async list(prefix: string, options?: ListOptions): Promise<Entry[]> {
    return this.#table.list(prefix, options);
  }

  watch(prefix: string, listener: (change: Change) => void): Watch {
    const close = this.#table.watch(prefix, listener);
    return { ready: Promise.resolve(), close };
  }

  stats(): StoreStats {
    return { entries: this.#table.sizes(), journalBytes: undefined, failedWrites: 0 };
  }

  async close(): Promise<void> {
    this.#table.clear();
  }
}
