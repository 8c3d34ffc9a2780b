/**
 * The access token with which an OAuth client acts for a visitor, where the request has it: in `Authorization` as Bearer
 * (RFC 6750 section 2.1), never in a query or a body. Pure functions.
 */
import type { HeaderLookup } from './visit.js';

/** By which the edge tells these tokens from the app's own credentials, and scanners of sources and logs find them. */
export const CLIENT_TOKEN_PREFIX = 'postern_ct_';

const BEARER = new RegExp(`^Bearer +(${CLIENT_TOKEN_PREFIX}[^ ]*) *$`, 'i');

/** The token of a request, whatever it is worth; undefined if it has none. */
export function presentedClientToken(header: HeaderLookup): string | undefined {
  const { authorization } = header;
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
}

/** Whether a value of `Authorization` has something of ours in it that no target may see, well-formed or not. */
export function holdsClientToken(authorization: string): boolean {
  return authorization.toLowerCase().includes(CLIENT_TOKEN_PREFIX);
}
