/**
 * The directory of nodes that share a store: a key of each node, written again at every beat, and one of each tunnel, changed by
 * compare-and-set. It has no timer: its owner calls `beat`.
 */
import { randomInt } from 'node:crypto';
import { type Log, silentLog } from '../core/log.js';
import type { Change, Entry, Store, Watch } from '../store/store.js';
import { DeadPlaces } from './dead-places.js';
import type {
  Claim,
  Claimed,
  ClusterNode,
  Directory,
  DirectoryChange,
  DirectoryWatch,
  TunnelRecord,
} from './directory.js';
import { type DirectoryListener, DirectoryListeners } from './directory-listeners.js';
import { claimIn, epochAfter, releaseIn, without } from './directory-rules.js';
import { Leases } from './leases.js';
import { OwnLease } from './own-lease.js';
import { OwnPlaces } from './own-places.js';
import { NODE_PREFIX, readTunnel, TUNNEL_PREFIX } from './store-records.js';
import { TunnelCopy } from './tunnel-copy.js';
import { TunnelWriter } from './tunnel-writer.js';

export { LEASE_BEAT_MS } from './leases.js';

export interface StoreDirectoryOptions {
  readonly log?: Log;
  /** Milliseconds since the epoch. */
  readonly wallClock?: () => number;
  readonly monotonic?: () => number;
  /** A random whole number below the given one. */
  readonly random?: (below: number) => number;
  /** Default: `readTunnel`. Directories of one process may share what one of them has read. */
  readonly read?: typeof readTunnel;
}

export class StoreDirectory implements Directory {
  readonly #store: Store;
  readonly #log: Log;
  readonly #newEpoch: (former: TunnelRecord | undefined) => number;
  readonly #leases: Leases;
  readonly #ownLease: OwnLease;
  readonly #copy: TunnelCopy;
  readonly #writer: TunnelWriter;
  readonly #ownPlaces: OwnPlaces;
  readonly #deadPlaces: DeadPlaces;
  readonly #watches: readonly Watch[];
  readonly #listeners: DirectoryListeners;
  #beating: Promise<void> | undefined;
  #isClosed = false;

