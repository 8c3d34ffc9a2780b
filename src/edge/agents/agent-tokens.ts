/** Verifies the tokens that agents and programs present, and limits the guesses of one address. */
import { PosternError } from '../../errors.js';
import { type TokenGrant, verifyToken } from '../../link/token.js';
import { AttemptLimit } from '../request/limits.js';
import type { RevokedTokens } from './revoked-tokens.js';

export class AgentTokens {
  readonly #secrets: readonly string[];
  readonly #revoked: RevokedTokens;
  readonly #badTokens = new AttemptLimit('bad-token');

  constructor(secrets: readonly string[], revoked: RevokedTokens) {
    this.#secrets = secrets;
    this.#revoked = revoked;
  }

  /** What a token permits. Throws `ERR_TOKEN_INVALID`, or `ERR_RATE_LIMITED` after too many bad ones from this address. */
  async verify(token: string, address: string): Promise<TokenGrant> {
    try {
      const grant = await verifyToken(this.#secrets, token);
      if (this.#revoked.has(grant.id)) throw new PosternError('ERR_TOKEN_INVALID', 'the token was revoked');
      return grant;
    } catch (error) {
      // Only bad tokens are counted and limited: an agent with a valid token may share its address with a guesser.
      await this.#badTokens.count(address);
      throw error;
    }
  }
}
