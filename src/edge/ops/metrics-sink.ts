/** Counts the events of the edge. Labels are words of the code: no address, person or tunnel is ever one. */
import { Counter, type Metrics } from '../../core/metrics.js';
import { ERROR_CODES, type ErrorCode } from '../../errors.js';
import type { Verdict } from '../gate/gate.js';
import type { VisitRequest } from '../request/visit.js';
import {
  BUDGETS,
  type Budget,
  CONNECTION_ERRORS,
  type ConnectionError,
  type EdgeEvent,
  type EventSink,
  type VisitEnd,
} from './events.js';
import type { Traffic } from './traffic.js';

const METHODS = ['safe', 'unsafe'] as const; // RFC 9110 section 9.2.1
/** By the first digit of the status; `none`: no head has left. */
const STATUSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const CUTTERS = ['target', 'link', 'edge', 'visitor'] as const;
const DECISIONS = [
  'forward',
  'preflight',
  'resource-metadata',
  'ERR_READ_ONLY',
  'ERR_TUNNEL_FULL',
  'ERR_LOGIN_REQUIRED',
  'ERR_ACCESS_DENIED',
  'ERR_TUNNEL_OFFLINE',
  'ERR_CROSS_SITE',
  'ERR_ACCESS_TOKEN_INVALID',
] as const;
const FORWARD = DECISIONS.indexOf('forward');
const SIGN_INS: readonly Outcome[] = ['success', ...ERROR_CODES];

type Decision = (typeof DECISIONS)[number];
type Outcome = 'success' | ErrorCode;

/** A decision as metrics and traces name it. */
export function decisionOf(verdict: Verdict): Decision {
  return verdict.kind === 'refuse' ? verdict.code : verdict.kind;
}

export class MetricsSink implements EventSink {
  readonly #traffic: Traffic;
  readonly #requests: Counter<[(typeof METHODS)[number], (typeof STATUSES)[number]]>;
  readonly #decisions: Counter<[Decision]>;
  readonly #refusals: Counter<[ErrorCode]>;
  readonly #aborted: Counter<[(typeof CUTTERS)[number]]>;
  readonly #signIns: Counter<[Outcome]>;
  readonly #agentSignIns: Counter<[Outcome]>;
  readonly #offers: Counter<['accepted' | ErrorCode]>;
  readonly #budgets: Counter<[Budget]>;
  readonly #connections: Counter<[ConnectionError]>;

  constructor(metrics: Metrics, traffic: Traffic) {
    this.#traffic = traffic;
    this.#requests = metrics.add(
      new Counter(
        'postern_requests_total',
        'Requests of visitors, by safe or unsafe method and by class of the status; none: no response has left.',
        { name: 'method', values: METHODS },
        { name: 'status', values: STATUSES },
      ),
    );
    this.#decisions = metrics.add(
      new Counter('postern_gate_decisions_total', 'Decisions about requests for tunnels.', {
        name: 'decision',
        values: DECISIONS,
      }),
    );
    this.#refusals = metrics.add(
      new Counter('postern_refusals_total', 'Responses of the edge itself that report an error.', {
        name: 'code',
        values: ERROR_CODES,
      }),
    );
    this.#aborted = metrics.add(
      new Counter('postern_responses_aborted_total', 'Responses that broke off, by who ended them.', {
        name: 'by',
        values: CUTTERS,
      }),
    );
    const outcome = { name: 'outcome', values: SIGN_INS };
    this.#signIns = metrics.add(new Counter('postern_sign_ins_total', 'Sign-ins of visitors.', outcome));
    this.#agentSignIns = metrics.add(new Counter('postern_agent_sign_ins_total', 'Sign-ins of agents.', outcome));
    this.#offers = metrics.add(
      new Counter('postern_agent_offers_total', 'Tunnels that agents offered.', {
        name: 'outcome',
        values: ['accepted', ...ERROR_CODES] as const,
      }),
    );
    this.#budgets = metrics.add(
      new Counter('postern_over_budget_total', 'Parties that were refused or cut off because of a budget.', {
        name: 'budget',
        values: BUDGETS,
      }),
    );
    this.#connections = metrics.add(
      new Counter(
        'postern_http2_connections_failed_total',
        'Connections of visitors over HTTP/2 that ended with an error.',
        {
          name: 'reason',
          values: CONNECTION_ERRORS,
        },
      ),
    );
  }

  on(event: EdgeEvent): void {
    switch (event.kind) {
      case 'decided':
        this.#traffic.gate.observeMs(performance.now() - event.visit.arrivedAtMs);
        if (event.verdict.kind === 'forward') this.#decisions.add(1, FORWARD);
        else this.#decisions.increment(decisionOf(event.verdict));
        break;
      case 'visit-ended':
        this.#ended(event.visit, event.end);
        break;
      case 'malformed':
        this.#refusals.increment(event.error.code);
        break;
      case 'visit-failed':
        // The log counts it as a budget, too.
        if (event.error.code === 'ERR_TUNNEL_BUSY') this.#budgets.increment('streams');
        break;
      case 'connection-failed':
        this.#connections.increment(event.reason);
        break;
      case 'over-budget':
        this.#budgets.increment(event.budget);
        break;
      case 'signed-in':
        this.#signIns.increment('success');
        break;
      case 'sign-in-failed':
        this.#signIns.increment(event.error.code);
        break;
      case 'agent-signed-in':
        this.#agentSignIns.increment('success');
        break;
      case 'agent-sign-in-failed':
        this.#agentSignIns.increment(event.error.code);
        break;
      case 'tunnel-up':
      case 'link-added':
        this.#offers.increment('accepted');
        break;
      case 'offer-refused':
        this.#offers.increment(event.error.code);
        if (event.error.code === 'ERR_EDGE_FULL') this.#budgets.increment('links');
        break;
    }
  }

  #ended({ method }: VisitRequest, { status, code, aborted, cutBy }: VisitEnd): void {
    const row = isSafe(method) ? 0 : STATUSES.length;
    this.#requests.add(1, row + Math.min(Math.trunc(status / 100), STATUSES.length - 1));
    if (code !== undefined) this.#refusals.increment(code);
    if (aborted) this.#aborted.increment(cutBy ?? 'visitor');
  }
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE';
}
