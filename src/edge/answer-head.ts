/**
 * The head of an answer on its way from the agent to the visitor: final and early ones, and the agent's own voice, which
 * says that there is no answer of the target.
 */
import type { ServerResponse } from 'node:http';
import { fieldValue, filterTrailers, type RawHeaders } from '../core/headers.js';
import { type ErrorCode, isErrorCode, PosternError } from '../errors.js';
import type { ResponseHead } from '../link/stream.js';
import { answerHeaders } from './answer-headers.js';
import { needsFraming } from './framing.js';
import type { Forward } from './gate.js';

/** Sends an answer's head to the visitor. Throws when the agent gave none, or one that cannot stand in HTTP/1.1. */
export function sendHead(
  response: ServerResponse,
  head: ResponseHead,
  { tunnel, rule }: Forward,
  cookie: string | undefined,
): void {
  const error = readAgentError(head);
  if (error !== undefined) throw error;
  response.sendDate = false; // the target's Date, or none: nothing is added to its answer
  const isGated = rule !== 'public';
  const fields = answerHeaders(head.headers, { host: tunnel.host, isGated, cookie });
  if (isGated && needsFraming(head)) fields.push('Content-Security-Policy', tunnel.framing);
  response.writeHead(head.status, fields);
}

/** What an agent may say of a request; any other code from it is none. */
const AGENT_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'ERR_BAD_REQUEST',
  'ERR_METHOD_REFUSED',
  'ERR_TARGET_PROTOCOL',
  'ERR_TARGET_REFUSED',
  'ERR_TARGET_TIMEOUT',
]);

/** The agent's own voice: `postern-error` on an answer says that the target gave none. */
export function readAgentError({ headers }: ResponseHead): PosternError | undefined {
  const code = fieldValue(headers, 'postern-error');
  if (code === undefined) return undefined;
  const isPermitted = isErrorCode(code) && AGENT_CODES.has(code);
  return new PosternError(isPermitted ? code : 'ERR_TARGET_PROTOCOL', `the agent reports ${code.slice(0, 40)}`);
}

/** 103 and 102 are all that `node:http` can send early; an early head that it refuses is worth no error. */
export function sendEarly(response: ServerResponse, { status, headers }: ResponseHead): void {
  if (response.headersSent || response.destroyed || response.req.httpVersionMinor === 0) return;
  if (status === 102) response.writeProcessing();
  if (status !== 103) return;
  const links: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if ((headers[at] as string).toLowerCase() === 'link') links.push(headers[at + 1] as string);
  }
  try {
    if (links.length > 0) response.writeEarlyHints({ link: links });
  } catch {
    // a `Link` value outside Node's grammar: the hint is dropped, the answer itself will come
  }
}

/** Adds the trailers of a target to an answer that has not ended. */
export function sendTrailers(response: ServerResponse, trailers: RawHeaders): void {
  const kept = filterTrailers(trailers);
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < kept.length; at += 2) pairs.push([kept[at] as string, kept[at + 1] as string]);
  if (pairs.length > 0) response.addTrailers(pairs);
}
