/**
 * Which tunnels there are and the link that leads to each. A tunnel whose agent left is remembered, so that those whom
 * its policy allows learn that it is offline while nobody else learns that it exists.
 */
import type { Policy } from '../../auth/identity/policy.js';
import { groupsOf } from '../../core/rule.js';
import type { OutboundLink } from '../../link/outbound-link.js';

/** A name with an owner and a policy, as its agent offered it last. */
export interface Tunnel {
  readonly name: string;
  /** Host without port. */
  readonly host: string;
  /** The origin that visitors see. */
  readonly origin: string;
  readonly policy: Policy;
  /** Of `policy.owner`: a session that was made for somebody else's tunnel of this name does not count. */
  readonly ownerTag: string;
  /** Origins besides its own whose pages may cause requests for it. */
  readonly origins: readonly string[];
  /** Origins besides its own whose pages may frame its documents. */
  readonly frameOrigins: readonly string[];
  /** The policy for documents whose app says nothing about framing. */
  readonly framing: string;
  /** Of the agent process that serves it: a redial under the same id takes the name over. */
  readonly agentId: string;
  /** Absent while no agent is connected. */
  readonly link: OutboundLink | undefined;
}

// About 1 kB each. Beyond it the tunnel that has been offline the longest is forgotten, and its visitors see what
// visitors of a name see that never was.
const MAX_REMEMBERED = 10_000;

export class Registry {
  readonly #tunnels = new Map<string, Tunnel>();
  readonly #alsoNamed: readonly string[];
  #groups: ReadonlySet<string> | undefined;
  #links = 0;

  /** `alsoNamed` are groups that rules name besides those of tunnels. */
  constructor(alsoNamed: readonly string[] = []) {
    this.#alsoNamed = alsoNamed;
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

  /** The groups that rules name, those of all tunnels online or remembered: the same set until a tunnel changes. */
  groups(): ReadonlySet<string> {
    this.#groups ??= new Set([
      ...this.#alsoNamed,
      ...[...this.#tunnels.values()].flatMap(({ policy }) => groupsOf(policy.rules)),
    ]);
    return this.#groups;
  }

  /** Makes a link the way to a tunnel. Returns the link that it takes the place of, for the caller to end. */
  connect(tunnel: Tunnel & { readonly link: OutboundLink }): OutboundLink | undefined {
    const former = this.#tunnels.get(tunnel.name)?.link;
    if (former === undefined) this.#links++;
    this.#put(tunnel);
    return former;
  }

  /** Notes that a link has ended. Returns whether it still was the way to its tunnel. */
  disconnect(name: string, link: OutboundLink): boolean {
    const tunnel = this.#tunnels.get(name);
    if (tunnel?.link !== link) return false;
    this.#links--;
    this.#put({ ...tunnel, link: undefined });
    return true;
  }

  // Deleting first keeps the map in the order of the last change, oldest in front.
  #put(tunnel: Tunnel): void {
    this.#groups = undefined;
    this.#tunnels.delete(tunnel.name);
    this.#tunnels.set(tunnel.name, tunnel);
    if (this.#tunnels.size <= MAX_REMEMBERED) return;
    for (const [name, { link }] of this.#tunnels) {
      if (link !== undefined) continue;
      this.#tunnels.delete(name);
      return;
    }
  }
}
