/** This node's own copy of what is remembered about tunnels, by tunnel and by owner: entries whose ids are `<tunnel>/<rest>`. */
import { GroupedIds } from '../../core/grouped-ids.js';
import { Mirror } from '../../store/mirror.js';
import type { Entry, Store } from '../../store/store.js';
import { NextExpiry } from './next-expiry.js';

export interface TunnelMirrorOptions<T> {
  readonly store: Store;
  /** As `grant:`. */
  readonly prefix: string;
  /** Reads an entry; undefined for one that this version does not understand. */
  readonly read: (entry: Entry) => T | undefined;
  /** As of a `Mirror`. */
  readonly keeps?: (value: T) => boolean;
  readonly now: () => number;
}

interface Held<T> {
  readonly value: T;
  readonly expiresAtMs: number | undefined;
}

export class TunnelMirror<T extends { readonly owner: string }> {
  readonly ready: Promise<void>;
  readonly #options: Pick<TunnelMirrorOptions<T>, 'store' | 'prefix' | 'read'>;
  readonly #mirror: Mirror<Held<T>>;
  readonly #byTunnel = new GroupedIds();
  readonly #byOwner = new GroupedIds();
  readonly #listeners = new Set<(tunnels: readonly string[]) => void>();
  readonly #expiry: NextExpiry;

  constructor({ store, prefix, read, keeps, now }: TunnelMirrorOptions<T>) {
    this.#options = { store, prefix, read };
    this.#expiry = new NextExpiry(now, (tunnels) => this.#expired(tunnels));
    this.#mirror = new Mirror({
      store,
      prefix,
      read: (entry) => {
        const value = read(entry);
        return value === undefined ? undefined : { value, expiresAtMs: entry.expiresAtMs };
      },
      ...(keeps !== undefined && { keeps: ({ value }) => keeps(value) }),
      now,
    });
    this.#index(this.#mirror.ids());
    this.#mirror.onChange((ids) => this.#tell(this.#index(ids)));
    this.ready = this.#mirror.ready;
  }

  /** The live values of a tunnel. */
  of(tunnel: string): T[] {
    const held = [...this.#byTunnel.of(tunnel)].map((id) => this.#mirror.get(id));
    return held.flatMap((found) => (found === undefined ? [] : [found.value]));
  }

  /**
   * Removes what former owners of a name have left: it counts no more, and they could not take it back. What cannot be removed
   * now is removed when the name is renewed.
   */
  async forgetOthers({ name, owner }: { readonly name: string; readonly owner: string }): Promise<void> {
    const { store, prefix, read } = this.#options;
    const others = [...this.#byTunnel.of(name)].filter((id) => this.#mirror.get(id)?.value.owner !== owner);
    for (const id of others) {
      const entry = await store.get(prefix + id);
      // The owner may have decided about the same words in the meantime.
      const isForeign = entry !== undefined && read(entry)?.owner !== owner;
      if (isForeign) await store.delete(entry.key, entry.version);
    }
  }

  /** How many live values an owner has, at all tunnels. */
  countOf(owner: string): number {
    for (const id of [...this.#byOwner.of(owner)]) if (this.#mirror.get(id) === undefined) this.#forget(id);
    return this.#byOwner.of(owner).size;
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
    for (const tunnel of tunnels) this.#index([...this.#byTunnel.of(tunnel)]);
    this.#tell(tunnels);
  }

  #index(ids: readonly string[]): string[] {
    const tunnels = new Set<string>();
    for (const id of ids) {
      const tunnel = tunnelOf(id);
      tunnels.add(tunnel);
      const held = this.#mirror.get(id);
      if (held === undefined) this.#forget(id);
      else this.#remember(tunnel, id, held);
    }
    return [...tunnels];
  }

  #remember(tunnel: string, id: string, { value, expiresAtMs }: Held<T>): void {
    this.#byTunnel.set(id, tunnel);
    this.#byOwner.set(id, value.owner);
    if (expiresAtMs !== undefined) this.#expiry.add(tunnel, expiresAtMs);
  }

  #forget(id: string): void {
    this.#byTunnel.delete(id);
    this.#byOwner.delete(id);
  }

  #tell(tunnels: readonly string[]): void {
    for (const listener of this.#listeners) listener(tunnels);
  }
}

/** The tunnel of an id. */
export function tunnelOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('/')));
}
