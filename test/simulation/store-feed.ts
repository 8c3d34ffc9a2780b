/**
 * The changes of the modelled store on their way to one node. A node that has missed some reads all again, and is told so; a write of
 * its own is complete once its watchers have been told.
 */
import type { Change, Entry, Watch } from '../../src/store/store.js';
import type { VirtualClock } from './clock.js';
import type { Effect } from './effects.js';
import { type LaterChange, unavailable } from './model-server.js';
import { DEADLINE_MS, type StoreConnection } from './store-connection.js';

const KEPT_CHANGES = 10_000;
const LISTED_PER_MS = 500;

export interface StoreFeedOptions {
  readonly clock: VirtualClock;
  readonly connection: StoreConnection;
  readonly latency: () => number;
  readonly wallClock: () => number;
  readonly run: (act: () => void) => void;
  readonly effect: (what: Effect) => void;
}

interface Watcher {
  readonly prefix: string;
  readonly listener: (change: Change) => void;
  readonly resolve: () => void;
  isLoading: boolean;
  isOlder: boolean;
  /** Grows with each reading of all. */
  reading: number;
}

interface Waiter {
  readonly version: number;
  readonly resolve: () => void;
}

/** The entries of a watcher, as of a version. */
interface Reading {
  readonly version: number;
  readonly watcher: Watcher;
  readonly entries: readonly Entry[];
}

/** A change, the same object for all nodes. */
export interface StoredChange {
  readonly version: number;
  readonly key: string;
  readonly change: LaterChange;
}

export class StoreFeed {
  readonly #options: StoreFeedOptions;
  readonly #watchers = new Set<Watcher>();
  readonly #waiters = new Set<Waiter>();
  /** No waiter waits for an earlier version: most changes are those of others. */
  #awaited = Number.POSITIVE_INFINITY;
  #queue: (StoredChange | Reading)[] = [];
  #isPumping = false;
  #hasGap = false;
  #seen = 0;
  #restarts = 0;

  constructor(options: StoreFeedOptions) {
    this.#options = options;
  }

  /** How often all was read again. */
  get restarts(): number {
    return this.#restarts;
  }

  watch(prefix: string, listener: (change: Change) => void): Watch {
    let resolve = () => {};
    const ready = new Promise<void>((resolved) => {
      resolve = resolved;
    });
    const watcher = { prefix, listener, resolve, isLoading: true, isOlder: false, reading: 0 };
    this.#watchers.add(watcher);
    this.#load([watcher]);
    return { ready, close: () => this.#watchers.delete(watcher) };
  }

  close(): void {
    this.#watchers.clear();
  }

  changed(change: StoredChange): void {
    if (this.#hasGap) return;
    this.#queue.push(change);
    if (this.#queue.length > KEPT_CHANGES) this.#hasGap = true;
    this.#pump();
  }

  /** Another server has taken the place of the one before: a copy of it, as of a version. */
  moved(copiedAt: number): void {
    this.#hasGap = true;
    for (const watcher of this.#watchers) watcher.isOlder ||= this.#seen > copiedAt;
    this.resume();
  }

  /** The connection can be used. */
  resume(): void {
    if (this.#options.connection.isCut) return;
    if (this.#hasGap) this.#reload();
    else this.#pump();
  }

  /** Resolves once this node's watchers know of a change. Rejects with `ERR_STORE_UNAVAILABLE` after the deadline. */
  told(key: string, version: number): Promise<void> {
    if (this.#seen >= version || !this.#isWatched(key)) return Promise.resolve();
    const { clock, run } = this.#options;
    return new Promise((resolve, reject) => {
      const waiter = {
        version,
        resolve: () => {
          deadline.cancel();
          resolve();
        },
      };
      const deadline = clock.after(DEADLINE_MS, () => {
        this.#waiters.delete(waiter);
        run(() => reject(unavailable('does not tell of changes in time')));
      });
      this.#waiters.add(waiter);
      this.#awaited = Math.min(this.#awaited, version);
    });
  }

  #isWatched(key: string): boolean {
    for (const { prefix } of this.#watchers) if (key.startsWith(prefix)) return true;
    return false;
  }

  #reload(): void {
    this.#hasGap = false;
    this.#restarts += 1;
    this.#queue = [];
    this.#options.effect('all read again');
    if ([...this.#watchers].some(({ isOlder }) => isOlder)) this.#options.effect('all read again, older than before');
    for (const watcher of this.#watchers) watcher.isLoading = true;
    this.#load([...this.#watchers]);
  }

  // All is read in one moment, after the time that reading takes.
  #load(watchers: readonly Watcher[]): void {
    const { clock, connection, latency, wallClock } = this.#options;
    const isLost = connection.loss();
    const readings = new Map(watchers.map((watcher) => [watcher, ++watcher.reading]));
    const again = () => {
      const waiting = watchers.filter((watcher) => watcher.reading === readings.get(watcher));
      if (connection.isCut) this.#hasGap = true;
      else if (waiting.length > 0) this.#load(waiting);
    };
    const read = () => {
      if (isLost()) return again();
      const { version } = connection.server;
      for (const watcher of watchers) {
        const entries = connection.server.list(wallClock(), watcher.prefix);
        this.#queue.push({ version, watcher, entries });
      }
      this.#pump();
    };
    clock.after(latency(), () => (isLost() ? again() : connection.server.whenWorking(read)));
  }

  #pump(): void {
    if (this.#isPumping || this.#queue.length === 0) return;
    this.#isPumping = true;
    const { clock, connection, latency, run } = this.#options;
    const [first] = this.#queue;
    const readingMs = first !== undefined && 'entries' in first ? first.entries.length / LISTED_PER_MS : 0;
    clock.after(latency() + readingMs, () =>
      run(() => {
        this.#isPumping = false;
        if (connection.isCut) return; // goes on when it is healed
        if (this.#hasGap) return this.#reload(); // more has changed than the store keeps, while this process stood still
        for (const item of this.#queue.splice(0)) this.#deliver(item);
        this.#pump();
      }),
    );
  }

  #deliver(item: StoredChange | Reading): void {
    this.#seen = item.version;
    if ('change' in item) {
      for (const { prefix, isLoading, listener } of this.#watchers)
        if (!isLoading && item.key.startsWith(prefix)) listener(item.change);
    } else if (this.#watchers.has(item.watcher)) begin(item);
    if (this.#seen >= this.#awaited) this.#resolve();
  }

  #resolve(): void {
    this.#awaited = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters) {
      if (waiter.version > this.#seen) this.#awaited = Math.min(this.#awaited, waiter.version);
      else {
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
    }
  }
}

function begin({ watcher, entries }: Reading): void {
  watcher.isLoading = false;
  watcher.listener({ kind: 'all', entries, ...(watcher.isOlder && { isOlder: true }) });
  watcher.isOlder = false;
  watcher.resolve();
}
