/**
 * The store of a single edge: two maps that forget what is past its time. It does not survive a restart: a sign-out
 * made before one is forgotten, and a ticket of the last sixty seconds could be used again by the browser that has it.
 */
import { PosternError } from '../errors.js';
import { ExpiringIds } from './expiring-ids.js';
import type { Store } from './store.js';

export interface MemoryStoreOptions {
  /** Most live entries of each kind. At about 100 bytes each the default is 10 MB. */
  readonly maxEntries?: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Live entries of each kind. */
export const MAX_ENTRIES = 100_000;

/** Keeps everything in this process. When full of live entries it redeems nothing more and refuses to revoke. */
export class MemoryStore implements Store {
  readonly #redeemed: ExpiringIds;
  readonly #revoked: ExpiringIds;
  readonly #now: () => number;

  constructor({ maxEntries = MAX_ENTRIES, now = Date.now }: MemoryStoreOptions = {}) {
    this.#redeemed = new ExpiringIds(maxEntries);
    this.#revoked = new ExpiringIds(maxEntries);
    this.#now = now;
  }

  async redeem(id: string, untilMs: number, party?: string): Promise<boolean> {
    const nowMs = this.#now();
    return untilMs > nowMs && !this.#redeemed.has(id, nowMs) && this.#redeemed.add(id, untilMs, nowMs, party);
  }

  async revoke(sessionId: string, untilMs: number): Promise<void> {
    const nowMs = this.#now();
    if (untilMs > nowMs && !this.#revoked.add(sessionId, untilMs, nowMs)) {
      throw new PosternError('ERR_INTERNAL', 'the store has no room for another revocation');
    }
  }

  isRevoked(sessionId: string): boolean {
    // Asked of every request: the time is looked up only for those that were ever ended.
    return this.#revoked.knows(sessionId) && this.#revoked.has(sessionId, this.#now());
  }

  async close(): Promise<void> {
    this.#redeemed.clear();
    this.#revoked.clear();
  }
}
