/**
 * The replies that report an error: a page for a person, an event stream that reconnects for an `EventSource`, else JSON. Each
 * names the error and its id in the log, and what to do about it where there is something.
 */
import { type BaseAddress, classifyHost } from '../../core/hostname.js';
import type { PosternError } from '../../errors.js';
import { wantsPage } from '../request/navigation.js';
import { signInHint } from '../request/sign-in-hints.js';
import type { Reply, VisitRequest } from '../request/visit.js';
import type { Block, Page } from './page.js';
import { FORWARDED_METHODS, jsonReply, pageReply, READING_METHODS, withBody } from './reply.js';
import { titleOf } from './titles.js';

/** What a reply says beyond the error itself. */
export interface ErrorDetails {
  /** Shown in place of the code's own heading. */
  readonly title?: string;
  readonly blocks?: readonly Block[];
  /** The account that is signed in. */
  readonly account?: string;
  /** In the JSON: where a visitor signs in. */
  readonly loginUrl?: string;
  readonly reloadAfterSeconds?: number | undefined;
  /** Of further schemes, for the response to a request without a credential: before that of our own. */
  readonly challenges?: readonly string[];
  readonly cookies?: readonly string[];
  readonly headers?: Reply['headers'];
}

/** How long a visitor should wait before the next try, in seconds: an agent is back within two. */
const RETRY_AFTER_SECONDS = 2;
const RATE_LIMIT_RETRY_SECONDS = 60;

/** How soon the page of a fault reloads: soon enough for a person who waits, rare enough for a thousand open tabs. */
const RELOAD_SECONDS = 3;

// How soon a browser opens an event stream again, in milliseconds.
const EVENT_STREAM_RETRY_MS = 2_000;

type Asked = Pick<VisitRequest, 'method' | 'header' | 'host' | 'id'>;

/** The reply that reports an error to a visitor of an edge at `base`. */
export function errorReply(base: BaseAddress, request: Asked, error: PosternError, details: ErrorDetails = {}): Reply {
  const { code, status, retryable } = error;
  const headers = { ...statusHeaders(error, details), ...details.headers };
  if (retryable && status >= 502 && isEventSource(request)) {
    // By the HTML standard (section 9.2.3) any other status ends an event stream for good; one that ends is opened again.
    const body = `retry: ${EVENT_STREAM_RETRY_MS}\n: ${code}\n\n`;
    return { ...withBody('text/event-stream', body, { ...headers, ...siblingHeaders(base, request) }), error: code };
  }
  if (wantsPage(request)) {
    const page = errorPage(error, request, { ...reloadOf(request, status), ...details });
    return { ...pageReply(page, headers), status, error: code };
  }
  // Only here: a page names the account.
  return {
    ...jsonReply(errorBody(request, error, details), { ...headers, ...siblingHeaders(base, request) }),
    status,
    error: code,
  };
}

function statusHeaders(
  { status, code }: PosternError,
  { cookies, loginUrl, challenges = [] }: ErrorDetails,
): Record<string, string | readonly string[]> {
  return {
    ...(cookies !== undefined && { 'Set-Cookie': cookies }),
    ...(status === 503 && { 'Retry-After': String(RETRY_AFTER_SECONDS) }),
    ...(status === 429 && { 'Retry-After': String(RATE_LIMIT_RETRY_SECONDS) }),
    // Common OAuth clients look for their scheme in the first one only.
    ...(status === 401 && {
      'WWW-Authenticate': challenges.length > 0 ? [...challenges, challenge(loginUrl)] : challenge(loginUrl),
    }),
    ...(status === 405 && { Allow: code === 'ERR_READ_ONLY' ? READING_METHODS : FORWARDED_METHODS }),
    ...(status === 426 && { 'Sec-WebSocket-Version': '13' }),
  };
}

function errorBody(request: Asked, { code, text, retryable }: PosternError, { loginUrl }: ErrorDetails): object {
  return {
    error: { code, message: text, retryable, request_id: request.id },
    ...(loginUrl !== undefined && { login_url: loginUrl }),
    hint: code === 'ERR_LOGIN_REQUIRED' ? signInHint(request) : undefined,
  };
}

/** A front end on one tunnel may read the refusals of another one of this edge, instead of a bare CORS failure. */
function siblingHeaders(base: BaseAddress, { header }: Asked): Record<string, string> {
  const { origin } = header;
  if (origin === undefined || !URL.canParse(origin)) return {};
  const sibling = new URL(origin);
  const isSamePort = sibling.protocol === `${base.scheme}:` && sibling.port === new URL(base.origin).port;
  if (!isSamePort || sibling.origin !== origin || classifyHost(sibling.hostname, base).kind === 'unknown') return {};
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': 'Postern-Error, X-Request-Id',
  };
}

/** The link or the app may be back at any moment. A form is not sent again. */
function reloadOf({ method }: Asked, status: number): Pick<ErrorDetails, 'reloadAfterSeconds'> {
  return status >= 502 && status <= 504 && method === 'GET' ? { reloadAfterSeconds: RELOAD_SECONDS } : {};
}

/** A scheme of our own, which no browser asks a password for (RFC 9110 sections 11.6.1 and 15.5.2). */
function challenge(loginUrl: string | undefined): string {
  return loginUrl === undefined ? 'Postern' : `Postern login_url="${loginUrl.replace(/[\\"]/g, '\\$&')}"`;
}

/** Whether this is the request of an `EventSource`, which accepts nothing else. */
function isEventSource({ method, header }: Asked): boolean {
  return method === 'GET' && header['accept']?.toLowerCase() === 'text/event-stream';
}

function errorPage({ code, text }: PosternError, { id, host }: Asked, details: ErrorDetails): Page {
  const { account, reloadAfterSeconds, blocks = [] } = details;
  return {
    title: details.title ?? titleOf(code),
    blocks: [
      { kind: 'text', text },
      ...(reloadAfterSeconds === undefined ? [] : [{ kind: 'text', text: LOOKS_AGAIN } as const]),
      ...blocks,
    ],
    facts: [
      ...(host === '' ? [] : [['Address', host] as const]),
      ...(account === undefined ? [] : [['Signed in as', account] as const]),
      ['Error', code],
      ['Request', id],
    ],
    ...(reloadAfterSeconds === undefined ? {} : { reloadAfterSeconds }),
  };
}

const LOOKS_AGAIN = 'This page looks again by itself.';
