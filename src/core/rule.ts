/**
 * The syntax of a rule (`--allow`, `POSTERN_ALLOW`, `POSTERN_AGENTS`, `Postern-Allow`) and the canonical form in which email
 * addresses and domains are compared. A text without a single obvious meaning is neither a rule nor an address: nothing is
 * repaired, so that spellings which look alike cannot be confused.
 */
import { domainToASCII, domainToUnicode } from 'node:url';

/** Whom a rule allows. Domains and emails are canonical; a group is compared exactly as written. */
export type Rule =
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'email'; readonly email: string }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'anyone' }
  | { readonly kind: 'public' };

/**
 * When an email address counts as verified (`POSTERN_OIDC_EMAIL_VERIFIED`): only with the claim `email_verified`, which is
 * the default, or also without it, for a provider that verifies all addresses and omits the claim. A claim that is present
 * always decides.
 */
export type EmailVerification = 'required' | 'accept-missing';

/** What a rule may be, as one sentence for error messages. */
export const RULE_WORDS =
  'A rule is "@acme.com", "ana@acme.com", "group:eng", "*" (anyone who signs in) or "public" (no sign-in).';

/** The same for what people grant while a tunnel runs: never `public`. */
export const GRANT_WORDS = 'A rule is "@acme.com", "ana@acme.com", "group:eng" or "*" (anyone who signs in).';

/** The longest name of a group, in UTF-16 code units. */
export const MAX_GROUP_CHARS = 256;

const GROUP_PREFIX = 'group:';
const MAX_RULE_CHARS = 512; // longer than any valid rule
const MAX_EMAIL_BYTES = 254; // RFC 5321 section 4.5.3.1.3: a path of 256 octets, its angle brackets included
const MAX_DOMAIN_CHARS = 253; // RFC 1035 section 2.3.4: 255 octets on the wire, one for each length and one for the root

// Commas separate rules in environment variables and in `Postern-Allow`: a group with one would be read as several rules.
const GROUP = /^(?! )[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp},]+(?<! )$/u;

// The dot-atom of RFC 5322 section 3.2.3, letters of other scripts included (RFC 6532), without the quoted form. `*` is
// left out: in a rule it reads as a wildcard, which it would not be. Letters that render as nothing are refused.
const LOCAL_PART =
  /^(?!.*\p{Default_Ignorable_Code_Point})[\w!#$%&'+\-/=?^`{|}~\p{L}\p{M}\p{N}]+(?:\.[\w!#$%&'+\-/=?^`{|}~\p{L}\p{M}\p{N}]+)*$/u;

// The LDH labels of RFC 1123 section 2.1; a last label of digits alone would make it an IP address.
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads one rule. Surrounding spaces and tabs are ignored; anything that is not exactly a rule is undefined. */
export function parseRule(text: string): Rule | undefined {
  if (text.length > MAX_RULE_CHARS) return undefined;
  const word = text.replace(/^[ \t]+|[ \t]+$/g, '');
  if (word === '*') return { kind: 'anyone' };
  if (word === 'public') return { kind: 'public' };
  if (word.startsWith(GROUP_PREFIX)) return parseGroup(word.slice(GROUP_PREFIX.length));
  if (word.startsWith('@')) return parseDomain(word.slice(1));
  if (word.startsWith('*@')) return parseDomain(word.slice(2));
  const email = canonicalEmail(word);
  return email === undefined ? undefined : { kind: 'email', email };
}

/** The groups that are named in rules. */
export function groupsOf(rules: readonly Rule[]): string[] {
  return rules.flatMap((rule) => (rule.kind === 'group' ? [rule.group] : []));
}

/** The canonical spelling of a rule; `parseRule` returns an equal rule for it. */
export function formatRule(rule: Rule): string {
  switch (rule.kind) {
    case 'domain':
      return `@${rule.domain}`;
    case 'email':
      return rule.email;
    case 'group':
      return `${GROUP_PREFIX}${rule.group}`;
    case 'anyone':
      return '*';
    case 'public':
      return 'public';
  }
}

const UNDECODED = /(?:^|\.)xn--/;

/**
 * The form in which addresses are compared: ASCII letters in lower case, the domain as from `canonicalDomain`. Undefined
 * unless there is exactly one `@` and both parts are plain. Plus tags and dots stay: with them it is another address.
 */
export function canonicalEmail(text: string): string | undefined {
  const parts = text.split('@', 3);
  if (parts.length !== 2 || text.length > MAX_EMAIL_BYTES) return undefined;
  const local = lowerAscii(parts[0] as string);
  const domain = canonicalDomain(parts[1] as string);
  // NFKC folds characters that look alike (fullwidth, U+212A, decomposed accents): an address that it changes is rejected.
  if (domain === undefined || !LOCAL_PART.test(local) || local.normalize('NFKC') !== local) return undefined;
  const email = `${local}@${domain}`;
  return Buffer.byteLength(email) > MAX_EMAIL_BYTES ? undefined : email;
}

/**
 * The form in which domains are compared: lower-case A-labels (RFC 5890 section 2.3.2.1). Undefined for anything that
 * IDNA would first have to map, capital ASCII letters excepted, and for IP addresses and a trailing dot.
 */
export function canonicalDomain(text: string): string | undefined {
  if (text.length > MAX_DOMAIN_CHARS) return undefined;
  const lower = lowerAscii(text);
  const ascii = domainToASCII(lower);
  const unicode = domainToUnicode(ascii);
  if (ascii !== lower && unicode !== lower) return undefined;
  // An A-label that is not the encoding of its U-label, or of nothing: newer Node leaves those as they are.
  if (domainToASCII(unicode) !== ascii || UNDECODED.test(unicode)) return undefined;
  return ascii.length <= MAX_DOMAIN_CHARS && DOMAIN.test(ascii) ? ascii : undefined;
}

function parseGroup(group: string): Rule | undefined {
  return group.length <= MAX_GROUP_CHARS && GROUP.test(group) ? { kind: 'group', group } : undefined;
}

function parseDomain(text: string): Rule | undefined {
  const domain = canonicalDomain(text);
  return domain === undefined ? undefined : { kind: 'domain', domain };
}

// Not `toLowerCase`: that maps U+212A (Kelvin) to "k" and U+0130 to two characters.
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
