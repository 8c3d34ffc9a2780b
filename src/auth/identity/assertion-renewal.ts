/**
 * Reads an assertion that this edge has signed before, so that it can be signed afresh: for a request that the owner of a tunnel
 * repeats. Its claims come from the signed text alone, and it may have expired, but not long ago.
 */
import { compactVerify, createLocalJWKSet, type JWK } from 'jose';
import { ALGORITHM, BACKDATED_SECONDS } from './assertion-times.js';

export interface RenewalOptions {
  readonly keys: readonly JWK[];
  readonly issuer: string;
  /** The origin of the tunnel. */
  readonly audience: string;
  readonly nowMs: number;
}

/** The claims of such an assertion. */
export interface RenewableClaims {
  readonly sub: string;
  /** The provider. */
  readonly idp: string;
  readonly email: string;
  readonly preferred_username?: string;
  readonly groups?: readonly string[];
  /** When the first assertion of all renewals was signed, in seconds: a renewal does not prolong what may be renewed. */
  readonly orig_iat: number;
}

const MAX_AGE_MS = 86_400_000;

/** Undefined for anything but an assertion for this audience that was signed with one of the keys within the last day. */
export async function readRenewable(
  text: string,
  { keys, issuer, audience, nowMs }: RenewalOptions,
): Promise<RenewableClaims | undefined> {
  const claims = await verifiedClaims(text, keys);
  if (claims === undefined || claims['iss'] !== issuer || claims['aud'] !== audience) return undefined;
  const { sub, idp, email, iat, orig_iat = iat, preferred_username, groups } = claims;
  if (typeof sub !== 'string' || typeof idp !== 'string' || typeof email !== 'string') return undefined;
  if (typeof orig_iat !== 'number') return undefined;
  if (nowMs - signedAtMs({ orig_iat }) > MAX_AGE_MS) return undefined;
  return {
    sub,
    idp,
    email,
    ...(typeof preferred_username === 'string' && { preferred_username }),
    ...(Array.isArray(groups) && { groups: groups as string[] }), // of ours: only strings
    orig_iat,
  };
}

/** When a person was let in with these claims for the first time, in milliseconds since the epoch. */
export function signedAtMs({ orig_iat }: Pick<RenewableClaims, 'orig_iat'>): number {
  return (orig_iat + BACKDATED_SECONDS) * 1000;
}

async function verifiedClaims(
  text: string,
  keys: readonly JWK[],
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const { payload } = await compactVerify(text, createLocalJWKSet({ keys: [...keys] }), { algorithms: [ALGORITHM] });
    return JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>; // an object: we have signed it
  } catch {
    return undefined; // not signed by us
  }
}
