/**
 * What must be remembered beyond one request, behind one contract: keys with versions and expiry, compare-and-set, and watch
 * by prefix. A key is `<kind>:<rest>`, and each kind has its own share of the store. Values that open a door are stored as
 * hashes only. The suite in `test/contract/store.ts` runs for every implementation.
 */

/** A live entry. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** Grows with every write to the store: a key that was deleted and written again has a later version than before. */
  readonly version: number;
  /** Milliseconds since the epoch; undefined: never expires. */
  readonly expiresAtMs: number | undefined;
}

export interface PutOptions {
  /** Write only over this version; 0: only if there is no live entry. Default: in any case. */
  readonly ifVersion?: number;
  /** Milliseconds since the epoch. Default: never. An entry whose time has passed is not there. */
  readonly expiresAtMs?: number | undefined;
  /**
   * A new entry leaves the last tenth of the room of its kind to those without this: what takes access away can be written
   * after what gives it is refused.
   */
  readonly keepsReserve?: boolean;
}

export interface ListOptions {
  /** Begin behind this key. */
  readonly after?: string;
  /** The most entries. Default: all. */
  readonly limit?: number;
}

/** What a watcher learns. Expiry is no change: a watcher compares `expiresAtMs` with its clock. */
export type Change =
  /** All entries of the prefix: the first change, and again after a gap. Replaces what was known. */
  | {
      readonly kind: 'all';
      readonly entries: readonly Entry[];
      /** They are older than what was known: the store is a copy that lacks what was written last, or was emptied. */
      readonly isOlder?: boolean;
    }
  | { readonly kind: 'put'; readonly entry: Entry }
  | { readonly kind: 'deleted'; readonly key: string };

export interface Watch {
  /** Resolves after the listener was called with all entries of the prefix. */
  readonly ready: Promise<void>;
  close(): void;
}

/** The health of a store, for metrics. */
export interface StoreStats {
  /** How many entries each kind has, those included that have expired and were not removed yet. */
  readonly entries: Iterable<readonly [kind: string, entries: number]>;
  /** The size of what is on disk; undefined for a store without one. */
  readonly journalBytes: number | undefined;
  /** Writes that failed, since the start. */
  readonly failedWrites: number;
  /** Of a store that several nodes share; undefined for one that is part of this process. */
  readonly shared?: SharedStoreStats;
}

export interface SharedStoreStats {
  /** For how long it is not known whether something has changed: about a second, unless the store is away. */
  readonly ageMs: number;
  /** How often all was read again, after a gap. */
  readonly restarts: number;
  /** Why it cannot be used, in a sentence; undefined while it can. */
  readonly problem: string | undefined;
}

/** Counters of attempts that all nodes share. */
export interface SharedCounters {
  /**
   * Adds to a counter, which begins with the first attempt and ends after its time. Resolves to its sum and the milliseconds that it
   * has left. Rejects with `ERR_STORE_UNAVAILABLE`.
   */
  add(key: string, points: number, durationMs: number): Promise<readonly [sum: number, leftMs: number]>;
  /** How many nodes count, at the last look: each has its share while the store is away. */
  readonly nodes: number;
}

/** Every method rejects with `ERR_STORE_UNAVAILABLE` when it cannot keep its promise; a write may then have happened or not. */
export interface Store {
  get(key: string): Promise<Entry | undefined>;
  /** Writes, and resolves to what was written once it is as durable as this store is; undefined if the version differs. */
  put(key: string, value: string, options?: PutOptions): Promise<Entry | undefined>;
  /** Deletes, only this version if one is given. Resolves to whether there was a live entry to delete. */
  delete(key: string, ifVersion?: number): Promise<boolean>;
  /** The live entries of a prefix, which names at least the kind (`grant:`), by key in the order of UTF-16 code units. */
  list(prefix: string, options?: ListOptions): Promise<Entry[]>;
  /**
   * Calls the listener with all entries of a prefix, then with each change in the order of their versions. One that throws keeps
   * the change from no other listener; the write has happened then, and may reject.
   */
  watch(prefix: string, listener: (change: Change) => void): Watch;
  /** Undefined for a store that is part of this process: it counts alone. */
  readonly counters?: SharedCounters;
  /** How it is, now. Never throws. */
  stats(): StoreStats;
  /** Releases the store's resources. Nothing is called after it. */
  close(): Promise<void>;
}
