/** The store of a worker: that of its supervisor, which is the one process that has it in memory or in the state folder. */
import type { Change, Entry, ListOptions, PutOptions, Store, StoreStats, Watch } from '../../store/store.js';
import type { Calls, Methods } from './calls.js';

export class IpcStore implements Store {
  /** What the supervisor calls. */
  readonly methods: Methods;
  readonly #calls: () => Calls;
  readonly #listeners = new Map<number, (change: Change) => void>();
  #watches = 0;

  /** `calls`: to the supervisor, from the first call on. */
  constructor(calls: () => Calls) {
    this.#calls = calls;
    this.methods = new Map<string, (...args: never[]) => unknown>([
      ['store.changed', (id: number, change: Change) => this.#listeners.get(id)?.(change)],
    ]);
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#calls().call('store.get', key);
  }

  put(key: string, value: string, options: PutOptions = {}): Promise<Entry | undefined> {
    return this.#calls().call('store.put', key, value, options);
  }

  delete(key: string, ifVersion?: number): Promise<boolean> {
    return this.#calls().call('store.delete', key, ifVersion);
  }

  list(prefix: string, options: ListOptions = {}): Promise<Entry[]> {
    return this.#calls().call('store.list', prefix, options);
  }

  watch(prefix: string, listener: (change: Change) => void): Watch {
    const id = ++this.#watches;
    this.#listeners.set(id, listener);
    const ready = this.#calls().call<void>('store.watch', id, prefix);
    ready.catch(() => {}); // a caller that waits for it is told
    const close = () => {
      if (this.#listeners.delete(id)) this.#calls().tell('store.unwatch', id);
    };
    return { ready, close };
  }

  /** Nothing: the supervisor counts for all workers. */
  stats(): StoreStats {
    return { entries: [], journalBytes: undefined, failedWrites: 0 };
  }

  async close(): Promise<void> {
    for (const id of this.#listeners.keys()) this.#calls().tell('store.unwatch', id);
    this.#listeners.clear();
  }
}
