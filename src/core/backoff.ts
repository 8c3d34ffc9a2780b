/** Delays between redials: exponential with equal jitter, so that a thousand agents do not return at once. */

export interface BackoffOptions {
  /** Ceiling of the first wait, in milliseconds. */
  readonly firstMs: number;
  /** Ceiling of every wait, in milliseconds. */
  readonly maxMs: number;
  /** A number in [0, 1); `Math.random` by default. */
  readonly random?: () => number;
}

/** Counts failures and computes the delay after each. */
export class Backoff {
  #failures = 0;
  readonly #options: BackoffOptions;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The delay after another failure, in milliseconds: between half of the ceiling and the ceiling. */
  next(): number {
    const ceiling = Math.min(this.#options.maxMs, this.#options.firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30); // 2 ** 30 exceeds every ceiling; more would overflow
    return ceiling / 2 + (ceiling / 2) * (this.#options.random ?? Math.random)();
  }

  /** Starts again with the first delay, after a success. */
  reset(): void {
    this.#failures = 0;
  }
}
