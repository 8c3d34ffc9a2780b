/**
 * The state that sealed cookies and tickets cannot carry: which were redeemed, and which sign-ins have ended. Everything
 * else about a session is in its cookie. The suite in `test/contract/store.ts` runs for every store.
 */
import type { MaybePromise } from '../core/maybe-promise.js';

/** Stores redeemed ids and revoked sign-ins until given times, in milliseconds since the epoch. */
export interface Store {
  /**
   * Redeems an id. True for the first caller only; false for every later one, for an expired id, and if the store cannot
   * guarantee to remember it. `party` is the owner of the id, where a stranger can create many: each party has a share of
   * the store.
   */
  redeem(id: string, untilMs: number, party?: string): Promise<boolean>;
  /** Ends all sessions of one sign-in. Rejects if the store cannot guarantee to remember it. */
  revoke(sessionId: string, untilMs: number): Promise<void>;
  /** Called for every gated request: implementations return from memory, synchronously if possible. */
  isRevoked(sessionId: string): MaybePromise<boolean>;
  /** Releases the store's resources. Nothing is called after it. */
  close(): Promise<void>;
}
