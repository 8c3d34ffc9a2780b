/**
 * The entries of a store that has them all in this process: finds, evaluates writes, applies them and informs watchers, all
 * of it synchronously. What makes a write durable happens between `evaluate` and `apply`, and is not known here.
 */
import { PosternError } from '../errors.js';
import type { Change, Entry, ListOptions, PutOptions } from './store.js';

/** A write that was evaluated: what `apply` does, and what a journal keeps. */
export type Write = Entry | { readonly key: string; readonly value: undefined; readonly version: number };

/** The most live entries of one kind. At about 100 bytes each this is 10 MB. */
export const MAX_ENTRIES = 100_000;

/** The share of a kind's room that is left to entries which take access away. */
export const RESERVED_SHARE = 1 / 10;

export const MAX_KEY_CHARS = 1_024;
export const MAX_VALUE_CHARS = 65_536;

// Removing expired entries iterates over all of a kind: at most once in this time, and only for a kind that grows.
const SWEEP_INTERVAL_MS = 1_000;
const SWEEP_FROM_ENTRIES = 1_024;

interface Kind {
  readonly entries: Map<string, Entry>;
  sweptAtMs: number;
  /** How many entries the last sweep left: the next one waits until there are twice as many, or no room. */
  leftBySweep: number;
  /** New entries that were evaluated since the last write was applied: they have their room. */
  evaluated: number;
}

interface Watcher {
  readonly prefix: string;
  readonly listener: (change: Change) => void;
}

export class Table {
  readonly #kinds = new Map<string, Kind>();
  readonly #watchers = new Set<Watcher>();
  readonly #maxEntries: number;
  readonly #now: () => number;
  #version = 0;

  /** `lastVersion` is the highest that was given before: versions go on behind it. */
  constructor(now: () => number, maxEntries = MAX_ENTRIES, lastVersion = 0) {
    this.#now = now;
    this.#maxEntries = maxEntries;
    this.#version = lastVersion;
  }

  /** The version of the last write that was evaluated or applied. */
  get version(): number {
    return this.#version;
  }

  find(key: string): Entry | undefined {
    const entry = this.#kinds.get(kindOf(key))?.entries.get(key);
    return entry !== undefined && this.isLive(entry) ? entry : undefined;
  }

