/**
 * The modelled store as one node sees it: every command and every change travels for a while, a connection may be cut at any
 * moment, and then it is not known what the store has done. It behaves as `RedisStore` does: commands have a deadline, a write
 * resolves after this node's watchers were told, and after a gap all is read again.
 */
import type { Change, Entry, ListOptions, PutOptions, Store, StoreStats, Watch } from '../../src/store/store.js';
import type { Audience } from './audience.js';
import type { VirtualClock } from './clock.js';
import { type LaterChange, type ModelServer, unavailable } from './model-server.js';
import type { VirtualNode } from './virtual-node.js';

const DEADLINE_MS = 2_000;
const KEPT_CHANGES = 10_000;
const LOOK_MS = 1_000;
const LISTED_PER_MS = 500;

export interface StoreViewOptions {
  readonly clock: VirtualClock;
  readonly audience: Audience;
  readonly server: ModelServer;
  readonly node: VirtualNode;
  /** How long something travels, one way. */
  readonly latency: () => number;
  /** The wall clock of the node. */
  readonly wallClock: () => number;
  /** Runs it now, or when the process of the node goes on; never if it has ended. */
  readonly run: (act: () => void) => void;
  /** Counts a command. */
  readonly counted: (command: 'get' | 'put' | 'delete' | 'list', key: string) => void;
  /** A deliberate fault: writes compare no version. */
  readonly ignoresVersions: boolean;
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

type Item =
  | { readonly version: number; readonly change: LaterChange }
  | { readonly version: number; readonly watcher: Watcher; readonly entries: readonly Entry[] };

export class StoreView implements Store {
  server: ModelServer;
  readonly #options: StoreViewOptions;
  readonly #watchers = new Set<Watcher>();
  readonly #waiters = new Set<{ readonly version: number; readonly resolve: () => void }>();
  readonly #cuts = new Set<string>();
  #queue: Item[] = [];
  #isPumping = false;
  #hasGap = false;
  #seen = 0;
  /** Another one after each cut. */
  #connection = 0;
  #cutAtMs = 0;
  #restarts = 0;

  constructor(options: StoreViewOptions) {
    this.#options = options;
    this.server = options.server;
  }

  get isCut(): boolean {
    return this.#cuts.size > 0;
  }

  /** Whether the node can use the store now. */
  get isUp(): boolean {
    return !this.isCut && this.server.pausedAtMs === undefined;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#command('get', key, (server, nowMs) => server.get(nowMs, key));
  }

  async put(key: string, value: string, { ifVersion, ...options }: PutOptions = {}): Promise<Entry | undefined> {
    const compared = this.#options.ignoresVersions ? {} : { ...(ifVersion !== undefined && { ifVersion }) };
    this.#options.audience.claims(this.#options.node, key);
    const entry = await this.#command('put', key, (server, nowMs) =>
      server.put(nowMs, key, value, { ...options, ...compared }),
    );
    if (entry !== undefined) await this.#told(key, entry.version);
    return entry;
  }