  private constructor(store: Store, self: ClusterNode, options: StoreDirectoryOptions) {
    const { log = silentLog, wallClock = Date.now, random = (below) => randomInt(below) } = options;
    const { monotonic = () => performance.now(), read = readTunnel } = options;
    this.#store = store;
    this.#log = log;
    this.#listeners = new DirectoryListeners(log);
    this.#newEpoch = (former) => epochAfter(former, wallClock(), random);
    this.#leases = new Leases(self, monotonic);
    this.#ownLease = new OwnLease({ store, self: () => this.self, wallClock });
    this.#copy = new TunnelCopy({ wallClock, monotonic, read });
    this.#writer = new TunnelWriter({
      ...{ store, wallClock, read },
      living: (record) => this.#living(record),
      taker: () => this.#taker(),
    });
    this.#ownPlaces = new OwnPlaces({
      node: self.id,
      records: () => this.#copy.recordsAt((node) => node === self.id).filter(({ name }) => !this.#copy.isLost(name)),
      removePlaces: (name, isGone) => this.#writer.removePlaces(name, isGone),
    });
    this.#deadPlaces = new DeadPlaces({
      leases: this.#leases,
      recordsAt: (fits) => this.#copy.recordsAt(fits),
      removePlaces: (name, isGone) => this.#writer.removePlaces(name, ({ node }) => isGone(node)),
      removeNode: (id, version) => store.delete(`${NODE_PREFIX}${id}`, version),
      now: monotonic,
    });
    this.#watches = [
      store.watch(NODE_PREFIX, (change) => this.#nodesChanged(change)),
      store.watch(TUNNEL_PREFIX, (change) => this.#tunnelsChanged(change)),
    ];
  }

  /** Joins the node. Resolves once it knows all others, and all tunnels. */
  static async open(store: Store, self: ClusterNode, options: StoreDirectoryOptions = {}): Promise<StoreDirectory> {
    const directory = new StoreDirectory(store, self, options);
    try {
      await directory.#ownLease.write();
      await Promise.all(directory.#watches.map(({ ready }) => ready));
      return directory;
    } catch (error) {
      for (const watch of directory.#watches) watch.close();
      throw error;
    }
  }

  get self(): ClusterNode {
    return this.#leases.self;
  }

  nodes(): ReadonlyMap<string, ClusterNode> {
    return this.#leases.live;
  }

  /**
   * Shows the others that this node is live, ends the leases of those that are not, and removes what they have left behind. To be
   * called every `LEASE_BEAT_MS`; one at a time runs. Never rejects.
   */
  beat(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async drain(): Promise<void> {
    this.#leases.self = { ...this.self, state: 'draining' };
    await this.#ownLease.write();
  }

  find(name: string): Promise<TunnelRecord | undefined> {
    return this.#writer.find(name);
  }

  claim(claim: Claim): Promise<Claimed> {
    return this.#ownPlaces.claim(claim.link, () =>
      this.#writer.change(claim.name, (current, stored) => {
        const former = stored ?? this.#copy.get(claim.name);
        const result = claimIn(current, this.self.id, claim, () => this.#newEpoch(former));
        return { result, record: result.kind === 'claimed' ? result.record : undefined };
      }),
    );
  }

  async release(name: string, link: string): Promise<TunnelRecord | undefined> {
    const left = await this.#writer.change(name, (current) => {
      const record = releaseIn(current, this.self.id, link);
      return { result: record, record };
    });
    this.#ownPlaces.released(link);
    return left;
  }

  watch(listener: DirectoryListener): DirectoryWatch {
    const close = this.#listeners.add(listener, this.#all());
    const ready = this.#ownLease.write().then(() => {}); // a write is told after all that were before it
    ready.catch(() => {}); // a caller that waits for it is told
    return { ready, close };
  }

  /** Resolves also when the store cannot be reached: the lease of this node ends then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#ownPlaces.clear();
    await this.#beating;
    const leave = async () => {
      await this.#ownLease.end();
      await this.#ownPlaces.removeUnwanted();
    };
    await leave().catch(() => {});
    for (const watch of this.#watches) watch.close();
  }

  async #beat(): Promise<void> {
    const beat = await this.#ownLease.write().catch(() => undefined); // the store is away: no lease ends
    if (this.#isClosed) return;
    this.#nodesMoved(this.#leases.judge(beat));
    for (const name of this.#copy.sweep()) this.#tellOf(name);
    if (beat === undefined) return;
    try {
      await this.#ownPlaces.removeUnwanted();
      await this.#deadPlaces.clean();
    } catch (error) {
      this.#log.debug({ err: error }, 'what other nodes have left is removed later');
    }
  }

  /** What counts of a record. A node that is not known may have come in this moment: the store is asked. */
  async #living(record: TunnelRecord): Promise<TunnelRecord> {
    const unknown = new Set(record.places.map(({ node }) => node).filter((id) => !this.#leases.live.has(id)));
    for (const id of unknown) {
      const lease = await this.#store.get(`${NODE_PREFIX}${id}`);
      if (lease !== undefined) this.#nodesMoved(this.#leases.change({ kind: 'put', entry: lease }));
    }
    return this.#ofLiveNodes(record);
  }

  #ofLiveNodes(record: TunnelRecord): TunnelRecord {
    return without(record, ({ node }) => !this.#leases.live.has(node)) ?? record;
  }

  #nodesChanged(change: Change): void {
    this.#nodesMoved(this.#leases.change(change));
    if (!this.#leases.isSelfKnown) this.#ownLease.restore();
  }

  #nodesMoved(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const { name } of this.#copy.recordsAt((node) => ids.includes(node))) this.#tellOf(name);
  }

  #tunnelsChanged(change: Change): void {
    if (change.kind === 'all') {
      if (change.isOlder === true) this.#ownLease.restore(); // before any claim that this brings about
      this.#copy.replace(change);
      this.#listeners.tell(this.#all());
      return;
    }
    const name = this.#copy.change(change);
    if (name !== undefined) this.#tellOf(name);
  }

  #taker(): (entry: Entry) => void {
    const take = this.#copy.taker();
    return (entry) => {
      const name = take(entry);
      if (name !== undefined) this.#tellOf(name);
    };
  }

  /** What watchers are told of a tunnel. This node's own places are not kept in one that was lost: it has to claim them again. */
  #shown(record: TunnelRecord): TunnelRecord | undefined {
    const living = this.#ofLiveNodes(record);
    if (!this.#copy.isLost(record.name)) return living;
    const others = without(living, ({ node }) => node === this.self.id) ?? living;
    return others.places.length > 0 ? others : undefined;
  }

  #all(): DirectoryChange {
    const shown = this.#copy.records().map((record) => this.#shown(record));
    return { kind: 'all', records: shown.filter((record) => record !== undefined) };
  }

  #tellOf(name: string): void {
    const held = this.#copy.get(name);
    const record = held && this.#shown(held);
    this.#listeners.tell(record === undefined ? { kind: 'forgotten', name } : { kind: 'tunnel', record });
  }
}
