/**
 * The claims of OpenID Connect about a visitor, reduced to what policy and headers need. The types of claims are not
 * trusted: a malformed `sub` or `email` is rejected, any other malformed claim is left out.
 */

import { createHash } from 'node:crypto';
import { isPlainText } from '../../core/plain-text.js';
import { canonicalDomain, canonicalEmail, type EmailVerification, MAX_GROUP_CHARS } from '../../core/rule.js';
import { PosternError } from '../../errors.js';

/**
 * What proves that an account belongs to a domain: Google's `hd` together with the email, the verified email alone, or, where
 * an address says only who had its mailbox once, nothing.
 */
export type DomainProof = 'hosted-domain' | 'email' | 'none';

/** A visitor as the identity provider describes them. `issuer` and `subject` together identify the account. */
export interface Identity {
  /** The issuer URL of the provider that asserts the rest (OpenID Connect Core section 2), as `OidcProvider.issuer`. */
  readonly issuer: string;
  /** What that provider's accounts prove of a domain here, beside the other providers: `acceptIdentity`. */
  readonly domainProof: DomainProof;
  /** The provider's permanent identifier of the account (`sub`). */
  readonly subject: string;
  /** Canonical, see `canonicalEmail`: compared, forwarded and logged in this form only. */
  readonly email: string;
  readonly emailVerified: boolean;
  /** Google's `hd`, canonical: the organisation whose directory the account is in. */
  readonly hostedDomain?: string;
  /** `preferred_username`: for display, never for a decision. */
  readonly username?: string;
  /** `providerSessionTag` of the session at the provider, which may end it; absent where it names none. */
  readonly providerSession?: string;
  readonly groups: readonly string[];
  /** The list is incomplete: the provider left groups out, or they did not fit the cookie. */
  readonly groupsOmitted: boolean;
  /** `groupsTag` of the groups that rules named when groups were left out; an empty text matches no tag. */
  readonly omittedFor?: string;
}

/** The claim by which a provider says that an address is verified: that of OpenID Connect, or Entra's `xms_edov`. */
export type EmailProof = 'email_verified' | 'xms_edov';

export interface ReadIdentityOptions {
  /** The claim that holds the groups (`POSTERN_OIDC_GROUPS_CLAIM`). */
  readonly groupsClaim: string;
  readonly emailVerified?: EmailVerification;
  /** Default: `email_verified`. */
  readonly emailProof?: EmailProof;
  /** As in the identity. */
  readonly issuer: string;
  readonly domainProof: DomainProof;
}

// `sub` is at most 255 ASCII characters (OpenID Connect Core section 2); some providers send others.
const MAX_SUBJECT_CHARS = 255;
const MAX_USERNAME_CHARS = 64; // with it and a usual address a session still fits its 600 bytes

/**
 * Reads the claims of an ID token, possibly merged with userinfo. Throws `ERR_ACCESS_DENIED` when the account has no
 * usable `sub` or `email`. Policy decides whether an unverified email matters. An email is verified by boolean `true` only,
 * and at Google only when Google controls the address.
 */
export function readIdentity(claims: Readonly<Record<string, unknown>>, options: ReadIdentityOptions): Identity {
  const hostedDomain = readHostedDomain(claim(claims, 'hd'));
  const email = readEmail(claim(claims, 'email'));
  const isProven = options.domainProof !== 'hosted-domain' || isProvenByGoogle(email, hostedDomain);
  const username = claim(claims, 'preferred_username');
  const sid = claim(claims, 'sid');
  return {
    issuer: options.issuer,
    domainProof: options.domainProof,
    subject: readSubject(claim(claims, 'sub')),
    email,
    emailVerified: isProven && isVerified(claims, options),
    ...(hostedDomain !== undefined && { hostedDomain }),
    ...(isPlainText(username, MAX_USERNAME_CHARS) && { username }),
    ...(isPlainText(sid, MAX_SUBJECT_CHARS) && { providerSession: providerSessionTag(options.issuer, sid) }),
    ...readGroups(claims, options.groupsClaim),
  };
}

/**
 * Represents a session at a provider (`sid`) in sealed text, where every byte counts: 72 bits. The length differs from that of
 * the id of a sign-in.
 */
