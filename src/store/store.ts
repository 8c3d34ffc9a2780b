/**
 * What sealed cookies and tickets cannot say of themselves: which were already used and which sign-ins have ended.
 * Everything else about a session travels in its cookie. The suite in `test/contract/store.ts` holds for every store.
 */
import type { MaybePromise } from '../core/maybe-promise.js';

/** Remembers redeemed ids and revoked sign-ins until the given times, in milliseconds since the epoch. */
export interface Store {
  /**
   * Uses up an id. True for the first caller only; false for every later one, for an id whose time is past, and when
   * the store cannot promise to remember it. `party` is whose id it is, where a stranger can make many: each may have a
   * share of what the store remembers.
   */
  redeem(id: string, untilMs: number, party?: string): Promise<boolean>;
  /** Ends all sessions of one sign-in. Rejects when the store cannot promise to remember it. */
  revoke(sessionId: string, untilMs: number): Promise<void>;
  /** Asked for every gated request: an implementation answers from memory, at once where it can. */
  isRevoked(sessionId: string): MaybePromise<boolean>;
  /** Releases what the store holds. Nothing is called after it. */
  close(): Promise<void>;
}
