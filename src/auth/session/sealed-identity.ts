/**
 * An identity as it stands in sealed text, where every byte counts: one-letter names, nothing for what is absent. Such
 * text is our own, yet an older or newer release may have made it, so it is read as carefully as any input.
 */
import { createHash } from 'node:crypto';
import type { Identity } from '../identity/identity.js';

/** The issuers that an opened identity may be of, by `issuerTag`. */
export type KnownIssuers = ReadonlyMap<string, string>;

/** The fields of an identity in a sealed payload. The names `r k s e v d u g o` are taken by it. */
export interface PackedIdentity {
  /** `issuerTag` of the issuer. Earlier releases had one provider, and sealed none. */
  readonly r: string;
  /** The domain proof is `hosted-domain`. */
  readonly k?: 1;
  readonly s: string;
  readonly e: string;
  readonly v?: 1;
  /** The hosted domain; 1 when it is that of the email, as it is nearly always. */
  readonly d?: string | 1;
  readonly u?: string;
  readonly g?: readonly string[];
  /** `omittedFor`; 1 from releases that kept none. */
  readonly o?: string | 1;
}

/** Stands for an issuer URL, which may have a hundred characters: 48 bits of its SHA-256, between issuers of one operator. */
export function issuerTag(issuer: string): string {
  return createHash('sha256').update(issuer).digest('base64url').slice(0, 8);
}

export function knownIssuers(issuers: readonly string[]): KnownIssuers {
  return new Map(issuers.map((issuer) => [issuerTag(issuer), issuer]));
}

/** Packs an identity; `unpackIdentity` gives back an equal one. */
export function packIdentity(identity: Identity): PackedIdentity {
  return {
    r: issuerTag(identity.issuer),
    ...(identity.domainProof === 'hosted-domain' && { k: 1 }),
    s: identity.subject,
    e: identity.email,
    ...(identity.emailVerified && { v: 1 }),
    ...(identity.hostedDomain !== undefined && { d: packDomain(identity.hostedDomain, identity.email) }),
    ...(identity.username !== undefined && { u: identity.username }),
    ...(identity.groups.length > 0 && { g: identity.groups }),
    ...(identity.groupsOmitted && { o: identity.omittedFor ?? '' }),
  };
}

/**
 * Reads the identity in an opened payload; undefined when a field is not what `packIdentity` writes, or when the issuer is
 * not known: the operator has replaced the provider, and its visitors sign in again.
 */
export function unpackIdentity(
  payload: Readonly<Record<string, unknown>>,
  issuers: KnownIssuers,
): Identity | undefined {
  const { r: tag, k, s: subject, e: email, v, d, u: username, g: groups = [], o } = payload;
  const issuer = typeof tag === 'string' ? issuers.get(tag) : undefined;
  if (issuer === undefined || !(k === undefined || k === 1)) return undefined;
  if (typeof subject !== 'string' || typeof email !== 'string' || !isTextList(groups)) return undefined;
  const omittedFor = o === 1 ? '' : o;
  if (!isTextOrAbsent(omittedFor)) return undefined;
  const hostedDomain = d === 1 ? domainOf(email) : d;
  if (!isTextOrAbsent(hostedDomain) || !isTextOrAbsent(username)) return undefined;
  return {
    issuer,
    domainProof: k === 1 ? 'hosted-domain' : 'email',
    subject,
    email,
    emailVerified: v === 1,
    ...(hostedDomain !== undefined && { hostedDomain }),
    ...(username !== undefined && { username }),
    groups,
    groupsOmitted: omittedFor !== undefined,
    ...(omittedFor !== undefined && { omittedFor }),
  };
}

function packDomain(domain: string, email: string): string | 1 {
  return domain === domainOf(email) ? 1 : domain;
}

function domainOf(email: string): string {
  return email.slice(email.indexOf('@') + 1);
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
