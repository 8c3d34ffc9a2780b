/**
 * The access token that a machine presents with its request: in `Postern-Access-Token`, which leaves `Authorization` to the
 * app, or as the password of `postern` in Basic authentication (RFC 7617) for programs that can send nothing else. Pure
 * functions.
 */
import type { HeaderLookup } from './visit.js';

/** By which scanners of sources and logs find a token. */
export const ACCESS_TOKEN_PREFIX = 'postern_vt_';

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i;
const PASSWORD_OF_OURS = `postern:${ACCESS_TOKEN_PREFIX}`;

export interface PresentedToken {
  readonly text: string;
  /** Where it was: `basic` counts only where the tunnel's owner wants that. */
  readonly by: 'header' | 'basic';
}

/** The token of a request, whatever it is worth; undefined if it has none. */
export function presentedToken(header: HeaderLookup): PresentedToken | undefined {
  const text = header['postern-access-token'];
  if (text !== undefined) return { text, by: 'header' };
  const password = basicToken(header['authorization']);
  return password === undefined ? undefined : { text: password, by: 'basic' };
}

/** The access token in a value of `Authorization`; undefined for the app's own credentials. */
export function basicToken(authorization: string | undefined): string | undefined {
  const encoded = authorization === undefined ? undefined : BASIC.exec(authorization)?.[1];
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('latin1');
  return decoded.startsWith(PASSWORD_OF_OURS) ? decoded.slice('postern:'.length) : undefined;
}
