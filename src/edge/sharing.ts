/**
 * Composes what people decide and see while tunnels run: grants, invites, requests to be let in, who is here, and the events about
 * them. What is granted counts in the registry at once, and open requests are judged again.
 */
import { NO_OTHERS, type Others } from '../cluster/others.js';
import type { Rule } from '../core/rule.js';
import type { Store } from '../store/store.js';
import { describeAccessToken } from './api/access-tokens.js';
import { describeClient } from './api/clients.js';
import { describeInvite } from './api/invites.js';
import { describeKnock } from './api/knocks.js';
import { describePerson } from './api/people.js';
import { describeGrant } from './api/tunnels.js';
import type { ClientSignIns } from './clients/client-sign-ins.js';
import type { Registry } from './gate/registry.js';
import type { Revalidator } from './gate/revalidation.js';
import type { EdgeEvent, EventSink } from './ops/events.js';
import { AccessTokens } from './people/access-tokens.js';
import { Everyone } from './people/everyone.js';
import { Feed } from './people/feed.js';
import { Grants, type Owned } from './people/grants.js';
import { Invites } from './people/invites.js';
import { Knocks } from './people/knocks.js';
import { Presence } from './people/presence.js';
import { type VisitorSignIn, VisitorSignIns } from './people/visitor-sign-ins.js';

export interface SharingOptions {
  readonly store: Store;
  readonly ceiling: readonly Rule[] | undefined;
  readonly revalidator: Revalidator;
  readonly others?: Others | undefined;
  /** The longest life of a sign-in. */
  readonly signInTtlMs: number;
  /** Whether a visitor's sign-in still counts. */
  readonly isActive: (signIn: VisitorSignIn) => boolean;
  readonly clientSignIns: ClientSignIns;
}

// Arrivals and departures in this time are one event: a person with ten tabs comes once.
const GATHER_MS = 250;

export class Sharing implements EventSink {
  readonly ready: Promise<unknown>;
  readonly grants: Grants;
  readonly knocks: Knocks;
  readonly accessTokens: AccessTokens;
  readonly invites: Invites;
  /** Those whose requests this node has admitted. */
  readonly presence: Presence;
  readonly everyone: Everyone;
  readonly visitorSignIns: VisitorSignIns;
  readonly clientSignIns: ClientSignIns;
  readonly feed = new Feed();
  #areSignInsChanged = false;
  readonly #revalidator: Revalidator;
  readonly #changedPeople = new Set<string>();
  #registry: Registry | undefined;

