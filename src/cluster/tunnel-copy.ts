/** A node's own copy of the tunnels that a store has, places of nodes that are not live included. */
import type { Change, Entry } from '../store/store.js';
import type { TunnelRecord } from './directory.js';
import { LEASE_MS } from './leases.js';
import { readTunnel, TUNNEL_PREFIX } from './store-records.js';

interface Held {
  readonly record: TunnelRecord;
  readonly version: number;
  readonly expiresAtMs: number | undefined;
  /** When the store had lost it. */
  readonly lostAtMs?: number;
}

export interface TunnelCopyOptions {
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly monotonic: () => number;
}

export class TunnelCopy {
  readonly #options: TunnelCopyOptions;
  readonly #held = new Map<string, Held>();
  #pasts = 0;

  constructor(options: TunnelCopyOptions) {
    this.#options = options;
  }

  get(name: string): TunnelRecord | undefined {
    return this.#held.get(name)?.record;
  }

  /** Whether the store does not have it any more, or has not yet again. */
  isLost(name: string): boolean {
    return this.#held.get(name)?.lostAtMs !== undefined;
  }

  records(): TunnelRecord[] {
    return [...this.#held.values()].map(({ record }) => record);
  }

  /** Takes in a change of one tunnel. Returns its name; undefined if that was known. */
  change(change: Exclude<Change, { kind: 'all' }>): string | undefined {
    if (change.kind === 'put') return this.#set(change.entry);
    return this.#delete(nameOf(change.key));
  }

  /**
   * What takes in entries that are read or written from now on, by this node itself; returns the name, as `change`. Once all was
   * read again it takes in none: they may be of another past, whose versions are higher.
   */
  taker(): (entry: Entry) => string | undefined {
    const past = this.#pasts;
    return (entry) => (past === this.#pasts ? this.#set(entry) : undefined);
  }

  /**
   * Takes in all tunnels. What an older copy of the store lacks is kept for the time of a lease: nodes whose links it was claim it again
   * meanwhile, and visitors notice nothing.
   */
  replace({ entries, isOlder }: Extract<Change, { kind: 'all' }>): void {
    this.#pasts += 1;
    const before = new Map(this.#held);
    this.#held.clear();
    for (const entry of entries) this.#set(entry);
    if (isOlder !== true) return;
    const lostAtMs = this.#options.monotonic();
    for (const [name, held] of before)
      if (!this.#held.has(name) && held.record.places.length > 0) this.#held.set(name, { lostAtMs, ...held });
  }

  /** Removes what has expired, and what was lost for long. Returns the names. */
  sweep(): string[] {
    const nowMs = this.#options.wallClock();
    const lostBeforeMs = this.#options.monotonic() - LEASE_MS;
    const isOver = ({ expiresAtMs = Number.POSITIVE_INFINITY, lostAtMs = Number.POSITIVE_INFINITY }: Held) =>
      expiresAtMs <= nowMs || lostAtMs <= lostBeforeMs;
    const over = [...this.#held].filter(([, held]) => isOver(held)).map(([name]) => name);
    for (const name of over) this.#held.delete(name);
    return over;
  }

  #set(entry: Entry): string | undefined {
    const name = nameOf(entry.key);
    const held = this.#held.get(name);
    if (held !== undefined && held.lostAtMs === undefined && held.version >= entry.version) return undefined;
    const record = readTunnel(entry);
    if (record === undefined) return this.#delete(name);
    this.#held.set(name, { record, version: entry.version, expiresAtMs: entry.expiresAtMs });
    return name;
  }

  #delete(name: string): string | undefined {
    return this.#held.delete(name) ? name : undefined;
  }
}

function nameOf(key: string): string {
  return key.slice(TUNNEL_PREFIX.length);
}
