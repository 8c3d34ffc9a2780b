/**
 * Forwards a request that the gate has let through: composes what the agent is told of it, and joins the request to a
 * stream of the tunnel's link. What comes back is written by `forwarding.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Assertions } from '../../auth/identity/assertion.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import { chain, type MaybePromise } from '../../core/maybe-promise.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { RequestHead } from '../../http/exchange.js';
import { isCircular, VIA_HTTP_1_0, VIA_HTTP_1_1 } from '../../http/via.js';
import type { Admitted } from '../gate/gate.js';
import { FORWARDED_METHODS } from '../replies/replies.js';
import { contextOf } from '../request/checks.js';
import { Forwarding, type Refuse } from './exchange.js';
import { identityHeaders } from './identity-headers.js';
import { publicHost, targetHeaders } from './request-headers.js';

export interface ForwarderOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly assertions: Assertions;
  readonly refuse: Refuse;
}

export class Forwarder {
  readonly #options: ForwarderOptions;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /**
   * Forwards a request and its response, at once when nothing has to be sealed or signed. Every failure ends the response.
   * Returns the exchange; undefined when the edge itself was the last recipient.
   */
  forward(request: IncomingMessage, response: ServerResponse, verdict: Admitted): Forwarding | undefined {
    if (request.method === 'OPTIONS' && request.headers['max-forwards'] === '0') {
      setUpResponse(response, contextOf(request).id);
      return undefined;
    }
    const forwarding = new Forwarding(request, response, verdict, this.#options.refuse);
    try {
      const head = this.requestHead(request, verdict);
      const cookie = this.#renewal(verdict);
      if (!(head instanceof Promise) && !(cookie instanceof Promise)) forwarding.open(head, cookie);
      else {
        Promise.all([head, cookie])
          .then(([known, line]) => forwarding.open(known, line))
          .catch((error) => forwarding.failed(asPosternError(error)));
      }
    } catch (error) {
      forwarding.failed(asPosternError(error));
    }
    return forwarding;
  }

  /** The head of the request as the agent receives it. Throws or rejects when an identity cannot be carried. */
  requestHead(request: IncomingMessage, verdict: Admitted): MaybePromise<RequestHead> {
    return chain(this.#identityHeaders(request, verdict), (known) => this.#head(request, known));
  }

  #head(request: IncomingMessage, identity: readonly string[]): RequestHead {
    const context = contextOf(request);
    const { base } = this.#options;
    const headers = targetHeaders(request.rawHeaders, context, base, identity);
    headers.push('via', request.httpVersionMinor === 0 ? VIA_HTTP_1_0 : VIA_HTTP_1_1);
    if (isCircular(request.headers.via ?? '')) throw new PosternError('ERR_LOOP_DETECTED');
    if (request.method === 'OPTIONS') countDown(headers);
    return {
      method: request.method ?? 'GET',
      scheme: base.scheme,
      authority: publicHost(context.host, base),
      path: request.url ?? '/',
      headers,
    };
  }

  #identityHeaders(request: IncomingMessage, verdict: Admitted): MaybePromise<readonly string[]> {
    const { session, tunnel, judgedAtMs } = verdict;
    if (session === undefined) return NO_HEADERS;
    const { cache } = contextOf(request);
    const signed = cache.assertion(this.#options.assertions, session, tunnel.origin, judgedAtMs);
    return chain(signed, (assertion) => cache.identityHeaders.get(session.identity, assertion, identityHeaders));
  }

  /** The `Set-Cookie` line of a session that has slid. */
  #renewal({ session, judgedAtMs }: Admitted): MaybePromise<string | undefined> {
    return session === undefined ? undefined : this.#options.sessions.renew(session, { admitted: true }, judgedAtMs);
  }
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

/** Answers an OPTIONS that may go no further, as its last recipient (RFC 9110 sections 7.6.2 and 9.3.7). */
function setUpResponse(response: ServerResponse, id: string): void {
  response.writeHead(204, { Allow: FORWARDED_METHODS, 'X-Request-Id': id, 'Cache-Control': 'no-store' }).end();
}
