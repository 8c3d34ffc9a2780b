/**
 * Admits agents: validates an offer (token, name, rules), refuses it or opens the link, and updates the registry while the
 * link lives. Of the owner of a name (`names.ts`) one agent serves it. The same agent process may take it over at once, another
 * one as soon as the current link drains, or when that link no longer responds. Limits the number of links for each owner and
 * address.
 */
import type { Policy } from '../../auth/identity/policy.js';
import { ownerTag } from '../../auth/session/session.js';
import { type BaseAddress, tunnelHost, tunnelOrigin } from '../../core/hostname.js';
import { parseRule, RULE_WORDS, type Rule } from '../../core/rule.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { RawHeaders } from '../../http/fields.js';
import { type Offer, readOffer } from '../../link/handshake.js';
import type { OutboundLink } from '../../link/outbound-link.js';
import type { TokenGrant } from '../../link/token.js';
import { framingPolicy } from '../gate/framing.js';
import type { Registry, Tunnel } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import { LINKS, network } from '../request/limits.js';
import type { AgentTokens } from './agent-tokens.js';
import { LinkBudget, type LinkBudgetLimits } from './link-budget.js';
import type { LinkTraffic } from './link-traffic.js';
import type { Names } from './names.js';
import { chooseName } from './offered-name.js';
import { checkTerms, type Permits } from './permits.js';
import type { RevokedTokens } from './revoked-tokens.js';
import { TrialLinks } from './trial-links.js';

/** The offer of an agent, and the ways to respond to it. */
export interface AgentOffer {
  /** The id of the request, for log and audit. */
  readonly id: string;
  readonly address: string;
  readonly headers: RawHeaders;
  /** The agent has disconnected. */
  readonly isClosed: boolean;
  /** Completes the handshake and calls `opened` at once. A malformed handshake gets a 400, and `opened` is not called. */
  accept(publicUrl: string, opened: (link: OutboundLink) => void): void;
  refuse(error: PosternError): void;
}

export interface AdmitOptions {
  readonly base: BaseAddress;
  readonly tokens: AgentTokens;
  /** The part that all policies of this edge have in common. */
  readonly policy: Pick<Policy, 'ceiling' | 'publicPermitted'>;
  /** What the operator permits besides (`POSTERN_PUBLIC_PATHS`). */
  readonly permits: Permits;
  readonly registry: Registry;
  readonly names: Pick<Names, 'claim' | 'check'>;
  readonly revoked: RevokedTokens;
  readonly observer: Observer;
  /** What is counted of links, if anything is. */
  readonly traffic?: LinkTraffic;
  /** The limits for links. Default: those of `limits.ts`. */
  readonly links?: LinkBudgetLimits;
}

