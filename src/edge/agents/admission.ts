/**
 * Admits agents: checks an offer (token, name, rules), answers it with a refusal or opens the link, and keeps the
 * registry true while the link lives. A name belongs to whoever's agent holds it: the same agent process may take it
 * over at once, and so may another of the same owner once the link that holds it drains; anybody else only once that
 * link no longer answers. How many links an owner or an address may hold is counted here.
 */
import type { Policy } from '../../auth/identity/policy.js';
import { ownerTag } from '../../auth/session/session.js';
import { type BaseAddress, isTunnelName, tunnelHost, tunnelOrigin } from '../../core/hostname.js';
import { parseRule, RULE_WORDS, type Rule } from '../../core/rule.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { RawHeaders } from '../../http/fields.js';
import { type Offer, readOffer } from '../../link/handshake.js';
import type { OutboundLink } from '../../link/outbound-link.js';
import { coversName, type TokenGrant, verifyToken } from '../../link/token.js';
import { framingPolicy } from '../gate/framing.js';
import type { Registry, Tunnel } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import { AttemptLimit, LINKS, network } from '../request/limits.js';
import { LinkBudget, type LinkBudgetLimits } from './link-budget.js';
import type { RevokedTokens } from './revoked-tokens.js';

/** What an agent has sent, and the ways to respond to it. */
export interface AgentOffer {
  /** Of the request, for log and audit. */
  readonly id: string;
  readonly address: string;
  readonly headers: RawHeaders;
  /** The agent has left meanwhile. */
  readonly isClosed: boolean;
  /** Completes the handshake; `opened` is called at once, but never for a malformed one, which gets a 400. */
  accept(publicUrl: string, opened: (link: OutboundLink) => void): void;
  refuse(error: PosternError): void;
}

export interface AdmitOptions {
  readonly base: BaseAddress;
  readonly secrets: readonly string[];
  /** What every policy of this edge has in common. */
  readonly policy: Pick<Policy, 'ceiling' | 'publicPermitted'>;
  readonly registry: Registry;
  readonly revoked: RevokedTokens;
  readonly observer: Observer;
  /** How many links there may be; those of `limits.ts` unless given. */
  readonly links?: LinkBudgetLimits;
}

// Long enough for a round trip around the world, short enough that a restarted agent does not wait for its name.
const PROBE_MS = 2_000;

