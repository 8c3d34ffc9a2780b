/**
 * The server of the modelled store: the entries in the real table, the changes of which go to the views of all nodes. It may be
 * paused, be full, and have a copy that took its place.
 */
import { PosternError } from '../../src/errors.js';
import type { Change, Entry, ListOptions, PutOptions } from '../../src/store/store.js';
import { Table } from '../../src/store/table.js';
import { START_MS, type VirtualClock } from './clock.js';
import type { StoreView } from './store-view.js';

export type LaterChange = Exclude<Change, { kind: 'all' }>;

export interface ModelServerOptions {
  readonly clock: VirtualClock;
  /** All nodes. */
  readonly views: () => Iterable<StoreView>;
  /** The most entries of each kind. */
  readonly maxEntries: number;
}

/** The entries of a prefix, until one of them expires. */
interface Listed {
  readonly entries: readonly Entry[];
  readonly untilMs: number;
}

export class ModelServer {
  /** New entries are refused. */
  isFull = false;
  readonly #options: ModelServerOptions;
  readonly #table: Table;
  /** The time by which entries expire: that of the node that asks. */
  #actingMs = START_MS;
  /** The last readings, by prefix, until something there changes: after a failure all nodes read the same. */
  readonly #listed = new Map<string, Listed>();
  #waiting: (() => void)[] | undefined;
  #pausedAtMs = 0;

  constructor(options: ModelServerOptions, entries: Iterable<Entry> = [], version = 0) {
    this.#options = options;
    this.#table = new Table(() => this.#actingMs, options.maxEntries, version);
    for (const entry of entries) this.#table.apply(entry);
  }

  get version(): number {
    return this.#table.version;
  }

  /** Since when it does nothing; undefined while it works. */
  get pausedAtMs(): number | undefined {
    return this.#waiting && this.#pausedAtMs;
  }

  /** A copy as it is now: what is written later goes to one of them only. */
  copy(): ModelServer {
    this.#actingMs = START_MS + this.#options.clock.now;
    return new ModelServer(this.#options, this.#table.live(), this.version);
  }

  /** What arrives waits until it is resumed, and is carried out then. */
  pause(): void {
    this.#waiting ??= [];
    this.#pausedAtMs = this.#options.clock.now;
  }

  resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const act of waiting) act();
  }

  whenWorking(act: () => void): void {
    if (this.#waiting === undefined) act();
    else this.#waiting.push(act);
  }

  get(nowMs: number, key: string): Entry | undefined {
    this.#actingMs = nowMs;
    return this.#table.find(key);
  }

  list(nowMs: number, prefix: string, options?: ListOptions): readonly Entry[] {
    this.#actingMs = nowMs;
    if (options !== undefined) return this.#table.list(prefix, options);
    const listed = this.#listed.get(prefix);
    if (listed !== undefined && nowMs < listed.untilMs) return listed.entries;
    const entries = this.#table.list(prefix);
    const untilMs = entries.reduce((first, { expiresAtMs = Infinity }) => Math.min(first, expiresAtMs), Infinity);
    this.#listed.set(prefix, { entries, untilMs });
    return entries;
  }

  put(nowMs: number, key: string, value: string, options: PutOptions): Entry | undefined {
    this.#actingMs = nowMs;
    const current = this.#table.find(key);
    if (this.isFull && current === undefined) throw unavailable('has no room');
    const entry = this.#table.put(current, key, value, options);
    if (entry !== undefined) this.#apply(entry, { kind: 'put', entry });
    return entry;
  }

  delete(nowMs: number, key: string, ifVersion?: number): boolean {
    this.#actingMs = nowMs;
    const write = this.#table.delete(this.#table.find(key), key, ifVersion);
    if (write !== undefined) this.#apply(write, { kind: 'deleted', key });
    return write !== undefined;
  }

  #apply(write: Parameters<Table['apply']>[0], change: LaterChange): void {
    this.#table.apply(write);
    for (const prefix of this.#listed.keys()) if (write.key.startsWith(prefix)) this.#listed.delete(prefix);
    const stored = { version: write.version, key: write.key, change };
    for (const view of this.#options.views()) if (view.server === this) view.changed(stored);
  }
}

export function unavailable(what: string): PosternError {
  return new PosternError('ERR_STORE_UNAVAILABLE', `the modelled store ${what}`);
}
