/**
 * The gate: the one function that lets a visitor's request through to a tunnel. The fast lane, Express and WebSocket
 * upgrades all ask it, and nothing else may forward. It fails closed: whatever is not explicitly `forward` is refused.
 */
import type { CookieRecall } from '../auth/cookie-recall.js';
import { ceilingAllows, type Decision, type DecisionRecall, type DomainProof, decideAgain } from '../auth/policy.js';
import type { Session, Sessions } from '../auth/session.js';
import type { Rule } from '../core/rule.js';
import { type Soon, whenThere } from '../core/soon.js';
import type { OutboundLink } from '../link/outbound-link.js';
import type { Registry, Tunnel } from './registry.js';

/** What the gate says of a request. */
export type Verdict =
  | {
      readonly kind: 'forward';
      readonly tunnel: Tunnel;
      readonly link: OutboundLink;
      readonly rule: string;
      /** Whose request it is. Absent when only the rule `public` let it in: then it carries no identity at all. */
      readonly session: Session | undefined;
      /** When the gate judged, in milliseconds since the epoch. */
      readonly judgedAtMs: number;
    }
  | {
      readonly kind: 'refuse';
      readonly code: 'ERR_LOGIN_REQUIRED' | 'ERR_ACCESS_DENIED' | 'ERR_TUNNEL_OFFLINE';
      readonly session: Session | undefined;
      /** Why, for the audit record: never shown. */
      readonly reason: string;
    };

/** That a request goes to its tunnel. */
export type Forward = Extract<Verdict, { kind: 'forward' }>;

export interface GateOptions {
  readonly sessions: Sessions;
  readonly registry: Registry;
  readonly ceiling: readonly Rule[] | undefined;
  readonly domainProof: DomainProof;
}

/** What the gate recalls of a connection's last request. */
export type GateRecall = CookieRecall & DecisionRecall;

export type Gate = (name: string, host: string, cookies: string | undefined, recall?: GateRecall) => Soon<Verdict>;

/**
 * Makes the gate of an edge. `cookies` is the request's `Cookie` header, `host` the canonical host of the tunnel, `recall`
 * what its connection brought before. It judges each request anew, at once unless the session has to be opened first.
 */
export function createGate({ sessions, registry, ceiling, domainProof }: GateOptions): Gate {
  return (name, host, cookies, recall = {}) => {
    const nowMs = sessions.nowMs();
    return whenThere(sessions.read(cookies, host, recall, nowMs), (session) => judge(name, session, recall, nowMs));
  };

  function judge(name: string, session: Session | undefined, recall: DecisionRecall, nowMs: number): Verdict {
    const tunnel = registry.tunnelNamed(name);
    if (tunnel === undefined) return judgeUnknown(session);
    const decision = decideAgain(tunnel.policy, session?.identity, recall);
    if (!decision.allow) return refuse(session, decision);
    const { link } = tunnel;
    if (link === undefined || link.draining.aborted) {
      return { kind: 'refuse', code: 'ERR_TUNNEL_OFFLINE', session, reason: 'offline' };
    }
    const isNobodys = decision.rule === 'public';
    const whose = isNobodys ? undefined : session;
    return { kind: 'forward', tunnel, link, rule: decision.rule, session: whose, judgedAtMs: nowMs };
  }

  /**
   * A name that the edge has not seen since it started. Visitors who were let in before, and the operator's own people,
   * are told that it is offline; everybody else hears what they would hear of a tunnel that is not for them.
   */
  function judgeUnknown(session: Session | undefined): Verdict {
    if (session === undefined) return { kind: 'refuse', code: 'ERR_LOGIN_REQUIRED', session, reason: 'no-identity' };
    const rule = ceilingAllows(ceiling, session.identity, domainProof);
    const isInsider = session.admitted || (rule !== undefined && rule !== '*');
    const code = isInsider ? 'ERR_TUNNEL_OFFLINE' : 'ERR_ACCESS_DENIED';
    return { kind: 'refuse', code, session, reason: 'unknown' };
  }
}

function refuse(session: Session | undefined, decision: Decision & { readonly allow: false }): Verdict {
  const code = session === undefined ? 'ERR_LOGIN_REQUIRED' : 'ERR_ACCESS_DENIED';
  return { kind: 'refuse', code, session, reason: decision.reason };
}
