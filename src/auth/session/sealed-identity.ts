/**
 * The form of an identity in sealed text, where every byte counts: one-letter names, and no field for what is absent. An
 * older or newer release may have sealed the text, so it is validated like any input.
 */
import { createHash } from 'node:crypto';
import type { Identity } from '../identity/identity.js';

/** The accepted issuers, by `issuerTag`. */
export type KnownIssuers = ReadonlyMap<string, string>;

/** The fields of an identity in a sealed payload. Other fields of a payload must not use the names `r k s e v d u z g o`. */
export interface PackedIdentity {
  /** `issuerTag` of the issuer. Earlier releases, which had one provider, did not seal it. */
  readonly r: string;
  /** 1: the domain proof is `hosted-domain`; 2: it is `none`. */
  readonly k?: 1 | 2;
  readonly s: string;
  readonly e: string;
  readonly v?: 1;
  /** The hosted domain; 1 when it is the domain of the email, the usual case. */
  readonly d?: string | 1;
  readonly u?: string;
  /** The session at the provider. */
  readonly z?: string;
  readonly g?: readonly string[];
  /** `omittedFor`; 1 from releases that did not record it. */
  readonly o?: string | 1;
}

/** Represents an issuer URL, which may have a hundred characters. 48 bits suffice to tell one operator's issuers apart. */
export function issuerTag(issuer: string): string {
  return createHash('sha256').update(issuer).digest('base64url').slice(0, 8);
}

export function knownIssuers(issuers: readonly string[]): KnownIssuers {
  return new Map(issuers.map((issuer) => [issuerTag(issuer), issuer]));
}

/** Packs an identity; `unpackIdentity` returns an equal one. */
export function packIdentity(identity: Identity): PackedIdentity {
  return {
    r: issuerTag(identity.issuer),
    ...(identity.domainProof === 'hosted-domain' && { k: 1 }),
    ...(identity.domainProof === 'none' && { k: 2 }),
    s: identity.subject,
    e: identity.email,
    ...(identity.emailVerified && { v: 1 }),
    ...(identity.hostedDomain !== undefined && { d: packDomain(identity.hostedDomain, identity.email) }),
    ...(identity.username !== undefined && { u: identity.username }),
    ...(identity.providerSession !== undefined && { z: identity.providerSession }),
    ...(identity.groups.length > 0 && { g: identity.groups }),
    ...(identity.groupsOmitted && { o: identity.omittedFor ?? '' }),
  };
}

/**
 * Reads the identity in an opened payload. Undefined when a field is not one that `packIdentity` writes, and for an unknown
 * issuer: when the operator replaces a provider, its visitors sign in again.
 */
export function unpackIdentity(
  payload: Readonly<Record<string, unknown>>,
  issuers: KnownIssuers,
): Identity | undefined {
  const { r: tag, k, s: subject, e: email, v, d, u: username, z: providerSession, g: groups = [], o } = payload;
  const issuer = typeof tag === 'string' ? issuers.get(tag) : undefined;
  const domainProof = k === undefined ? 'email' : k === 1 ? 'hosted-domain' : k === 2 ? 'none' : undefined;
  if (issuer === undefined || domainProof === undefined) return undefined;
  if (typeof subject !== 'string' || typeof email !== 'string' || !isTextList(groups)) return undefined;
  const omittedFor = o === 1 ? '' : o;
  if (!isTextOrAbsent(omittedFor)) return undefined;
  const hostedDomain = d === 1 ? domainOf(email) : d;
  if (!isTextOrAbsent(hostedDomain) || !isTextOrAbsent(username) || !isTextOrAbsent(providerSession)) return undefined;
  return {
    issuer,
    domainProof,
    subject,
    email,
    emailVerified: v === 1,
    ...(hostedDomain !== undefined && { hostedDomain }),
    ...(username !== undefined && { username }),
    ...(providerSession !== undefined && { providerSession }),
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
