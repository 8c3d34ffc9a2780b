/** The claims about a visitor from ID token and userinfo, checked and merged before they are read. */
import { createHash } from 'node:crypto';
import { invalidResponse } from './errors.js';

type Claims = Readonly<Record<string, unknown>>;

// An ID token is issued for this response: an old one is a replay. Clocks may differ a little.
const MAX_AGE_SECONDS = 10 * 60;
export const CLOCK_TOLERANCE_SECONDS = 30;

/** A successful token response (OpenID Connect Core section 3.1.3.3). */
export interface TokenResponse {
  /** The encoded ID token; its signature has been verified. */
  readonly idToken: string;
  readonly accessToken: string;
  readonly code: string;
}

/** Makes the checks that `openid-client` leaves to its caller. Throws `ERR_LOGIN_FAILED`. */
export function checkIdToken(claims: Claims, clientId: string, response: TokenResponse): void {
  const { azp, iat } = claims;
  if (azp !== undefined && azp !== clientId) throw invalidResponse('the ID token is for another party (azp)');
  const ageSeconds = Date.now() / 1000 - Number(iat);
  if (!(ageSeconds <= MAX_AGE_SECONDS && ageSeconds >= -CLOCK_TOLERANCE_SECONDS)) {
    throw invalidResponse('the ID token was not issued just now (iat): is the clock of this machine right?');
  }
  checkHash(claims, 'at_hash', response.accessToken, response.idToken);
  checkHash(claims, 'c_hash', response.code, response.idToken);
}

// OpenID Connect Core section 3.1.3.6: the left half of the hash that the signature uses. Optional in the code flow, but a
// wrong hash means that the ID token and the access token, or the code, do not belong together.
function checkHash(claims: Claims, name: 'at_hash' | 'c_hash', text: string, idToken: string): void {
  if (!Object.hasOwn(claims, name)) return;
  const hash = createHash(hashOf(idToken)).update(text).digest();
  const expected = hash.subarray(0, hash.length / 2).toString('base64url');
  if (claims[name] !== expected) throw invalidResponse(`the ID token is for another answer (${name})`);
}

function hashOf(idToken: string): string {
  const header = Buffer.from(idToken.slice(0, idToken.indexOf('.')), 'base64url').toString();
  const { alg } = JSON.parse(header) as { readonly alg: string }; // verified, so it is one of `ALGORITHMS`
  return /^[REP]S\d{3}$/.test(alg) ? `sha${alg.slice(2)}` : 'sha512'; // EdDSA with Ed25519
}

/**
 * Adds to the claims of the ID token those that it lacks. `email` and what verifies it are taken from the same source: a
 * verification in one does not apply to an address in the other, but a denial in either applies. All other claims of
 * userinfo are ignored.
 */
export function mergeClaims(
  idToken: Claims,
  userInfo: Claims,
  { groupsClaim }: { readonly groupsClaim: string },
): Claims {
  const added = pick(userInfo, ['preferred_username', groupsClaim]);
  if (idToken['email'] !== undefined) return { ...added, ...denialOf(userInfo), ...idToken };
  const { email_verified: _verifiedAlone, xms_edov: _ownerAlone, ...rest } = idToken;
  return { ...added, ...rest, ...denialOf(idToken), ...pick(userInfo, ['email', 'email_verified']) };
}

/** The denial of `email_verified`, which applies to an address from the other source too. */
function denialOf(claims: Claims): Claims {
  const isDenied = Object.hasOwn(claims, 'email_verified') && claims['email_verified'] !== true;
  return isDenied ? { email_verified: false } : {};
}

function pick(claims: Claims, names: readonly string[]): Claims {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]));
}
