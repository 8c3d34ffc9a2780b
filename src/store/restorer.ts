/**
 * Writes again what a shared store has lost: an older copy of it took the place of the one that had it. Only what is not there
 * is written, so that all nodes may do so at once; until that has worked it is tried again.
 */
import type { Entry, Store } from './store.js';

const AT_ONCE = 32;
const RETRY_MS = 1_000;

export class Restorer {
  readonly #store: Store;
  readonly #lost = new Map<string, Entry>();
  #isRunning = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  restore(entries: readonly Entry[]): void {
    for (const entry of entries) this.#lost.set(entry.key, entry);
    this.#start();
  }

  close(): void {
    this.#lost.clear();
    clearTimeout(this.#timer);
  }

  #start(): void {
    if (this.#isRunning || this.#lost.size === 0) return;
    this.#isRunning = true;
    void this.#run().finally(() => {
      this.#isRunning = false;
      if (this.#lost.size > 0) this.#timer = setTimeout(() => this.#start(), RETRY_MS).unref();
    });
  }

  async #run(): Promise<void> {
    while (this.#lost.size > 0) {
      const batch = [...this.#lost.values()].slice(0, AT_ONCE);
      const written = await Promise.allSettled(batch.map((entry) => this.#write(entry)));
      if (written.some(({ status }) => status === 'rejected')) return; // the store is away, or full
    }
  }

  async #write({ key, value, expiresAtMs }: Entry): Promise<void> {
    await this.#store.put(key, value, { ifVersion: 0, expiresAtMs });
    this.#lost.delete(key);
  }
}
