/**
 * The agent's credential: a JWT (RFC 7519, HS256) with the owner of its tunnels, the names that they may have, and an
 * expiry. `postern token create` signs it with the edge's secret, and the edge verifies it; for the agent it is opaque.
 */
import { randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { deriveKeys, type Key } from '../core/keys.js';
import { PosternError } from '../errors.js';

/** What a token permits. */
export interface TokenGrant {
  /** Identifies the token in logs; reveals nothing about it. */
  readonly id: string;
  /** Canonical email address of the person who is responsible for the tunnels. */
  readonly owner: string;
  /** Names, or patterns in which `*` matches any characters. */
  readonly tunnels: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

export interface TokenRequest {
  readonly owner: string;
  readonly tunnels: readonly string[];
  /** Lifetime in milliseconds. */
  readonly ttlMs: number;
  /** `TokenGrant.id`, as `createTokenId` makes it; default: a new one. Tokens with one id are revoked together. */
  readonly id?: string;
}

// Secret scanners and people recognize a leaked token by the prefix; `typ` rejects every other kind of JWT of ours.
const PREFIX = 'postern_';
const TYPE = 'postern-agent+jwt';

// Far above any token that we issue (about 300 bytes), far below what would be expensive to verify.
const MAX_CHARACTERS = 4096;

const ID_BYTES = 9;
const ID = new RegExp(`^[0-9a-f]{${2 * ID_BYTES}}$`);

/** Whether a text has the form of a token's id, `TokenGrant.id`: 18 hexadecimal digits. */
export function isTokenId(text: string): boolean {
  return ID.test(text);
}

/** A new id for a token, or for all tokens of one sign-in. Not base64url: an id is typed as an argument, and must not begin with `-`. */
export function createTokenId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}

/** The id that a token says it has: nothing is verified. Undefined for another text. */
export function readTokenId(token: string): string | undefined {
  try {
    const { jti } = decodeJwt(token.slice(token.startsWith(PREFIX) ? PREFIX.length : 0));
    return jti !== undefined && isTokenId(jti) ? jti : undefined;
  } catch {
    return undefined; // not a token
  }
}

/** Creates a token with the newest secret. */
export async function createToken(
  secrets: readonly string[],
  request: TokenRequest,
  now: () => number = Date.now,
): Promise<string> {
  const [key] = keysOf(secrets);
  const jwt = await new SignJWT({ tunnels: [...request.tunnels] })
    .setProtectedHeader({ alg: 'HS256', typ: TYPE, kid: key.id })
    .setJti(request.id ?? createTokenId())
    .setSubject(request.owner)
    .setIssuedAt(Math.floor(now() / 1000))
    .setExpirationTime(Math.floor((now() + request.ttlMs) / 1000))
    .sign(key.bytes);
  return PREFIX + jwt;
}

/** Verifies a token; throws `ERR_TOKEN_INVALID` unless it is an unexpired token of one of the secrets. */
export async function verifyToken(
  secrets: readonly string[],
  token: string,
  now: () => number = Date.now,
): Promise<TokenGrant> {
  if (!token.startsWith(PREFIX) || token.length > MAX_CHARACTERS) throw invalid('is not one of Postern');
  try {
    const jwt = token.slice(PREFIX.length);
    const kid = decodeProtectedHeader(jwt).kid;
    const key = keysOf(secrets).find(({ id }) => id === kid);
    if (key === undefined) throw invalid('was made with another secret');
    const { payload } = await jwtVerify(jwt, key.bytes, {
      algorithms: ['HS256'],
      typ: TYPE,
      requiredClaims: ['jti', 'sub', 'exp'],
      currentDate: new Date(now()),
    });
    return readGrant(payload);
  } catch (error) {
    throw error instanceof PosternError ? error : invalid('is not a live one', error);
  }
}

// Derived once for each list: guessing tokens must not make the edge derive keys.
const derived = new WeakMap<readonly string[], readonly [Key, ...Key[]]>();

function keysOf(secrets: readonly string[]): readonly [Key, ...Key[]] {
  const keys = derived.get(secrets) ?? deriveKeys(secrets, 'token');
  derived.set(secrets, keys);
  return keys;
}

function readGrant({ jti, sub, iat, exp, tunnels }: JWTPayload): TokenGrant {
  if (!Array.isArray(tunnels) || !tunnels.every((name): name is string => typeof name === 'string')) {
    throw invalid('lists no tunnels');
  }
  const times = { issuedAtMs: Number(iat ?? 0) * 1000, expiresAtMs: Number(exp) * 1000 };
  return { id: String(jti), owner: String(sub), tunnels, ...times };
}

function invalid(detail: string, cause?: unknown): PosternError {
  return new PosternError('ERR_TOKEN_INVALID', `the agent token ${detail}`, { cause });
}
