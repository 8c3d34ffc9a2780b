/**
 * Every response that is ours and not a target's: pages for people, JSON for programs, redirects. Each says which error
 * it is (`Postern-Error`), carries the request id, and is never cached. Works on a plain `node:http` answer, so that the
 * fast lane, upgrades and Express share it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BaseAddress, placeOf } from '../../core/hostname.js';
import type { PosternError } from '../../errors.js';
import { contextOf, hasBody, type RequestContext, wantsPage } from '../request/checks.js';
import { signInHint } from '../request/sign-in-hints.js';
import { type Block, type Page, pageHeaders, renderPage } from './page.js';

/** What an error's answer says beyond the error itself. */
export interface ErrorDetails {
  /** Shown in place of the code's own heading. */
  readonly title?: string;
  readonly blocks?: readonly Block[];
  /** The account that is signed in. */
  readonly account?: string;
  /** In the JSON: where a visitor signs in. */
  readonly loginUrl?: string;
  readonly reloadAfterSeconds?: number;
  readonly cookies?: readonly string[];
}

/** How long a visitor should wait before the next try, in seconds: an agent is back within two. */
const RETRY_AFTER_SECONDS = 2;
const RATE_LIMIT_RETRY_SECONDS = 60;

/** After so long the page of a fault asks again: soon enough that nobody wonders, rare enough for a thousand open tabs. */
const RELOAD_SECONDS = 3;

/** How long a browser may go by a preflight. An origin that is named no more is refused whatever it remembers. */
const PREFLIGHT_SECONDS = 600;

/** How long what is left of a refused body is dropped: a response crosses the world, and its visitor stops sending. */
const LINGER_MS = 2_000;

/** What `Allow` says of a tunnel (RFC 9110 section 10.2.1). Others pass too, but for TRACE and CONNECT. */
export const FORWARDED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

// How soon a browser opens an event stream anew, in milliseconds.
const EVENT_STREAM_RETRY_MS = 2_000;

export class Replies {
  readonly #base: BaseAddress;

  constructor(base: BaseAddress) {
    this.#base = base;
  }

  /** Answers with an error: a page where a person will see it, else JSON. The response's head must not have left. */
  error(request: IncomingMessage, response: ServerResponse, error: PosternError, details: ErrorDetails = {}): void {
    const { code, status, retryable, text } = error;
    response.statusCode = status;
    response.setHeader('Postern-Error', code);
    if (details.cookies !== undefined) response.setHeader('Set-Cookie', details.cookies);
    if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    if (status === 429) response.setHeader('Retry-After', RATE_LIMIT_RETRY_SECONDS);
    if (status === 401) response.setHeader('WWW-Authenticate', challenge(details.loginUrl));
    if (status === 405) response.setHeader('Allow', FORWARDED_METHODS);
    if (status === 426) response.setHeader('Sec-WebSocket-Version', '13').setHeader('Upgrade', 'websocket');
    if (status === 426) response.setHeader('Connection', 'Upgrade, close');
    if (retryable && status >= 502 && isEventSource(request)) {
      // By the HTML standard (section 9.2.3) any other status ends an event stream for good; one that ends is opened anew.
      response.statusCode = 200;
      this.#allowSiblings(request, response);
      this.#send(request, response, 'text/event-stream', `retry: ${EVENT_STREAM_RETRY_MS}\n: ${code}\n\n`);
      return;
    }
    if (wantsPage(request)) {
      this.page(request, response, errorPage(error, contextOf(request), { ...reloadOf(request, status), ...details }));
      return;
    }
    this.#allowSiblings(request, response); // never a page: it names the account
    const login = details.loginUrl === undefined ? {} : { login_url: details.loginUrl };
    const hint = code === 'ERR_LOGIN_REQUIRED' ? signInHint(request) : undefined;
    this.json(request, response, {
      error: { code, message: text, retryable, request_id: contextOf(request).id },
      ...login,
      hint,
    });
  }

  page(request: IncomingMessage, response: ServerResponse, page: Page): void {
    for (const [name, value] of Object.entries(pageHeaders(page))) response.setHeader(name, value);
    this.#send(request, response, 'text/html; charset=utf-8', renderPage(page));
  }

  /** Answers with a script of ours. */
  script(request: IncomingMessage, response: ServerResponse, text: string): void {
    this.#send(request, response, 'text/javascript; charset=utf-8', text);
  }

  /** Answers with JSON, with the status that the response has. */
  json(request: IncomingMessage, response: ServerResponse, body: unknown): void {
    this.#send(request, response, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
  }

  /** Answers the preflight of an origin that may ask (Fetch, section 4.8): the app has the last word in its response. */
  preflight(request: IncomingMessage, response: ServerResponse): void {
    const {
      origin = '',
      'access-control-request-method': method,
      'access-control-request-headers': names,
    } = request.headers;
    response.statusCode = 204;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    response.setHeader('Access-Control-Allow-Methods', method ?? '');
    if (names !== undefined) response.setHeader('Access-Control-Allow-Headers', names);
    response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    response.setHeader('Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers');
    response.setHeader('X-Request-Id', contextOf(request).id);
    response.end();
  }

