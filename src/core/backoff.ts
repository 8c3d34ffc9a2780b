/** Waiting times between redials: exponential with full jitter, so that a thousand agents do not return at once. */

export interface BackoffOptions {
  /** Ceiling of the first wait, in milliseconds. */
  readonly firstMs: number;
  /** Ceiling of every wait, in milliseconds. */
  readonly maxMs: number;
  /** A number in [0, 1); `Math.random` unless a test says otherwise. */
  readonly random?: () => number;
}

/** Counts failures and tells how long to wait after each. */
export class Backoff {
  #failures = 0;
  readonly #options: BackoffOptions;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The wait after one more failure, in milliseconds: between half of the ceiling and the ceiling. */
  next(): number {
    const ceiling = Math.min(this.#options.maxMs, this.#options.firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30); // 2 ** 30 is past every ceiling; more would overflow in the end
    return ceiling / 2 + (ceiling / 2) * (this.#options.random ?? Math.random)();
  }

  /** Starts again at the first wait, after a success. */
  reset(): void {
    this.#failures = 0;
  }
}
