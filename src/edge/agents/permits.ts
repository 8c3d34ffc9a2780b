/** What the operator lets tunnels do without a session, and the refusal of offers that ask for more. */
import { PosternError } from '../../errors.js';
import type { Terms } from '../../link/terms.js';

export interface Permits {
  /** `POSTERN_PUBLIC_PATHS`: public paths and CORS preflights. */
  readonly publicPaths: boolean;
  /** `POSTERN_ACCESS_TOKENS`. */
  readonly accessTokens: boolean;
}

/** Throws `ERR_OFFER_INVALID`, with the sentence for the agent, for terms that the operator does not permit. */
export function checkTerms({ publicPaths, preflight, accessTokenBasic }: Terms, permits: Permits): void {
  if (accessTokenBasic && !permits.accessTokens)
    throw refusal('access tokens: its operator has not set POSTERN_ACCESS_TOKENS, so leave --access-token-basic out');
  if (permits.publicPaths) return;
  if (publicPaths !== undefined)
    throw refusal('public paths: its operator has not set POSTERN_PUBLIC_PATHS, so leave --public-path out');
  if (preflight)
    throw refusal(
      'preflights without a session: its operator has not set POSTERN_PUBLIC_PATHS, so leave --preflight out',
    );
}

function refusal(what: string): PosternError {
  const text = `This edge does not permit ${what}.`;
  return new PosternError('ERR_OFFER_INVALID', text, { text });
}
