/**
 * The tokens of an OAuth client. Each names its sign-in and its place in the row of that sign-in's tokens, sealed by an HMAC, so
 * that the store needs nothing of them and every earlier refresh token is recognised for ever. An access token says also
 * when it ends. Their prefixes and what is sealed differ, so none passes for another.
 */
import { deriveKeys, type Key } from '../../core/keys.js';
import { isMacOf, macOf } from '../../core/mac.js';
import { CLIENT_TOKEN_PREFIX } from '../request/client-token.js';

/** What a refresh token says. */
export interface RefreshClaims {
  /** The id of the sign-in. */
  readonly id: string;
  /** Counts from 1 with each refresh token of a sign-in. */
  readonly generation: number;
}

/** What an access token says. */
export interface AccessClaims extends RefreshClaims {
  readonly expiresAtMs: number;
}

const REFRESH_PREFIX = 'postern_cr_';

const CLAIMS = '([0-9a-f]{18})\\.([0-9a-z]{1,8})';
const MAC = '([\\w-]{43})';
const REFRESH = new RegExp(`^${REFRESH_PREFIX}${CLAIMS}\\.${MAC}$`);
const ACCESS = new RegExp(`^${CLIENT_TOKEN_PREFIX}${CLAIMS}\\.([0-9a-z]{1,10})\\.${MAC}$`);

export class ClientTokens {
  readonly #keys: readonly [Key, ...Key[]];

  /** The operator's secrets, newest first: the first signs, all of them verify. */
  constructor(secrets: readonly string[]) {
    this.#keys = deriveKeys(secrets, 'client-sign-in');
  }

  sealAccess({ id, generation, expiresAtMs }: AccessClaims): string {
    const text = `${id}.${generation.toString(36)}.${Math.floor(expiresAtMs / 1000).toString(36)}`;
    return `${CLIENT_TOKEN_PREFIX}${text}.${macOf(this.#keys[0], `access ${text}`)}`;
  }

  /** The claims of an access token of this edge, expired or not; undefined for any other text. */
  openAccess(token: string): AccessClaims | undefined {
    const [, id, generation, seconds, given] = ACCESS.exec(token) ?? [];
    if (id === undefined || generation === undefined || seconds === undefined || given === undefined) return undefined;
    if (!isMacOf(this.#keys, `access ${id}.${generation}.${seconds}`, given)) return undefined;
    return { id, generation: Number.parseInt(generation, 36), expiresAtMs: Number.parseInt(seconds, 36) * 1000 };
  }

  sealRefresh({ id, generation }: RefreshClaims): string {
    const text = `${id}.${generation.toString(36)}`;
    return `${REFRESH_PREFIX}${text}.${macOf(this.#keys[0], `refresh ${text}`)}`;
  }

  /** The claims of a refresh token of this edge, of any generation; undefined for any other text. */
  openRefresh(token: string): RefreshClaims | undefined {
    const [, id, generation, given] = REFRESH.exec(token) ?? [];
    if (id === undefined || generation === undefined || given === undefined) return undefined;
    const isOurs = isMacOf(this.#keys, `refresh ${id}.${generation}`, given);
    return isOurs ? { id, generation: Number.parseInt(generation, 36) } : undefined;
  }
}
