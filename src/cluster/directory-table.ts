/**
 * The directory of one process as a table: its rules, all of them synchronous. `memory-directory.ts` and `ipc-directory.ts` are
 * what nodes see of it.
 */
import type { Claim, Claimed, ClusterNode, DirectoryChange, TunnelRecord } from './directory.js';
import { claimIn, releaseIn, without } from './directory-rules.js';

// About 1 kB each, as in the registry of an edge.
const MAX_OFFLINE = 10_000;

export interface DirectoryTableOptions {
  /** The most tunnels without a place: the one that has been offline the longest is forgotten. */
  readonly maxOffline?: number;
}

export class DirectoryTable {
  readonly #maxOffline: number;
  readonly #nodes = new Map<string, ClusterNode>();
  /** In the order of their last change, oldest first. */
  readonly #records = new Map<string, TunnelRecord>();
  readonly #listeners = new Set<(change: DirectoryChange) => void>();
  readonly #nodeListeners = new Set<(nodes: readonly ClusterNode[]) => void>();
  /** The names of those without a place, the one that has been offline the longest first. */
  readonly #offline = new Set<string>();
  #epoch = 0;

  constructor({ maxOffline = MAX_OFFLINE }: DirectoryTableOptions = {}) {
    this.#maxOffline = maxOffline;
  }

  get nodes(): ReadonlyMap<string, ClusterNode> {
    return this.#nodes;
  }

  get records(): readonly TunnelRecord[] {
    return [...this.#records.values()];
  }

  /** A node has started, or changed its state. */
  join(node: ClusterNode): void {
    this.#nodes.set(node.id, node);
    this.#tellNodes();
  }

  /** A node has ended: its places are no more. */
  leave(id: string): void {
    if (!this.#nodes.delete(id)) return;
    for (const record of this.records) {
      const left = without(record, ({ node }) => node === id);
      if (left !== undefined) this.#put(left);
    }
    this.#tellNodes();
  }

  find(name: string): TunnelRecord | undefined {
    return this.#records.get(name);
  }

  claim(node: string, claim: Claim): Claimed {
    const claimed = claimIn(this.#records.get(claim.name), node, claim, () => ++this.#epoch);
    if (claimed.kind === 'claimed') this.#put(claimed.record);
    return claimed;
  }

  release(node: string, name: string, link: string): TunnelRecord | undefined {
    const left = releaseIn(this.#records.get(name), node, link);
    if (left !== undefined) this.#put(left);
    return left;
  }

  /** Calls the listener with all tunnels now, and with every later change. Returns what ends that. */
  watch(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener);
    listener({ kind: 'all', records: this.records });
    return () => this.#listeners.delete(listener);
  }

  /** Calls the listener with the live nodes now, and whenever one comes or goes. Returns what ends that. */
  watchNodes(listener: (nodes: readonly ClusterNode[]) => void): () => void {
    this.#nodeListeners.add(listener);
    listener([...this.#nodes.values()]);
    return () => this.#nodeListeners.delete(listener);
  }

  // Deleting first keeps the map in the order of the last change.
  #put(record: TunnelRecord): void {
    const { name, places } = record;
    this.#records.delete(name);
    this.#records.set(name, record);
    this.#offline.delete(name);
    if (places.length === 0) this.#offline.add(name);
    this.#tell({ kind: 'tunnel', record });
    if (this.#offline.size > this.#maxOffline) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const [oldest] = this.#offline;
    const name = oldest as string; // there is one more than the most
    this.#offline.delete(name);
    this.#records.delete(name);
    this.#tell({ kind: 'forgotten', name });
  }

  #tell(change: DirectoryChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  #tellNodes(): void {
    const nodes = [...this.#nodes.values()];
    for (const listener of [...this.#nodeListeners]) listener(nodes);
  }
}
