/**
 * The head of a response on its way from the agent to the visitor: final and interim ones, and the agent's own voice, which
 * says that there is no response of the target.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type ErrorCode, isErrorCode, PosternError } from '../../errors.js';
import type { ResponseHead } from '../../http/exchange.js';
import { usualCase } from '../../http/header-case.js';
import { fieldValue, filterTrailers, type RawHeaders } from '../../http/header-rules.js';
import { VIA_HTTP_1_1 } from '../../http/via.js';
import { needsFraming } from '../gate/framing.js';
import type { Admitted } from '../gate/gate.js';
import { responseHeaders } from './response-headers.js';

/** Gives a response's head to `node:http`. Throws when it cannot stand in HTTP/1.1. */
export function sendHead(
  response: ServerResponse,
  head: ResponseHead,
  { tunnel, rule }: Admitted,
  cookie: string | undefined,
): void {
  const isGated = rule !== 'public';
  const fields = responseHeaders(head, { host: tunnel.host, isGated, cookie });
  if (isGated && needsFraming(head)) fields.push('Content-Security-Policy', tunnel.framing);
  fields.push('Via', VIA_HTTP_1_1);
  // Which protocol is required ends at this hop, and here it can only be this one (RFC 9110 section 15.5.22).
  if (head.status === 426)
    fields.push('Upgrade', 'websocket', 'Connection', response.shouldKeepAlive ? 'Upgrade' : 'Upgrade, close');
  response.writeHead(head.status, fields); // adds a `Date` where the target gave none (RFC 9110 section 6.6.1)
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

/** The agent's own voice: `postern-error` on a response says that the target gave none. */
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
  readonly #response: ServerResponse;
  #heads = 0;
  #bytes = 0;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Sends one, unless it is one too many, or for a version that knows none. */
  send({ status, headers }: ResponseHead, host: string): void {
    const { headersSent, destroyed, req, socket } = this.#response;
    if (status === 100 || headersSent || destroyed || req.httpVersionMinor === 0) return;
    this.#heads += 1;
    if (this.#heads > MAX_INTERIM_HEADS) return;
    const fields = responseHeaders({ status, headers }, { host, isGated: false, cookie: undefined });
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (let at = 0; at + 1 < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`;
    this.#bytes += text.length;
    // Written to the socket: `node:http` can say 102 and 103 alone, and those without most of their headers. It has
    // written all responses before this one there, and nothing of this one.
    if (this.#bytes <= MAX_INTERIM_BYTES) socket?.write(`${text}\r\n`, 'latin1');
  }
}

/** Adds the trailers of a target to a response that has not ended. */
export function sendTrailers(response: ServerResponse, trailers: RawHeaders): void {
  const kept = filterTrailers(trailers);
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < kept.length; at += 2)
    pairs.push([usualCase((kept[at] as string).toLowerCase()), kept[at + 1] as string]);
  if (pairs.length > 0) response.addTrailers(pairs);
}
