/**
 * What caused a request: a page of the tunnel, the visitor, a program that is not a browser, or a page of another origin.
 * Cookies do not tell. Tunnels of one edge are the same site, so a browser sends the session with requests that a sibling's
 * page makes, too (RFC 6265bis section 5.2). Browsers set `Origin` (RFC 6454) and `Sec-Fetch-*` (Fetch Metadata), which
 * scripts cannot change. Pure functions.
 */
import type { HeaderLookup, VisitRequest } from '../request/visit.js';

/** The part of a request that is read. */
export type Caused = Pick<VisitRequest, 'method' | 'header'>;

/** Whose pages may cause requests for a tunnel. */
export interface Permitted {
  /** The tunnel's own origin. */
  readonly origin: string;
  /** Further origins that the owner has permitted. */
  readonly origins: readonly string[];
  /** Origins whose pages may frame the tunnel's. */
  readonly frameOrigins: readonly string[];
}

/**
 * `permitted`: by the tunnel itself, by the visitor, by a page of a permitted origin or by a program.
 * `posted`: permitted, and a form that a page of a permitted origin has posted as a top-level navigation.
 * `preflight`: the CORS preflight of a request from a permitted origin (Fetch, section 4.8).
 * `foreign`: by a page of any other origin.
 */
export type Cause = 'permitted' | 'posted' | 'preflight' | 'foreign';

/** Classifies the cause of a request or an upgrade: foreign unless it is known to be permitted. */
export function causeOf(request: Caused, permitted: Permitted): Cause {
  const { header } = request;
  const { origin } = header;
  if (origin !== undefined && (origin !== 'null' || header['upgrade'] !== undefined)) {
    return causeByOrigin(request, origin, permitted);
  }
  const site = header['sec-fetch-site'];
  // With an `Origin` of `null` too: a page with `Referrer-Policy: no-referrer` sends it even to its own origin.
  if (site === 'same-origin') return 'permitted';
  if (site === 'none') return isAsked(header, permitted) ? 'permitted' : 'foreign';
  if (isProgram(header)) return origin === undefined ? 'permitted' : 'foreign';
  return isVisit(request, permitted) ? 'permitted' : 'foreign';
}

function causeByOrigin(request: Caused, origin: string, permitted: Permitted): Cause {
  const lower = origin.toLowerCase();
  if (lower === permitted.origin) return 'permitted';
  if (!permitted.origins.includes(lower)) return isVisit(request, permitted) ? 'permitted' : 'foreign';
  const { method, header } = request;
  if (method === 'OPTIONS' && header['access-control-request-method'] !== undefined) return 'preflight';
  const isForm = method === 'POST' && isTopLevelNavigation(header) && header['upgrade'] === undefined;
  return isForm ? 'posted' : 'permitted';
}

/**
 * Whether the request is not from a browser with Fetch Metadata. The `fetch` of Node sends only `Sec-Fetch-Mode: cors`; a
 * browser adds an `Origin` to every such request to another origin (Fetch, section 3.2), which is classified before.
 */
function isProgram(header: HeaderLookup): boolean {
  if (header['sec-fetch-site'] !== undefined || header['sec-fetch-dest'] !== undefined) return false;
  const mode = header['sec-fetch-mode'];
  return mode === undefined || mode === 'cors';
}

/**
 * Whether the visitor caused the request, by a typed address or a bookmark. Chromium sends `none` also for what a page of any
 * origin has prefetched by speculation rules. Only the `Referer` tells which page: the page can omit it but not choose it.
 */
function isAsked(header: HeaderLookup, { origin }: Permitted): boolean {
  if (!isSpeculative(header)) return true;
  const { referer } = header;
  return typeof referer === 'string' && referer.startsWith(`${origin}/`);
}

/** Whether the browser displays the response: a followed link, or a frame where frames are permitted. */
function isVisit({ method, header }: Caused, { frameOrigins }: Permitted): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || header['upgrade'] !== undefined) return false;
  // The visitor has not asked for a prefetch: any page can cause one.
  if (isSpeculative(header)) return false;
  return isTopLevelNavigation(header) || (frameOrigins.length > 0 && isFrameNavigation(header));
}

function isTopLevelNavigation(header: HeaderLookup): boolean {
  return header['sec-fetch-mode'] === 'navigate' && header['sec-fetch-dest'] === 'document';
}

function isFrameNavigation(header: HeaderLookup): boolean {
  const destination = header['sec-fetch-dest'];
  return header['sec-fetch-mode'] === 'navigate' && (destination === 'iframe' || destination === 'frame');
}

function isSpeculative(header: HeaderLookup): boolean {
  const purpose = header['sec-purpose'] ?? header['purpose'];
  return purpose !== undefined && /prefetch|prerender|preview/i.test(String(purpose));
}
