/** What the identity provider says about a visitor, in the ID token and in userinfo, before any of it is believed. */
import { refused } from './provider-errors.js';

type Claims = Readonly<Record<string, unknown>>;

// An ID token is made for this very answer: one issued long ago was kept by somebody. Clocks may differ a little.
const MOST_AGE_SECONDS = 10 * 60;
const CLOCK_TOLERANCE_SECONDS = 30;

/** Checks what `openid-client` leaves open. Throws `ERR_LOGIN_FAILED`. */
export function checkIdToken({ azp, iat }: Claims, clientId: string): void {
  if (azp !== undefined && azp !== clientId) throw refused('the ID token is for another party (azp)');
  const ageSeconds = Date.now() / 1000 - Number(iat);
  if (!(ageSeconds <= MOST_AGE_SECONDS && ageSeconds >= -CLOCK_TOLERANCE_SECONDS)) {
    throw refused('the ID token was not issued just now (iat)');
  }
}

/**
 * Adds to the ID token what it left out. `email` and `email_verified` come from one place together: a verification in
 * one says nothing about an address in the other. Whatever else userinfo holds is ignored.
 */
export function mergeClaims(
  idToken: Claims,
  userInfo: Claims,
  { groupsClaim }: { readonly groupsClaim: string },
): Claims {
  const added = pick(userInfo, ['preferred_username', groupsClaim]);
  if (idToken['email'] !== undefined) return { ...added, ...idToken };
  const { email_verified: _verifiedAlone, ...rest } = idToken;
  return { ...added, ...rest, ...pick(userInfo, ['email', 'email_verified']) };
}

function pick(claims: Claims, names: readonly string[]): Claims {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]));
}
