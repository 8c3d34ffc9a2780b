/** Those who wait for something that is told later: each for a time, no more than there is room for, and none once it is closed. */
import { unavailable } from './connection.js';

interface Waiter<T> {
  readonly what: T;
  readonly resolve: (outcome: boolean) => void;
  readonly reject: (problem: string) => void;
}

export const MAX_WAITERS = 10_000;

export class Waiters<T> {
  readonly #all = new Set<Waiter<T>>();
  #isClosed = false;

  /** Resolves to what `settle` says of it. Rejects with `ERR_STORE_UNAVAILABLE` after the time, for one too many, and at the end. */
  async outcome(what: T, deadlineMs: number): Promise<boolean> {
    if (this.#isClosed) throw unavailable('was closed');
    if (this.#all.size >= MAX_WAITERS) throw unavailable('is too slow');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => waiter.reject('does not tell of changes in time'), deadlineMs);
      const left = () => {
        clearTimeout(timer);
        this.#all.delete(waiter);
      };
      const waiter: Waiter<T> = {
        what,
        resolve: (outcome) => {
          left();
          resolve(outcome);
        },
        reject: (problem) => {
          left();
          reject(unavailable(problem));
        },
      };
      this.#all.add(waiter);
    });
  }

  /** Those of which it says undefined wait on. */
  settle(outcomeOf: (what: T) => boolean | undefined): void {
    for (const waiter of this.#all) {
      const outcome = outcomeOf(waiter.what);
      if (outcome !== undefined) waiter.resolve(outcome);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#all) waiter.reject('was closed');
  }
}
