/**
 * An identity as it stands in sealed text, where every byte counts: one-letter names, nothing for what is absent. Such
 * text is our own, yet an older or newer release may have made it, so it is read as carefully as any input.
 */
import type { Identity } from '../identity/identity.js';

/** The fields of an identity in a sealed payload. The names `s e v d u g o` are taken by it. */
export interface PackedIdentity {
  readonly s: string;
  readonly e: string;
  readonly v?: 1;
  readonly d?: string;
  readonly u?: string;
  readonly g?: readonly string[];
  /** `omittedFor`; 1 from releases that kept none. */
  readonly o?: string | 1;
}

/** Packs an identity; `unpackIdentity` gives back an equal one. */
export function packIdentity(identity: Identity): PackedIdentity {
  return {
    s: identity.subject,
    e: identity.email,
    ...(identity.emailVerified && { v: 1 }),
    ...(identity.hostedDomain !== undefined && { d: identity.hostedDomain }),
    ...(identity.username !== undefined && { u: identity.username }),
    ...(identity.groups.length > 0 && { g: identity.groups }),
    ...(identity.groupsOmitted && { o: identity.omittedFor ?? '' }),
  };
}

/** Reads the identity in an opened payload; undefined when a field is not what `packIdentity` writes. */
export function unpackIdentity(payload: Readonly<Record<string, unknown>>): Identity | undefined {
  const { s: subject, e: email, v, d: hostedDomain, u: username, g: groups = [], o } = payload;
  if (typeof subject !== 'string' || typeof email !== 'string' || !isTextList(groups)) return undefined;
  const omittedFor = o === 1 ? '' : o;
  if (!isTextOrAbsent(omittedFor)) return undefined;
  if (!isTextOrAbsent(hostedDomain) || !isTextOrAbsent(username)) return undefined;
  return {
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

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
