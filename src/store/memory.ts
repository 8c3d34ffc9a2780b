/**
 * The store of a single edge: two maps with expiry. It does not survive a restart: earlier sign-outs are forgotten, and a
 * ticket of the last sixty seconds could be redeemed again by the browser that has it.
 */
import { PosternError } from '../errors.js';
import { ExpiringIds } from './expiring-ids.js';
import type { Store } from './store.js';

export interface MemoryStoreOptions {
  /** The most live entries of each kind. At about 100 bytes each the default is 10 MB. */
  readonly maxEntries?: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The default of `maxEntries`. */
export const MAX_ENTRIES = 100_000;

/** Keeps everything in this process. When full of live entries it redeems nothing more and rejects revocations. */
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
    // Called for every request: looks at the clock only for sign-ins that were revoked.
    return this.#revoked.knows(sessionId) && this.#revoked.has(sessionId, this.#now());
  }

  async close(): Promise<void> {
    this.#redeemed.clear();
    this.#revoked.clear();
  }
}
