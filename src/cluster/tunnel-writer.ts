/** Changes tunnels in a store, each in one atomic step: what was read is written only over the version that was read. */
import { PosternError } from '../errors.js';
import type { Entry, Store } from '../store/store.js';
import type { Place, TunnelRecord } from './directory.js';
import { without } from './directory-rules.js';
import { REMEMBERED_MS, TUNNEL_PREFIX, writeTunnel } from './store-records.js';

export interface TunnelWriterOptions {
  readonly store: Store;
  /** What counts of a record: without places of nodes that are not live. */
  readonly living: (record: TunnelRecord) => Promise<TunnelRecord>;
  /** Called before the store is asked. What it returns takes in an entry that is there then, unless something later is known. */
  readonly taker: () => (entry: Entry) => void;
  /** Undefined for what is no record. */
  readonly read: (entry: Entry) => TunnelRecord | undefined;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/** `record` is written, if there is one. */
export interface Decided<Result> {
  readonly result: Result;
  readonly record: TunnelRecord | undefined;
}

// Each attempt that fails is another node's that did not.
const MAX_ATTEMPTS = 32;

export class TunnelWriter {
  readonly #options: TunnelWriterOptions;

  constructor(options: TunnelWriterOptions) {
    this.#options = options;
  }

  async find(name: string): Promise<TunnelRecord | undefined> {
    const take = this.#options.taker();
    const entry = await this.#options.store.get(`${TUNNEL_PREFIX}${name}`);
    if (entry !== undefined) take(entry);
    const stored = entry && this.#options.read(entry);
    return stored && this.#options.living(stored);
  }

  /** `current` is what counts of the tunnel, `stored` has places of nodes that are not live too. */
  async change<Result>(
    name: string,
    decide: (current: TunnelRecord | undefined, stored: TunnelRecord | undefined) => Decided<Result>,
  ): Promise<Result> {
    const { store, living, taker, read } = this.#options;
    const key = `${TUNNEL_PREFIX}${name}`;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const take = taker();
      const entry = await store.get(key);
      const stored = entry && read(entry);
      const { result, record } = decide(stored && (await living(stored)), stored);
      if (record === undefined) return result;
      const put = await store.put(key, writeTunnel(record), {
        ifVersion: entry?.version ?? 0,
        expiresAtMs: this.#expiryOf(record),
      });
      if (put === undefined) continue;
      take(put);
      return result;
    }
    throw new PosternError('ERR_STORE_UNAVAILABLE', `too many nodes change the tunnel ${name} at once`);
  }

  async removePlaces(name: string, isGone: (place: Place) => boolean): Promise<void> {
    await this.change(name, (_current, stored) => ({ result: undefined, record: stored && without(stored, isGone) }));
  }

  #expiryOf({ places }: TunnelRecord): number | undefined {
    return places.length === 0 ? this.#options.wallClock() + REMEMBERED_MS : undefined;
  }
}
