/**
 * Which changes were told, each by version and tag, and who waits for one. A version alone says nothing: a server that is an older
 * copy gives the same ones again, to other changes.
 */
import type { Position } from './head.js';
import { KEPT_CHANGES } from './scripts.js';
import { Waiters } from './waiters.js';

export class ToldChanges {
  readonly #tags = new Map<number, string>();
  readonly #waiters = new Waiters<Position>();
  #first = 0;

  /** The next one; it names the one before. */
  add({ version, tag }: Position): void {
    this.#tags.set(version, tag);
    this.#tags.delete(version - KEPT_CHANGES);
    this.#waiters.settle((what) => (what.version === version && what.tag === tag ? true : undefined));
  }

  /** What was told before may be of another past: whether a change was told is not known, and all is read again. */
  restart(position: Position): void {
    this.#first = position.version;
    this.#tags.clear();
    this.#tags.set(position.version, position.tag);
    this.#waiters.settle(() => false);
  }

  /**
   * Resolves to true once this change, and all before it, were told; to false when all has to be read again instead, which
   * may have begun already: `isBeingRead`.
   */
  async reached({ version, tag }: Position, deadlineMs: number, isBeingRead = false): Promise<boolean> {
    if (this.#tags.get(version) === tag) return true;
    if (isBeingRead && version <= this.#first) return false;
    return this.#waiters.outcome({ version, tag }, deadlineMs);
  }

  close(): void {
    this.#waiters.close();
  }
}
