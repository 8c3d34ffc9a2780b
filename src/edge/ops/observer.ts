/**
 * Tells what happens at the edge: one log line per request and decision, and the audit record of who was let in where.
 * One place, so that log and audit never disagree. Values from outside are fields, never part of a message. What
 * strangers can cause without end, refusals and cut connections, is counted and written once a minute.
 */
import type { Identity } from '../../auth/identity/identity.js';
import type { Session } from '../../auth/session/sessions.js';
import type { Log } from '../../core/log.js';
import type { ErrorCode, PosternError } from '../../errors.js';
import type { Admitted, Verdict } from '../gate/gate.js';
import { network } from '../request/limits.js';
import { signInHint } from '../request/sign-in-hints.js';
import type { Cutter, VisitRequest } from '../request/visit.js';
import { Tally } from './tally.js';

// Allowing is recorded once for each session, tunnel and rule. A full memory is emptied, and records start again.
const MAX_KNOWN_ALLOWS = 10_000;

const TALLY_INTERVAL_MS = 60_000;

/** What a party held too much of, as the log names it. */
export type Budget = 'waiting requests' | 'unfinished heads' | 'streams' | 'unread bytes' | 'links';
// Two hints for each tunnel at most; past it they are only in the responses.
const MAX_HINTS = 1_000;

/** How a visit ended. */
export interface VisitEnd {
  /** 0 when no head has left. */
  readonly status: number;
  /** Of a response of ours that reports an error. */
  readonly code: ErrorCode | undefined;
  /** The response had begun and was never whole: the visitor left, or it broke. */
  readonly aborted: true | undefined;
  /** Who ended it before it was whole, if anybody did. */
  readonly cutBy: Cutter | undefined;
}

/** Whoever sent a request, a visitor or an agent. */
type Asker = Pick<VisitRequest, 'id' | 'address'>;

const GROUPS_LEFT_OUT =
  'not all groups of an account are known here: rules for the others let it in nowhere until it signs in again';

export class Observer {
  readonly #log: Log;
  readonly #audit: Log;
  readonly #knownAllows = new Set<string>();
  readonly #refusals: Tally;
  readonly #cuts: Tally;
  readonly #timer: NodeJS.Timeout;
  readonly #hinted = new Set<string>();

  constructor(log: Log, audit: Log) {
    this.#log = log;
    this.#audit = audit;
    this.#refusals = new Tally({ write: (fields, message) => audit.info(fields, message) });
    this.#cuts = new Tally({ write: (fields, message) => log.warn(fields, message) });
    this.#timer = setInterval(() => this.#flush(), TALLY_INTERVAL_MS).unref();
  }

  /** Writes what was counted and stops counting. */
  close(): void {
    clearInterval(this.#timer);
    this.#flush();
  }

  /** A party was past a budget: something of it was refused or cut. */
  overBudget(budget: Budget, address: string): void {
    const fields = { party: network(address), who: { address }, what: { budget }, once: {} };
    this.#cuts.note({ event: 'over-budget', message: 'over budget', ...fields });
  }

  #flush(): void {
    this.#refusals.flush();
    this.#cuts.flush();
  }

  /** A visit has ended, whole or not. */
  ended(visit: VisitRequest, { status, code, aborted, cutBy }: VisitEnd): void {
    if (code === 'ERR_LOGIN_REQUIRED') this.#hint(visit);
    if (this.#log.isLevelEnabled?.('info') === false) return;
    const durationMs = Math.round((performance.now() - visit.arrivedAtMs) * 10) / 10;
    this.#log.info({ ...describe(visit), status, code, aborted, cutBy, durationMs }, 'request');
  }

  /** An error that a visitor sees only the code of. */
  failed(request: VisitRequest, error: PosternError): void {
    if (error.code === 'ERR_TUNNEL_BUSY') this.overBudget('streams', request.address);
    const level = error.status >= 500 ? 'warn' : 'info';
    this.#log[level](
      { ...describe(request), code: error.code, detail: error.message, cause: causeOf(error) },
      'refused',
    );
  }

  /** Bytes came that never became a request: `status` is 0 when the socket was closed without a word. */
  malformed(fields: { requestId: string; address: string; status: number }, { code, message }: PosternError): void {
    this.#log.info({ ...fields, code, detail: message }, 'malformed');
  }

