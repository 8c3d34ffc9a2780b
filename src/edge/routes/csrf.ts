/** Which page a request for one of the edge's own paths comes from: a page of another origin may neither read nor cause anything. */
import { PosternError } from '../../errors.js';
import { causeOf } from '../gate/cause.js';
import { isCrossOrigin } from '../request/navigation.js';
import type { VisitRequest } from '../request/visit.js';

/**
 * Throws `ERR_CROSS_SITE` for a request that a page of another origin has caused, whether or not anyone is signed in: the
 * response would tell that page which.
 */
export function checkCause(request: VisitRequest, origin: string): void {
  if (causeOf(request, { origin, origins: [], frameOrigins: [] }) === 'foreign')
    throw new PosternError('ERR_CROSS_SITE');
}

/**
 * Throws `ERR_CROSS_SITE` as `checkCause` does, and for a navigation that a page of another origin has started, too: for what
 * takes something of which the visitor has only a few.
 */
export function checkNotCrossOrigin(request: VisitRequest, origin: string): void {
  checkCause(request, origin);
  if (isCrossOrigin(request)) throw new PosternError('ERR_CROSS_SITE');
}

/**
 * Whether a request to sign out comes from a page of this origin, by `Sec-Fetch-Site` or else by `Origin`. A typed address
 * does not count: an app can redirect it here.
 */
export function isFromOrigin({ header }: VisitRequest, origin: string): boolean {
  const site = header['sec-fetch-site'];
  return site === undefined ? header['origin'] === origin : site === 'same-origin';
}
