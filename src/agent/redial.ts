/**
 * When to dial again. The agents of an edge that restarts must be back within two seconds, so the waits stay short for the
 * first half minute of failures; an edge that stays away, or responds that it is full, is dialled less and less often.
 */
import { Backoff } from '../core/backoff.js';
import type { ErrorCode } from '../errors.js';

const QUICK = { firstMs: 100, maxMs: 1_000 };
const SLOW = { firstMs: 2_000, maxMs: 15_000 };

// At three quarters of a second each on average, a little more than half a minute.
const QUICK_ATTEMPTS = 45;

// The edge is reachable and asks for fewer attempts.
const EDGE_BUSY = new Set<ErrorCode>(['ERR_RATE_LIMITED', 'ERR_EDGE_FULL']);

/** Counts the failed attempts since the last stable link. */
export class Redial {
  readonly #quick: Backoff;
  readonly #slow: Backoff;
  #failures = 0;

  constructor(random: () => number = Math.random) {
    this.#quick = new Backoff({ ...QUICK, random });
    this.#slow = new Backoff({ ...SLOW, random });
  }

  /** The wait after one more failure, in milliseconds. */
  next(code: ErrorCode): number {
    this.#failures += 1;
    const slow = this.#failures > QUICK_ATTEMPTS || EDGE_BUSY.has(code);
    return (slow ? this.#slow : this.#quick).next();
  }

  /** Starts again at the shortest wait. */
  reset(): void {
    this.#failures = 0;
    this.#quick.reset();
    this.#slow.reset();
  }
}