  constructor({
    store,
    ceiling,
    revalidator,
    signInTtlMs: ttlMs,
    isActive,
    clientSignIns,
    others = NO_OTHERS,
  }: SharingOptions) {
    this.clientSignIns = clientSignIns;
    this.grants = new Grants({ store, ceiling });
    this.knocks = new Knocks({ store });
    this.accessTokens = new AccessTokens({ store });
    this.invites = new Invites({ store, ceiling });
    this.visitorSignIns = new VisitorSignIns({ store, ttlMs, isActive });
    this.visitorSignIns.onChange(() => this.#gatherSignIns());
    this.#revalidator = revalidator;
    const changed = (tunnel: string) => {
      this.#gather(tunnel);
      this.everyone.changedHere(tunnel);
    };
    this.presence = new Presence({ open: () => revalidator.open(), changed });
    this.everyone = new Everyone(this.presence, others, (tunnel) => this.#gather(tunnel));
    const parts = [this.grants, this.knocks, this.invites, this.accessTokens, this.visitorSignIns, clientSignIns];
    this.ready = Promise.all(parts.map(({ ready }) => ready));
  }

  /** From now on every change takes effect at the tunnels of this registry. */
  connect(registry: Registry): void {
    this.#registry = registry;
    this.grants.onChange((tunnels) => this.#applyGrants(registry, tunnels));
    this.knocks.onChange((tunnels) => {
      for (const name of tunnels)
        this.#publish('knock', name, (tunnel) => ({ knocks: this.knocks.list(tunnel).map(describeKnock) }));
    });
    this.accessTokens.onChange((tunnels) => this.#applyAccessTokens(tunnels));
    this.clientSignIns.onChange((tunnels) => this.#applyClients(tunnels));
    this.invites.onChange((tunnels) => {
      for (const name of tunnels)
        this.#publish('invite', name, (tunnel) => ({ invites: this.invites.list(tunnel).map(describeInvite) }));
    });
  }

  /** A name belongs to this owner now: what others had decided about it is over. */
  async claimed(tunnel: Owned): Promise<void> {
    const parts = [this.grants, this.knocks, this.invites, this.accessTokens, this.clientSignIns];
    // Without effect while the store is away: a name in use is renewed every day.
    await Promise.all(parts.map((part) => part.forgetOthers(tunnel))).catch(() => {});
  }

  /** The agent of a tunnel may have offered other rules: what is open is judged by them. */
  on(event: EdgeEvent): void {
    if (event.kind === 'tunnel-changed' && event.isOnline) void this.#revalidator.review();
  }

  close(): void {
    this.grants.close();
    this.knocks.close();
    this.accessTokens.close();
    this.invites.close();
    this.presence.close();
    this.visitorSignIns.close();
    this.clientSignIns.close();
  }

  #applyGrants(registry: Registry, tunnels: readonly string[]): void {
    for (const name of tunnels) {
      registry.refresh(name);
      this.presence.remove(name, registry.find(name)?.policy.denied ?? NO_ONE);
      this.#publish('access', name, (tunnel) => ({ grants: this.grants.list(tunnel).map(describeGrant) }));
    }
    void this.#revalidator.review();
  }

  #applyAccessTokens(tunnels: readonly string[]): void {
    const list = (tunnel: { name: string; owner: string }) => this.accessTokens.list(tunnel).map(describeAccessToken);
    for (const name of tunnels) this.#publish('access-token', name, (tunnel) => ({ access_tokens: list(tunnel) }));
    void this.#revalidator.review();
  }

  #applyClients(tunnels: readonly string[]): void {
    const list = (tunnel: { name: string; owner: string }) => this.clientSignIns.ofTunnel(tunnel).map(describeClient);
    for (const name of tunnels) this.#publish('client', name, (tunnel) => ({ clients: list(tunnel) }));
    void this.#revalidator.review();
  }

  #gather(tunnel: string): void {
    if (!this.feed.hasReaders) return;
    if (this.#changedPeople.size === 0) setTimeout(() => this.#publishPeople(), GATHER_MS).unref();
    this.#changedPeople.add(tunnel);
  }

  #gatherSignIns(): void {
    if (!this.feed.hasReaders || this.#areSignInsChanged) return;
    this.#areSignInsChanged = true;
    setTimeout(() => {
      this.#areSignInsChanged = false;
      this.feed.publish({ kind: 'sign-in', tunnel: '', owner: '', data: {} });
    }, GATHER_MS).unref();
  }

  #publishPeople(): void {
    const tunnels = [...this.#changedPeople];
    this.#changedPeople.clear();
    for (const name of tunnels) void this.#publishPeopleAt(name);
  }

  async #publishPeopleAt(name: string): Promise<void> {
    const people = (await this.everyone.at(name)).map(describePerson);
    this.#publish('people', name, () => ({ people }));
  }

  #publish(
    kind: 'access' | 'access-token' | 'client' | 'invite' | 'knock' | 'people',
    name: string,
    data: (tunnel: { name: string; owner: string }) => object,
  ): void {
    const owner = this.#registry?.find(name)?.policy.owner;
    if (owner !== undefined) this.feed.publish({ kind, tunnel: name, owner, data: data({ name, owner }) });
  }
}

const NO_ONE: ReadonlySet<string> = new Set();
