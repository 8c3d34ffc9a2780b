/** Those who watch a directory. A fault of one keeps a change from no other one. */
import type { Log } from '../core/log.js';
import type { DirectoryChange } from './directory.js';

export type DirectoryListener = (change: DirectoryChange) => void;

export class DirectoryListeners {
  readonly #log: Log;
  readonly #all = new Set<DirectoryListener>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Calls the listener with what there is now, and with every later change. Returns what ends that. */
  add(listener: DirectoryListener, now: DirectoryChange): () => void {
    this.#all.add(listener);
    this.#call(listener, now);
    return () => this.#all.delete(listener);
  }

  tell(change: DirectoryChange): void {
    for (const listener of [...this.#all]) this.#call(listener, change);
  }

  clear(): void {
    this.#all.clear();
  }

  #call(listener: DirectoryListener, change: DirectoryChange): void {
    try {
      if (this.#all.has(listener)) listener(change);
    } catch (error) {
      this.#log.error({ err: error }, 'a change of the directory could not be taken in');
    }
  }
}
