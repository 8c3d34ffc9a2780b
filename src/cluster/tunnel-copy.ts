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
  /** The names of the tunnels with a place at a node: what happens at each beat looks at no others. */
  readonly #byNode = new Map<string, Set<string>>();
  /** Those that end in time: they expire, or were lost. */
  readonly #ending = new Set<string>();
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

  /** Those with a place at a node that fits. */
  recordsAt(fits: (node: string) => boolean): TunnelRecord[] {
    const names = new Set<string>();
    for (const [node, at] of this.#byNode) if (fits(node)) for (const name of at) names.add(name);
    return [...names].flatMap((name) => this.get(name) ?? []);
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
    this.#byNode.clear();
    this.#ending.clear();
    for (const entry of entries) this.#set(entry);
    if (isOlder !== true) return;
    const lostAtMs = this.#options.monotonic();
    for (const [name, held] of before)
      if (!this.#held.has(name) && held.record.places.length > 0) this.#keep(name, { lostAtMs, ...held });
  }

  /** Removes what has expired, and what was lost for long. Returns the names. */
  sweep(): string[] {
    const nowMs = this.#options.wallClock();
    const lostBeforeMs = this.#options.monotonic() - LEASE_MS;
    const isOver = ({ expiresAtMs = Number.POSITIVE_INFINITY, lostAtMs = Number.POSITIVE_INFINITY }: Held) =>
      expiresAtMs <= nowMs || lostAtMs <= lostBeforeMs;
    const over = [...this.#ending].filter((name) => isOver(this.#held.get(name) as Held));
    for (const name of over) this.#delete(name);
    return over;
  }

  #set(entry: Entry): string | undefined {
    const name = nameOf(entry.key);
    const held = this.#held.get(name);
    if (held !== undefined && held.lostAtMs === undefined && held.version >= entry.version) return undefined;
    const record = readTunnel(entry);
    if (record === undefined) return this.#delete(name);
    this.#keep(name, { record, version: entry.version, expiresAtMs: entry.expiresAtMs });
    return name;
  }

  #keep(name: string, held: Held): void {
    this.#delete(name);
    this.#held.set(name, held);
    if (held.expiresAtMs !== undefined || held.lostAtMs !== undefined) this.#ending.add(name);
    for (const { node } of held.record.places) {
      const at = this.#byNode.get(node);
      if (at === undefined) this.#byNode.set(node, new Set([name]));
      else at.add(name);
    }
  }

  #delete(name: string): string | undefined {
    const held = this.#held.get(name);
    if (held === undefined) return undefined;
    for (const { node } of held.record.places) {
      const at = this.#byNode.get(node);
      at?.delete(name);
      if (at?.size === 0) this.#byNode.delete(node);
    }
    this.#ending.delete(name);
    this.#held.delete(name);
    return name;
  }
}

function nameOf(key: string): string {
  return key.slice(TUNNEL_PREFIX.length);
}
