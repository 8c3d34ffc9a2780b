/**
 * This node's own copy of the entries of one kind, kept by a watch: what is read for every request is read here, synchronously.
 * While the store is away the last copy stays.
 */
import { PosternError } from '../errors.js';
import { Restorer } from './restorer.js';
import type { Change, Entry, Store, Watch } from './store.js';

/** A value of the copy, and when it ends: milliseconds since the epoch, undefined for never. */
interface Held<T> {
  readonly value: T;
  readonly expiresAtMs: number | undefined;
  /** What it was read from; of those that are written again only. */
  readonly entry: Entry | undefined;
}

export interface MirrorOptions<T> {
  readonly store: Store;
  /** What all its keys begin with, as `ended-sign-in:`. The rest of a key is the id here. */
  readonly prefix: string;
  /** Reads an entry; undefined for one that this version does not understand, which is left out. */
  readonly read: (entry: Entry) => T | undefined;
  /**
   * Whether a value takes access away, or keeps others from it. One that an older copy of the store lacks stays in this copy,
   * and is written again. Default: none.
   */
  readonly keeps?: (value: T) => boolean;
  readonly now?: () => number;
}

// Removing expired values iterates over all of them: when there are twice as many as after the last time.
const SWEEP_FROM = 1_024;
const SWEEP_INTERVAL_MS = 1_000;

/** The live values of a prefix by id. The caller closes it. */
export class Mirror<T> {
  /** Resolves when the copy is complete. Until then every reading method throws `ERR_STORE_UNAVAILABLE`. */
  readonly ready: Promise<void>;
  readonly #options: MirrorOptions<T>;
  readonly #now: () => number;
  readonly #watch: Watch;
  readonly #restorer: Restorer;
  readonly #listeners = new Set<(ids: readonly string[]) => void>();
  #values: Map<string, Held<T>> | undefined;
  #sweepAt = SWEEP_FROM;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: MirrorOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#restorer = new Restorer(options.store);
    this.#watch = options.store.watch(options.prefix, (change) => this.#change(change));
    this.ready = this.#watch.ready;
  }

  get(id: string): T | undefined {
    const held = this.#complete().get(id);
    // Looks at the clock only for ids that are in the copy: most reads are of ids that are not.
    return held !== undefined && this.#isLive(held) ? held.value : undefined;
  }

  /** How many live values there are; looks for expired ones once a second, and counts those of the last second. */
  get size(): number {
    const values = this.#complete();
    if (values.size >= SWEEP_FROM && this.#now() - this.#sweptAtMs >= SWEEP_INTERVAL_MS) this.#sweep(values);
    return values.size;
  }

  /** The ids of the copy, expired ones included; none until it is complete. */
  ids(): string[] {
    return [...(this.#values?.keys() ?? [])];
  }

  /** Calls the listener after every change, with the ids that have changed. Expiry is no change. */
  onChange(listener: (ids: readonly string[]) => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#watch.close();
    this.#restorer.close();
    this.#listeners.clear();
  }

  #complete(): Map<string, Held<T>> {
    if (this.#values === undefined) throw new PosternError('ERR_STORE_UNAVAILABLE', 'not read from the store yet');
    return this.#values;
  }

  #change(change: Change): void {
    const ids = change.kind === 'all' ? this.#replace(change) : [this.#update(change)];
    for (const listener of [...this.#listeners]) listener(ids);
  }

  #replace({ entries, isOlder }: Extract<Change, { kind: 'all' }>): string[] {
    const before = this.#values ?? new Map<string, Held<T>>();
    this.#values = new Map();
    for (const entry of entries) this.#set(this.#values, entry);
    if (isOlder) this.#keepLost(before, this.#values);
    return [...new Set([...before.keys(), ...this.#values.keys()])];
  }

  #keepLost(before: ReadonlyMap<string, Held<T>>, values: Map<string, Held<T>>): void {
    const lost: Entry[] = [];
    for (const [id, held] of before) {
      if (held.entry === undefined || values.has(id) || !this.#isLive(held)) continue;
      values.set(id, held);
      lost.push(held.entry);
    }
    this.#restorer.restore(lost);
  }

  #update(change: Exclude<Change, { kind: 'all' }>): string {
    const values = this.#values ?? new Map<string, Held<T>>();
    if (change.kind === 'put') return this.#set(values, change.entry);
    const id = this.#idOf(change.key);
    values.delete(id);
    return id;
  }

  #set(values: Map<string, Held<T>>, entry: Entry): string {
    const id = this.#idOf(entry.key);
    const value = this.#options.read(entry);
    if (value === undefined) values.delete(id);
    else {
      const isKept = this.#options.keeps?.(value) === true;
      values.set(id, { value, expiresAtMs: entry.expiresAtMs, entry: isKept ? entry : undefined });
    }
    if (values.size >= this.#sweepAt) this.#sweep(values);
    return id;
  }

  #sweep(values: Map<string, Held<T>>): void {
    this.#sweptAtMs = this.#now();
    for (const [id, held] of values) if (!this.#isLive(held)) values.delete(id);
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * values.size);
  }

  #idOf(key: string): string {
    return key.slice(this.#options.prefix.length);
  }

  #isLive({ expiresAtMs }: Held<T>): boolean {
    return expiresAtMs === undefined || expiresAtMs > this.#now();
  }
}
