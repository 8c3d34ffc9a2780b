/**
 * The tunnels of this edge and the route to the agent of each, at whichever node it is. A tunnel whose agent has disconnected is remembered, so that visitors whom
 * its policy allows learn that it is offline, while others do not learn that it exists.
 */
import type { Policy } from '../../auth/identity/policy.js';
import type { TunnelLink } from '../../cluster/relay.js';
import { formatRule, groupsOf } from '../../core/rule.js';
import type { Terms } from '../../link/terms.js';

/** A name with an owner and a policy: that of its agent's last offer, and what was granted since. */
export interface Tunnel {
  readonly name: string;
  /** Host without port. */
  readonly host: string;
  /** The origin that visitors see. */
  readonly origin: string;
  readonly policy: Policy;
  /** Of `policy.owner`: a session that was created under another owner of this name does not give access. */
  readonly ownerTag: string;
  /** Origins besides its own whose pages may cause requests for it. */
  readonly origins: readonly string[];
  /** Origins besides its own whose pages may frame its documents. */
  readonly frameOrigins: readonly string[];
  /** The `Content-Security-Policy` for documents whose app sends no framing policy. */
  readonly framing: string;
  /** What the offer says besides; undefined for nothing. */
  readonly terms?: Terms | undefined;
  /** The agent process that serves it: a redial with the same id takes the name over. */
  readonly agentId: string;
  /** Absent while no agent is connected. */
  readonly link: TunnelLink | undefined;
}

// About 1 kB each. When more are offline, the one that has been so the longest is forgotten, and its visitors get the response for an
// unknown name. Those that are online do not count: there are as many of them as all nodes have.
const MAX_OFFLINE = 10_000;

/** The policy of a tunnel with what was granted to it. A new object when it differs from the one before. */
export type PolicyChange = (offered: Policy, name: string) => Policy;

export class Registry {
  readonly #tunnels = new Map<string, Tunnel>();
  /** The policies as they were offered. */
  readonly #offered = new Map<string, Policy>();
  /** The names of those without a link, the one that has been offline the longest first. */
  readonly #offline = new Set<string>();
  readonly #alsoNamed: readonly string[];
  readonly #withGrants: PolicyChange;
  #groups: ReadonlySet<string> | undefined;
  #links = 0;

  /** `alsoNamed`: groups that other rules than those of tunnels name. `withGrants`: see `refresh`. */
  constructor(alsoNamed: readonly string[] = [], withGrants: PolicyChange = (policy) => policy) {
    this.#alsoNamed = alsoNamed;
    this.#withGrants = withGrants;
  }

  /** How many tunnels have a link. */
  get links(): number {
    return this.#links;
  }

  /** The tunnel of a name, online or remembered. */
  find(name: string): Tunnel | undefined {
    return this.#tunnels.get(name);
  }

  /** All tunnels that have a link. */
  online(): Tunnel[] {
    return [...this.#tunnels.values()].filter(({ link }) => link !== undefined);
  }

  /** The tunnels of an owner, online or remembered, by name. */
  ownedBy(owner: string): Tunnel[] {
    const owned = [...this.#tunnels.values()].filter(({ policy }) => policy.owner === owner);
    return owned.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** All tunnels, online or remembered, by name. */
  all(): Tunnel[] {
    return [...this.#tunnels.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The rules of a tunnel's agent, as words. */
  offeredWords(name: string): readonly string[] {
    return this.#offered.get(name)?.rules.map(formatRule) ?? [];
  }

  /** Applies what was granted to a tunnel, or no longer is. The next request is judged by it. */
  refresh(name: string): void {
    const tunnel = this.#tunnels.get(name);
    const offered = this.#offered.get(name);
    if (tunnel === undefined || offered === undefined) return;
    this.#groups = undefined;
    this.#tunnels.set(name, { ...tunnel, policy: this.#withGrants(offered, name) });
  }

  /** The groups that rules name, including those of offline tunnels. The same object until a tunnel changes. */
  groups(): ReadonlySet<string> {
    this.#groups ??= new Set([
      ...this.#alsoNamed,
      ...[...this.#tunnels.values()].flatMap(({ policy }) => groupsOf(policy.rules)),
    ]);
    return this.#groups;
  }

  /** Sets a tunnel as it is from now on, online or not. */
  set(tunnel: Tunnel): void {
    const wasOnline = this.#tunnels.get(tunnel.name)?.link !== undefined;
    this.#links += Number(tunnel.link !== undefined) - Number(wasOnline);
    this.#offered.set(tunnel.name, tunnel.policy);
    const policy = this.#withGrants(tunnel.policy, tunnel.name);
    this.#put(policy === tunnel.policy ? tunnel : { ...tunnel, policy });
  }

  /** Forgets a tunnel: its visitors get the response for an unknown name. */
  forget(name: string): void {
    const tunnel = this.#tunnels.get(name);
    if (tunnel === undefined) return;
    if (tunnel.link !== undefined) this.#links--;
    this.#groups = undefined;
    this.#tunnels.delete(name);
    this.#offered.delete(name);
    this.#offline.delete(name);
  }

  // Deleting first keeps the map in the order of the last change, oldest first.
  #put(tunnel: Tunnel): void {
    const { name, link } = tunnel;
    this.#groups = undefined;
    this.#tunnels.delete(name);
    this.#tunnels.set(name, tunnel);
    this.#offline.delete(name);
    if (link === undefined) this.#offline.add(name);
    if (this.#offline.size <= MAX_OFFLINE) return;
    const [oldest] = this.#offline;
    this.forget(oldest as string);
  }
}
