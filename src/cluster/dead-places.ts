/**
 * What nodes have left behind that are no more: their places and their keys. The live node with the lowest id removes it, so that
 * not all of them do. Nothing depends on when: a place of such a node counts nowhere.
 */
import type { TunnelRecord } from './directory.js';
import { LEASE_MS, type Leases } from './leases.js';

// At one beat: some hundreds a second.
const MAX_AT_ONCE = 500;

export interface DeadPlacesOptions {
  readonly leases: Leases;
  /** With a place at a node that fits; of lost tunnels too. */
  readonly recordsAt: (fits: (node: string) => boolean) => readonly TunnelRecord[];
  readonly removePlaces: (name: string, isGone: (node: string) => boolean) => Promise<unknown>;
  readonly removeNode: (id: string, version: number) => Promise<unknown>;
  /** Monotonic. */
  readonly now: () => number;
}

export class DeadPlaces {
  readonly #options: DeadPlacesOptions;
  /** Since when it was noticed that a node is not live: one may be on its way that is not seen yet. */
  readonly #noticed = new Map<string, number>();

  constructor(options: DeadPlacesOptions) {
    this.#options = options;
  }

  /** Rejects when the store cannot be reached. */
  async clean(): Promise<void> {
    const { leases, recordsAt, removePlaces, removeNode, now } = this.#options;
    if ([...leases.live.keys()].some((id) => id < leases.self.id)) return this.#noticed.clear();
    const dead = leases.dead;
    const left = recordsAt((node) => !leases.live.has(node));
    this.#notice(new Set([...dead.keys(), ...left.flatMap(({ places }) => places.map(({ node }) => node))]));
    const before = now() - LEASE_MS;
    const isGone = (node: string) => !leases.live.has(node) && (this.#noticed.get(node) ?? now()) <= before;
    const due = left.filter(({ places }) => places.some(({ node }) => isGone(node)));
    await Promise.all(due.slice(0, MAX_AT_ONCE).map(({ name }) => removePlaces(name, isGone)));
    if (due.length > MAX_AT_ONCE) return; // their keys when no place of them is left
    await Promise.all([...dead].filter(([id]) => isGone(id)).map(([id, version]) => removeNode(id, version)));
  }

  #notice(ids: ReadonlySet<string>): void {
    const { leases, now } = this.#options;
    for (const id of this.#noticed.keys()) if (!ids.has(id) || leases.live.has(id)) this.#noticed.delete(id);
    for (const id of ids) if (!leases.live.has(id) && !this.#noticed.has(id)) this.#noticed.set(id, now());
  }
}