  /** The gate has decided about somebody: recorded when it refuses a session, or lets one in for the first time. */
  decided(request: VisitRequest, verdict: Verdict): void {
    if (verdict.kind === 'preflight') return;
    if (verdict.kind === 'refuse') this.#refused(request, verdict);
    else if (verdict.session === undefined) this.#allowed(request, verdict);
    else {
      const { session, rule } = verdict;
      if (request.cache.isNewlyAllowed(session, rule)) this.#allowed(request, verdict);
    }
  }

  /** Once for each tunnel: what a browser does without a word. */
  #hint(request: VisitRequest): void {
    const hint = signInHint(request);
    if (hint === undefined || this.#hinted.size >= MAX_HINTS) return;
    const { id, host } = request;
    const known = `${host} ${hint}`;
    if (this.#hinted.has(known)) return;
    this.#hinted.add(known);
    this.#log.info({ requestId: id, host, hint }, 'hint');
  }

  #refused(request: VisitRequest, { session, code, reason }: Extract<Verdict, { kind: 'refuse' }>): void {
    if (session === undefined || code !== 'ERR_ACCESS_DENIED') return;
    const { id, host, address } = request;
    this.#refusals.note({
      event: 'deny',
      message: 'deny',
      party: session.id,
      who: { address, ...who(session) },
      what: { host, reason },
      once: { requestId: id },
    });
  }

  #allowed(request: VisitRequest, { session, rule }: Admitted): void {
    const { id, host, address } = request;
    const known = `${session?.id ?? network(address)} ${host} ${rule}`;
    if (this.#knownAllows.has(known)) return;
    if (this.#knownAllows.size >= MAX_KNOWN_ALLOWS) this.#knownAllows.clear();
    this.#knownAllows.add(known);
    this.#audit.info({ event: 'allow', requestId: id, host, address, ...who(session), rule }, 'allow');
  }

  signedIn(request: VisitRequest, session: Session): void {
    const { id, address } = request;
    const { groupsOmitted, groups } = session.identity;
    if (groupsOmitted)
      this.#log.warn({ requestId: id, subject: session.identity.subject, kept: groups.length }, GROUPS_LEFT_OUT);
    this.#audit.info({ event: 'sign-in', requestId: id, address, ...who(session), groupsOmitted }, 'sign-in');
  }

  signInFailed(request: VisitRequest, error: PosternError): void {
    this.#refuses(request, error, 'sign-in-failed', 'sign-in failed');
  }

  signedOut(request: VisitRequest, session: Pick<Session, 'id'> & Partial<Session>): void {
    const { id, address } = request;
    this.#audit.info({ event: 'sign-out', requestId: id, address, ...who(session) }, 'sign-out');
  }

  tunnelUp(fields: { tunnel: string; owner: string; tokenId: string; agent: string; address: string }): void {
    this.#audit.info({ event: 'tunnel-up', ...fields }, 'tunnel up');
  }

  tunnelDown(fields: { tunnel: string; owner: string; agent: string }, reason: PosternError | undefined): void {
    this.#audit.info({ event: 'tunnel-down', ...fields, reason: reason?.message ?? 'closed' }, 'tunnel down');
  }

  offerRefused(request: Asker, error: PosternError): void {
    if (error.code === 'ERR_EDGE_FULL') this.overBudget('links', request.address);
    this.#refuses(request, error, 'offer-refused', 'offer refused');
  }

  #refuses(request: Asker, { code, message: detail }: PosternError, event: string, message: string): void {
    const { id, address } = request;
    const fields = { party: network(address), who: { address }, what: { code }, once: { requestId: id, detail } };
    this.#refusals.note({ event, message, ...fields });
  }
}

function who(session: (Pick<Session, 'id'> & Partial<Session>) | undefined): {
  email?: Identity['email'];
  issuer?: Identity['issuer'];
  session?: string;
} {
  if (session === undefined) return {};
  const { id, identity } = session;
  return identity === undefined ? { session: id } : { email: identity.email, issuer: identity.issuer, session: id };
}

// The path without its query: queries carry codes, tickets and the app's own secrets.
function describe(request: VisitRequest) {
  const { id, host, address, method } = request;
  const query = request.path.indexOf('?');
  const path = (query === -1 ? request.path : request.path.slice(0, query)).slice(0, 1024);
  return { requestId: id, host, address, method, path };
}

function causeOf({ cause }: PosternError): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}
