/**
 * The directory of nodes that share a store: a key of each node, written again at every beat, and one of each tunnel, changed by
 * compare-and-set. It has no timer: its owner calls `beat`.
 */
import { randomInt } from 'node:crypto';
import { type Log, silentLog } from '../core/log.js';
import { PosternError } from '../errors.js';
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
import { claimIn, releaseIn, without } from './directory-rules.js';
import { Leases } from './leases.js';
import { NODE_PREFIX, readTunnel, TUNNEL_PREFIX, writeLease, writeTunnel } from './store-records.js';
import { TunnelCopy } from './tunnel-copy.js';

export { LEASE_BEAT_MS } from './leases.js';

export interface StoreDirectoryOptions {
  readonly log?: Log;
  /** Milliseconds since the epoch. */
  readonly wallClock?: () => number;
  readonly monotonic?: () => number;
  /** A random whole number below the given one. */
  readonly random?: (below: number) => number;
}

/** How long it is remembered that a tunnel was there. The key of a node expires so late too: wrong clocks end no lease. */
export const REMEMBERED_MS = 86_400_000;

// Each attempt that fails is another node's that did not.
const MAX_ATTEMPTS = 32;

type Listener = (change: DirectoryChange) => void;

export class StoreDirectory implements Directory {
  readonly #store: Store;
  readonly #log: Log;
  readonly #wallClock: () => number;
  readonly #random: (below: number) => number;
  readonly #leases: Leases;
  readonly #copy: TunnelCopy;
  readonly #deadPlaces: DeadPlaces;
  readonly #watches: readonly Watch[];
  readonly #listeners = new Set<Listener>();
  /** The links whose places are wanted. */
  readonly #links = new Set<string>();
  #beats = 0;
  #beating: Promise<void> | undefined;
  #isClosed = false;

  private constructor(store: Store, self: ClusterNode, options: StoreDirectoryOptions) {
    const { log = silentLog, wallClock = Date.now, random = (below) => randomInt(below) } = options;
    const { monotonic = () => performance.now() } = options;
    this.#store = store;
    this.#log = log;
    this.#wallClock = wallClock;
    this.#random = random;
    this.#leases = new Leases(self, monotonic);
    this.#copy = new TunnelCopy({ wallClock, monotonic });
    this.#deadPlaces = new DeadPlaces({
      leases: this.#leases,
      records: () => this.#copy.records(),
      removePlaces: (name, isGone) => this.#removePlaces(name, ({ node }) => isGone(node)),
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
      await directory.#writeLease();
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
    await this.#writeLease();
  }

  async find(name: string): Promise<TunnelRecord | undefined> {
    return this.#living(await this.#store.get(`${TUNNEL_PREFIX}${name}`));
  }

