/**
 * What OpenID Connect says about a visitor, reduced to what policy and headers need. Claims come from an identity
 * provider and are not believed to be well-typed: what is odd is refused (sub, email) or left out (the rest).
 */
import { canonicalDomain, canonicalEmail, MAX_GROUP_CHARS } from '../../core/rule.js';
import { PosternError } from '../../errors.js';

/** What proves that an account belongs to a domain: Google's `hd` together with the email, or the verified email alone. */
export type DomainProof = 'hosted-domain' | 'email';

/** A visitor as the identity provider describes them. An account is one by `issuer` and `subject` together. */
export interface Identity {
  /** The provider that vouches for all the rest: its issuer URL (OpenID Connect Core section 2), as `OidcProvider.issuer`. */
  readonly issuer: string;
  /** How that provider proves a domain. */
  readonly domainProof: DomainProof;
  /** The provider's lasting identifier of the account (`sub`). */
  readonly subject: string;
  /** Canonical, see `canonicalEmail`: the only form in which it is compared, forwarded and logged. */
  readonly email: string;
  readonly emailVerified: boolean;
  /** Google's `hd`, canonical: the organisation whose directory the account is in. */
  readonly hostedDomain?: string;
  /** `preferred_username`: for display, never for a decision. */
  readonly username?: string;
  readonly groups: readonly string[];
  /** The provider, or a cookie too small for them, left groups out: absence from `groups` says nothing. */
  readonly groupsOmitted: boolean;
  /** `groupsTag` of the groups that rules named at the sign-in that left groups out; none matches an empty one. */
  readonly omittedFor?: string;
}

export interface ReadIdentityOptions {
  /** The claim that holds the groups (`POSTERN_OIDC_GROUPS_CLAIM`). */
  readonly groupsClaim: string;
  readonly emailVerified?: EmailVerification;
  /** As in the identity. */
  readonly issuer: string;
  readonly domainProof: DomainProof;
}

/**
 * When an address counts as verified (`POSTERN_OIDC_EMAIL_VERIFIED`): only with the claim, which is the default, or also
 * without it, for a provider that verifies all addresses and does not say so. A claim that is there is always heard.
 */
export type EmailVerification = 'required' | 'accept-missing';

// `sub` is at most 255 ASCII characters (OpenID Connect Core section 2); providers in the field also send others.
const MAX_SUBJECT_CHARS = 255;
const MAX_USERNAME_CHARS = 64; // with it and an ordinary address a session still fits its 600 bytes

/**
 * Reads the claims of an ID token, possibly merged with userinfo. Throws `ERR_ACCESS_DENIED` when the account has no
 * usable `sub` or `email`. Whether an unverified email matters is for policy to judge: only boolean `true` counts as yes,
 * and from Google only for an address that it answers for.
 */
export function readIdentity(claims: Readonly<Record<string, unknown>>, options: ReadIdentityOptions): Identity {
  const hostedDomain = readHostedDomain(claim(claims, 'hd'));
  const email = readEmail(claim(claims, 'email'));
  const isProven = options.domainProof !== 'hosted-domain' || isProvenByGoogle(email, hostedDomain);
  const username = claim(claims, 'preferred_username');
  return {
    issuer: options.issuer,
    domainProof: options.domainProof,
    subject: readSubject(claim(claims, 'sub')),
    email,
    emailVerified: isProven && isVerified(claims, options.emailVerified),
    ...(hostedDomain !== undefined && { hostedDomain }),
    ...(isPlainText(username, MAX_USERNAME_CHARS) && { username }),
    ...readGroups(claims, options.groupsClaim),
  };
}

/** Whether two identities are of the same account. */
export function isSameAccount(one: Identity, other: Identity): boolean {
  return one.issuer === other.issuer && one.subject === other.subject;
}

/** The account of an identity as one text, for maps and counters. An issuer URL has no spaces. */
export function accountKey({ issuer, subject }: Identity): string {
  return `${issuer} ${subject}`;
}

// Own properties only: the name of the groups claim is configured, and `constructor` is no claim.
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

function isVerified(claims: Readonly<Record<string, unknown>>, policy: EmailVerification | undefined): boolean {
  const value = claim(claims, 'email_verified');
  return value === true || (value === undefined && policy === 'accept-missing');
}

// Google says `email_verified` of what was true once: a consumer account made on a work address keeps it after its owner
// has left. An address is the account's own now when its organisation says so (`hd`), or when Google gave it out itself.
// https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
function isProvenByGoogle(email: string, hostedDomain: string | undefined): boolean {
  const domain = email.slice(email.indexOf('@') + 1);
  return domain === hostedDomain || domain === 'gmail.com' || domain === 'googlemail.com';
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

// Too many groups for a token: Entra names a place to fetch them (OpenID Connect Core section 5.6.2) or sets a flag.
function isOverage(claims: Readonly<Record<string, unknown>>, groupsClaim: string): boolean {
  const elsewhere = claim(claims, '_claim_names');
  if (typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, groupsClaim)) return true;
  return claim(claims, 'hasgroups') === true;
}

// Text that can be shown, logged and encoded: no controls, line separators, bidi overrides or lone surrogates.
function isPlainText(value: unknown, maxChars: number): value is string {
  if (typeof value !== 'string' || value.length > maxChars || value.trim() !== value) return false;
  return /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+$/u.test(value);
}
