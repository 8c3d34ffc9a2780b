/**
 * Forwards a request that the gate has admitted: composes its head as the agent receives it, and joins the visit to a stream of
 * the tunnel's link (`exchange.ts`, or `websocket.ts`).
 */
import type { Assertions } from '../../auth/identity/assertion.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import { chain, type MaybePromise } from '../../core/maybe-promise.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { RequestHead } from '../../http/exchange.js';
import { encodeFieldText } from '../../http/header-rules.js';
import { isCircular, via } from '../../http/via.js';
import { Admitted, type Verdict } from '../gate/gate.js';
import type { Tracer } from '../ops/tracer.js';
import { FORWARDED_METHODS } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { Exchange, type ExchangeOptions, type Repeated } from './exchange.js';
import { identityHeaders } from './identity-headers.js';
import { publicHost, targetHeaders, withoutBasicToken } from './request-headers.js';
import { WebSocketExchange } from './websocket.js';

export interface ForwarderOptions extends Omit<ExchangeOptions, 'again'> {
  /** Looks where the tunnel is now, and judges the visit again: for one that has reached no agent. */
  readonly judgeAgain: (visit: Visit) => Promise<Verdict>;
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly assertions: Assertions;
  /** Undefined where no request is traced. */
  readonly tracer?: Tracer | undefined;
}

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #exchanges: ExchangeOptions;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#exchanges = { ...options, again: (visit) => this.#again(visit) };
  }

  /** Forwards a request and its response, at once when nothing has to be sealed or signed. Every failure ends the visit. */
  forward(visit: Visit, verdict: Admitted): void {
    if (visit.method === 'OPTIONS' && visit.header['max-forwards'] === '0') {
      visit.reply(OPTIONS_REPLY);
      return;
    }
    const exchange = new Exchange(visit, verdict, this.#exchanges);
    try {
      const head = this.#requestHead(visit, verdict);
      const cookie = this.#renewal(verdict);
      if (!(head instanceof Promise) && !(cookie instanceof Promise)) exchange.open(head, cookie);
      else {
        Promise.all([head, cookie])
          .then(([known, line]) => exchange.open(known, line))
          .catch((error) => exchange.failed(asPosternError(error)));
      }
    } catch (error) {
      exchange.failed(asPosternError(error));
    }
  }

  /** Forwards a WebSocket. Every failure ends the visit. */
  async forwardWebSocket(visit: Visit, verdict: Admitted): Promise<void> {
    const exchange = new WebSocketExchange(visit, verdict, this.#exchanges);
    try {
      exchange.open(await this.#requestHead(visit, verdict));
    } catch (error) {
      exchange.failed(asPosternError(error));
    }
  }

  async #again(visit: Visit): Promise<Repeated | undefined> {
    const verdict = await this.#options.judgeAgain(visit);
    return Admitted.isOne(verdict) ? { verdict, head: await this.#requestHead(visit, verdict) } : undefined;
  }

  /** The head of the request as the agent receives it. Throws or rejects when an identity cannot be carried. */
  #requestHead(visit: Visit, verdict: Admitted): MaybePromise<RequestHead> {
    return chain(this.#identityHeaders(visit, verdict), (known) => this.#head(visit, verdict, known));
  }

  #head(visit: Visit, { tunnel, rule }: Admitted, identity: readonly string[]): RequestHead {
    const { base, tracer } = this.#options;
    const { method, host, path } = visit;
    let headers = targetHeaders(visit, base, identity);
    if (tunnel.terms?.accessTokenBasic) headers = withoutBasicToken(headers);
    headers.push('via', via(visit.version));
    if (isCircular(visit.header['via'] ?? '')) throw new PosternError('ERR_LOOP_DETECTED');
    if (method === 'OPTIONS') countDown(headers);
    if (tunnel.terms?.exchangeDetails) addDetails(headers, rule, visit.arrivedAtMs);
    return {
      method,
      scheme: base.scheme,
      authority: publicHost(host, base),
      path,
      headers: tracer?.targetHeaders(visit, headers) ?? headers,
    };
  }

  #identityHeaders({ cache }: Visit, { session, tunnel, judgedAtMs }: Admitted): MaybePromise<readonly string[]> {
    if (session === undefined) return NO_HEADERS;
    const signed = cache.assertion(this.#options.assertions, session, tunnel.origin, judgedAtMs);
    return chain(signed, (assertion) => cache.identityHeaders.get(session.identity, assertion, identityHeaders));
  }

  /** The `Set-Cookie` line of a session that has slid. */
  #renewal({ session, judgedAtMs }: Admitted): MaybePromise<string | undefined> {
    return session === undefined ? undefined : this.#options.sessions.renew(session, { admitted: true }, judgedAtMs);
  }
}

/** What the agent is told besides, and keeps from the target. */
function addDetails(headers: string[], rule: string, arrivedAtMs: number): void {
  // In whole milliseconds: nearly always the same few texts, which the link's compression knows.
  const edgeMs = String(Math.round(performance.now() - arrivedAtMs));
  headers.push('postern-rule', encodeFieldText(rule), 'postern-edge-ms', edgeMs);
}

const NO_HEADERS: readonly string[] = [];

// 1*DIGIT, small enough to be an exact number. Any other value of `Max-Forwards` is forwarded as it came.
const HOPS = /^\d{1,15}$/;

/** Takes one hop off `Max-Forwards` (RFC 9110 section 7.6.2). */
function countDown(headers: string[]): void {
  const at = headers.indexOf('max-forwards');
  const hops = at % 2 === 0 ? (headers[at + 1] ?? '') : '';
  if (HOPS.test(hops)) headers[at + 1] = String(Math.max(Number(hops) - 1, 0));
}

/** To an OPTIONS that may go no further: the edge is its last recipient (RFC 9110 sections 7.6.2 and 9.3.7). */
const OPTIONS_REPLY: Reply = {
  status: 204,
  headers: { Allow: FORWARDED_METHODS, 'Cache-Control': 'no-store' },
  body: '',
};
