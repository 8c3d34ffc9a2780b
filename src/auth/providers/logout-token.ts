/** Logout tokens, by which a provider ends sessions (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6). */
import { isPlainText } from '../../core/plain-text.js';
import { CLOCK_TOLERANCE_SECONDS } from './claims.js';
import type { Provider } from './discovery.js';
import { invalidResponse } from './errors.js';

/** Whose sessions end: those of one session at the provider when there is a `sid`, else all of the subject. */
export interface LogoutToken {
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** `jti`: the token counts once. */
  readonly id: string;
  /** No token with this id counts later, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export interface LogoutTokenParties {
  /** As in the metadata of the provider. */
  readonly issuer: string;
  readonly clientId: string;
}

type Claims = Readonly<Record<string, unknown>>;

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TYPES = new Set<unknown>([undefined, 'logout+jwt', 'application/logout+jwt', 'JWT']);
const MAX_AGE_SECONDS = 10 * 60;
const MAX_CHARS = 255;

/** Verifies and checks a token. Throws errors of `jose` and of `fetchFromProvider` too. */
export async function verifyLogoutToken(
  token: string,
  { keys, metadata }: Pick<Provider, 'keys' | 'metadata'>,
  clientId: string,
): Promise<LogoutToken> {
  const { payload, protectedHeader } = await keys.verify(token);
  return readLogoutToken(payload, protectedHeader.typ, { issuer: metadata.issuer, clientId });
}

/** Checks a token whose signature was verified. Throws `ERR_LOGIN_FAILED` with the first thing that is wrong. */
export function readLogoutToken(
  payload: Uint8Array,
  type: unknown,
  parties: LogoutTokenParties,
  nowMs = Date.now(),
): LogoutToken {
  const claims = parse(payload);
  const { sub, sid, jti, iat } = claims;
  const problem = !TYPES.has(type) ? 'typ' : wrongClaim(claims, parties, nowMs / 1000);
  if (problem !== undefined) throw invalidResponse(`the logout token is not valid (${problem})`);
  return {
    subject: text(sub),
    sid: text(sid),
    id: String(jti), // checked above, like `iat`
    expiresAtMs: (Number(iat) + MAX_AGE_SECONDS + CLOCK_TOLERANCE_SECONDS) * 1000,
  };
}

function wrongClaim(claims: Claims, { issuer, clientId }: LogoutTokenParties, nowSeconds: number): string | undefined {
  const { iss, aud, iat, exp, events, jti, sub, sid } = claims;
  if (iss !== issuer) return 'iss';
  if (!(aud === clientId || (Array.isArray(aud) && aud.includes(clientId)))) return 'aud';
  if (!isWithin(iat, nowSeconds - MAX_AGE_SECONDS, nowSeconds + CLOCK_TOLERANCE_SECONDS)) return 'iat';
  if (exp !== undefined && !isWithin(exp, nowSeconds - CLOCK_TOLERANCE_SECONDS, Number.MAX_VALUE)) return 'exp';
  if (!isRecord(events) || !Object.hasOwn(events, EVENT) || !isRecord(events[EVENT])) return 'events';
  if (Object.hasOwn(claims, 'nonce')) return 'nonce'; // an ID token must not pass for a logout token
  if (text(jti) === undefined) return 'jti';
  const isUsable = (value: unknown) => value === undefined || text(value) !== undefined;
  if (!isUsable(sub) || !isUsable(sid) || (sub === undefined && sid === undefined)) return 'sub, sid';
  return undefined;
}

function isWithin(value: unknown, from: number, to: number): boolean {
  return typeof value === 'number' && value >= from && value <= to;
}

function text(value: unknown): string | undefined {
  return isPlainText(value, MAX_CHARS) ? value : undefined;
}

function parse(payload: Uint8Array): Claims {
  const claims: unknown = JSON.parse(Buffer.from(payload).toString());
  return isRecord(claims) ? claims : {};
}

function isRecord(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
