/**
 * Budgets against peers that make us work for nothing (RFC 9113 section 10.5). Each kind of cheap frame has a budget that
 * fills again with time, or with the work that honest peers do beside it; who exceeds one is told ENHANCE_YOUR_CALM and
 * loses the connection.
 */
import { Http2ConnectionError, Http2ErrorCode } from './errors.js';

export interface BudgetLimits {
  /** How many at once. */
  readonly burst: number;
  /** How many a second come back. */
  readonly perSecond: number;
}

/** What each budget counts, and what an honest peer needs of it. */
export interface AbuseLimits {
  /**
   * Streams that end by RST_STREAM, the peer's or one it made us send: rapid reset, made-you-reset. An honest edge sends
   * one for each visitor who leaves early.
   */
  readonly resets: BudgetLimits;
  /** SETTINGS, PING, PRIORITY, unknown frames, DATA with nothing in it: what carries no message. */
  readonly controlFrames: BudgetLimits;
  /** DATA with little in it that ends nothing: keystrokes, moves of a game, of many visitors at once. */
  readonly smallData: BudgetLimits;
  /** WINDOW_UPDATE. Sending DATA fills it again: each frame and each kilobyte may be answered. */
  readonly windowUpdates: BudgetLimits;
}

export const DEFAULT_ABUSE_LIMITS: AbuseLimits = {
  resets: { burst: 2_000, perSecond: 500 },
  controlFrames: { burst: 1_000, perSecond: 200 },
  smallData: { burst: 200_000, perSecond: 50_000 },
  windowUpdates: { burst: 2_000, perSecond: 200 },
};

export class Budget {
  readonly #limits: BudgetLimits;
  readonly #now: () => number;
  readonly #what: string;
  #left: number;
  #filledMs: number;

  constructor(what: string, limits: BudgetLimits, now: () => number) {
    this.#what = what;
    this.#limits = limits;
    this.#now = now;
    this.#left = limits.burst;
    this.#filledMs = now();
  }

  /** Takes from the budget. Throws `Http2ConnectionError` when that is more than there is. */
  spend(count = 1): void {
    this.#left -= count;
    if (this.#left < 0) this.#refill();
    if (this.#left < 0) throw new Http2ConnectionError(Http2ErrorCode.ENHANCE_YOUR_CALM, `too many: ${this.#what}`);
  }

  /** Gives back what honest work is worth. */
  earn(count: number): void {
    this.#left = Math.min(this.#left + count, this.#limits.burst);
  }

  // Only when the budget is empty: an honest peer never makes us ask for the time.
  #refill(): void {
    const nowMs = this.#now();
    this.earn(((nowMs - this.#filledMs) / 1_000) * this.#limits.perSecond);
    this.#filledMs = nowMs;
  }
}

/** The budgets of one connection. */
export class FloodGuard {
  readonly resets: Budget;
  readonly controlFrames: Budget;
  readonly smallData: Budget;
  readonly windowUpdates: Budget;

  constructor(limits: AbuseLimits, now: () => number) {
    this.resets = new Budget('streams that were reset', limits.resets, now);
    this.controlFrames = new Budget('frames without a message', limits.controlFrames, now);
    this.smallData = new Budget('DATA with little in it', limits.smallData, now);
    this.windowUpdates = new Budget('window updates', limits.windowUpdates, now);
  }
}