  async claim(claim: Claim): Promise<Claimed> {
    const isNew = !this.#links.has(claim.link);
    this.#links.add(claim.link);
    let claimed: Claimed | undefined;
    try {
      claimed = await this.#update(claim.name, (current, stored) => {
        const result = claimIn(current, this.self.id, claim, () =>
          this.#epochAfter(stored ?? this.#copy.get(claim.name)),
        );
        return { result, record: result.kind === 'claimed' ? result.record : undefined };
      });
      return claimed;
    } finally {
      // One that was not granted, but may be by now, is taken back at a beat.
      if (isNew && claimed?.kind !== 'claimed') this.#links.delete(claim.link);
    }
  }

  async release(name: string, link: string): Promise<TunnelRecord | undefined> {
    const left = await this.#update(name, (current) => {
      const record = releaseIn(current, this.self.id, link);
      return { result: record, record };
    });
    this.#links.delete(link);
    return left;
  }

  watch(listener: Listener): DirectoryWatch {
    this.#listeners.add(listener);
    listener(this.#all());
    const ready = this.#writeLease().then(() => {}); // a write is told after all that were before it
    ready.catch(() => {}); // a caller that waits for it is told
    return { ready, close: () => void this.#listeners.delete(listener) };
  }

  /** Resolves also when the store cannot be reached: the lease of this node ends then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#links.clear();
    await this.#beating;
    const leave = async () => {
      await this.#store.delete(`${NODE_PREFIX}${this.self.id}`);
      await this.#releaseUnwanted();
    };
    await leave().catch(() => {});
    for (const watch of this.#watches) watch.close();
  }

  async #beat(): Promise<void> {
    const beat = await this.#writeLease().catch(() => undefined); // the store is away: no lease ends
    if (this.#isClosed) return;
    this.#nodesMoved(this.#leases.judge(beat ?? this.#beats));
    for (const name of this.#copy.sweep()) this.#tellOf(name);
    if (beat === undefined) return;
    try {
      await this.#releaseUnwanted();
      await this.#deadPlaces.clean();
    } catch (error) {
      this.#log.debug({ err: error }, 'what other nodes have left is removed later');
    }
  }

  async #writeLease(): Promise<number> {
    this.#beats += 1;
    const beat = this.#beats;
    const expiresAtMs = this.#wallClock() + REMEMBERED_MS;
    await this.#store.put(`${NODE_PREFIX}${this.self.id}`, writeLease({ node: this.self, beat }), { expiresAtMs });
    return beat;
  }

  /** Places of this node that no link of it has: a claim whose outcome was unknown, or what an older copy of the store has. */
  async #releaseUnwanted(): Promise<void> {
    const { id } = this.self;
    const isUnwanted = ({ node, link }: { node: string; link: string }) => node === id && !this.#links.has(link);
    const found = this.#copy
      .records()
      .filter(({ name, places }) => !this.#copy.isLost(name) && places.some(isUnwanted));
    await Promise.all(found.map(({ name }) => this.#removePlaces(name, isUnwanted)));
  }

  async #removePlaces(name: string, isGone: (place: { node: string; link: string }) => boolean): Promise<void> {
    await this.#update(name, (_current, stored) => ({ result: undefined, record: stored && without(stored, isGone) }));
  }

  /**
   * Changes a tunnel in one atomic step. `current` is what counts of it, `stored` has places of nodes that are not live too.
   * Writes the record that is returned, if one is.
   */
  async #update<Result>(
    name: string,
    decide: (
      current: TunnelRecord | undefined,
      stored: TunnelRecord | undefined,
    ) => { readonly result: Result; readonly record: TunnelRecord | undefined },
  ): Promise<Result> {
    const key = `${TUNNEL_PREFIX}${name}`;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const entry = await this.#store.get(key);
      const current = await this.#living(entry);
      const { result, record } = decide(current, entry && readTunnel(entry));
      if (record === undefined) return result;
      const expiresAtMs = record.places.length === 0 ? this.#wallClock() + REMEMBERED_MS : undefined;
      const written = await this.#store.put(key, writeTunnel(record), { ifVersion: entry?.version ?? 0, expiresAtMs });
      if (written === undefined) continue;
      this.#written(written);
      return result;
    }
    throw new PosternError('ERR_STORE_UNAVAILABLE', `too many nodes change the tunnel ${name} at once`);
  }

  #epochAfter(former: TunnelRecord | undefined): number {
    // After a failover to an older copy an epoch that was given before must not be given again.
    return Math.max((former?.epoch ?? 0) + 1, this.#wallClock() * 1_000 + this.#random(1_000));
  }

  /** What counts of an entry. A node that is not known may have come in this moment: the store is asked. */
  async #living(entry: Entry | undefined): Promise<TunnelRecord | undefined> {
    const record = entry && readTunnel(entry);
    if (record === undefined) return undefined;
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
    // The store was emptied, or is an older copy: without its key this node's places count nowhere.
    if (this.#beats > 0 && !this.#isClosed && !this.#leases.isSelfKnown) void this.#writeLease().catch(() => {});
  }

  #nodesMoved(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const { name, places } of this.#copy.records())
      if (places.some(({ node }) => ids.includes(node))) this.#tellOf(name);
  }

  #tunnelsChanged(change: Change): void {
    if (change.kind === 'all') {
      this.#copy.replace(change);
      this.#tell(this.#all());
      return;
    }
    const name = this.#copy.change(change);
    if (name !== undefined) this.#tellOf(name);
  }

  #written(entry: Entry): void {
    const name = this.#copy.set(entry);
    if (name !== undefined) this.#tellOf(name);
  }

  /** What watchers are told of a tunnel. This node's own places are not kept in one that was lost: it has to claim them again. */
  #shown(record: TunnelRecord): TunnelRecord | undefined {
    const living = this.#ofLiveNodes(record);
    if (!this.#copy.isLost(record.name)) return living;
    const others = without(living, ({ node }) => node === this.self.id) ?? living;
    return others.places.length > 0 ? others : undefined;
  }

  #all(): DirectoryChange {
    return { kind: 'all', records: this.#copy.records().flatMap((record) => this.#shown(record) ?? []) };
  }

  #tellOf(name: string): void {
    const held = this.#copy.get(name);
    const record = held && this.#shown(held);
    this.#tell(record === undefined ? { kind: 'forgotten', name } : { kind: 'tunnel', record });
  }

  #tell(change: DirectoryChange): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(change);
      } catch (error) {
        this.#log.error({ err: error }, 'a change of the directory could not be taken in');
      }
    }
  }
}
