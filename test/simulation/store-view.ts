/**
 * The modelled store as one node sees it. It behaves as `RedisStore` does: commands have a deadline, a write resolves after this node's
 * watchers were told, and after a gap all is read again.
 */
import type { Change, Entry, ListOptions, PutOptions, Store, StoreStats, Watch } from '../../src/store/store.js';
import type { ModelServer } from './model-server.js';
import { DEADLINE_MS, StoreConnection, type StoreConnectionOptions } from './store-connection.js';
import { type StoredChange, StoreFeed } from './store-feed.js';

const LOOK_MS = 1_000;

export interface StoreViewOptions extends StoreConnectionOptions {
  /** A deliberate fault: writes compare no version. */
  readonly ignoresVersions: boolean;
}

export class StoreView implements Store {
  readonly #options: StoreViewOptions;
  readonly #connection: StoreConnection;
  readonly #feed: StoreFeed;

  constructor(options: StoreViewOptions) {
    this.#options = options;
    this.#connection = new StoreConnection(options);
    this.#feed = new StoreFeed({ ...options, connection: this.#connection });
  }

  get server(): ModelServer {
    return this.#connection.server;
  }

  /** Whether the node can use the store now. */
  get isUp(): boolean {
    return this.#connection.isUp;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#connection.command('get', key, (server, nowMs) => server.get(nowMs, key));
  }

  async put(key: string, value: string, { ifVersion, ...options }: PutOptions = {}): Promise<Entry | undefined> {
    const compared = this.#options.ignoresVersions ? {} : { ...(ifVersion !== undefined && { ifVersion }) };
    const entry = await this.#connection.command('put', key, (server, nowMs) =>
      server.put(nowMs, key, value, { ...options, ...compared }),
    );
    if (entry !== undefined) await this.#feed.told(key, entry.version);
    return entry;
  }

  async delete(key: string, ifVersion?: number): Promise<boolean> {
    let version = 0;
    const isDeleted = await this.#connection.command('delete', key, (server, nowMs) => {
      const isDone = server.delete(nowMs, key, ifVersion);
      version = server.version;
      return isDone;
    });
    if (isDeleted) await this.#feed.told(key, version);
    return isDeleted;
  }

  async list(prefix: string, options?: ListOptions): Promise<Entry[]> {
    return this.#connection.command('list', prefix, (server, nowMs) => [...server.list(nowMs, prefix, options)]);
  }

  watch(prefix: string, listener: (change: Change) => void): Watch {
    return this.#feed.watch(prefix, listener);
  }

  stats(): StoreStats {
    const ageMs = (this.#options.clock.now % LOOK_MS) + this.#connection.awayMs;
    const problem = ageMs > DEADLINE_MS + LOOK_MS ? 'it is away' : undefined;
    const shared = { ageMs, restarts: this.#feed.restarts, problem };
    return { entries: [], journalBytes: undefined, failedWrites: 0, shared };
  }

  async close(): Promise<void> {
    this.#feed.close();
  }

  /** The connection breaks: what is on its way is lost. */
  cut(reason: string): void {
    this.#connection.cut(reason);
  }

  heal(reason: string): void {
    if (this.#connection.heal(reason)) this.#feed.resume();
  }

  /** Another server has taken the place of the one before: a copy of it, as of a version. */
  moveTo(server: ModelServer, copiedAt: number): void {
    this.#connection.moveTo(server);
    this.#feed.moved(copiedAt);
  }

  changed(change: StoredChange): void {
    this.#feed.changed(change);
  }
}
