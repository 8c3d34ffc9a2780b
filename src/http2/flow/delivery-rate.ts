/**
 * The delivery rate of a path and whether its pipe is full, from samples of one round trip each. As in BBR, a path is in
 * startup until the pipe is seen to be full.
 */

// The pipe is full when there is a queue and two rounds deliver less than a quarter more than the best before. A queue is
// not enough: in TCP's slow start there is one too, and each round delivers more.
const STARTUP_GROWTH_FACTOR = 1.25;
const FULL_PIPE_ROUNDS = 2;
// It is no longer full after this many rounds without a queue that each delivered nearly a full window, or delivered it in
// bursts, between which the sender waited for credit.
const WINDOW_LIMITED_ROUNDS = 2;
const FULL_WINDOW_SHARE = 0.92;
// The rate is the maximum over this many rounds; after bufferbloat only the last counts, because the path got slower.
const RATE_FILTER_ROUNDS = 8;

/** One round trip's measurement. */
export interface RoundSample {
  /** Bytes per millisecond: over the whole round, and at most while bytes arrived without a pause. */
  readonly rate: number;
  readonly peakRate: number;
  /** The share of the window that would have been delivered in the minimum RTT. */
  readonly windowShare: number;
  /**
   * The queue on the path. `unknown` after a stall, for instance of an event loop at either end: it makes the round longer
   * and tells nothing about the path.
   */
  readonly queue: 'empty' | 'standing' | 'bufferbloat' | 'unknown';
}

export class DeliveryRate {
  readonly #rates: number[] = [];
  #bestRate = 0;
  #fullPipeRounds = 0;
  #windowLimitedRounds = 0;

  /** The pipe has not been seen to be full. */
  get isStartup(): boolean {
    return this.#fullPipeRounds < FULL_PIPE_ROUNDS;
  }

  /** The best recent rate, in bytes per millisecond; 0 before the first sample. */
  get rate(): number {
    return Math.max(0, ...this.#rates);
  }

  /** Returns to startup: the path may be faster now. */
  restart(): void {
    this.#bestRate = 0;
    this.#fullPipeRounds = 0;
    this.#windowLimitedRounds = 0;
  }

  /** Adds a sample. Returns `'window-limited'` when the window kept the sender from sending more. */
  addSample(sample: RoundSample): 'window-limited' | undefined {
    if (sample.queue !== 'unknown') this.addRate(sample);
    this.#updateFullPipe(sample);
    if (!this.#isWindowLimited(sample)) return undefined;
    this.restart();
    return 'window-limited';
  }

  /** Adds only the rate of a sample. */
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
