/**
 * Whether it was right to make a window narrower. Round trips that got longer say that bytes wait, or that something else
 * on the way takes longer: a busy event loop, another route. In the second case a narrower window brings less and leaves
 * the round trips as they are, and following them down would end at the narrowest window there is.
 */

// A narrower window shows in the second round after it.
const SHOWS_AFTER_ROUNDS = 2;
/** So much of what there was is much less. */
export const MUCH_LESS = 0.85;

/** A round, and the window in it. */
export interface Baseline {
  readonly windowBytes: number;
  readonly rate: number;
  readonly ms: number;
}

export class ShrinkTrial {
  #before: Baseline | undefined;
  #roundsLeft = 0;

  /** Whether it is not known yet. */
  get isOpen(): boolean {
    return this.#before !== undefined;
  }

  /** Notes that the window gets narrower after this round. */
  begin(before: Baseline): void {
    this.#before = before;
    this.#roundsLeft = SHOWS_AFTER_ROUNDS;
  }

  forget(): void {
    this.#before = undefined;
  }

  /** Notes a round after it. Returns what was before when that should be given back. */
  check(rate: number, ms: number): Baseline | undefined {
    const before = this.#before;
    this.#roundsLeft -= 1;
    if (before === undefined || this.#roundsLeft > 0) return undefined;
    this.#before = undefined;
    return rate > before.rate * MUCH_LESS || ms < before.ms * MUCH_LESS ? undefined : before;
  }
}
