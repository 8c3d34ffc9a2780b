/** How many links there are and who holds them, so that one owner or one address cannot hold them all. */
import { PosternError } from '../../errors.js';

export interface LinkBudgetLimits {
  readonly most: number;
  /** For each party. */
  readonly maxOfOne: number;
  /** So many more for links that take the place of one on which requests still run. */
  readonly spare: number;
}

export class LinkBudget {
  readonly #limits: LinkBudgetLimits;
  readonly #held = new Map<string, number>();
  #links = 0;

  constructor(limits: LinkBudgetLimits) {
    this.#limits = limits;
  }

  /** Throws `ERR_EDGE_FULL` when there is no room for another link, or one of its parties holds all that it may. */
  check(parties: readonly string[], kind: 'new' | 'replacement'): void {
    const { most, maxOfOne } = this.#limits;
    const spare = kind === 'new' ? 0 : this.#limits.spare;
    if (this.#links >= most + spare) throw new PosternError('ERR_EDGE_FULL');
    const full = parties.find((party) => this.#countOf(party) >= maxOfOne + spare);
    if (full === undefined) return;
    const text = `One owner, and one address, may have ${maxOfOne} agents connected at once.`;
    throw new PosternError('ERR_EDGE_FULL', `the ${full} holds ${maxOfOne} links`, { text });
  }

  /** Counts a link for its parties until the function that it returns is called, once. */
  take(parties: readonly string[]): () => void {
    this.#links += 1;
    for (const party of parties) this.#held.set(party, this.#countOf(party) + 1);
    return () => {
      this.#links -= 1;
      for (const party of parties) this.#release(party);
    };
  }

  #countOf(party: string): number {
    return this.#held.get(party) ?? 0;
  }

  #release(party: string): void {
    const left = this.#countOf(party) - 1;
    if (left > 0) this.#held.set(party, left);
    else this.#held.delete(party);
  }
}
