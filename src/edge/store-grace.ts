/**
 * How the shared store is: whether this node's copy of it may still be believed, and what is said about that. While the store is
 * away the copy counts for a time, `POSTERN_STORE_GRACE`; then it is not known any more who has signed out elsewhere, and no
 * session counts until the store is back. Cookies stay as they are.
 */
import { PosternError } from '../errors.js';
import type { Store, StoreStats } from '../store/store.js';

export interface StoreGraceOptions {
  readonly store: Pick<Store, 'stats'>;
  readonly graceMs: number;
}

// A copy is behind by a second when nothing happens.
const AWAY_AFTER_MS = 5_000;

const LOOK_INTERVAL_MS = 500;

export class StoreGrace {
  readonly #options: StoreGraceOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: StoreGraceOptions) {
    this.#options = options;
    if (options.store.stats().shared === undefined) return; // it is in this process
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  /** The copy may not be believed any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Throws `ERR_STORE_UNAVAILABLE` once it is over. */
  readonly check = (): void => {
    if (this.#isOver)
      throw new PosternError(
        'ERR_STORE_UNAVAILABLE',
        'the store was away for too long: who has signed out is not known',
      );
  };

  /** Throws `ERR_STORE_UNAVAILABLE` while the store is away: for what would need it in a moment. */
  readonly checkPresence = (): void => {
    if (this.#isAway(this.#options.store.stats().shared))
      throw new PosternError(
        'ERR_STORE_UNAVAILABLE',
        'the store is away: nothing can be promised that has to be in it',
      );
  };

  /** Lines for the operator: why the store is away, and for how long. */
  notes(): string[] {
    const { shared } = this.#options.store.stats();
    if (shared === undefined || !this.#isAway(shared)) return [];
    const what = this.#isOver ? 'no session counts' : `sessions count for another ${this.#leftSeconds(shared.ageMs)} s`;
    return [
      `store: ${shared.problem ?? 'Redis does not respond in time'}; away for ${Math.floor(shared.ageMs / 1_000)} s, ${what}`,
    ];
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #isAway(shared: StoreStats['shared']): boolean {
    return shared !== undefined && (this.#isOver || shared.ageMs >= AWAY_AFTER_MS || shared.problem !== undefined);
  }

  #leftSeconds(ageMs: number): number {
    return Math.max(0, Math.ceil((this.#options.graceMs - ageMs) / 1_000));
  }

  #look(): void {
    const ageMs = this.#options.store.stats().shared?.ageMs ?? 0;
    this.#isOver = ageMs > this.#options.graceMs;
  }
}