export class Admission {
  readonly #options: AdmitOptions;
  readonly #badTokens = new AttemptLimit('bad-token');
  /** Each with the id of the token that opened it. */
  readonly #links = new Map<OutboundLink, string>();
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
      request.accept(tunnel.origin, (link) => this.#connect(request, tunnel, link, offer, grant));
    } catch (thrown) {
      const error = asPosternError(thrown);
      this.#options.observer.emit({ kind: 'offer-refused', offer: request, error });
      request.refuse(error);
    }
  }

  /** Refuses offers from here on, says GOAWAY on every link and resolves when all have ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.all([...this.#links.keys()].map((link) => link.drain()));
  }

  /** Ends every link now. */
  destroy(): void {
    this.#draining = true;
    for (const link of this.#links.keys()) link.destroy();
  }

  async #validate(request: AgentOffer): Promise<{ offer: Offer; grant: TokenGrant; tunnel: Tunnel }> {
    if (this.#draining) throw new PosternError('ERR_EDGE_DRAINING');
    // An `Origin` is no reason to refuse: some libraries always send one, and no page can set `Authorization` here.
    const offer = readOffer(request.headers);
    const grant = await this.#verify(offer.token, request.address);
    const name = chooseName(offer, grant);
    const tunnel = this.#tunnel(name, offer, grant);
    const current = this.#options.registry.find(name);
    if (current?.link !== undefined && !mayTakeOver(current, tunnel))
      await this.#evictIfDead(current.link, name, () => mayTakeOver(current, tunnel));
    this.#budget.check(
      partiesOf(grant, request),
      current?.link !== undefined && mayTakeOver(current, tunnel) ? 'replacement' : 'new',
    );
    return { offer, grant, tunnel };
  }

  async #verify(token: string, address: string): Promise<TokenGrant> {
    try {
      const grant = await verifyToken(this.#options.secrets, token);
      if (this.#options.revoked.has(grant.id)) throw new PosternError('ERR_TOKEN_INVALID', 'the token was revoked');
      return grant;
    } catch (error) {
      // Only bad ones count and are turned away: whoever has a good one may share the address with the one who guesses.
      await this.#badTokens.count(address);
      throw error;
    }
  }

  #endRevoked(): void {
    for (const [link, tokenId] of this.#links) {
      if (this.#options.revoked.has(tokenId))
        link.destroy(new PosternError('ERR_TOKEN_INVALID', 'the token was revoked'));
    }
  }

  #tunnel(name: string, { allow, origins, frameOrigins, agentId }: Offer, { owner }: TokenGrant): Tunnel {
    const { base, policy } = this.#options;
    const rules = allow.map(readRule);
    if (!policy.publicPermitted && rules.some(({ kind }) => kind === 'public')) {
      throw refusal('ERR_OFFER_INVALID', 'This edge does not permit the rule public: name who may open the tunnel.');
    }
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
      agentId,
      link: undefined,
    };
  }

  /**
   * Throws `ERR_NAME_TAKEN` if the link that holds a name is alive, and ends the link if it is not. Alive is a peer that
   * acknowledges a PING or sends any byte in the meantime: on a congested connection the acknowledgement waits behind other
   * data. The name may become free while we wait, so `isFree` is called afterwards.
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
      await link.closed; // only then is the name free
      return;
    }
    if (isFree()) return;
    throw refusal('ERR_NAME_TAKEN', `Another agent serves ${name}. Stop it, or choose another --name.`);
  }

  #connect(request: AgentOffer, tunnel: Tunnel, link: OutboundLink, offer: Offer, grant: TokenGrant): void {
    const { registry, observer, revoked } = this.#options;
    // Between the look at the name and this moment another agent may have connected under it, and the token may have been revoked.
    const current = registry.find(tunnel.name);
    if (this.#draining || revoked.has(grant.id) || (current?.link !== undefined && !mayTakeOver(current, tunnel))) {
      link.destroy();
      return;
    }
    const release = this.#budget.take(partiesOf(grant, request));
    const agent = { tunnel: tunnel.name, owner: grant.owner, agent: offer.agentId };
    this.#links.set(link, grant.id);
    const previous = registry.connect({ ...tunnel, link });
    observer.emit({ kind: 'tunnel-up', agent, tokenId: grant.id, address: request.address });
    // Running requests finish on the link that was replaced; its agent is the same process and knows.
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

// The same process dials again, or the owner has told the other one to stop, which only finishes what runs on its link.
// The id stands in the audit record, so it alone proves nothing.
function mayTakeOver(current: Tunnel, offered: Tunnel): boolean {
  if (current.policy.owner !== offered.policy.owner) return false;
  return current.agentId === offered.agentId || current.link?.draining.aborted === true;
}

/** Who a link counts for: each of them may hold so many. */
function partiesOf({ owner }: TokenGrant, request: AgentOffer): readonly string[] {
  return [`owner ${owner}`, `network ${network(request.address)}`];
}

function chooseName(offer: Offer, { tunnels }: TokenGrant): string {
  const name = offer.name ?? tunnels.find((pattern) => isTunnelName(pattern));
  if (name === undefined)
    throw refusal('ERR_NAME_FORBIDDEN', 'The token names no tunnel in full: choose one with --name.');
  if (!isTunnelName(name)) {
    throw refusal('ERR_NAME_FORBIDDEN', 'A tunnel name is a DNS label (a-z, 0-9, inner hyphens) that is not reserved.');
  }
  if (!coversName(tunnels, name)) throw refusal('ERR_NAME_FORBIDDEN', `The token does not permit the name ${name}.`);
  return name;
}

function readRule(text: string): Rule {
  const rule = parseRule(text);
  if (rule === undefined)
    throw refusal('ERR_OFFER_INVALID', `Postern-Allow holds a word that is no rule. ${RULE_WORDS}`);
  return rule;
}

// The largest delay of a timer, 24.8 days; a link lives shorter than that, and a redial is checked again.
const MAX_TIMER_MS = 2_147_483_647;

function closeAtExpiry({ expiresAtMs }: TokenGrant, link: OutboundLink): NodeJS.Timeout {
  const expired = () => link.destroy(new PosternError('ERR_TOKEN_INVALID', 'the token has expired'));
  const timer = setTimeout(expired, Math.min(Math.max(0, expiresAtMs - Date.now()), MAX_TIMER_MS));
  return timer.unref();
}

function refusal(code: 'ERR_OFFER_INVALID' | 'ERR_NAME_FORBIDDEN' | 'ERR_NAME_TAKEN', text: string): PosternError {
  return new PosternError(code, text, { text });
}
