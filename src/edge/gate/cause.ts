/**
 * What caused a request: the tunnel's own pages, the visitor, a program that is no browser, or a page that is somebody
 * else's. A cookie does not say. Tunnels of one edge are the same site, so a browser sends the session along with whatever a
 * sibling's page asks for (RFC 6265bis section 5.2); what tells them apart is what browsers say themselves and no script can:
 * `Origin` (RFC 6454) and `Sec-Fetch-*` (Fetch Metadata). Pure, and asked by the gate alone.
 */

/** What is read of a request, whichever version of HTTP brought it: header values by lower-case name, several lines joined. */
export interface Caused {
  readonly method?: string | undefined;
  readonly headers: {
    readonly origin?: string | undefined;
    readonly upgrade?: string | undefined;
    readonly [name: string]: string | readonly string[] | undefined;
  };
}

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
  const { headers } = request;
  const { origin } = headers;
  if (origin !== undefined && (origin !== 'null' || headers.upgrade !== undefined)) {
    return causeByOrigin(request, origin, permitted);
  }
  const site = headers['sec-fetch-site'];
  // With an `Origin` of `null` too: a page that sends no referrer says no more about itself, even to itself.
  if (site === 'same-origin') return 'permitted';
  if (site === 'none') return isAsked(headers, permitted) ? 'permitted' : 'foreign';
  if (isProgram(headers)) return origin === undefined ? 'permitted' : 'foreign';
  return isVisit(request, permitted) ? 'permitted' : 'foreign';
}

function causeByOrigin(request: Caused, origin: string, permitted: Permitted): Cause {
  const lower = origin.toLowerCase();
  if (lower === permitted.origin) return 'permitted';
  if (!permitted.origins.includes(lower)) return isVisit(request, permitted) ? 'permitted' : 'foreign';
  const { method, headers } = request;
  if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) return 'preflight';
  const isForm = method === 'POST' && isTopLevelNavigation(headers) && headers.upgrade === undefined;
  return isForm ? 'posted' : 'permitted';
}

/**
 * Whether no browser says what has caused the request. The `fetch` of Node sends `Sec-Fetch-Mode: cors` and nothing else: a
 * browser sends an `Origin` with every such request to another origin (Fetch, section 3.2), which is judged before.
 */
function isProgram(headers: Caused['headers']): boolean {
  if (headers['sec-fetch-site'] !== undefined || headers['sec-fetch-dest'] !== undefined) return false;
  const mode = headers['sec-fetch-mode'];
  return mode === undefined || mode === 'cors';
}

/**
 * Whether the visitor has asked: typed an address or chosen a bookmark. Chromium says `none` also of what a page of any origin
 * has it load in advance (speculation rules), and then only the `Referer` tells whose page, which can leave it out but not
 * choose it.
 */
function isAsked(headers: Caused['headers'], { origin }: Permitted): boolean {
  if (!isSpeculative(headers)) return true;
  const { referer } = headers;
  return typeof referer === 'string' && referer.startsWith(`${origin}/`);
}

/** Whether a browser shows the response to its visitor: a link that was followed, or a frame where frames are permitted. */
function isVisit({ method, headers }: Caused, { frameOrigins }: Permitted): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || headers.upgrade !== undefined) return false;
  // What is fetched in advance nobody has asked for: any page can have it done.
  if (isSpeculative(headers)) return false;
  return isTopLevelNavigation(headers) || (frameOrigins.length > 0 && isFrameNavigation(headers));
}

function isTopLevelNavigation(headers: Caused['headers']): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

function isFrameNavigation(headers: Caused['headers']): boolean {
  const destination = headers['sec-fetch-dest'];
  return headers['sec-fetch-mode'] === 'navigate' && (destination === 'iframe' || destination === 'frame');
}

function isSpeculative(headers: Caused['headers']): boolean {
  const purpose = headers['sec-purpose'] ?? headers['purpose'];
  return purpose !== undefined && /prefetch|prerender|preview/i.test(String(purpose));
}
