/**
 * The gate: the one function that lets a visitor's request through to a tunnel. It judges who asks and what made their browser
 * ask, for requests and upgrades alike. The fast lane, Express and WebSocket upgrades all ask it, and nothing else may
 * forward. It fails closed: whatever is not explicitly `forward` is refused.
 */
import { ceilingAllows, decide } from '../../auth/identity/policy.js';
import type { Session } from '../../auth/session/session.js';
import { hasOwner } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import { type BaseAddress, tunnelOrigin } from '../../core/hostname.js';
import { chain, type MaybePromise } from '../../core/maybe-promise.js';
import type { Rule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import type { OutboundLink } from '../../link/outbound-link.js';
import type { ConnectionCache } from '../request/connection-cache.js';
import type { VisitRequest } from '../request/visit.js';
import { type Cause, causeOf } from './cause.js';
import type { Registry, Tunnel } from './registry.js';

/** Why a session of this very host is refused that was made when its name had another owner. */
export const NEW_OWNER = 'new-owner';

/** What the gate says of a request. */
export type Verdict =
  | Admitted
  /** The question of a named origin whether it may ask: the edge replies to it. */
  | { readonly kind: 'preflight' }
  | Refusal;

export interface Refusal {
  readonly kind: 'refuse';
  readonly code: 'ERR_LOGIN_REQUIRED' | 'ERR_ACCESS_DENIED' | 'ERR_TUNNEL_OFFLINE' | 'ERR_CROSS_SITE';
  /** With `ERR_LOGIN_REQUIRED`: one that lacks groups which rules have come to name since. */
  readonly session: Session | undefined;
  /** Why, for the audit record: never shown. */
  readonly reason: string;
  /** The request is a form that a page of a named origin has posted, and came without a session for that alone. */
  readonly isPosted?: true;
}

interface Admission {
  readonly tunnel: Tunnel;
  readonly link: OutboundLink;
  readonly rule: string;
  /** Whose request it is. Absent when only the rule `public` let it in: then it carries no identity at all. */
  readonly session: Session | undefined;
  /** When the gate judged, in milliseconds since the epoch. */
  readonly judgedAtMs: number;
}

// Known to this file alone: no other can make a verdict that forwards.
const OF_THE_GATE = Symbol('of the gate');

/** That a request goes to its tunnel. Nothing is forwarded without one, and only the gate makes them. */
export class Admitted implements Admission {
  readonly kind = 'forward';
  readonly tunnel: Tunnel;
  readonly link: OutboundLink;
  readonly rule: string;
  readonly session: Session | undefined;
  readonly judgedAtMs: number;
  // Makes the type nominal: an object of the same shape is none.
  readonly #isGenuine = true;

  constructor(maker: typeof OF_THE_GATE, { tunnel, link, rule, session, judgedAtMs }: Admission) {
    if (maker !== OF_THE_GATE) throw new PosternError('ERR_INTERNAL', 'only the gate admits');
    this.tunnel = tunnel;
    this.link = link;
    this.rule = rule;
    this.session = session;
    this.judgedAtMs = judgedAtMs;
  }

  /** Whether a verdict is one that the gate has made. */
  static isOne(verdict: Verdict): verdict is Admitted {
    return verdict instanceof Admitted && verdict.#isGenuine;
  }
}

export interface GateOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly registry: Registry;
  readonly ceiling: readonly Rule[] | undefined;
}

/** A request as the gate sees it. */
export type Judged = Pick<VisitRequest, 'method' | 'header' | 'host' | 'place' | 'cache'>;

export type Gate = (request: Judged) => MaybePromise<Verdict>;

