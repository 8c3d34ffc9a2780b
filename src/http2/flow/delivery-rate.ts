/**
 * What the rounds of a path brought: at which rate it delivers, and whether it is full. A path is `rising` until it is
 * seen to be full, as in BBR.
 */

// A path is full when bytes wait in it and two rounds bring no more than a quarter above the best before. That bytes wait
// is not enough: in the slow start of the TCP below they do too, and each round brings more.
const RISE = 1.25;
const FLAT_ROUNDS = 2;
// It is no longer full when in so many rounds nothing waited, and each brought nearly all of a window, or brought it in
// bursts, between which the sender waited for its window.
const TIGHT_ROUNDS = 2;
const NEARLY_ALL_SHARE = 0.92;
// A rate is believed for this many rounds; after a late one only its own is, for the path got slower.
const REMEMBERED_ROUNDS = 8;

/** A round that told of the path. */
export interface RoundSeen {
  /** Bytes a millisecond: of all of the round, and while bytes came without a pause. */
  readonly rate: number;
  readonly peakRate: number;
  /** How much of the window it would have brought in the shortest round trip. */
  readonly windowShare: number;
  /**
   * Whether nothing waited, something did, or far more than should; `unknown` when something held the bytes up for a
   * while, be it the event loop of one of the ends: it made the round longer, and says nothing of the path.
   */
  readonly queue: 'empty' | 'waiting' | 'late' | 'unknown';
}

export class DeliveryRate {
  readonly #rates: number[] = [];
  #bestRate = 0;
  #flatRounds = 0;
  #tightRounds = 0;

  /** The path has not been seen to be full. */
  get isRising(): boolean {
    return this.#flatRounds < FLAT_ROUNDS;
  }

  /** The best rate of late; 0 before the first. */
  get rate(): number {
    return Math.max(0, ...this.#rates);
  }

  /** Whatever was known, the path may be faster now. */
  rise(): void {
    this.#bestRate = 0;
    this.#flatRounds = 0;
    this.#tightRounds = 0;
  }

  /** Notes a round. `'tight'` when it was the window that kept it from bringing more. */
  note(round: RoundSeen): 'tight' | undefined {
    if (round.queue !== 'unknown') this.believe(round);
    this.#countFlat(round);
    if (!this.#isTight(round)) return undefined;
    this.rise();
    return 'tight';
  }

  /** Notes no more of a round than its rate. */
  believe({ rate, queue }: Pick<RoundSeen, 'rate' | 'queue'>): void {
    this.#rates.push(rate);
    this.#rates.splice(0, this.#rates.length - (queue === 'late' ? 1 : REMEMBERED_ROUNDS));
  }

  #countFlat({ rate, queue }: RoundSeen): void {
    if (rate >= this.#bestRate * RISE) {
      this.#bestRate = rate;
      this.#flatRounds = 0;
    } else if (queue === 'waiting') this.#flatRounds += 1;
    else if (queue === 'late') this.#flatRounds = FLAT_ROUNDS;
  }

  #isTight({ rate, peakRate, windowShare, queue }: RoundSeen): boolean {
    const isFilled = windowShare >= NEARLY_ALL_SHARE;
    if (queue !== 'empty') this.#tightRounds = 0;
    else if (isFilled || peakRate >= rate * RISE) this.#tightRounds += 1;
    else this.#tightRounds = 0;
    return this.isRising ? queue === 'empty' && isFilled : this.#tightRounds >= TIGHT_ROUNDS;
  }
}
