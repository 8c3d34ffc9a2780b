/**
 * Checks whether shrinking a window was right. A longer RTT means a queue, or that something else takes longer: a busy
 * event loop, another route. In the second case a smaller window lowers the rate and leaves the RTT as it is, and shrinking
 * further would end at the minimum window.
 */

// A smaller window takes effect in the second round after it.
const EFFECT_AFTER_ROUNDS = 2;
/** A value below this share of another is significantly less. */
export const SIGNIFICANTLY_LESS = 0.85;

/** A round before the window shrank: its window, rate (bytes per millisecond) and RTT. */
export interface Baseline {
  readonly windowBytes: number;
  readonly rate: number;
  readonly ms: number;
}

export class ShrinkTrial {
  #baseline: Baseline | undefined;
  #roundsLeft = 0;

  /** Whether a trial is running. */
  get isOpen(): boolean {
    return this.#baseline !== undefined;
  }

  /** Starts a trial: the window shrinks after this round. */
  start(baseline: Baseline): void {
    this.#baseline = baseline;
    this.#roundsLeft = EFFECT_AFTER_ROUNDS;
  }

  cancel(): void {
    this.#baseline = undefined;
  }

  /** Checks a round of the trial. Returns the baseline when its window should be restored. */
  check(rate: number, ms: number): Baseline | undefined {
    const baseline = this.#baseline;
    this.#roundsLeft -= 1;
    if (baseline === undefined || this.#roundsLeft > 0) return undefined;
    this.#baseline = undefined;
    return rate > baseline.rate * SIGNIFICANTLY_LESS || ms < baseline.ms * SIGNIFICANTLY_LESS ? undefined : baseline;
  }
}
