/**
 * The workers of a supervisor together. A write is acknowledged once every other worker has seen what was told so far: who signs out
 * at one of them is signed out at the next request, whichever worker gets it. And a worker may ask all others.
 */
import type { Calls } from './calls.js';

/** The method with which a worker says that it has seen what came before. */
export const SEEN = 'seen';

// A worker that stands still for so long holds nothing up: it learns of the change as soon as it goes on.
const MAX_WAIT_MS = 1_000;

export class WorkerGroup {
  readonly #workers = new Set<Calls>();

  add(worker: Calls): void {
    this.#workers.add(worker);
  }

  delete(worker: Calls): void {
    this.#workers.delete(worker);
  }

  /** Resolves once all but `writer` have seen what was told to them before. */
  async seen(writer: Calls): Promise<void> {
    await this.ask(writer, SEEN, []);
  }

  /** What a method of all others returns; those that fail or take too long are left out. */
  async ask(asker: Calls, method: string, args: readonly unknown[]): Promise<unknown[]> {
    const others = this.#othersThan(asker);
    const asked = await Promise.allSettled(others.map((worker) => worker.callWithin(MAX_WAIT_MS, method, ...args)));
    return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  /** Calls a method of all others. */
  tell(asker: Calls, method: string, args: readonly unknown[]): void {
    for (const worker of this.#othersThan(asker)) worker.tell(method, ...args);
  }

  #othersThan(one: Calls): Calls[] {
    return [...this.#workers].filter((worker) => worker !== one);
  }
}