  list(prefix: string, { after = '', limit = Number.POSITIVE_INFINITY }: ListOptions = {}): Entry[] {
    const entries = [...(this.#kinds.get(kindOf(prefix))?.entries.values() ?? [])];
    const found = entries.filter((entry) => entry.key.startsWith(prefix) && entry.key > after && this.isLive(entry));
    return found.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
  }

  /**
   * The write that a `put` amounts to, given the entry that is there now; undefined if the version differs. Throws
   * `ERR_STORE_UNAVAILABLE` if there is no room. Nothing has changed until it is applied.
   */
  put(
    current: Entry | undefined,
    key: string,
    value: string,
    { ifVersion, expiresAtMs, keepsReserve = false }: PutOptions,
  ): Entry | undefined {
    checkEntry(key, value, expiresAtMs);
    if (ifVersion !== undefined && ifVersion !== (current?.version ?? 0)) return undefined;
    if (current === undefined) this.#makeRoom(kindOf(key), keepsReserve);
    return { key, value, version: ++this.#version, expiresAtMs };
  }

  /** The write that a `delete` amounts to; undefined if there is nothing to delete. */
  delete(current: Entry | undefined, key: string, ifVersion?: number): Write | undefined {
    if (current === undefined || (ifVersion !== undefined && ifVersion !== current.version)) return undefined;
    return { key, value: undefined, version: ++this.#version };
  }

  /**
   * Makes a write visible, and informs the watchers of its key. If one of them throws, the others are informed nevertheless,
   * and then this throws the same: the write has happened.
   */
  apply(write: Write): void {
    this.#version = Math.max(this.#version, write.version);
    const kind = this.#kind(kindOf(write.key));
    kind.evaluated = 0; // all that were evaluated together are applied without a turn of the event loop between
    if (write.value === undefined) kind.entries.delete(write.key);
    else kind.entries.set(write.key, write);
    const change: Change =
      write.value === undefined ? { kind: 'deleted', key: write.key } : { kind: 'put', entry: write };
    this.#inform(write.key, change);
  }

  /** What was evaluated and not applied will not be: it failed. */
  discard(): void {
    for (const kind of this.#kinds.values()) kind.evaluated = 0;
  }

  /** Calls the listener with all entries now, and with every later change. Returns what ends that. */
  watch(prefix: string, listener: (change: Change) => void): () => void {
    const watcher = { prefix, listener };
    this.#watchers.add(watcher);
    listener({ kind: 'all', entries: this.list(prefix) });
    return () => this.#watchers.delete(watcher);
  }

  clear(): void {
    this.#watchers.clear();
    this.#kinds.clear();
  }

  /** How many entries each kind has, those included that have expired and were not removed yet. */
  sizes(): (readonly [kind: string, entries: number])[] {
    return [...this.#kinds].map(([kind, { entries }]) => [kind, entries.size]);
  }

  /** All live entries, in no particular order. */
  *live(): Iterable<Entry> {
    for (const { entries } of this.#kinds.values()) {
      for (const entry of entries.values()) if (this.isLive(entry)) yield entry;
    }
  }

  isLive({ expiresAtMs }: Entry): boolean {
    return expiresAtMs === undefined || expiresAtMs > this.#now();
  }

  // A watcher may be what keeps the revocations of this node: a fault of another one must not keep a change from it.
  #inform(key: string, change: Change): void {
    const errors: unknown[] = [];
    for (const { prefix, listener } of [...this.#watchers]) {
      try {
        if (key.startsWith(prefix)) listener(change);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  #kind(name: string): Kind {
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      kind = { entries: new Map(), sweptAtMs: Number.NEGATIVE_INFINITY, leftBySweep: 0, evaluated: 0 };
      this.#kinds.set(name, kind);
    }
    return kind;
  }

  #makeRoom(name: string, keepsReserve: boolean): void {
    const kind = this.#kind(name);
    const most = roomOf(this.#maxEntries, keepsReserve);
    const { size } = kind.entries;
    const isFull = size + kind.evaluated >= most;
    if (isFull || size >= Math.max(SWEEP_FROM_ENTRIES, 2 * kind.leftBySweep)) this.#sweep(kind);
    if (kind.entries.size + kind.evaluated >= most)
      throw new PosternError('ERR_STORE_UNAVAILABLE', `the store has no room for another ${name}`);
    kind.evaluated += 1;
  }

  #sweep(kind: Kind): void {
    const nowMs = this.#now();
    if (nowMs - kind.sweptAtMs < SWEEP_INTERVAL_MS) return;
    kind.sweptAtMs = nowMs;
    for (const entry of kind.entries.values()) if (!this.isLive(entry)) kind.entries.delete(entry.key);
    kind.leftBySweep = kind.entries.size;
  }
}

/** Throws `ERR_INTERNAL` for an entry that no store takes. */
export function checkEntry(key: string, value: string, expiresAtMs: number | undefined): void {
  if (key.length > MAX_KEY_CHARS || value.length > MAX_VALUE_CHARS)
    throw new PosternError('ERR_INTERNAL', `an entry of ${kindOf(key)} is too long for the store`);
  if (expiresAtMs !== undefined && !Number.isFinite(expiresAtMs))
    throw new PosternError('ERR_INTERNAL', `an entry of ${kindOf(key)} expires at no time`);
}

/** How many entries of a kind there may be for a new one to be taken. */
export function roomOf(maxEntries: number, keepsReserve: boolean): number {
  return keepsReserve ? Math.floor(maxEntries * (1 - RESERVED_SHARE)) : maxEntries;
}

/** What stands in front of a key's first colon. Throws `ERR_INTERNAL` for a key without. */
export function kindOf(key: string): string {
  const end = key.indexOf(':');
  if (end < 1) throw new PosternError('ERR_INTERNAL', 'a key of the store begins with its kind and a colon');
  return key.slice(0, end);
}
