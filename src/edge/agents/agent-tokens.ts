/** Verifies the tokens that agents and programs present, and limits the guesses of one address. */
import { PosternError } from '../../errors.js';
import { type TokenGrant, verifyToken } from '../../link/token.js';
import type { SharedCounters } from '../../store/store.js';
import { AttemptLimit } from '../request/attempts.js';
import type { RevokedTokens } from './revoked-tokens.js';
import type { SeenTokens } from './seen-tokens.js';

export class AgentTokens {
  readonly #secrets: readonly string[];
  readonly #revoked: RevokedTokens;
  readonly #seen: SeenTokens | undefined;
  readonly #badTokens: AttemptLimit;

  /** `seen` learns of every valid token. */
  constructor(secrets: readonly string[], revoked: RevokedTokens, seen?: SeenTokens, counters?: SharedCounters) {
    this.#badTokens = new AttemptLimit('bad-token', { counters });
    this.#secrets = secrets;
    this.#revoked = revoked;
    this.#seen = seen;
  }

  /** What a token permits. Throws `ERR_TOKEN_INVALID`, or `ERR_RATE_LIMITED` after too many bad ones from this address. */
  async verify(token: string, address: string): Promise<TokenGrant> {
    try {
      const grant = await verifyToken(this.#secrets, token);
      if (this.#revoked.has(grant.id)) throw new PosternError('ERR_TOKEN_INVALID', 'the token was revoked');
      this.#seen?.note(grant, address);
      return grant;
    } catch (error) {
      // Only bad tokens are counted and limited: an agent with a valid token may share its address with a guesser.
      await this.#badTokens.count(address);
      throw error;
    }
  }
}