/** Makes the gate of an edge. It judges each request again, at once unless the session has to be opened first. */
export function createGate({ base, sessions, registry, ceiling }: GateOptions): Gate {
  return (request) => {
    const { place, host, cache, header } = request;
    if (place.kind !== 'tunnel') throw new PosternError('ERR_INTERNAL', 'no tunnel to judge');
    const { name } = place;
    const nowMs = sessions.nowMs();
    const tunnel = registry.find(name);
    const cause = causeOf(request, tunnel ?? { origin: tunnelOrigin(base, name), origins: [], frameOrigins: [] });
    // Before the session is looked at: a page that may not ask learns nothing of who is signed in, by the time it takes neither.
    if (cause === 'foreign' || cause === 'preflight') return judgeForeign(tunnel, cause, nowMs);
    const found = cache.session(sessions, header['cookie'], host, nowMs);
    return chain(found, (session) => judge(name, cause, session, cache, nowMs));
  };

  /** No identity belongs to it: it passes where everybody does, as a stranger. */
  function judgeForeign(tunnel: Tunnel | undefined, cause: Cause, nowMs: number): Verdict {
    const decision = tunnel && decide(tunnel.policy, undefined);
    if (tunnel !== undefined && decision?.allow) return admit(tunnel, undefined, decision.rule, nowMs);
    if (cause === 'preflight') return { kind: 'preflight' };
    return { kind: 'refuse', code: 'ERR_CROSS_SITE', session: undefined, reason: 'cross-site' };
  }

  function judge(
    name: string,
    cause: Cause,
    session: Session | undefined,
    cache: ConnectionCache,
    nowMs: number,
  ): Verdict {
    const tunnel = registry.find(name);
    if (tunnel === undefined) return judgeUnknown(session);
    if (session !== undefined && session.owner !== tunnel.ownerTag) {
      return judgeOtherOwner(tunnel, session, cause, nowMs);
    }
    const decision = cache.decision(tunnel.policy, session?.identity);
    if (!decision.allow) return refuse(session, decision.reason, cause);
    return admit(tunnel, session, decision.rule, nowMs);
  }

  /**
   * With a session that was made for a tunnel of somebody else under this name, or while the name was nobody's: it lets nobody
   * in. Whom the tunnel would let in signs in again, silently; so does whom the former owner's let in, to be rid of what that
   * app has stored. Everybody else hears what they hear where there is no tunnel.
   */
  function judgeOtherOwner(tunnel: Tunnel, session: Session, cause: Cause, nowMs: number): Verdict {
    const asAnonymous = decide(tunnel.policy, undefined);
    if (asAnonymous.allow) return admit(tunnel, undefined, asAnonymous.rule, nowMs);
    const wasAdmitted = hasOwner(session) && session.admitted;
    const decision = decide(tunnel.policy, session.identity);
    if (!decision.allow && !wasAdmitted) return refuse(session, decision.reason, cause);
    return refuse(undefined, hasOwner(session) ? NEW_OWNER : 'no-identity', cause);
  }

  function admit(tunnel: Tunnel, session: Session | undefined, rule: string, judgedAtMs: number): Verdict {
    const { link } = tunnel;
    if (link === undefined || link.draining.aborted) {
      return { kind: 'refuse', code: 'ERR_TUNNEL_OFFLINE', session, reason: 'offline' };
    }
    const isAnonymous = rule === 'public';
    return new Admitted(OF_THE_GATE, { tunnel, link, rule, session: isAnonymous ? undefined : session, judgedAtMs });
  }

  /**
   * A name that the edge has not seen since it started. Visitors who were let in before, and the operator's own people,
   * are told that it is offline; everybody else hears what they would hear of a tunnel that is not for them.
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
   * Who has lost groups that rules name by now signs in again. Whatever the tunnel's rules are, and where there is no tunnel: a
   * difference would tell a visitor who is denied which it is.
   */
  function denialOf(session: Session): 'ERR_LOGIN_REQUIRED' | 'ERR_ACCESS_DENIED' {
    return sessions.knowsGroups(session) ? 'ERR_ACCESS_DENIED' : 'ERR_LOGIN_REQUIRED';
  }
}
