/**
 * What a tunnel admits without a session because its owner has said so and the operator permits it: requests for its public
 * paths, and CORS preflights, with which browsers send no cookies. Such a request is anonymous. Pure functions.
 */
import { findPublicPath, formatPublicPath, isOverridden } from '../../http/public-path.js';
import type { Terms } from '../../link/terms.js';
import type { HeaderLookup, VisitRequest } from '../request/visit.js';

/** The part of a request that is read. */
export type Excepted = Pick<VisitRequest, 'method' | 'path' | 'headers' | 'header'>;

/** The rule that admits a request without an identity, as the record names it; undefined if there is none. */
export function exceptionOf(terms: Terms | undefined, request: Excepted): string | undefined {
  // A WebSocket lasts, and is no call of a machine that sends a request and forgets it.
  if (terms === undefined || request.header['upgrade'] !== undefined) return undefined;
  if (terms.preflight && isPreflight(request)) return 'preflight';
  const found = terms.publicPaths && findPublicPath(terms.publicPaths, request);
  return found && `public-path:${formatPublicPath(found)}`;
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const ORIGIN = /^(?:null|[a-z][a-z0-9+.-]*:\/\/[\x21-\x7e]+)$/i;

/** Whether this is a preflight as browsers send it (Fetch, section 4.8): without credentials and without a body. */
function isPreflight({ method, header, headers }: Excepted): boolean {
  if (method !== 'OPTIONS' || hasCredentials(header) || hasBody(header) || isOverridden(headers)) return false;
  const mode = header['sec-fetch-mode'];
  if (mode !== undefined && mode !== 'cors') return false;
  return ORIGIN.test(header['origin'] ?? '') && TOKEN.test(header['access-control-request-method'] ?? '');
}

function hasCredentials(header: HeaderLookup): boolean {
  return header['cookie'] !== undefined || header['authorization'] !== undefined;
}

function hasBody(header: HeaderLookup): boolean {
  return header['transfer-encoding'] !== undefined || (header['content-length'] ?? '0') !== '0';
}
