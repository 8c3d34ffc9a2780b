/** Who is here at all nodes: each knows the people whose requests it has admitted, and is asked for them. */
import type { Others } from '../../cluster/others.js';
import type { Person, Presence, Presences } from './presence.js';

/** A person at a tunnel, by the key of the account. */
export type Listed = readonly [account: string, person: Person];

export class Everyone {
  readonly #presence: Presence;
  readonly #others: Others;

  /** `changed` is called when people have come to a tunnel at another node, or have left it. */
  constructor(presence: Presence, others: Others, changed: (tunnel: string) => void) {
    this.#presence = presence;
    this.#others = others;
    others.on('people.at', (tunnel: string) => presence.listedAt(tunnel));
    others.on('people.everywhere', () => presence.everywhere());
    others.on('people.changed', changed);
    others.on('people.leave', (account: string) => presence.leave(account));
  }

  /** The people at a tunnel, those who came first in front. */
  async at(tunnel: string): Promise<Person[]> {
    const elsewhere = await this.#others.ask<Listed[]>('people.at', tunnel);
    const people = new Map<string, Person>();
    for (const [account, person] of [this.#presence.listedAt(tunnel), ...elsewhere].flat()) {
      const known = people.get(account);
      people.set(account, known === undefined ? person : together(known, person));
    }
    return [...people.values()].sort((one, other) => one.sinceMs - other.sinceMs || one.arrival - other.arrival);
  }

  /** Who is where: an entry for each person at each tunnel, by tunnel; of several nodes, several. */
  async everywhere(): Promise<Presences[]> {
    const elsewhere = await this.#others.ask<Presences[]>('people.everywhere');
    const found = new Map<string, Presences>();
    for (const one of [this.#presence.everywhere(), ...elsewhere].flat()) {
      const key = JSON.stringify([one.tunnel, one.account.issuer, one.account.subject]);
      found.set(key, { ...one, open: one.open + (found.get(key)?.open ?? 0) });
    }
    return [...found.values()];
  }

  /** How many people are at each tunnel. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { tunnel } of await this.everywhere()) counts.set(tunnel, (counts.get(tunnel) ?? 0) + 1);
    return counts;
  }

  /** Takes an account from the lists of all tunnels, after it was signed out; by its `accountKey`. */
  leave(account: string): void {
    this.#presence.leave(account);
    this.#others.tell('people.leave', account);
  }

  /** People have come to a tunnel at this node, or have left it. */
  changedHere(tunnel: string): void {
    this.#others.tell('people.changed', tunnel);
  }
}

function together(one: Person, other: Person): Person {
  const last = one.lastSeenMs >= other.lastSeenMs ? one : other;
  const first = one.sinceMs <= other.sinceMs ? one : other;
  return { ...last, sinceMs: first.sinceMs, arrival: first.arrival, open: one.open + other.open };
}
