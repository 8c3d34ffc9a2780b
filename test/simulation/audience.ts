/**
 * Which nodes follow which tunnels. All follow all, as in the product; or each tunnel is followed by one group of nodes, by those
 * that have claimed it, and by some that follow all, so that many more tunnels and nodes fit into the memory of one machine.
 */
import type { Entry } from '../../src/store/store.js';
import type { VirtualNode } from './virtual-node.js';

const TUNNEL = 'tunnel:';

export class Audience {
  readonly #groups: Set<VirtualNode>[];
  readonly #all = new Set<VirtualNode>();
  readonly #groupOf = new Map<VirtualNode, number>();
  /** Those that have claimed a name, by key. */
  readonly #claimers = new Map<string, Set<VirtualNode>>();

  /** With one group all nodes follow all tunnels. */
  constructor(groups: number) {
    this.#groups = Array.from({ length: groups }, () => new Set<VirtualNode>());
  }

  /** A node joins the smallest group; with `followsAll`, every one of them. */
  join(node: VirtualNode, followsAll: boolean): void {
    const smallest = this.#groups.reduce((least, { size }, at) => (size < this.#size(least) ? at : least), 0);
    this.#all.add(node);
    this.#groupOf.set(node, smallest);
    this.#groups.forEach((group, at) => {
      if (followsAll || at === smallest) group.add(node);
    });
  }

  leave(node: VirtualNode): void {
    this.#all.delete(node);
    this.#groupOf.delete(node);
    for (const group of this.#groups) group.delete(node);
  }

  claims(node: VirtualNode, key: string): void {
    if (this.#groups.length === 1 || !key.startsWith(TUNNEL)) return;
    const claimers = this.#claimers.get(key) ?? new Set();
    this.#claimers.set(key, claimers.add(node));
  }

  follows(node: VirtualNode, key: string): boolean {
    if (this.#groups.length === 1 || !key.startsWith(TUNNEL)) return true;
    return this.#group(key).has(node) || this.#claimers.get(key)?.has(node) === true;
  }

  *of(key: string): Iterable<VirtualNode> {
    if (this.#groups.length === 1 || !key.startsWith(TUNNEL)) {
      yield* this.#all;
      return;
    }
    const group = this.#group(key);
    yield* group;
    for (const node of this.#claimers.get(key) ?? []) if (this.#all.has(node) && !group.has(node)) yield node;
  }

  select(node: VirtualNode, entries: Entry[]): Entry[] {
    return this.#groups.length === 1 ? entries : entries.filter(({ key }) => this.follows(node, key));
  }

  #group(key: string): Set<VirtualNode> {
    return this.#groups[Number(key.slice(key.lastIndexOf('-') + 1)) % this.#groups.length] as Set<VirtualNode>;
  }

  #size(group: number): number {
    return [...this.#groupOf.values()].filter((at) => at === group).length;
  }
}
