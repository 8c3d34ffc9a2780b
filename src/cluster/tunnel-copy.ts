/** A node's own copy of the tunnels that a store has, places of nodes that are not live included. */
import type { Change, Entry } from '../store/store.js';
import type { TunnelRecord } from './directory.js';
import { isSame } from './directory-rules.js';
import { LEASE_MS } from './leases.js';
import { TUNNEL_PREFIX } from './store-records.js';

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
  /** Undefined for what is no record. */
  readonly read: (entry: Entry) => TunnelRecord | undefined;
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
    const found = [...this.#byNode].filter(([node]) => fits(node)).map(([, names]) => names);
    const [only = new Set<string>(), ...others] = found;
    const names = others.length === 0 ? only : new Set(found.flatMap((at) => [...at]));
    return Array.from(names, (name) => this.get(name) as TunnelRecord); // `#byNode` names what is held
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
   * meanwhile, and visitors notice nothing. The record of a tunnel that is as it was stays the same object.
   */
  replace({ entries, isOlder }: Extract<Change, { kind: 'all' }>): void {
    this.#pasts += 1;
    const found = new Set<string>();
    for (const entry of entries) {
      const name = nameOf(entry.key);
      found.add(name);
      this.#take(name, entry);
    }
    const lostAtMs = this.#options.monotonic();
    for (const [name, held] of [...this.#held].filter(([known]) => !found.has(known))) {
      if (isOlder === true && held.record.places.length > 0) this.#keep(name, { lostAtMs, ...held });
      else this.#delete(name);
    }
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
    return this.#take(name, entry);
  }

  #take(name: string, entry: Entry): string | undefined {
    const read = this.#options.read(entry);
    if (read === undefined) return this.#delete(name);
    const former = this.#held.get(name)?.record;
    const record = former !== undefined && isSame(former, read) ? former : read;
    this.#keep(name, { record, version: entry.version, expiresAtMs: entry.expiresAtMs });
    return name;
  }

  #keep(name: string, held: Held): void {
    const former = this.#held.get(name)?.record;
    this.#held.set(name, held);
    if (held.expiresAtMs !== undefined || held.lostAtMs !== undefined) this.#ending.add(name);
    else this.#ending.delete(name);
    if (former === held.record) return;
    if (former !== undefined) this.#leave(former);
    for (const { node } of held.record.places) {
      const at = this.#byNode.get(node);
      if (at === undefined) this.#byNode.set(node, new Set([name]));
      else at.add(name);
    }
  }

  #delete(name: string): string | undefined {
    const held = this.#held.get(name);
    if (held === undefined) return undefined;
    this.#leave(held.record);
    this.#ending.delete(name);
    this.#held.delete(name);
    return name;
  }

  #leave({ name, places }: TunnelRecord): void {
    for (const { node } of places) {
      const at = this.#byNode.get(node);
      at?.delete(name);
      if (at?.size === 0) this.#byNode.delete(node);
    }
  }
}

function nameOf(key: string): string {
  return key.slice(TUNNEL_PREFIX.length);
}
