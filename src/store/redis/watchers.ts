/**
 * The watchers of a shared store. Each is told all entries of its prefix, as of a version, then every later change; and all again after
 * a gap. While entries are being read the last copy stays, and changes wait behind them.
 */
import type { Log } from '../../core/log.js';
import type { Change, Entry, Watch } from '../store.js';

/** What a prefix has, and the version as of which it is complete. */
export interface Snapshot {
  readonly entries: readonly Entry[];
  readonly version: number;
}

export interface WatchersOptions {
  /** Reads what is there. The snapshot has every change up to its version, and the watchers were told of those. */
  readonly read: (prefix: string) => Promise<Snapshot>;
  /** Resolves when another attempt to read is worth it. */
  readonly again: () => Promise<void>;
  /** An attempt to read has failed. */
  readonly failed: (error: unknown) => void;
  /** All that could not be read has been read. */
  readonly recovered: () => void;
  readonly log: Log;
  /** Monotonic. */
  readonly now?: () => number;
}

/** What could not be read. */
export interface Unread {
  /** Of the last attempt. */
  readonly error: unknown;
  /** Since the first attempt. */
  readonly ageMs: number;
}

type LaterChange = Exclude<Change, { kind: 'all' }>;

interface Told {
  readonly change: LaterChange;
  readonly version: number;
}

class Watcher implements Watch {
  readonly prefix: string;
  readonly ready: Promise<void>;
  readonly listener: (change: Change) => void;
  readonly close: () => void;
  resolve = () => {};
  /** Changes that came while entries are being read; undefined while none are. */
  waiting: Told[] | undefined;
  /** What is there since the last reading may be older than what it knows. */
  isOlder = false;
  /** Grows with each reason to read again. */
  reading = 0;
  /** Of the attempts to read, since the last one that succeeded. */
  failure: { readonly error: unknown; readonly sinceMs: number } | undefined;

  constructor(prefix: string, listener: (change: Change) => void, close: (watcher: Watcher) => void) {
    this.prefix = prefix;
    this.listener = listener;
    this.close = () => close(this);
    this.ready = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}

export class Watchers {
  readonly #options: WatchersOptions;
  readonly #now: () => number;
  readonly #all = new Set<Watcher>();

  constructor(options: WatchersOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** What has waited the longest to be read, after an attempt that failed; undefined while every copy is whole. */
  get unread(): Unread | undefined {
    let oldest: Watcher['failure'];
    for (const { failure } of this.#all)
      if (failure !== undefined && failure.sinceMs < (oldest?.sinceMs ?? Number.POSITIVE_INFINITY)) oldest = failure;
    return oldest && { error: oldest.error, ageMs: this.#now() - oldest.sinceMs };
  }

  add(prefix: string, listener: (change: Change) => void): Watch {
    const watcher = new Watcher(prefix, listener, (closed) => this.#all.delete(closed));
    this.#all.add(watcher);
    void this.#load(watcher);
    return watcher;
  }

  /** Whether anyone here has to be told of a change of this key. */
  has(key: string): boolean {
    for (const { prefix } of this.#all) if (key.startsWith(prefix)) return true;
    return false;
  }

  tell(key: string, change: LaterChange, version: number): void {
    for (const watcher of [...this.#all]) {
      if (!key.startsWith(watcher.prefix)) continue;
      if (watcher.waiting === undefined) this.#call(watcher, change);
      else watcher.waiting.push({ change, version });
    }
  }

  /** What they know may be wrong; the store may lack some of it. */
  reload(isOlder: boolean): void {
    for (const watcher of this.#all) {
      watcher.isOlder ||= isOlder;
      void this.#load(watcher);
    }
  }

  clear(): void {
    this.#all.clear();
  }

  async #load(watcher: Watcher): Promise<void> {
    watcher.reading += 1;
    const { reading } = watcher;
    watcher.waiting = [];
    const isCurrent = () => watcher.reading === reading && this.#all.has(watcher);
    while (isCurrent()) {
      try {
        const snapshot = await this.#options.read(watcher.prefix);
        if (isCurrent()) this.#begin(watcher, snapshot);
        return;
      } catch (error) {
        if (!isCurrent()) return;
        watcher.failure = { error, sinceMs: watcher.failure?.sinceMs ?? this.#now() };
        this.#options.failed(error);
        await this.#options.again(); // `ready` waits, and the last copy stays
      }
    }
  }

  #begin(watcher: Watcher, { entries, version }: Snapshot): void {
    const waiting = watcher.waiting ?? [];
    watcher.waiting = undefined;
    this.#recovered(watcher);
    const upTo = waiting.filter((told) => told.version <= version);
    const { isOlder } = watcher;
    watcher.isOlder = false;
    this.#call(watcher, { kind: 'all', entries: merge(entries, upTo), ...(isOlder && { isOlder }) });
    for (const told of waiting) if (told.version > version) this.#call(watcher, told.change);
    watcher.resolve();
  }

  #recovered(watcher: Watcher): void {
    if (watcher.failure === undefined) return;
    watcher.failure = undefined;
    if (this.unread === undefined) this.#options.recovered();
  }

  // A fault of one watcher must not keep a change from another one, which may be what keeps the revocations of this node.
  #call(watcher: Watcher, change: Change): void {
    try {
      if (this.#all.has(watcher)) watcher.listener(change);
    } catch (error) {
      this.#options.log.error({ err: error, prefix: watcher.prefix }, 'a change of the store could not be taken in');
    }
  }
}

// Entries are read page by page: what has changed meanwhile may be among them, or not.
function merge(entries: readonly Entry[], changes: readonly Told[]): Entry[] {
  const byKey = new Map(entries.map((entry) => [entry.key, entry]));
  for (const { change, version } of changes) {
    if (change.kind === 'put') {
      if ((byKey.get(change.entry.key)?.version ?? 0) < version) byKey.set(change.entry.key, change.entry);
    } else if ((byKey.get(change.key)?.version ?? 0) < version) byKey.delete(change.key);
  }
  return inOrder(byKey.values());
}

/** Entries by key, in the order of UTF-16 code units. */
export function inOrder(entries: Iterable<Entry>): Entry[] {
  return [...entries].sort((a, b) => (a.key < b.key ? -1 : 1));
}
