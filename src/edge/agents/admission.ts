/**
 * Admits agents: validates an offer (token, name, rules), claims its tunnel (`places.ts`), and refuses it or opens the link. Of the
 * owner of a name (`names.ts`) one agent serves it, with one link or with several at different nodes. The same agent process may take it
 * over at once, another one as soon as the current link drains, or when that link no longer responds. Limits the number of links for
 * each owner and address.
 */
import type { Policy } from '../../auth/identity/policy.js';
import { aborted } from '../../core/aborted.js';
import type { BaseAddress } from '../../core/hostname.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { RawHeaders } from '../../http/fields.js';
import { type Accepted, type Offer, readOffer } from '../../link/handshake.js';
import type { OutboundLink } from '../../link/outbound-link.js';
import { slotOf } from '../../link/several-links.js';
import type { TokenGrant } from '../../link/token.js';
import type { Tunnel } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import { LINKS, network } from '../request/limits.js';
import type { AgentTokens } from './agent-tokens.js';
import { LinkBudget, type LinkBudgetLimits } from './link-budget.js';
import { closeAtExpiry } from './link-expiry.js';
import type { LinkTraffic } from './link-traffic.js';
import type { Names } from './names.js';
import { chooseName } from './offered-name.js';
import type { OwnLink } from './own-link.js';
import { checkTerms, type Permits } from './permits.js';
import type { Places } from './places.js';
import type { RevokedTokens } from './revoked-tokens.js';
import { TrialLinks } from './trial-links.js';
import { tunnelOf, writeOffered } from './tunnel-of.js';

/** The offer of an agent, and the ways to respond to it. */
export interface AgentOffer {
  /** The id of the request, for log and audit. */
  readonly id: string;
  readonly address: string;
  readonly headers: RawHeaders;
  /** The agent has disconnected. */
  readonly isClosed: boolean;
  /** Completes the handshake and calls `opened` at once. A malformed handshake gets a 400, and `opened` is not called. */
  accept(accepted: Accepted, opened: (link: OutboundLink) => void): void;
  refuse(error: PosternError): void;
}

export interface AdmitOptions {
  readonly base: BaseAddress;
  readonly tokens: AgentTokens;
  /** The part that all policies of this edge have in common. */
  readonly policy: Pick<Policy, 'ceiling' | 'publicPermitted'>;
  /** What the operator permits besides (`POSTERN_PUBLIC_PATHS`). */
  readonly permits: Permits;
  readonly places: Pick<Places, 'reserve' | 'connect' | 'abandon' | 'hasOwn' | 'nodes'>;
  readonly names: Pick<Names, 'claim' | 'check'>;
  readonly revoked: RevokedTokens;
  readonly observer: Observer;
  /** What is counted of links, if anything is. */
  readonly traffic?: LinkTraffic;
  /** The limits for links. Default: those of `limits.ts`. */
  readonly links?: LinkBudgetLimits;
}

/** An offer that its token permits. */
interface Valid {
  readonly offer: Offer;
  readonly grant: TokenGrant;
  /** Without a link. */
  readonly tunnel: Tunnel;
  /** The offer as the directory keeps it. */
  readonly offered: string;
}

/** How long agents have to dial elsewhere before an edge that stops drains, in milliseconds. */
export const MOVE_MS = 15_000;

// How many are asked for that at a time: 2,000 a second.
const AT_ONCE = 100;
const PAUSE_MS = 50;

export class Admission {
  readonly #options: AdmitOptions;
  /** With the id of the token that opened each link, and its tunnel. */
  readonly #links = new Map<OutboundLink, { readonly tokenId: string; readonly tunnel: string }>();
  readonly #trials = new TrialLinks();
  readonly #budget: LinkBudget;
  #draining = false;

