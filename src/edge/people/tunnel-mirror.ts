/** This node's own copy of what is remembered about tunnels, by tunnel: entries whose ids are `<tunnel>/<rest>`. */
import { Mirror } from '../../store/mirror.js';
import type { Entry, Store } from '../../store/store.js';
import { NextExpiry } from './next-expiry.js';

export interface TunnelMirrorOptions<T> {
  readonly store: Store;
  /** As `grant:`. */
  readonly prefix: string;
  /** Reads an entry; undefined for one that this version does not understand. */
  readonly read: (entry: Entry) => T | undefined;
  readonly now: () => number;
}

export class TunnelMirror<T> {
  readonly ready: Promise<void>;
  readonly #mirror: Mirror<{ readonly value: T; readonly expiresAtMs: number | undefined }>;
  /** The ids of each tunnel: those of one are found without walking those of all others. */
  readonly #idsByTunnel = new Map<string, Set<string>>();
  readonly #listeners = new Set<(tunnels: readonly string[]) => void>();
  readonly #expiry: NextExpiry;

  constructor({ store, prefix, read, now }: TunnelMirrorOptions<T>) {
    this.#expiry = new NextExpiry(now, (tunnels) => this.#expired(tunnels));
    this.#mirror = new Mirror({
      store,
      prefix,
      read: (entry) => {
        const value = read(entry);
        return value === undefined ? undefined : { value, expiresAtMs: entry.expiresAtMs };
      },
      now,
    });
    this.#index(this.#mirror.ids());
    this.#mirror.onChange((ids) => this.#tell(this.#index(ids)));
    this.ready = this.#mirror.ready;
  }

  /** The live values of a tunnel. */
  of(tunnel: string): T[] {
    const held = [...(this.#idsByTunnel.get(tunnel) ?? [])].map((id) => this.#mirror.get(id));
    return held.flatMap((found) => (found === undefined ? [] : [found.value]));
  }

  /** The live value of a tunnel with this rest of its id. */
  get(tunnel: string, rest: string): T | undefined {
    return this.#mirror.get(`${tunnel}/${rest}`)?.value;
  }

  /** Calls the listener with the tunnels of which something has changed, here or at another node, or has expired. */
  onChange(listener: (tunnels: readonly string[]) => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#expiry.close();
    this.#mirror.close();
  }

  /** Forgets what has expired, and waits for what is next. */
  #expired(tunnels: readonly string[]): void {
    for (const tunnel of tunnels) this.#index([...(this.#idsByTunnel.get(tunnel) ?? [])]);
    this.#tell(tunnels);
  }

  #index(ids: readonly string[]): string[] {
    const tunnels = new Set<string>();
    for (const id of ids) {
      const tunnel = tunnelOf(id);
      tunnels.add(tunnel);
      const held = this.#mirror.get(id);
      if (held === undefined) this.#forget(tunnel, id);
      else this.#remember(tunnel, id, held.expiresAtMs);
    }
    return [...tunnels];
  }

  #remember(tunnel: string, id: string, expiresAtMs: number | undefined): void {
    const ids = this.#idsByTunnel.get(tunnel) ?? new Set();
    this.#idsByTunnel.set(tunnel, ids.add(id));
    if (expiresAtMs !== undefined) this.#expiry.add(tunnel, expiresAtMs);
  }

  #forget(tunnel: string, id: string): void {
    const ids = this.#idsByTunnel.get(tunnel);
    if (ids?.delete(id) && ids.size === 0) this.#idsByTunnel.delete(tunnel);
  }

  #tell(tunnels: readonly string[]): void {
    for (const listener of this.#listeners) listener(tunnels);
  }
}

/** The tunnel of an id. */
export function tunnelOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('/')));
}
