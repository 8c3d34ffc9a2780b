/**
 * Whether it was right to make a window narrower. Round trips that got longer say that bytes wait, or that something else
 * on the way takes longer: a busy event loop, another route. In the second case a narrower window brings less and leaves
 * the round trips as they are, and following them down would end at the narrowest window there is.
 */

// A narrower window shows in the second round after it.
const EFFECT_AFTER_ROUNDS = 2;
/** So much of what there was is much less. */
export const SIGNIFICANTLY_LESS = 0.85;

/** A round, and the window in it. */
export interface Baseline {
  readonly windowBytes: number;
  readonly rate: number;
  readonly ms: number;
}

export class ShrinkTrial {
  #baseline: Baseline | undefined;
  #roundsLeft = 0;

  /** Whether it is not known yet. */
  get isOpen(): boolean {
    return this.#baseline !== undefined;
  }

  /** Notes that the window gets narrower after this round. */
  start(baseline: Baseline): void {
    this.#baseline = baseline;
    this.#roundsLeft = EFFECT_AFTER_ROUNDS;
  }

  cancel(): void {
    this.#baseline = undefined;
  }

  /** Notes a round after it. Returns what was before when that should be given back. */
  check(rate: number, ms: number): Baseline | undefined {
    const baseline = this.#baseline;
    this.#roundsLeft -= 1;
    if (baseline === undefined || this.#roundsLeft > 0) return undefined;
    this.#baseline = undefined;
    return rate > baseline.rate * SIGNIFICANTLY_LESS || ms < baseline.ms * SIGNIFICANTLY_LESS ? undefined : baseline;
  }
}
