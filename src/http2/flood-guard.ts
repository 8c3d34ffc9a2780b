/**
 * Budgets against denial of service by cheap frames (RFC 9113 section 10.5). Each kind of frame has a token bucket that
 * refills with time, or with the useful work that honest peers cause as well. A peer that exceeds one gets a connection
 * error, ENHANCE_YOUR_CALM.
 */
import { Http2ConnectionError, Http2ErrorCode } from './errors.js';

export interface BudgetLimits {
  /** The size of the bucket. */
  readonly burst: number;
  /** How fast it refills. */
  readonly perSecond: number;
}

/** What each budget counts, and what an honest peer needs of it. */
export interface AbuseLimits {
  /**
   * Streams that end with RST_STREAM, the peer's or one that it made us send: rapid reset (CVE-2023-44487),
   * MadeYouReset (CVE-2025-8671). An honest edge sends one for each visitor who leaves early.
   */
  readonly resets: BudgetLimits;
  /** SETTINGS, PING, PRIORITY, unknown frames, empty DATA: frames that carry no message. */
  readonly controlFrames: BudgetLimits;
  /** Small DATA without END_STREAM: keystrokes, or moves in a game, of many visitors at once. */
  readonly smallData: BudgetLimits;
  /** WINDOW_UPDATE. Sending DATA refills it: each frame, and each 512 bytes, may cause one. */
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
  readonly #shared: Budget | undefined;
  #left: number;
  #filledMs: number;

  /** What is spent and earned here is also spent and earned in `shared`. */
  constructor(what: string, limits: BudgetLimits, now: () => number, shared?: Budget) {
    this.#what = what;
    this.#shared = shared;
    this.#limits = limits;
    this.#now = now;
    this.#left = limits.burst;
    this.#filledMs = now();
  }

  /** Takes from the budget. Throws `Http2ConnectionError` if that is more than is left. */
  spend(count = 1): void {
    this.#left -= count;
    if (this.#left < 0) this.#refill();
    if (this.#left < 0) throw new Http2ConnectionError(Http2ErrorCode.ENHANCE_YOUR_CALM, `too many: ${this.#what}`);
    this.#shared?.spend(count);
  }

  /** Refills the budget for useful work. */
  earn(count: number): void {
    this.#left = Math.min(this.#left + count, this.#limits.burst);
    this.#shared?.earn(count);
  }

  // Only when the budget is empty: honest peers never cost us a look at the clock.
  #refill(): void {
    const nowMs = this.#now();
    const filled = ((nowMs - this.#filledMs) / 1_000) * this.#limits.perSecond;
    this.#left = Math.min(this.#left + filled, this.#limits.burst);
    this.#filledMs = nowMs;
  }
}

/**
 * The budgets of one connection, or those that several connections share: of one address, for instance, where they outlive
 * each connection, so that a new one does not renew them.
 */
export class FloodGuard {
  readonly resets: Budget;
  readonly controlFrames: Budget;
  readonly smallData: Budget;
  readonly windowUpdates: Budget;

  /** `now` is monotonic, in milliseconds. A peer has to stay within `shared` as well. */
  constructor(limits: AbuseLimits, now: () => number, shared?: FloodGuard) {
    this.resets = new Budget('streams that were reset', limits.resets, now, shared?.resets);
    this.controlFrames = new Budget('frames without a message', limits.controlFrames, now, shared?.controlFrames);
    this.smallData = new Budget('DATA with little in it', limits.smallData, now, shared?.smallData);
    this.windowUpdates = new Budget('window updates', limits.windowUpdates, now, shared?.windowUpdates);
  }
}
