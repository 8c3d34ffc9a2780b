/**
 * The gate: the one function that admits a visitor's request to a tunnel. It decides by the session and by the cause of the
 * request, for requests and upgrades alike. Nothing is forwarded without its verdict. It fails closed: whatever is not
 * explicitly `forward` is refused.
 */
import { ceilingAllows, decide } from '../../auth/identity/policy.js';
import { hasOwner, type Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { Others } from '../../cluster/others.js';
import type { TunnelLink } from '../../cluster/relay.js';
import { type BaseAddress, tunnelOrigin } from '../../core/hostname.js';
import { chain, type MaybePromise } from '../../core/maybe-promise.js';
import type { Rule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import { presentedToken } from '../request/access-token.js';
import { isResourceMetadata } from '../request/resource-metadata.js';
import type { VisitRequest } from '../request/visit.js';
import { type Cause, causeOf } from './cause.js';
import { type AccessTokenCheck, type ClientTokenCheck, clientTokenOf } from './credentials.js';
import { DemoLimits, type Limited } from './demo-limits.js';
import { type Excepted, exceptionOf } from './exceptions.js';
import { CLIENT_TOKEN_ENDED, NEW_OWNER, type Refusal } from './refusal.js';
import type { Registry, Tunnel } from './registry.js';

/** The decision about a request. */
export type Verdict =
  | Admitted
  /** The CORS preflight of a permitted origin: the edge replies to it. */
  | { readonly kind: 'preflight' }
  /** For the metadata of a tunnel that is a protected resource of OAuth: the edge replies to everyone. */
  | { readonly kind: 'resource-metadata' }
  | Refusal;

interface Admission {
  readonly tunnel: Tunnel;
  readonly link: TunnelLink;
  readonly rule: string;
  /** The visitor's session. Absent when no rule about identities allows the request: it is anonymous then. */
  readonly session: Session | undefined;
  /** The time of the decision, in milliseconds since the epoch. */
  readonly judgedAtMs: number;
}

// Known to this file only: no other file can create a verdict that forwards.
const OF_THE_GATE = Symbol('of the gate');

/** Begins the rule of a request that an access token has admitted; the token's name follows. */
export const ACCESS_TOKEN = 'access-token:';

/** The verdict that forwards a request to its tunnel. Required for forwarding, and created by the gate only. */
export class Admitted implements Admission {
  readonly kind = 'forward';
  readonly tunnel: Tunnel;
  readonly link: TunnelLink;
  readonly rule: string;
  readonly session: Session | undefined;
  readonly judgedAtMs: number;
  // Makes the type nominal: an object of the same shape is not one.
  readonly #isGenuine = true;

  constructor(maker: typeof OF_THE_GATE, { tunnel, link, rule, session, judgedAtMs }: Admission) {
    if (maker !== OF_THE_GATE) throw new PosternError('ERR_INTERNAL', 'only the gate admits');
    this.tunnel = tunnel;
    this.link = link;
    this.rule = rule;
    this.session = session;
    this.judgedAtMs = judgedAtMs;
  }

  /** Whether anybody may have the response. */
  get isPublic(): boolean {
    return this.session === undefined && !this.rule.startsWith(ACCESS_TOKEN);
  }

  /** Whether the gate has created this verdict. */
  static isOne(verdict: Verdict): verdict is Admitted {
    return verdict instanceof Admitted && verdict.#isGenuine;
  }
}

export interface GateOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly registry: Registry;
  readonly ceiling: readonly Rule[] | undefined;
  /** Undefined where the operator permits none. */
  readonly accessTokens?: AccessTokenCheck | undefined;
  readonly clientTokens?: ClientTokenCheck | undefined;
  /** The other nodes of this edge: a viewer there takes a place here, too. */
  readonly others?: Others;
}

/** A request as the gate sees it. */
export type Judged = Excepted & Limited & Pick<VisitRequest, 'host' | 'place' | 'cache' | 'arrivedAtMs'>;

export type Gate = (request: Judged) => MaybePromise<Verdict>;

/** Creates the gate of an edge. It decides about every request, synchronously unless the session has to be decrypted. */
export function createGate(options: GateOptions): Gate {
  const { base, sessions, registry, ceiling, accessTokens, clientTokens } = options;
  const limits = new DemoLimits(options.others);
  return (request) => {
    const { place, host, cache, header } = request;
    if (place.kind !== 'tunnel') throw new PosternError('ERR_INTERNAL', 'no tunnel to judge');
    const { name } = place;
    const nowMs = sessions.nowMs();
    const tunnel = registry.find(name);
    const isResource = tunnel?.terms?.oauthResource === true;
    if (isResource && isResourceMetadata(request.path)) return { kind: 'resource-metadata' };
    const cause = causeOf(request, tunnel ?? { origin: tunnelOrigin(base, name), origins: [], frameOrigins: [] });
    // Before the session is read: a foreign page must not learn whether anyone is signed in, not even by the time it takes.
    if (cause === 'foreign' || cause === 'preflight') return judgeForeign(tunnel, cause, request, nowMs);
    // Before the session is read, and in its place: a token is never completed by a cookie.
    const token = clientTokenOf(header, sessions.cookieName, tunnel);
    if (token !== undefined) return judgeClient(name, token, request, nowMs);
    const found = cache.session(sessions, header['cookie'], host, nowMs);
    return chain(found, (session) => judge(name, cause, session, request, nowMs));
  };

  /** A foreign page's request has no identity: it is admitted only where anonymous requests are. */
  function judgeForeign(tunnel: Tunnel | undefined, cause: Cause, request: Judged, nowMs: number): Verdict {
    const rule = tunnel && anonymousRule(tunnel, request);
    if (tunnel !== undefined && rule !== undefined) return admit(tunnel, undefined, rule, request, nowMs);
    if (cause === 'preflight') return { kind: 'preflight' };
    return { kind: 'refuse', code: 'ERR_CROSS_SITE', session: undefined, reason: 'cross-site' };
  }

  function judge(name: string, cause: Cause, session: Session | undefined, request: Judged, nowMs: number): Verdict {
    const tunnel = registry.find(name);
    if (tunnel === undefined) return judgeToken(undefined, request, nowMs) ?? judgeUnknown(session);
    if (session !== undefined && session.owner !== tunnel.ownerTag) {
      return judgeOtherOwner(tunnel, session, cause, request, nowMs);
    }
    const decision = request.cache.decision(tunnel.policy, session?.identity);
    if (decision.allow && decision.rule !== 'public') return admit(tunnel, session, decision.rule, request, nowMs);
    const byToken = judgeToken(tunnel, request, nowMs);
    if (byToken !== undefined) return byToken;
    if (decision.allow) return admit(tunnel, session, decision.rule, request, nowMs);
    const rule = exceptionOf(tunnel.terms, request);
    if (rule !== undefined) return admit(tunnel, undefined, rule, request, nowMs);
    return refuse(session, decision.reason, cause);
  }

  /**
   * For a request whose identity no rule allows: what its access token says, the same where there is no tunnel. Undefined for
   * one without a token.
   */
  function judgeToken(tunnel: Tunnel | undefined, request: Judged, nowMs: number): Verdict | undefined {
    const presented = accessTokens && presentedToken(request.header);
    if (accessTokens === undefined || presented === undefined) return undefined;
    const counts = tunnel !== undefined && (presented.by === 'header' || tunnel.terms?.accessTokenBasic === true);
    const name = counts
      ? accessTokens.nameOf({ name: tunnel.name, owner: tunnel.policy.owner }, presented.text)
      : undefined;
    if (tunnel !== undefined && name !== undefined)
      return admit(tunnel, undefined, ACCESS_TOKEN + name, request, nowMs);
    return { kind: 'refuse', code: 'ERR_ACCESS_TOKEN_INVALID', session: undefined, reason: 'access-token' };
  }

  /** For a request of an OAuth client: by its token alone, and by the rules as they are now for whom it acts. */
  function judgeClient(name: string, token: string, request: Judged, nowMs: number): MaybePromise<Verdict> {
    const isThere = registry.find(name) !== undefined;
    if (clientTokens === undefined) return isThere ? refuseClient(CLIENT_TOKEN_ENDED) : judgeUnknown(undefined);
    const arrivedAtMs = nowMs - (performance.now() - request.arrivedAtMs);
    return chain(clientTokens.sessionOf(name, token, arrivedAtMs, isThere), (found) => {
      const tunnel = registry.find(name);
      const session = typeof found === 'object' ? found : undefined;
      if (tunnel === undefined) return judgeUnknown(session);
      if (session?.owner !== tunnel.ownerTag) return refuseClient(found && CLIENT_TOKEN_ENDED);
      const decision = request.cache.decision(tunnel.policy, session.identity);
      if (decision.allow) return admit(tunnel, session, decision.rule, request, nowMs);
      return { kind: 'refuse', code: 'ERR_ACCESS_DENIED', session, reason: decision.reason };
    });
  }

  function refuseClient(reason = 'client-token'): Verdict {
    return { kind: 'refuse', code: 'ERR_ACCESS_TOKEN_INVALID', session: undefined, reason };
  }

  /** The rule that admits a request without an identity; undefined if there is none. */
  function anonymousRule(tunnel: Tunnel, request: Judged): string | undefined {
    const decision = decide(tunnel.policy, undefined);
    return decision.allow ? decision.rule : exceptionOf(tunnel.terms, request);
  }

  /**
   * For a session that was created when the name had another owner, or none: it does not give access. A visitor whom the tunnel
   * would admit signs in again, silently, and so does one whom the former owner's tunnel has admitted, which clears what that
   * app has stored. All others get the same response as where there is no tunnel.
   */
  function judgeOtherOwner(tunnel: Tunnel, session: Session, cause: Cause, request: Judged, nowMs: number): Verdict {
    const byToken = judgeToken(tunnel, request, nowMs);
    if (byToken !== undefined) return byToken;
    const rule = anonymousRule(tunnel, request);
    if (rule !== undefined) return admit(tunnel, undefined, rule, request, nowMs);
    const wasAdmitted = hasOwner(session) && session.admitted;
    const decision = decide(tunnel.policy, session.identity);
    if (!decision.allow && !wasAdmitted) return refuse(session, decision.reason, cause);
    return refuse(undefined, hasOwner(session) ? NEW_OWNER : 'no-identity', cause);
  }

  function admit(
    tunnel: Tunnel,
    session: Session | undefined,
    rule: string,
    request: Judged,
    judgedAtMs: number,
  ): Verdict {
    const { link, terms } = tunnel;
    if (link === undefined || link.draining.aborted) {
      return { kind: 'refuse', code: 'ERR_TUNNEL_OFFLINE', session, reason: 'offline' };
    }
    const isAnonymous = rule === 'public';
    if (terms !== undefined) {
      const visitor = { rule, session: isAnonymous ? undefined : session };
      const code = limits.exceeded(tunnel.name, terms, visitor, request, judgedAtMs);
      if (code !== undefined) return { kind: 'refuse', code, session, reason: 'limit' };
    }
    return new Admitted(OF_THE_GATE, { tunnel, link, rule, session: isAnonymous ? undefined : session, judgedAtMs });
  }

  /**
   * For a name that the edge has not seen since it started. Visitors who were admitted before, and the operator's own, learn
   * that the tunnel is offline. All others get the same response as for a tunnel that is not open to them.
   */
  function judgeUnknown(session: Session | undefined): Verdict {
    if (session === undefined) return { kind: 'refuse', code: 'ERR_LOGIN_REQUIRED', session, reason: 'no-identity' };
    const rule = ceilingAllows(ceiling, session.identity);
    const isOperatorsOwn = session.admitted || (rule !== undefined && rule !== '*');
    const code = isOperatorsOwn ? 'ERR_TUNNEL_OFFLINE' : denialOf(session);
    return { kind: 'refuse', code, session, reason: 'unknown' };
  }

  function refuse(session: Session | undefined, reason: string, cause: Cause): Verdict {
    if (session !== undefined) return { kind: 'refuse', code: denialOf(session), session, reason };
    const posted = cause === 'posted' ? { isPosted: true as const } : {};
    return { kind: 'refuse', code: 'ERR_LOGIN_REQUIRED', session, reason, ...posted };
  }

  /**
   * A visitor whose session lacks groups that rules name now signs in again, whatever the rules of this tunnel are, and also
   * where there is no tunnel: a difference would tell a denied visitor which of these is the case.
   */
  function denialOf(session: Session): 'ERR_LOGIN_REQUIRED' | 'ERR_ACCESS_DENIED' {
    return sessions.knowsGroups(session) ? 'ERR_ACCESS_DENIED' : 'ERR_LOGIN_REQUIRED';
  }
}
