/**
 * The places that links of this node want. One that none of them wants is removed: that of a claim whose outcome was unknown, or what an
 * older copy of the store has.
 */
import type { Claimed, Place, TunnelRecord } from './directory.js';

// At once: more would fill the queue of commands to the store, and what visitors need from it would be refused.
const MAX_AT_ONCE = 500;

export interface OwnPlacesOptions {
  /** The id of this node. */
  readonly node: string;
  /** Those that the store has, as far as this node sees. */
  readonly records: () => readonly TunnelRecord[];
  readonly removePlaces: (name: string, isGone: (place: Place) => boolean) => Promise<unknown>;
}

export class OwnPlaces {
  readonly #options: OwnPlacesOptions;
  /** The links whose places are wanted. */
  readonly #links = new Set<string>();

  constructor(options: OwnPlacesOptions) {
    this.#options = options;
  }

  /** `claim` is for a place of the link, which is wanted meanwhile, and from then on if it is granted. */
  async claim(link: string, claim: () => Promise<Claimed>): Promise<Claimed> {
    const isNew = !this.#links.has(link);
    this.#links.add(link);
    let claimed: Claimed | undefined;
    try {
      claimed = await claim();
      return claimed;
    } finally {
      // One that was not granted, but may be by now, is taken back at a beat.
      if (isNew && claimed?.kind !== 'claimed') this.#links.delete(link);
    }
  }

  released(link: string): void {
    this.#links.delete(link);
  }

  /** No place is wanted any more. */
  clear(): void {
    this.#links.clear();
  }

  /** Rejects when the store cannot be reached. */
  async removeUnwanted(): Promise<void> {
    const { node: id, records, removePlaces } = this.#options;
    const isUnwanted = ({ node, link }: Place) => node === id && !this.#links.has(link);
    const found = records().filter(({ places }) => places.some(isUnwanted));
    for (let at = 0; at < found.length; at += MAX_AT_ONCE)
      await Promise.all(found.slice(at, at + MAX_AT_ONCE).map(({ name }) => removePlaces(name, isUnwanted)));
  }
}
