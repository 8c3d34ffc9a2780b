/**
 * The head of a response on its way from the agent to the visitor: final and interim ones, and the agent's own voice, which
 * says that there is no response of the target.
 */
import { type ErrorCode, isErrorCode, PosternError } from '../../errors.js';
import type { ResponseHead } from '../../http/exchange.js';
import { fieldValue } from '../../http/fields.js';
import { VIA_HTTP_1_1 } from '../../http/via.js';
import { needsFraming } from '../gate/framing.js';
import type { Admitted } from '../gate/gate.js';
import type { Visit } from '../request/visit.js';
import { ownNames, responseHeaders } from './response-headers.js';

/** The head of a response as the visitor receives it. `cookie` is the edge's own `Set-Cookie` line. */
export function visitorHead(
  head: ResponseHead,
  { version }: Pick<Visit, 'version'>,
  admitted: Admitted,
  cookie: string | undefined,
): ResponseHead {
  const { tunnel } = admitted;
  const isGated = !admitted.isPublic;
  const headers = responseHeaders(head, { host: tunnel.host, isGated, cookie, version });
  if (isGated && needsFraming(head)) headers.push(ownNames(version).contentPolicy, tunnel.framing);
  headers.push(ownNames(version).via, VIA_HTTP_1_1);
  return { status: head.status, headers };
}

const EVENT_STREAM = /^text\/event-stream/i;

/** Whether the body is a stream of events (HTML standard, section 9.2), which may never end. */
export function isEventStream({ headers }: ResponseHead): boolean {
  return EVENT_STREAM.test(fieldValue(headers, 'content-type') ?? '');
}

/** What an agent may say of a request; any other code from it is none. */
const AGENT_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'ERR_BAD_REQUEST',
  'ERR_METHOD_REFUSED',
  'ERR_TARGET_PROTOCOL',
  'ERR_TARGET_REFUSED',
  'ERR_TARGET_TIMEOUT',
  'ERR_TARGET_TLS',
]);

/** `postern-error` on a response means that the agent got none from its target. */
export function readAgentError({ headers }: ResponseHead): PosternError | undefined {
  const code = fieldValue(headers, 'postern-error');
  if (code === undefined) return undefined;
  const isPermitted = isErrorCode(code) && AGENT_CODES.has(code);
  return new PosternError(isPermitted ? code : 'ERR_TARGET_PROTOCOL', `the agent reports ${code.slice(0, 40)}`);
}

/** How many interim heads of one response are passed on, and how many bytes they may have together. */
const MAX_INTERIM_HEADS = 16;
const MAX_INTERIM_BYTES = 65_536;

/** Passes on the interim heads of one response (RFC 9110 section 15.2). The edge itself has said 100, or never will. */
export class InterimHeads {
  readonly #visit: Visit;
  #heads = 0;
  #bytes = 0;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  /** Sends one, unless it is one too many. */
  send({ status, headers }: ResponseHead, host: string): void {
    if (status === 100 || this.#heads === MAX_INTERIM_HEADS) return;
    this.#heads += 1;
    const { version } = this.#visit;
    const kept = responseHeaders({ status, headers }, { host, isGated: false, cookie: undefined, version });
    for (const text of kept) this.#bytes += text.length + 2; // a colon and a blank, or CR and LF
    if (this.#bytes <= MAX_INTERIM_BYTES) this.#visit.informational({ status, headers: kept });
  }
}
