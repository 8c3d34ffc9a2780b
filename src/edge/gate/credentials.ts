/** Credentials besides the session, as the gate reads them: access tokens of machines, and tokens with which OAuth clients act for visitors. */
import { cookieValues } from '../../auth/session/cookies.js';
import type { Session } from '../../auth/session/session.js';
import type { MaybePromise } from '../../core/maybe-promise.js';
import { PosternError } from '../../errors.js';
import { presentedClientToken } from '../request/client-token.js';
import type { HeaderLookup } from '../request/visit.js';
import type { Tunnel } from './registry.js';

/** The access tokens of all tunnels. */
export interface AccessTokenCheck {
  /** The name of a token that is valid for a tunnel now; undefined for any other text. */
  nameOf(tunnel: { readonly name: string; readonly owner: string }, text: string): string | undefined;
}

/** The tokens of OAuth clients. */
export interface ClientTokenCheck {
  /**
   * For whom a token acts at the tunnel of a name, under the owner whom the session names; `ended` for one that counts no more, or
   * elsewhere; undefined for any other text. `isThere`: whether there is a tunnel of this name; without one the store is not asked.
   */
  sessionOf(
    tunnel: string,
    token: string,
    arrivedAtMs: number,
    isThere: boolean,
  ): MaybePromise<Session | 'ended' | undefined>;
}

/**
 * The token by which a request is judged; undefined if it is judged by its other credentials. At a tunnel that is a resource,
 * throws `ERR_BAD_REQUEST` for a token with another credential of ours beside it (RFC 6750 section 3.1): a page could add the token
 * of one person to the cookies of another one's browser. Where there is no tunnel only a token that stands alone counts: an
 * error would tell a stranger that this is no tunnel that takes no tokens.
 */
export function clientTokenOf(
  header: HeaderLookup,
  cookieName: string,
  tunnel: Pick<Tunnel, 'terms'> | undefined,
): string | undefined {
  const isResource = tunnel?.terms?.oauthResource === true;
  const token = isResource || tunnel === undefined ? presentedClientToken(header) : undefined;
  if (token === undefined) return undefined;
  const hasCookie = header['cookie'] !== undefined && cookieValues(header['cookie'], cookieName).length > 0;
  if (!hasCookie && header['postern-access-token'] === undefined) return token;
  if (!isResource) return undefined;
  throw new PosternError('ERR_BAD_REQUEST', 'two credentials', { text: TWO_CREDENTIALS });
}

const TWO_CREDENTIALS =
  'The request has the token of an app and another credential of the edge beside it, a cookie or an access token: send one of them.';
