/** This node's own copy of the sign-ins at OAuth clients, by id, by tunnel, by the tunnel's owner and by person. */
import { GroupedIds } from '../../core/grouped-ids.js';
import { Mirror } from '../../store/mirror.js';
import type { Entry, Store } from '../../store/store.js';
import type { ClientSignIn } from './client-sign-in.js';

export interface SignInMirrorOptions<T> {
  readonly store: Store;
  readonly prefix: string;
  readonly read: (entry: Entry) => T | undefined;
  readonly now: () => number;
}

// Sign-ins that have expired leave their ids behind: they are looked for after so many changes.
const SWEEP_AFTER = 1_024;

export class SignInMirror<T extends ClientSignIn> {
  readonly ready: Promise<void>;
  readonly #mirror: Mirror<T>;
  readonly #byTunnel = new GroupedIds();
  readonly #byOwner = new GroupedIds();
  readonly #byPerson = new GroupedIds();
  readonly #listeners = new Set<(tunnels: readonly string[]) => void>();
  #changes = 0;

  constructor(options: SignInMirrorOptions<T>) {
    this.#mirror = new Mirror(options);
    this.#index(this.#mirror.ids());
    this.#mirror.onChange((ids) => this.#changed(ids));
    this.ready = this.#mirror.ready;
  }

  get(id: string): T | undefined {
    return this.#mirror.get(id);
  }

  all(): T[] {
    return this.#mirror.ids().flatMap((id) => this.#mirror.get(id) ?? []);
  }

  ofTunnel(tunnel: string): T[] {
    return this.#of(this.#byTunnel.of(tunnel));
  }

  ofOwner(owner: string): T[] {
    return this.#of(this.#byOwner.of(owner));
  }

  ofPerson(email: string): T[] {
    return this.#of(this.#byPerson.of(email));
  }

  /** Calls the listener with the tunnels at which some have begun or ended. That one was refreshed changes nothing of what it may. */
  onChange(listener: (tunnels: readonly string[]) => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#mirror.close();
    this.#listeners.clear();
  }

  #of(ids: ReadonlySet<string>): T[] {
    return [...ids].flatMap((id) => this.#mirror.get(id) ?? []);
  }

  #changed(ids: readonly string[]): void {
    const tunnels = this.#index(ids);
    this.#changes += ids.length;
    if (this.#changes >= SWEEP_AFTER) {
      this.#changes = 0;
      this.#index(this.#byTunnel.groups().flatMap((tunnel) => [...this.#byTunnel.of(tunnel)]));
    }
    if (tunnels.length > 0) for (const listener of [...this.#listeners]) listener(tunnels);
  }

  /** Returns the tunnels at which one of these ids is new or gone. */
  #index(ids: readonly string[]): string[] {
    const tunnels = new Set<string>();
    for (const id of ids) {
      const signIn = this.#mirror.get(id);
      const former = this.#byTunnel.groupOf(id);
      const tunnel = signIn?.tunnel ?? former;
      const isNoted = signIn !== undefined && signIn.tunnel === former; // no id ever comes back: it was refreshed
      if (tunnel !== undefined && !isNoted) tunnels.add(tunnel);
      if (signIn === undefined) for (const groups of [this.#byTunnel, this.#byOwner, this.#byPerson]) groups.delete(id);
      else this.#remember(id, signIn);
    }
    return [...tunnels];
  }

  #remember(id: string, { tunnel, owner, identity }: T): void {
    this.#byTunnel.set(id, tunnel);
    this.#byOwner.set(id, owner);
    this.#byPerson.set(id, identity.email);
  }
}