  async delete(key: string, ifVersion?: number): Promise<boolean> {
    let version = 0;
    const isDeleted = await this.#command('delete', key, (server, nowMs) => {
      const isDone = server.delete(nowMs, key, ifVersion);
      version = server.version;
      return isDone;
    });
    if (isDeleted) await this.#told(key, version);
    return isDeleted;
  }

  async list(prefix: string, options?: ListOptions): Promise<Entry[]> {
    return this.#command('list', prefix, (server, nowMs) =>
      this.#options.audience.select(this.#options.node, server.list(nowMs, prefix, options)),
    );
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

  stats(): StoreStats {
    const { now } = this.#options.clock;
    const awaySinceMs = Math.min(
      this.isCut ? this.#cutAtMs : Number.POSITIVE_INFINITY,
      this.server.pausedAtMs ?? Number.POSITIVE_INFINITY,
    );
    const ageMs = (now % LOOK_MS) + (Number.isFinite(awaySinceMs) ? now - awaySinceMs : 0);
    const problem = ageMs > DEADLINE_MS + LOOK_MS ? 'it is away' : undefined;
    return {
      entries: [],
      journalBytes: undefined,
      failedWrites: 0,
      shared: { ageMs, restarts: this.#restarts, problem },
    };
  }

  async close(): Promise<void> {
    this.#watchers.clear();
  }

  /** The connection breaks: what is on its way is lost. */
  cut(reason: string): void {
    if (!this.isCut) this.#cutAtMs = this.#options.clock.now;
    this.#cuts.add(reason);
    this.#connection += 1;
  }

  heal(reason: string): void {
    if (!this.#cuts.delete(reason) || this.isCut) return;
    if (this.#hasGap) this.#reload(false);
    else this.#pump();
  }

  /** Another server has taken the place of the one before: a copy of it, as of a version. */
  moveTo(server: ModelServer, copiedAt: number): void {
    this.server = server;
    this.#connection += 1;
    this.#hasGap = true;
    for (const watcher of this.#watchers) watcher.isOlder ||= this.#seen > copiedAt;
    if (!this.isCut) this.#reload(false);
  }

  changed(change: LaterChange, version: number): void {
    if (this.#hasGap) return;
    this.#queue.push({ change, version });
    if (this.#queue.length > KEPT_CHANGES) this.#hasGap = true;
    this.#pump();
  }

  #reload(isOlder: boolean): void {
    this.#hasGap = false;
    this.#restarts += 1;
    this.#queue = [];
    for (const watcher of this.#watchers) {
      watcher.isLoading = true;
      watcher.isOlder ||= isOlder;
    }
    this.#load([...this.#watchers]);
  }

  // All is read in one moment, after the time that reading takes.
  #load(watchers: readonly Watcher[]): void {
    const { clock, latency, wallClock, audience, node } = this.#options;
    const connection = this.#connection;
    const readings = new Map(watchers.map((watcher) => [watcher, ++watcher.reading]));
    const isLost = () => this.isCut || connection !== this.#connection;
    const again = () => {
      const waiting = watchers.filter((watcher) => watcher.reading === readings.get(watcher));
      if (this.isCut) this.#hasGap = true;
      else if (waiting.length > 0) this.#load(waiting);
    };
    const read = () => {
      if (isLost()) return again();
      const { version } = this.server;
      for (const watcher of watchers) {
        const entries = audience.select(node, this.server.list(wallClock(), watcher.prefix));
        this.#queue.push({ version, watcher, entries });
      }
      this.#pump();
    };
    clock.after(latency(), () => (isLost() ? again() : this.server.whenWorking(read)));
  }

  #pump(): void {
    if (this.#isPumping || this.#queue.length === 0) return;
    this.#isPumping = true;
    const { clock, latency, run } = this.#options;
    const [first] = this.#queue;
    const readingMs = first !== undefined && 'entries' in first ? first.entries.length / LISTED_PER_MS : 0;
    clock.after(latency() + readingMs, () =>
      run(() => {
        this.#isPumping = false;
        if (this.isCut) return; // goes on when it is healed
        for (const item of this.#queue.splice(0)) this.#deliver(item);
        this.#pump();
      }),
    );
  }

  #deliver(item: Item): void {
    this.#seen = item.version;
    if ('change' in item) {
      const key = item.change.kind === 'put' ? item.change.entry.key : item.change.key;
      for (const { prefix, isLoading, listener } of this.#watchers)
        if (!isLoading && key.startsWith(prefix)) listener(item.change);
    } else if (this.#watchers.has(item.watcher)) {
      const { watcher, entries } = item;
      watcher.isLoading = false;
      watcher.listener({ kind: 'all', entries, ...(watcher.isOlder && { isOlder: true }) });
      watcher.isOlder = false;
      watcher.resolve();
    }
    for (const waiter of this.#waiters) {
      if (waiter.version > this.#seen) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #told(key: string, version: number): Promise<void> {
    if (this.#seen >= version || ![...this.#watchers].some(({ prefix }) => key.startsWith(prefix)))
      return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter = {
        version,
        resolve: () => {
          deadline.cancel();
          resolve();
        },
      };
      const deadline = this.#options.clock.after(DEADLINE_MS, () => {
        this.#waiters.delete(waiter);
        this.#options.run(() => reject(unavailable('does not tell of changes in time')));
      });
      this.#waiters.add(waiter);
    });
  }

  #command<Result>(
    command: 'get' | 'put' | 'delete' | 'list',
    key: string,
    act: (server: ModelServer, nowMs: number) => Result,
  ): Promise<Result> {
    const { clock, latency, run, wallClock, counted } = this.#options;
    if (this.isCut && clock.now - this.#cutAtMs > DEADLINE_MS) return Promise.reject(unavailable('is away'));
    counted(command, key);
    const connection = this.#connection;
    const isLost = () => this.isCut || connection !== this.#connection;
    return new Promise((resolve, reject) => {
      const deadline = clock.after(DEADLINE_MS, () => run(() => reject(unavailable('does not reply in time'))));
      const reply = (settle: () => void) =>
        clock.after(latency(), () => {
          if (isLost()) return; // it is done, and the node does not learn of it
          deadline.cancel();
          run(settle);
        });
      clock.after(latency(), () => {
        if (isLost()) return;
        this.server.whenWorking(() => {
          try {
            const result = act(this.server, wallClock());
            reply(() => resolve(result));
          } catch (error) {
            reply(() => reject(error));
          }
        });
      });
    });
  }
}
