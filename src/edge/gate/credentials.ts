/** Credentials besides the session, as the gate reads them: access tokens of machines, and tokens with which OAuth clients act for visitors. */
import { cookieValues } from '../../auth/session/cookies.js';
import type { Session } from '../../auth/session/session.js';
import type { MaybePromise } from '../../core/maybe-promise.js';
import { PosternError } from '../../errors.js';
import { presentedClientToken } from '../request/client-token.js';
import type { HeaderLookup } from '../request/visit.js';

/** The access tokens of all tunnels. */
export interface AccessTokenCheck {
  /** The name of a token that is valid for a tunnel now; undefined for any other text. */
  nameOf(tunnel: { readonly name: string; readonly owner: string }, text: string): string | undefined;
}

/** The tokens of OAuth clients. */
export interface ClientTokenCheck {
  /**
   * For whom a token acts at the tunnel of a name, under the owner whom the session names; `ended` for one that counts no more, or
   * elsewhere; undefined for any other text.
   */
  sessionOf(tunnel: string, token: string, arrivedAtMs: number): MaybePromise<Session | 'ended' | undefined>;
}

/**
 * The token of a request; undefined if it has none. Throws `ERR_BAD_REQUEST` for one with another credential of ours beside it
 * (RFC 6750 section 3.1): a page could add the token of one person to the cookies of another one's browser.
 */
export function soleClientToken(header: HeaderLookup, cookieName: string): string | undefined {
  const token = presentedClientToken(header);
  if (token === undefined) return undefined;
  const hasCookie = header['cookie'] !== undefined && cookieValues(header['cookie'], cookieName).length > 0;
  if (!hasCookie && header['postern-access-token'] === undefined) return token;
  throw new PosternError('ERR_BAD_REQUEST', 'two credentials', { text: TWO_CREDENTIALS });
}

const TWO_CREDENTIALS =
  'The request has the token of an app and another credential of the edge beside it, a cookie or an access token: send one of them.';
