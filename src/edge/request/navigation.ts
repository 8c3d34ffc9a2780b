/** What a browser is doing with a request: whether it navigates, and whether a person will look at the response. */
import type { VisitRequest } from './visit.js';

type Asked = Pick<VisitRequest, 'header' | 'method'>;

/**
 * Whether the request is a top-level navigation, the only kind that is ever redirected to sign-in: by `Sec-Fetch-*`
 * where the browser sends it, else by whether it accepts HTML. Only GET and HEAD: a form that is posted would come back
 * from the sign-in as a GET without its fields.
 */
export function isNavigation({ header, method }: Asked): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (header['upgrade'] !== undefined) return false;
  const mode = header['sec-fetch-mode'];
  const destination = header['sec-fetch-dest'];
  if (mode !== undefined || destination !== undefined) return mode === 'navigate' && destination === 'document';
  return acceptsHtml(header['accept']);
}

/**
 * Whether a person has just navigated here: nothing else begins or ends a sign-in. A page that the browser prefetches has
 * not been requested by a person.
 */
export function isVisit(request: Asked): boolean {
  return isNavigation(request) && request.header['sec-purpose'] === undefined;
}

/**
 * Whether a page of another origin has started the request: of another site, or of another host of this one (`Sec-Fetch-Site`,
 * Fetch Metadata). Typed addresses, bookmarks, pages of this host and programs do not count.
 */
export function isCrossOrigin({ header }: Pick<VisitRequest, 'header'>): boolean {
  const site = header['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}

/**
 * Whether a person will look at the response: then it is a page. A script that accepts HTML would put our page into the
 * app's, and one of a sibling tunnel would read in it who is signed in.
 */
export function wantsPage({ header }: Asked): boolean {
  return (header['sec-fetch-mode'] ?? 'navigate') === 'navigate' && acceptsHtml(header['accept']);
}

function acceptsHtml(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|[, \t])(?:text\/html|application\/xhtml\+xml)(?:$|[ \t,;])/i.test(accept);
}
