/** Limits the number of links, in all and for each party, so that one owner or one address cannot have them all. */
import { Counts } from '../../core/counts.js';
import { PosternError } from '../../errors.js';

export interface LinkBudgetLimits {
  readonly most: number;
  /** The maximum of one party. */
  readonly maxOfOne: number;
  /** Further links, for those that replace one on which requests still run. */
  readonly spare: number;
}

export class LinkBudget {
  readonly #limits: LinkBudgetLimits;
  readonly #held = new Counts();
  #links = 0;

  constructor(limits: LinkBudgetLimits) {
    this.#limits = limits;
  }

  /** Throws `ERR_EDGE_FULL` when the total or one of the parties is at its limit. */
  check(parties: readonly string[], kind: 'new' | 'replacement'): void {
    const { most, maxOfOne } = this.#limits;
    const spare = kind === 'new' ? 0 : this.#limits.spare;
    if (this.#links >= most + spare) throw new PosternError('ERR_EDGE_FULL');
    const full = parties.find((party) => this.#held.of(party) >= maxOfOne + spare);
    if (full === undefined) return;
    const text = `One owner, and one address, may have ${maxOfOne} agents connected at once.`;
    throw new PosternError('ERR_EDGE_FULL', `the ${full} holds ${maxOfOne} links`, { text });
  }

  /** Counts a link for its parties. The returned function ends that, and must be called once. */
  take(parties: readonly string[]): () => void {
    this.#links += 1;
    for (const party of parties) this.#held.add(party);
    return () => {
      this.#links -= 1;
      for (const party of parties) this.#held.remove(party);
    };
  }
}
