/** What the operator lets tunnels do without a session, and the refusal of offers that ask for more. */
import { PosternError } from '../../errors.js';
import type { Terms } from '../../link/terms.js';

export interface Permits {
  /** `POSTERN_PUBLIC_PATHS`: public paths and CORS preflights. */
  readonly publicPaths: boolean;
}

/** Throws `ERR_OFFER_INVALID`, with the sentence for the agent, for terms that the operator does not permit. */
export function checkTerms({ publicPaths, preflight }: Terms, permits: Permits): void {
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
