/**
 * What caused a request: the tunnel's own pages, the visitor, a program that is no browser, or a page that is somebody
 * else's. A cookie does not say. Tunnels of one edge are the same site, so a browser sends the session along with whatever a
 * sibling's page asks for (RFC 6265bis section 5.2); what tells them apart is what browsers say themselves and no script can:
 * `Origin` (RFC 6454) and `Sec-Fetch-*` (Fetch Metadata). Pure, and asked by the gate alone.
 */
import type { HeaderLookup, VisitRequest } from '../request/visit.js';

/** What is read of a request. */
export type Caused = Pick<VisitRequest, 'method' | 'header'>;

/** Whose pages may cause requests for a tunnel. */
export interface Permitted {
  /** The tunnel's own origin. */
  readonly origin: string;
  /** Further origins that the owner has named. */
  readonly origins: readonly string[];
  /** Origins whose pages may frame the tunnel's. */
  readonly frameOrigins: readonly string[];
}

/**
 * `permitted`: by the tunnel itself, by the visitor, by a page of a named origin or by a program.
 * `posted`: permitted, and a form that a page of a named origin has posted as a top-level navigation.
 * `preflight`: the question before a request of a named origin (Fetch, section 4.8).
 * `foreign`: by a page that nobody has named.
 */
export type Cause = 'permitted' | 'posted' | 'preflight' | 'foreign';

/** Judges the cause of a request or an upgrade. What is not known to be permitted is foreign. */
export function causeOf(request: Caused, permitted: Permitted): Cause {
  const { header } = request;
  const { origin } = header;
  if (origin !== undefined && (origin !== 'null' || header['upgrade'] !== undefined)) {
    return causeByOrigin(request, origin, permitted);
  }
  const site = header['sec-fetch-site'];
  // With an `Origin` of `null` too: a page that sends no referrer says no more about itself, even to itself.
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
 * Whether no browser says what has caused the request. The `fetch` of Node sends `Sec-Fetch-Mode: cors` and nothing else: a
 * browser sends an `Origin` with every such request to another origin (Fetch, section 3.2), which is judged before.
 */
function isProgram(header: HeaderLookup): boolean {
  if (header['sec-fetch-site'] !== undefined || header['sec-fetch-dest'] !== undefined) return false;
  const mode = header['sec-fetch-mode'];
  return mode === undefined || mode === 'cors';
}

/**
 * Whether the visitor has asked: typed an address or chosen a bookmark. Chromium says `none` also of what a page of any origin
 * has it load in advance (speculation rules), and then only the `Referer` tells whose page, which can leave it out but not
 * choose it.
 */
function isAsked(header: HeaderLookup, { origin }: Permitted): boolean {
  if (!isSpeculative(header)) return true;
  const { referer } = header;
  return typeof referer === 'string' && referer.startsWith(`${origin}/`);
}

/** Whether a browser shows the response to its visitor: a link that was followed, or a frame where frames are permitted. */
function isVisit({ method, header }: Caused, { frameOrigins }: Permitted): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || header['upgrade'] !== undefined) return false;
  // What is fetched in advance nobody has asked for: any page can have it done.
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