  /** Answers with a redirect. `location` must be an absolute URL or a path that was checked. */
  redirect(
    request: IncomingMessage,
    response: ServerResponse,
    location: string,
    cookies: readonly string[] = [],
  ): void {
    response.statusCode = 302;
    response.setHeader('Location', location);
    response.setHeader('Referrer-Policy', 'no-referrer');
    if (cookies.length > 0) response.setHeader('Set-Cookie', cookies);
    this.#send(request, response, 'text/plain; charset=utf-8', '');
  }

  #send(request: IncomingMessage, response: ServerResponse, type: string, body: string): void {
    response.setHeader('Content-Type', type);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Length', Buffer.byteLength(body));
    response.setHeader('X-Request-Id', contextOf(request).id);
    if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-store');
    response.appendHeader('Vary', 'Accept, Origin, Sec-Fetch-Mode, Sec-Fetch-Dest');
    const content = request.method === 'HEAD' ? '' : body;
    if (hasBody(request) && !request.complete) closeBehind(request, response, content);
    else response.end(content);
  }

  /** A front end on one tunnel may read the refusals of another one of this edge, instead of a bare CORS failure. */
  #allowSiblings(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    if (origin === undefined || !URL.canParse(origin)) return;
    const sibling = new URL(origin);
    const samePort = sibling.protocol === `${this.#base.scheme}:` && sibling.port === new URL(this.#base.origin).port;
    if (!samePort || sibling.origin !== origin || placeOf(sibling.hostname, this.#base).kind === 'unknown') return;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    response.setHeader('Access-Control-Expose-Headers', 'Postern-Error, X-Request-Id');
  }
}

/** Whatever stands between the visitor and the app may be back any moment; what a form has sent is not sent again. */
function reloadOf({ method }: IncomingMessage, status: number): Pick<ErrorDetails, 'reloadAfterSeconds'> {
  return status >= 502 && status <= 504 && method === 'GET' ? { reloadAfterSeconds: RELOAD_SECONDS } : {};
}

/** A scheme of our own, which no browser asks a password for (RFC 9110 sections 11.6.1 and 15.5.2). */
function challenge(loginUrl: string | undefined): string {
  return loginUrl === undefined ? 'Postern' : `Postern login_url="${loginUrl.replace(/[\\"]/g, '\\$&')}"`;
}

/** Whether this is the request of an `EventSource`, which accepts nothing else. */
function isEventSource({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.toLowerCase() === 'text/event-stream';
}

/**
 * Ends a response before it is whole, so that nobody takes a part for the whole. HTTP/1.0 has no other sign of an end than
 * the connection's: only a reset tells it from a regular one.
 */
export function breakOff(response: ServerResponse): void {
  if (response.req.httpVersionMinor === 0) response.req.socket.resetAndDestroy();
  else response.destroy();
}

/**
 * Sends a response to a request whose body is still coming. Nobody reads that body, so the connection closes behind the
 * answer, in stages (RFC 9112 section 9.6): closed at once it would be reset by what still arrives, and the response lost.
 */
function closeBehind(request: IncomingMessage, response: ServerResponse, content: string): void {
  response.setHeader('Connection', 'close');
  response.flushHeaders();
  if (content !== '') response.write(content);
  const end = () => {
    clearTimeout(late);
    response.end();
  };
  const late = setTimeout(end, LINGER_MS);
  request.once('close', end);
  response.once('close', end);
  request.unpipe();
  request.resume();
}

const TITLES: Readonly<Partial<Record<PosternError['code'], string>>> = {
  ERR_LOGIN_FAILED: 'Sign-in failed',
  ERR_LOGIN_REQUIRED: 'Sign in first',
  ERR_ACCESS_DENIED: 'Access denied',
  ERR_CROSS_SITE: 'Asked for by another site',
  ERR_NOT_FOUND: 'Nothing here',
  ERR_TUNNEL_UNKNOWN: 'No tunnel here',
  ERR_RATE_LIMITED: 'Too many attempts',
  ERR_LINK_LOST: 'Connection lost',
  ERR_TARGET_REFUSED: 'The app is not running',
  ERR_TARGET_PROTOCOL: 'The app gave no valid answer',
  ERR_TARGET_TLS: 'The app cannot be reached over TLS',
  ERR_TUNNEL_BUSY: 'Busy',
  ERR_TUNNEL_OFFLINE: 'Offline right now',
  ERR_PROVIDER_UNAVAILABLE: 'Sign-in is not possible right now',
  ERR_TARGET_TIMEOUT: 'The app did not answer in time',
};

function errorPage({ code, text }: PosternError, { id, host }: RequestContext, details: ErrorDetails): Page {
  const { account, reloadAfterSeconds, blocks = [] } = details;
  return {
    title: details.title ?? TITLES[code] ?? 'This did not work',
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
