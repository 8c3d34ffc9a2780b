/**
 * What the rounds of a path brought: at which rate it delivers, and whether it is full. A path is `rising` until it is
 * seen to be full, as in BBR.
 */

// A path is full when bytes wait in it and two rounds bring no more than a quarter above the best before. That bytes wait
// is not enough: in the slow start of the TCP below they do too, and each round brings more.
const STARTUP_GROWTH_FACTOR = 1.25;
const FULL_PIPE_ROUNDS = 2;
// It is no longer full when in so many rounds nothing waited, and each brought nearly all of a window, or brought it in
// bursts, between which the sender waited for its window.
const WINDOW_LIMITED_ROUNDS = 2;
const FULL_WINDOW_SHARE = 0.92;
// A rate is believed for this many rounds; after a late one only its own is, for the path got slower.
const RATE_FILTER_ROUNDS = 8;

/** A round that told of the path. */
export interface RoundSample {
  /** Bytes a millisecond: of all of the round, and while bytes came without a pause. */
  readonly rate: number;
  readonly peakRate: number;
  /** How much of the window it would have brought in the shortest round trip. */
  readonly windowShare: number;
  /**
   * Whether nothing waited, something did, or far more than should; `unknown` when something held the bytes up for a
   * while, be it the event loop of one of the ends: it made the round longer, and says nothing of the path.
   */
  readonly queue: 'empty' | 'standing' | 'bufferbloat' | 'unknown';
}

export class DeliveryRate {
  readonly #rates: number[] = [];
  #bestRate = 0;
  #fullPipeRounds = 0;
  #windowLimitedRounds = 0;

  /** The path has not been seen to be full. */
  get isStartup(): boolean {
    return this.#fullPipeRounds < FULL_PIPE_ROUNDS;
  }

  /** The best rate of late; 0 before the first. */
  get rate(): number {
    return Math.max(0, ...this.#rates);
  }

  /** Whatever was known, the path may be faster now. */
  restart(): void {
    this.#bestRate = 0;
    this.#fullPipeRounds = 0;
    this.#windowLimitedRounds = 0;
  }

  /** Notes a round. `'window-limited'` when it was the window that kept it from bringing more. */
  addSample(sample: RoundSample): 'window-limited' | undefined {
    if (sample.queue !== 'unknown') this.addRate(sample);
    this.#updateFullPipe(sample);
    if (!this.#isWindowLimited(sample)) return undefined;
    this.restart();
    return 'window-limited';
  }

  /** Notes no more of a round than its rate. */
  addRate({ rate, queue }: Pick<RoundSample, 'rate' | 'queue'>): void {
    this.#rates.push(rate);
    this.#rates.splice(0, this.#rates.length - (queue === 'bufferbloat' ? 1 : RATE_FILTER_ROUNDS));
  }

  #updateFullPipe({ rate, queue }: RoundSample): void {
    if (rate >= this.#bestRate * STARTUP_GROWTH_FACTOR) {
      this.#bestRate = rate;
      this.#fullPipeRounds = 0;
    } else if (queue === 'standing') this.#fullPipeRounds += 1;
    else if (queue === 'bufferbloat') this.#fullPipeRounds = FULL_PIPE_ROUNDS;
  }

  #isWindowLimited({ rate, peakRate, windowShare, queue }: RoundSample): boolean {
    const isFilled = windowShare >= FULL_WINDOW_SHARE;
    if (queue !== 'empty') this.#windowLimitedRounds = 0;
    else if (isFilled || peakRate >= rate * STARTUP_GROWTH_FACTOR) this.#windowLimitedRounds += 1;
    else this.#windowLimitedRounds = 0;
    return this.isStartup ? queue === 'empty' && isFilled : this.#windowLimitedRounds >= WINDOW_LIMITED_ROUNDS;
  }
}