  constructor(options: AdmitOptions) {
    this.#options = options;
    this.#budget = new LinkBudget(options.links ?? LINKS);
    options.revoked.onChange(() => this.#endRevoked());
  }

  /** Responds to an agent's offer. Never rejects. */
  async handle(request: AgentOffer): Promise<void> {
    try {
      const valid = await this.#validate(request);
      if (valid.offer.isTrial === true) this.#admitTrial(request, valid);
      else await this.#admit(request, valid);
    } catch (thrown) {
      const error = asPosternError(thrown);
      this.#options.observer.emit({ kind: 'offer-refused', offer: request, error });
      request.refuse(error);
    }
  }

  /** Refuses further offers. */
  refuse(): void {
    this.#draining = true;
    this.#trials.destroy();
  }

  /**
   * Refuses further offers, and asks every agent to dial again, some at a time; their links serve until another node has them.
   * Resolves when all have left, when it takes too long, or when there is no other node any more (`alone`).
   */
  async moveAway(alone: AbortSignal): Promise<void> {
    this.refuse();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), MOVE_MS);
    const links = [...this.#links.keys()];
    const left = Promise.all(links.map(({ draining }) => aborted(draining)));
    for (const [at, link] of links.entries()) {
      if (at > 0 && at % AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      link.notice();
    }
    await Promise.race([left, aborted(late.signal), aborted(alone)]);
    clearTimeout(timer);
  }

  /** Refuses further offers, sends GOAWAY on every link and resolves when all have closed. */
  async drain(): Promise<void> {
    this.refuse();
    await Promise.all([...this.#links.keys()].map((link) => link.drain()));
  }

  /** Closes every link now. */
  destroy(): void {
    this.refuse();
    for (const link of this.#links.keys()) link.destroy();
  }

  async #validate(request: AgentOffer): Promise<Valid> {
    if (this.#draining) throw new PosternError('ERR_EDGE_DRAINING');
    // An `Origin` is accepted: some libraries always send one, and no page can set `Authorization` on a WebSocket.
    const offer = readOffer(request.headers);
    const grant = await this.#options.tokens.verify(offer.token, request.address);
    const name = chooseName(offer, grant);
    const owned = { name, owner: grant.owner };
    const tunnel = tunnelOf(owned, offer, this.#options);
    const offered = writeOffered(offer);
    if (offer.terms !== undefined) checkTerms(offer.terms, this.#options.permits);
    if (offer.isTrial === true) await this.#options.names.check(owned);
    else await this.#options.names.claim(owned);
    return { offer, grant, tunnel, offered };
  }

  /** Claims the tunnel in the directory, then opens its link. */
  async #admit(request: AgentOffer, valid: Valid): Promise<void> {
    const { offer, grant, tunnel, offered } = valid;
    const { name } = tunnel;
    this.#checkRoom(request, valid); // before the claim, which takes the place of the agent's former link
    const wanted = {
      name,
      owner: grant.owner,
      agentId: offer.agentId,
      offer: offered,
      slot: slotOf(offer.links),
    };
    const own = await this.#options.places.reserve(wanted);
    try {
      if (request.isClosed) return;
      this.#checkRoom(request, valid); // in the turn that takes it: offers at once get no more than offers in a row
      request.accept(this.#accepted(valid), (link) => this.#connect(request, valid, own, link));
    } finally {
      if (own.link === undefined) this.#options.places.abandon(own);
    }
  }

  #admitTrial(request: AgentOffer, valid: Valid): void {
    if (request.isClosed) return;
    this.#checkRoom(request, valid);
    request.accept({ url: valid.tunnel.origin }, (link) => {
      this.#trials.add(link, this.#budget.take(partiesOf(valid.grant, request)));
    });
  }

  #accepted({ offer, tunnel }: Valid): Accepted {
    const { most, node } = this.#options.places.nodes();
    const nodes = offer.links && { most: Math.min(most, offer.links.most), node };
    return { url: tunnel.origin, nodes };
  }

  #checkRoom(request: AgentOffer, { grant, tunnel, offer }: Valid): void {
    const { places } = this.#options;
    const slot = slotOf(offer.links);
    if (slot > places.nodes().most) {
      const text = `This edge can use ${places.nodes().most} of the links of an agent.`;
      throw new PosternError('ERR_EDGE_FULL', text, { text });
    }
    const isReplacement = places.hasOwn({ name: tunnel.name, owner: grant.owner, slot });
    this.#budget.check(partiesOf(grant, request), isReplacement ? 'replacement' : 'new');
  }

  /** The names of the tunnels that are online, by the id of the token that opened the link. */
  onlineByToken(): ReadonlyMap<string, readonly string[]> {
    const names = new Map<string, Set<string>>();
    for (const { tokenId, tunnel } of this.#links.values())
      names.set(tokenId, (names.get(tokenId) ?? new Set()).add(tunnel));
    return new Map([...names].map(([tokenId, tunnels]) => [tokenId, [...tunnels].sort()]));
  }

  #endRevoked(): void {
    for (const [link, { tokenId }] of this.#links) {
      if (this.#options.revoked.has(tokenId))
        link.destroy(new PosternError('ERR_TOKEN_INVALID', 'the token was revoked'));
    }
  }

  #connect(request: AgentOffer, { grant, tunnel, offer }: Valid, own: OwnLink, link: OutboundLink): void {
    const { places, observer, revoked } = this.#options;
    // Since the offer was validated the token may have been revoked.
    if (this.#draining || revoked.has(grant.id)) {
      link.destroy();
      return;
    }
    const release = this.#budget.take(partiesOf(grant, request));
    const agent = { tunnel: tunnel.name, owner: grant.owner, agent: offer.agentId };
    this.#links.set(link, { tokenId: grant.id, tunnel: tunnel.name });
    this.#options.traffic?.follow(link);
    const expiry = closeAtExpiry(grant, link);
    void link.closed.then(() => {
      clearTimeout(expiry);
      release();
      this.#links.delete(link);
    });
    places.connect(own, link, async (left) => {
      if (left === 'another agent') observer.emit({ kind: 'tunnel-taken', agent });
      if (left === 'no link') observer.emit({ kind: 'tunnel-down', agent, reason: await link.closed });
    });
    const slot = slotOf(offer.links);
    const opened = { agent, tokenId: grant.id, address: request.address };
    observer.emit(slot === 1 ? { kind: 'tunnel-up', ...opened } : { kind: 'link-added', ...opened, slot });
  }
}

/** The parties whose limits a link counts against. */
function partiesOf({ owner }: TokenGrant, request: AgentOffer): readonly string[] {
  return [`owner ${owner}`, `network ${network(request.address)}`];
}