// Long enough for a round trip around the world, short enough for a restarted agent that waits for its name.
const PROBE_MS = 2_000;

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
      const { offer, grant, tunnel } = await this.#validate(request);
      if (request.isClosed) return;
      this.#checkRoom(request, tunnel, grant); // in the turn that takes it: offers at once get no more than offers in a row
      request.accept(tunnel.origin, (link) => {
        if (offer.isTrial === true) this.#trials.add(link, this.#budget.take(partiesOf(grant, request)));
        else this.#connect(request, tunnel, link, offer, grant);
      });
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

  async #validate(request: AgentOffer): Promise<{ offer: Offer; grant: TokenGrant; tunnel: Tunnel }> {
    if (this.#draining) throw new PosternError('ERR_EDGE_DRAINING');
    // An `Origin` is accepted: some libraries always send one, and no page can set `Authorization` on a WebSocket.
    const offer = readOffer(request.headers);
    const grant = await this.#options.tokens.verify(offer.token, request.address);
    const name = chooseName(offer, grant);
    const tunnel = this.#tunnel(name, offer, grant);
    const owned = { name, owner: grant.owner };
    if (offer.isTrial === true) {
      this.#options.names.check(owned);
      return { offer, grant, tunnel };
    }
    await this.#options.names.claim(owned);
    const current = this.#options.registry.find(name);
    if (current?.link !== undefined && !mayTakeOver(current, tunnel))
      await this.#evictIfDead(current.link, name, () => mayTakeOver(current, tunnel));
    return { offer, grant, tunnel };
  }

  #checkRoom(request: AgentOffer, tunnel: Tunnel, grant: TokenGrant): void {
    const current = this.#options.registry.find(tunnel.name);
    const isReplacement = current?.link !== undefined && mayTakeOver(current, tunnel);
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

  #tunnel(name: string, { allow, origins, frameOrigins, terms, agentId }: Offer, { owner }: TokenGrant): Tunnel {
    const { base, policy, permits } = this.#options;
    const rules = allow.map(readRule);
    if (!policy.publicPermitted && rules.some(({ kind }) => kind === 'public')) {
      throw refusal('ERR_OFFER_INVALID', 'This edge does not permit the rule public: name who may open the tunnel.');
    }
    if (terms !== undefined) checkTerms(terms, permits);
    const host = tunnelHost(base, name);
    return {
      name,
      host,
      origin: tunnelOrigin(base, name),
      policy: { ...policy, rules, owner },
      ownerTag: ownerTag(owner),
      origins,
      frameOrigins,
      framing: framingPolicy(frameOrigins),
      terms,
      agentId,
      link: undefined,
    };
  }

  /**
   * Throws `ERR_NAME_TAKEN` if the current link of a name is alive, and closes the link if it is not. A link is alive if its
   * peer acknowledges a PING or sends any byte in the meantime: on a congested connection the acknowledgement waits behind
   * other data. `isFree` is called after the wait, since the name may have become free.
   */
  async #evictIfDead(link: OutboundLink, name: string, isFree: () => boolean): Promise<void> {
    const { receivedBytes } = link;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<'silent'>((resolve) => {
      timer = setTimeout(resolve, PROBE_MS, 'silent');
    });
    const response = await Promise.race([link.ping().catch(() => 'silent' as const), silence]);
    clearTimeout(timer);
    if (response === 'silent' && link.receivedBytes === receivedBytes) {
      link.destroy(new PosternError('ERR_LINK_LOST', 'no answer while its name was asked for'));
      await link.closed; // the name is free only then
      return;
    }
    if (isFree()) return;
    throw refusal('ERR_NAME_TAKEN', `Another agent serves ${name}. Stop it, or choose another --name.`);
  }

  #connect(request: AgentOffer, tunnel: Tunnel, link: OutboundLink, offer: Offer, grant: TokenGrant): void {
    const { registry, observer, revoked } = this.#options;
    // Since the offer was validated another agent may have taken the name, and the token may have been revoked.
    const current = registry.find(tunnel.name);
    if (this.#draining || revoked.has(grant.id) || (current?.link !== undefined && !mayTakeOver(current, tunnel)))
      return void link.destroy();
    const release = this.#budget.take(partiesOf(grant, request));
    const agent = { tunnel: tunnel.name, owner: grant.owner, agent: offer.agentId };
    this.#links.set(link, { tokenId: grant.id, tunnel: tunnel.name });
    this.#options.traffic?.follow(link);
    const previous = registry.connect({ ...tunnel, link });
    observer.emit({ kind: 'tunnel-up', agent, tokenId: grant.id, address: request.address });
    // Running requests finish on the replaced link. Its agent is the same process, or drains by itself.
    void previous?.drain();
    const expiry = closeAtExpiry(grant, link);
    void link.closed.then((reason) => {
      clearTimeout(expiry);
      release();
      this.#links.delete(link);
      if (registry.disconnect(tunnel.name, link)) observer.emit({ kind: 'tunnel-down', agent, reason });
    });
  }
}

// The same process dials again, or the other one is stopping and only finishes its running requests. The agent id alone
// proves nothing, since the audit record shows it: the owner must be the same too.
function mayTakeOver(current: Tunnel, offered: Tunnel): boolean {
  if (current.policy.owner !== offered.policy.owner) return false;
  return current.agentId === offered.agentId || current.link?.draining.aborted === true;
}

/** The parties whose limits a link counts against. */
function partiesOf({ owner }: TokenGrant, request: AgentOffer): readonly string[] {
  return [`owner ${owner}`, `network ${network(request.address)}`];
}

function readRule(text: string): Rule {
  const rule = parseRule(text);
  if (rule === undefined)
    throw refusal('ERR_OFFER_INVALID', `Postern-Allow holds a word that is no rule. ${RULE_WORDS}`);
  return rule;
}

// The largest delay of a timer, 24.8 days. A token that lives longer is checked again at the next dial.
const MAX_TIMER_MS = 2_147_483_647;

function closeAtExpiry({ expiresAtMs }: TokenGrant, link: OutboundLink): NodeJS.Timeout {
  const expired = () => link.destroy(new PosternError('ERR_TOKEN_INVALID', 'the token has expired'));
  return setTimeout(expired, Math.min(Math.max(0, expiresAtMs - Date.now()), MAX_TIMER_MS)).unref();
}

function refusal(code: 'ERR_OFFER_INVALID' | 'ERR_NAME_TAKEN', text: string): PosternError {
  return new PosternError(code, text, { text });
}
