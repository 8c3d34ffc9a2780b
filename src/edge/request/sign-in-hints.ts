/**
 * Hints for requests that browsers send without cookies, so that the gate refuses them for every visitor: what the developer
 * can change, because the browser does not say why.
 */
import type { VisitRequest } from './visit.js';

const MANIFEST =
  'A browser fetches a web app manifest without cookies: add crossorigin="use-credentials" to its <link rel="manifest">.';
const PREFLIGHT =
  'A CORS preflight carries no cookies, so it is never let in: call the API on the page’s own host, through a proxy of the development server for instance.';

/** The hint for a request that was refused for want of a session; undefined when there is nothing to say. */
export function signInHint({ method, header }: Pick<VisitRequest, 'header' | 'method'>): string | undefined {
  if (header['sec-fetch-dest'] === 'manifest') return MANIFEST;
  return method === 'OPTIONS' && header['access-control-request-method'] !== undefined ? PREFLIGHT : undefined;
}
