/**
 * Ids that no longer count, each until it would have expired by itself: ended sign-ins, revoked tokens. Asked for every
 * request, so they are read from this node's own copy.
 */
import { Mirror } from './mirror.js';
import type { Store } from './store.js';
import { MAX_ENTRIES, RESERVED_SHARE } from './table.js';

export class Revocations {
  readonly ready: Promise<void>;
  readonly #store: Store;
  readonly #prefix: string;
  readonly #mirror: Mirror<true>;
  readonly #now: () => number;

  readonly #scarceFrom: number;

  /** `kind` is that of its keys in the store, as `ended-sign-in`; `maxEntries` are the most that the store takes of it. */
  constructor(store: Store, kind: string, now: () => number = Date.now, maxEntries = MAX_ENTRIES) {
    this.#store = store;
    this.#prefix = `${kind}:`;
    this.#now = now;
    this.#scarceFrom = maxEntries * (1 - RESERVED_SHARE);
    this.#mirror = new Mirror({ store, prefix: this.#prefix, read: () => true as const, keeps: () => true, now });
    this.ready = this.#mirror.ready;
  }

  /** Whether the last tenth of the room is all that is left. It is for revoking: nothing begins that may have to be revoked. */
  get isScarce(): boolean {
    return this.#mirror.size >= this.#scarceFrom;
  }

  has(id: string): boolean {
    return this.#mirror.get(id) !== undefined;
  }

  /**
   * Revokes an id until the later of the given and any earlier time, in milliseconds since the epoch. Rejects with
   * `ERR_STORE_UNAVAILABLE` if that cannot be remembered.
   */
  async add(id: string, untilMs: number): Promise<void> {
    if (untilMs <= this.#now()) return;
    const key = this.#prefix + id;
    for (;;) {
      const current = await this.#store.get(key);
      if (current?.expiresAtMs !== undefined && current.expiresAtMs >= untilMs) return;
      const written = await this.#store.put(key, '', { ifVersion: current?.version ?? 0, expiresAtMs: untilMs });
      if (written !== undefined) return;
    }
  }

  /** Calls the listener after ids were added, here or at another node. */
  onChange(listener: () => void): void {
    this.#mirror.onChange(listener);
  }

  close(): void {
    this.#mirror.close();
  }
}