export function providerSessionTag(issuer: string, sid: string): string {
  return createHash('sha256').update(`${issuer} ${sid}`).digest('base64url').slice(0, 12);
}

/** Whether two identities are of the same account. */
export function isSameAccount(one: Identity, other: Identity): boolean {
  return one.issuer === other.issuer && one.subject === other.subject;
}

/** The account of an identity as one text, for maps and counters. An issuer URL has no spaces. */
export function accountKey({ issuer, subject }: Pick<Identity, 'issuer' | 'subject'>): string {
  return `${issuer} ${subject}`;
}

/** Names an account in lists and in the store, and reveals nothing about it: 24 hexadecimal digits. */
export function accountId(account: Pick<Identity, 'issuer' | 'subject'>): string {
  return createHash('sha256').update(accountKey(account)).digest('hex').slice(0, 24);
}

// Own properties only: the name of the groups claim is configured, and `constructor` is not a claim.
function claim(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function readSubject(value: unknown): string {
  if (isPlainText(value, MAX_SUBJECT_CHARS)) return value;
  throw new PosternError('ERR_ACCESS_DENIED', 'the claim "sub" is missing or unusable', {
    text: 'The identity provider did not say which account this is.',
  });
}

function readEmail(value: unknown): string {
  const email = typeof value === 'string' ? canonicalEmail(value) : undefined;
  if (email !== undefined) return email;
  throw new PosternError('ERR_ACCESS_DENIED', 'the claim "email" is missing or is not one plain address', {
    text: 'The identity provider gave no usable email address for this account.',
  });
}

function isVerified(
  claims: Readonly<Record<string, unknown>>,
  { emailVerified: policy, emailProof }: ReadIdentityOptions,
): boolean {
  const value = claim(claims, 'email_verified');
  if (emailProof === 'xms_edov') return isOwnerVerified(claims) && (value === true || value === undefined);
  return value === true || (value === undefined && policy === 'accept-missing');
}

// At Entra `email` is whatever the administrator of a directory, or of a guest's, has put there. `xms_edov` (email domain owner
// verified) says that the domain is proven. Older versions of its tokens have 1 or "1" for true.
// https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
function isOwnerVerified(claims: Readonly<Record<string, unknown>>): boolean {
  const value = claim(claims, 'xms_edov');
  return value === true || value === 1 || value === '1';
}

// At Google `email_verified` may be outdated: a consumer account made with a work address keeps it after its owner has left
// the organisation. The account owns the address now if the organisation confirms it (`hd`), or if Google issued it.
// https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
function isProvenByGoogle(email: string, hostedDomain: string | undefined): boolean {
  const needed = neededHostedDomain(email);
  return needed === undefined || needed === hostedDomain;
}

/** The `hd` without which Google's word for an address is no proof; undefined for addresses of its own. */
export function neededHostedDomain(email: string): string | undefined {
  const domain = email.slice(email.indexOf('@') + 1);
  return domain === 'gmail.com' || domain === 'googlemail.com' ? undefined : domain;
}

function readHostedDomain(value: unknown): string | undefined {
  return typeof value === 'string' ? canonicalDomain(value) : undefined;
}

function readGroups(
  claims: Readonly<Record<string, unknown>>,
  groupsClaim: string,
): Pick<Identity, 'groups' | 'groupsOmitted'> {
  const value = claim(claims, groupsClaim);
  if (value === undefined) return { groups: [], groupsOmitted: isOverage(claims, groupsClaim) };
  const listed: unknown[] = Array.isArray(value) ? value : [value];
  if (!listed.every((group) => typeof group === 'string')) return { groups: [], groupsOmitted: true };
  const groups = new Set(listed.filter((group) => isPlainText(group, MAX_GROUP_CHARS)));
  return { groups: [...groups], groupsOmitted: groups.size < new Set(listed).size };
}

// With too many groups for a token, Entra refers to an endpoint (OpenID Connect Core section 5.6.2) or sets a flag.
function isOverage(claims: Readonly<Record<string, unknown>>, groupsClaim: string): boolean {
  const elsewhere = claim(claims, '_claim_names');
  if (typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, groupsClaim)) return true;
  return claim(claims, 'hasgroups') === true;
}
