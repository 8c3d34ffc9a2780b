/**
 * Which nodes are live, as this one sees them in the store. Each writes its key at every beat; one is live while a beat of it was seen
 * within the time of a lease, by this node's monotonic clock: no clock of another machine counts. Time counts only while this
 * node sees its own beats come back from the store, and with them all that others have written before. After a time in which it
 * did not (the store was away, or this process stood still) each node that was live has a whole new lease.
 */
import type { Change, Entry } from '../store/store.js';
import type { ClusterNode } from './directory.js';
import { NODE_PREFIX, readLease } from './store-records.js';

/** How often a node calls `beat`. */
export const LEASE_BEAT_MS = 2_000;

/** How long a node is live that writes no more. */
export const LEASE_MS = 10_000;

// Between two beats of this node. After a longer pause it may have missed those of others.
const MAX_PAUSE_MS = LEASE_MS - LEASE_BEAT_MS;

interface Known {
  readonly beat: number;
  /** Of its key. */
  readonly version: number;
  readonly seenAtMs: number;
}

export class Leases {
  #self: ClusterNode;
  readonly #now: () => number;
  /** All that have a key, this node too, and those whose key the store has lost. */
  readonly #known = new Map<string, Known>();
  readonly #live = new Map<string, ClusterNode>();
  #judgedAtMs: number;

  /** `now`: monotonic. */
  constructor(self: ClusterNode, now: () => number) {
    this.#self = self;
    this.#now = now;
    this.#judgedAtMs = now();
    this.#live.set(self.id, self);
  }

  get live(): ReadonlyMap<string, ClusterNode> {
    return this.#live;
  }

  get self(): ClusterNode {
    return this.#self;
  }

  set self(self: ClusterNode) {
    this.#self = self;
    this.#live.set(self.id, self);
  }

  /** Those that have a key and are not live, each with the version of its key. */
  get dead(): ReadonlyMap<string, number> {
    const dead = [...this.#known].filter(([id]) => !this.#live.has(id));
    return new Map(dead.map(([id, { version }]) => [id, version]));
  }

  /** Whether this node's own key is in the store, as far as it sees. */
  get isSelfKnown(): boolean {
    return this.#known.has(this.#self.id);
  }

  /** Takes in what the store tells of its nodes. Returns the ids of those that have come or gone. */
  change(change: Change): string[] {
    if (change.kind === 'put') return this.#put(change.entry);
    if (change.kind === 'deleted') return this.#delete(change.key.slice(NODE_PREFIX.length));
    const found = new Set(change.entries.map(({ key }) => key.slice(NODE_PREFIX.length)));
    const lost = [...this.#known.keys()].filter((id) => !found.has(id));
    this.#renew();
    // One that an older copy of the store lacks writes its key again, or its lease ends.
    const isKept = (id: string) => change.isOlder === true && id !== this.#self.id;
    return [
      ...lost.filter((id) => !isKept(id)).flatMap((id) => this.#delete(id)),
      ...change.entries.flatMap((entry) => this.#put(entry)),
    ];
  }

  /** Ends the leases that are over, after a beat of this node was written; undefined if it was not. Returns their ids. */
  judge(beat: number | undefined): string[] {
    const own = this.#known.get(this.#self.id);
    const at = own !== undefined && own.beat === beat ? own.seenAtMs : Number.POSITIVE_INFINITY;
    const isPunctual = at - this.#judgedAtMs <= MAX_PAUSE_MS;
    this.#judgedAtMs = isPunctual ? at : this.#now();
    if (!isPunctual) this.#renew();
    return isPunctual
      ? [...this.#live.keys()].filter((id) => this.#isOver(id, at)).filter((id) => this.#live.delete(id))
      : [];
  }

  #isOver(id: string, atMs: number): boolean {
    const seenAtMs = this.#known.get(id)?.seenAtMs;
    return id !== this.#self.id && (seenAtMs === undefined || atMs - seenAtMs > LEASE_MS);
  }

  // An entry that cannot be read is no node.
  #put(entry: Entry): string[] {
    const lease = readLease(entry);
    if (lease === undefined) return this.#delete(entry.key.slice(NODE_PREFIX.length));
    const { node, beat } = lease;
    const known = this.#known.get(node.id);
    const isSeen = known?.beat !== beat;
    this.#known.set(node.id, { beat, version: entry.version, seenAtMs: isSeen ? this.#now() : known.seenAtMs });
    if (node.id === this.#self.id || !isSeen) return [];
    const isNew = !this.#live.has(node.id);
    this.#live.set(node.id, node);
    return isNew ? [node.id] : [];
  }

  #delete(id: string): string[] {
    this.#known.delete(id);
    return id !== this.#self.id && this.#live.delete(id) ? [id] : [];
  }

  #renew(): void {
    const seenAtMs = this.#now();
    for (const id of this.#live.keys()) {
      const known = this.#known.get(id);
      if (known !== undefined) this.#known.set(id, { ...known, seenAtMs });
    }
  }
}
