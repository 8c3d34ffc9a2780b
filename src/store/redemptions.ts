/**
 * Ids that may be used once: tickets, the states of sign-ins. A stranger can make many of them, so each party has a share of
 * what this node redeems (`expiring-ids.ts`).
 */
import { createHash } from 'node:crypto';
import { ExpiringIds } from './expiring-ids.js';
import type { Store } from './store.js';
import { MAX_ENTRIES } from './table.js';

export interface RedemptionsOptions {
  /** The most ids that this node redeems before they expire. */
  readonly maxEntries?: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

const PREFIX = 'redeemed:';

export class Redemptions {
  readonly #store: Store;
  readonly #shares: ExpiringIds;
  readonly #now: () => number;

  constructor(store: Store, { maxEntries = MAX_ENTRIES, now = Date.now }: RedemptionsOptions = {}) {
    this.#store = store;
    this.#shares = new ExpiringIds(maxEntries);
    this.#now = now;
  }

  /** Whether an id was redeemed, at any node. Rejects with `ERR_STORE_UNAVAILABLE` when the store cannot tell. */
  async isRedeemed(id: string): Promise<boolean> {
    return this.#shares.has(id, this.#now()) || (await this.#store.get(keyOf(id))) !== undefined;
  }

  /**
   * Redeems an id. True for the first caller of all nodes only; false for every later one, for an expired id, and when there
   * is no room for its party: the owner of the id, where a stranger can create many. Rejects with `ERR_STORE_UNAVAILABLE`
   * when the store cannot tell, or cannot remember it: whether the id may be tried again is the store's to say.
   */
  async redeem(id: string, untilMs: number, party?: string): Promise<boolean> {
    const nowMs = this.#now();
    if (untilMs <= nowMs || this.#shares.has(id, nowMs) || !this.#shares.add(id, untilMs, nowMs, party)) return false;
    try {
      return (await this.#store.put(keyOf(id), '', { ifVersion: 0, expiresAtMs: untilMs })) !== undefined;
    } catch (error) {
      this.#shares.delete(id);
      throw error;
    }
  }
}

// A one-time secret is in the store as its hash only. It is too long to be guessed, so the hash needs no key.
function keyOf(id: string): string {
  return PREFIX + createHash('sha256').update(id).digest('base64url');
}
