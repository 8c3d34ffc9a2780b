/**
 * The log: one line for each request and for each failure. Values from outside are fields, never part of a message. What
 * strangers can cause any number of times is counted and written once a minute.
 */
import type { Log, RequestFields } from '../../core/log.js';
import type { PosternError } from '../../errors.js';
import { ACCESS_TOKEN, type Admitted } from '../gate/gate.js';
import { network } from '../request/limits.js';
import { signInHint } from '../request/sign-in-hints.js';
import type { VisitRequest } from '../request/visit.js';
import type { Budget, EdgeEvent, EventSink, VisitEnd } from './events.js';
import { Tally } from './tally.js';

// At most two hints for each tunnel. Beyond this bound hints are only in the responses.
const MAX_HINTS = 1_000;

const MAX_PATH_CHARACTERS = 1_024;

const GROUPS_LEFT_OUT =
  'not all groups of an account are known here: rules for the others let it in nowhere until it signs in again';

interface ByToken {
  readonly accessToken?: string | undefined;
  readonly client?: string;
}

export class LogSink implements EventSink {
  readonly #log: Log;
  readonly #cuts: Tally;
  readonly #failures: Tally;
  readonly #hinted = new Set<string>();
  /** The access tokens or OAuth clients that have made requests. Weak: a visit may have ended before the decision. */
  #byToken: WeakMap<VisitRequest, ByToken> | undefined;

  constructor(log: Log) {
    this.#log = log;
    this.#cuts = new Tally({ write: (fields, message) => log.warn(fields, message) });
    this.#failures = new Tally({ write: (fields, message) => log.info(fields, message) });
  }

  on(event: EdgeEvent): void {
    switch (event.kind) {
      case 'decided':
        if (event.verdict.kind === 'forward') this.#noteToken(event.visit, event.verdict);
        break;
      case 'visit-ended':
        this.#ended(event.visit, event.end);
        break;
      case 'visit-failed':
        this.#failed(event.visit, event.error);
        break;
      case 'malformed': {
        const { requestId, address, status, error } = event;
        this.#log.info({ requestId, address, status, code: error.code, detail: error.message }, 'malformed');
        break;
      }
      case 'handshake-failed':
        this.#log.debug({ address: event.address, reason: event.reason }, 'TLS handshake failed');
        break;
      case 'connection-failed':
        this.#connectionFailed(event);
        break;
      case 'over-budget':
        this.#overBudget(event.budget, event.address);
        break;
      case 'offer-refused':
        if (event.error.code === 'ERR_EDGE_FULL') this.#overBudget('links', event.offer.address);
        break;
      case 'signed-in': {
        const { subject, groups, groupsOmitted } = event.session.identity;
        if (groupsOmitted) this.#log.warn({ requestId: event.visit.id, subject, kept: groups.length }, GROUPS_LEFT_OUT);
        break;
      }
    }
  }

  flush(): void {
    this.#cuts.flush();
    this.#failures.flush();
  }

  #ended(visit: VisitRequest, { status, code, aborted, cutBy }: VisitEnd): void {
    if (code === 'ERR_LOGIN_REQUIRED') this.#hint(visit);
    if (this.#log.isLevelEnabled?.('info') === false) return;
    const { id, host, address, method, path, trace, arrivedAtMs } = visit;
    const byToken = this.#byToken?.get(visit);
    // Written out, since every request makes one: `describe` spread into it takes as long as the rest of the line.
    const fields: RequestFields = {
      requestId: id,
      host,
      address,
      method,
      path: shownPath(path),
      status,
      code,
      aborted,
      cutBy,
      accessToken: byToken?.accessToken,
      client: byToken?.client,
      traceId: trace?.traceId,
      durationMs: Math.round((performance.now() - arrivedAtMs) * 10) / 10,
    };
    if (this.#log.request === undefined) this.#log.info(fields, 'request');
    else this.#log.request(fields);
  }

  #noteToken(visit: VisitRequest, { session, rule }: Admitted): void {
    const client = session?.client?.label;
    const accessToken =
      session === undefined && rule.startsWith(ACCESS_TOKEN) ? rule.slice(ACCESS_TOKEN.length) : undefined;
    if (client === undefined && accessToken === undefined) return;
    this.#byToken ??= new WeakMap();
    this.#byToken.set(visit, client === undefined ? { accessToken } : { client });
  }

  #failed(visit: VisitRequest, error: PosternError): void {
    if (error.code === 'ERR_TUNNEL_BUSY') this.#overBudget('streams', visit.address);
    const level = error.status >= 500 ? 'warn' : 'info';
    this.#log[level]({ ...describe(visit), code: error.code, detail: error.message, cause: causeOf(error) }, 'refused');
  }

  #overBudget(budget: Budget, address: string): void {
    const fields = { party: network(address), who: { address }, what: { budget }, once: {} };
    this.#cuts.note({ event: 'over-budget', message: 'over budget', ...fields });
  }

  #connectionFailed({ address, reason, detail }: Extract<EdgeEvent, { kind: 'connection-failed' }>): void {
    const fields = { party: network(address), who: { address }, what: { reason }, once: { detail } };
    this.#failures.note({ event: 'connection-failed', message: 'an HTTP/2 connection ended', ...fields });
  }

  /** Once for each tunnel: why a browser sends a request without cookies, which the browser does not tell. */
  #hint(visit: VisitRequest): void {
    const hint = signInHint(visit);
    if (hint === undefined || this.#hinted.size >= MAX_HINTS) return;
    const { id, host } = visit;
    const known = `${host} ${hint}`;
    if (this.#hinted.has(known)) return;
    this.#hinted.add(known);
    this.#log.info({ requestId: id, host, hint }, 'hint');
  }
}

function describe({ id, host, address, method, path }: VisitRequest) {
  return { requestId: id, host, address, method, path: shownPath(path) };
}

// The path without its query: queries contain codes, tickets and the app's own secrets.
function shownPath(path: string): string {
  const query = path.indexOf('?');
  return (query === -1 ? path : path.slice(0, query)).slice(0, MAX_PATH_CHARACTERS);
}

function causeOf({ cause }: PosternError): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}
