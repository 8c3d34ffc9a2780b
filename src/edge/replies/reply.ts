/** The edge's own responses as values: pages for people, JSON for programs, scripts, redirects. Not cached by default. */
import type { Reply, VisitRequest } from '../request/visit.js';
import { type Page, pageHeaders, renderPage } from './page.js';

/** What `Allow` says of a tunnel (RFC 9110 section 10.2.1). Other methods pass too, except TRACE and CONNECT. */
export const FORWARDED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** What `Allow` says of a read-only tunnel. */
export const READING_METHODS = 'GET, HEAD, OPTIONS';

/** How long a browser may go by a preflight. An origin that is no longer named is refused even if its browser remembers one. */
const PREFLIGHT_SECONDS = 600;

const VARY = 'Accept, Origin, Sec-Fetch-Mode, Sec-Fetch-Dest';

type Headers = Reply['headers'];

export function pageReply(page: Page, headers: Headers = {}): Reply {
  return withBody('text/html; charset=utf-8', renderPage(page), { ...pageHeaders(page), ...headers });
}

export function scriptReply(text: string, headers: Headers = {}): Reply {
  return withBody('text/javascript; charset=utf-8', text, headers);
}

export function jsonReply(body: unknown, headers: Headers = {}): Reply {
  return withBody('application/json; charset=utf-8', `${JSON.stringify(body)}\n`, headers);
}

/** A success without a body. */
export function emptyReply(): Reply {
  return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: '' };
}

/** `location` must be an absolute URL or a path that was checked. */
export function redirect(location: string, cookies: readonly string[] = [], headers: Headers = {}): Reply {
  const reply = withBody('text/plain; charset=utf-8', '', {
    Location: location,
    'Referrer-Policy': 'no-referrer',
    ...(cookies.length > 0 && { 'Set-Cookie': cookies }),
    ...headers,
  });
  return { ...reply, status: 302 };
}

/** To the preflight of an origin that may ask (Fetch, section 4.8): the app has the last word in its response. */
export function preflightReply({ header }: Pick<VisitRequest, 'header'>): Reply {
  const names = header['access-control-request-headers'];
  return {
    status: 204,
    headers: {
      'Access-Control-Allow-Origin': header['origin'] ?? '',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Methods': header['access-control-request-method'] ?? '',
      ...(names !== undefined && { 'Access-Control-Allow-Headers': names }),
      'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
      Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    },
    body: '',
  };
}

/** A reply of status 200 with a body of this type. */
export function withBody(type: string, body: string, headers: Headers): Reply {
  return {
    status: 200,
    headers: {
      ...headers,
      'Content-Type': type,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': headers['Cache-Control'] ?? 'no-store',
      Vary: VARY,
    },
    body,
  };
}
