/**
 * The secrets of agents' sign-ins: random codes, of which the store has only an HMAC, and refresh tokens, of which it has
 * nothing. A refresh token names its sign-in and its place in the row of that sign-in's tokens, sealed by an HMAC: every
 * earlier one is recognised for ever, however many there were.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { deriveKeys, type Key } from '../../core/keys.js';
import { isMacOf, isSameSecret, macOf } from '../../core/mac.js';

/** What a refresh token says. */
export interface RefreshClaims {
  /** The key of the sign-in in the store, without its kind. */
  readonly signIn: string;
  /** Counts from 1 with each token of a sign-in. */
  readonly generation: number;
}

// Secret scanners recognise it, as they do the prefix of access tokens.
const REFRESH_PREFIX = 'postern_rt_';
const REFRESH_TOKEN = /^postern_rt_([\w-]{8}\.[0-9a-f]{18})\.([0-9a-z]{1,8})\.([\w-]{43})$/;

// Consonants: no digit, no word, nothing that looks like another letter (RFC 8628 section 6.1).
const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const USER_CODE_CHARS = 8;

/** Makes secrets, and recognises those that it made. */
export class OAuthSecrets {
  readonly #keys: readonly [Key, ...Key[]];

  /** The operator's secrets, newest first: the first signs, all of them verify. */
  constructor(secrets: readonly string[]) {
    this.#keys = deriveKeys(secrets, 'agent-sign-in');
  }

  /** 256 random bits. */
  createCode(): string {
    return randomBytes(32).toString('base64url');
  }

  /** `XXXX-XXXX`. */
  createUserCode(): string {
    const letters = Array.from(
      { length: USER_CODE_CHARS },
      () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)],
    );
    return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
  }

  /** What represents a code in the store. Keyed: the user codes are so few that a plain hash could be reversed. */
  hash(kind: 'code' | 'device' | 'user', code: string): string {
    return macOf(this.#keys[0], `${kind} ${code}`);
  }

  sealRefreshToken({ signIn, generation }: RefreshClaims): string {
    const text = `${signIn}.${generation.toString(36)}`;
    return `${REFRESH_PREFIX}${text}.${macOf(this.#keys[0], `refresh ${text}`)}`;
  }

  /** The claims of a refresh token of this edge, of any generation; undefined for any other text. */
  openRefreshToken(token: string): RefreshClaims | undefined {
    const [, signIn, generation, given] = REFRESH_TOKEN.exec(token) ?? [];
    if (signIn === undefined || generation === undefined || given === undefined) return undefined;
    const isOurs = isMacOf(this.#keys, `refresh ${signIn}.${generation}`, given);
    return isOurs ? { signIn, generation: Number.parseInt(generation, 36) } : undefined;
  }
}

/** The user code that a person means: in any case, with or without the hyphen. Undefined if it cannot be one. */
export function readUserCode(text: string): string | undefined {
  const letters = text.toUpperCase().replace(/[^A-Z0-9]/g, '');
  const isCode =
    letters.length === USER_CODE_CHARS && [...letters].every((letter) => USER_CODE_LETTERS.includes(letter));
  return isCode ? `${letters.slice(0, 4)}-${letters.slice(4)}` : undefined;
}

/** Whether a verifier belongs to an S256 challenge (RFC 7636 section 4.6). */
export function isVerifierOf(challenge: string, verifier: string): boolean {
  return isSameSecret(createHash('sha256').update(verifier).digest('base64url'), challenge);
}
