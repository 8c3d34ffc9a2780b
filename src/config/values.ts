/** Values other than addresses: durations, names, rules, secrets and the like. */
import { isTunnelName, readOrigin } from '../core/hostname.js';
import {
  canonicalDomain,
  canonicalEmail,
  type EmailVerification,
  parseRule,
  RULE_WORDS,
  type Rule,
} from '../core/rule.js';
import { MAX_PUBLIC_PATHS, PUBLIC_PATH_WORDS, type PublicPath, parsePublicPath } from '../http/public-path.js';
import { isGuessable } from './secret-strength.js';
import { list, parsed, secretText, type Value } from './value.js';

const EMAIL_VERIFICATIONS: readonly EmailVerification[] = ['required', 'accept-missing'];

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** The least severe message that is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

const MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_MS = 365 * MS.d;
const MIN_SECRET_BYTES = 32; // the strength of the keys derived from it
const MAX_TOKEN_CHARS = 4_096; // the longest that the edge reads
const MAX_NAMED = 50; // domains, or groups, of one provider
const MAX_RULES = 100; // as many as an offer may carry
const MAX_ORIGINS = 20; // likewise
const MAX_AGENT_TTL_MS = 30 * MS.d;
const MAX_VIEWERS = 1_000; // as many as an offer may ask for
const MAX_LINKS = 4; // as many as an edge uses
const MAX_TUNNELS = 40; // with names of 63 characters the token stays below that

/** `90s`, `30m`, `12h`, `30d`, in milliseconds. */
export const duration = parsed((text) => {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const ms = Number(match?.[1]) * MS[match?.[2] as keyof typeof MS];
  return ms >= MS.s && ms <= MAX_MS ? ms : undefined;
}, 'a duration: expected a whole number with s, m, h or d, such as 90s or 12h, from 1s to 365d');

/** `true` or `false`. */
export const toggle: Value<boolean> = parsed(
  (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  'a yes or no: expected true or false',
);

/** A tunnel's name. */
export const tunnelName: Value<string> = parsed(
  (text) => (isTunnelName(text) ? text : undefined),
  'a tunnel name: expected 1 to 63 of a-z, 0-9 and - (not at an end), and no reserved word such as www or admin',
);

/** Names, or patterns with `*`, that a token permits. */
export const tunnelPatterns: Value<string[]> = list(
  parsed(
    (text) => (text === '*' || isTunnelName(text.replaceAll('*', 'x')) ? text : undefined),
    'a tunnel name or a pattern of one: expected names such as demo or dev-*, separated by commas',
  ),
).refine((names) => names.length <= MAX_TUNNELS, `there are too many: expected at most ${MAX_TUNNELS}`);

/** An email address in canonical form. */
export const email: Value<string> = parsed(canonicalEmail, 'an email address: expected one such as dev@acme.com');

/** Domains of email addresses, in canonical form. */
export const emailDomains: Value<string[]> = list(
  parsed(canonicalDomain, 'a domain: expected one such as acme.com'),
).refine((all) => all.length <= MAX_NAMED, `there are too many: expected at most ${MAX_NAMED}`);

/** Names of groups, separated by commas. */
export const groups: Value<string[]> = list(
  parsed(
    (text) => (parseRule(`group:${text}`)?.kind === 'group' ? text : undefined),
    'the name of a group: expected one such as eng, as in the rule group:eng',
  ),
).refine((all) => all.length <= MAX_NAMED, `there are too many: expected at most ${MAX_NAMED}`);

/** Rules, separated by commas. */
export const rules: Value<Rule[]> = list(
  parsed(parseRule, `a rule: ${RULE_WORDS.replace(/^A/, 'a').replace(/\.$/, '')}`),
).refine((all) => all.length <= MAX_RULES, `there are too many: expected at most ${MAX_RULES}`);

/** Origins of pages, separated by commas. */
export const origins: Value<string[]> = list(
  parsed(readOrigin, 'an origin: expected one such as https://web.acme.com, without a path'),
).refine((all) => all.length <= MAX_ORIGINS, `there are too many: expected at most ${MAX_ORIGINS}`);

/** Public paths, separated by commas. */
export const publicPaths: Value<PublicPath[]> = list(
  parsed(parsePublicPath, `a public path: expected ${PUBLIC_PATH_WORDS}`),
).refine((all) => all.length <= MAX_PUBLIC_PATHS, `there are too many: expected at most ${MAX_PUBLIC_PATHS}`);

/** How many people may look at a tunnel at once. */
export const viewers: Value<number> = parsed(
  (text) => (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= MAX_VIEWERS ? Number(text) : undefined),
  `a number of people: expected a whole number from 1 to ${MAX_VIEWERS}`,
);

/** How many links an agent may hold. */
export const links: Value<number> = parsed(
  (text) => (/^[1-9]$/.test(text) && Number(text) <= MAX_LINKS ? Number(text) : undefined),
  `a number of links: expected a whole number from 1 to ${MAX_LINKS}`,
);

/** Processes of an edge. More than a machine has cores only cost memory. */
export const workers: Value<number> = parsed(
  (text) => (/^[1-9]\d?$/.test(text) && Number(text) <= 64 ? Number(text) : undefined),
  'a number of processes: expected a whole number from 1 to 64',
);

/** The operator's ceiling, in which `public` has no meaning. */
export const ceiling = rules.refine(
  (all) => all.every(({ kind }) => kind !== 'public'),
  '"public" says nothing here: expected whom a tunnel may let in; POSTERN_PUBLIC=true permits tunnels without sign-in',
);

/** Who administers an edge: people and groups by name, since everyone who signs in, or who is of a domain, is too many. */
export const administrators = rules.refine(
  (all) => all.every(({ kind }) => kind === 'email' || kind === 'group'),
  'administrators are named one by one or by a group: expected rules such as ops@acme.com or group:ops',
);

/** Who may sign agents in: rules about identities, so `public` has no meaning. */
export const agentRules = rules.refine(
  (all) => all.every(({ kind }) => kind !== 'public'),
  '"public" says nothing here: expected who may sign agents in, such as @acme.com or group:eng',
);

/** Shorter than the ninety days for which an agent's sign-in is kept without use. */
export const agentTtl: Value<number> = duration.refine(
  (ms) => ms <= MAX_AGENT_TTL_MS,
  'it is too long: expected at most 30d; an agent renews its token by itself',
);

/** As long as an agent's token at most: what a person allows an app is not forgotten for longer. */
export const clientTtl: Value<number> = duration.refine(
  (ms) => ms <= MAX_AGENT_TTL_MS,
  'it is too long: expected at most 30d; the person signs in again then',
);

/** One or several secrets, newest first. */
export const secrets: Value<string[]> = list(
  secretText(
    (text) => Buffer.byteLength(text) >= MIN_SECRET_BYTES,
    `it has a part of less than ${MIN_SECRET_BYTES} bytes: expected ${MIN_SECRET_BYTES} or more in each, such as openssl rand -base64 32 prints`,
  ).refine(
    (text) => Buffer.byteLength(text) < MIN_SECRET_BYTES || !isGuessable(text), // one problem is enough
    'it has a part that can be guessed (few different characters, or a row or a repetition of some): expected random ones, such as openssl rand -base64 32 prints',
  ),
);

/** A secret that another party issued (RFC 6749 appendix A.2). */
export const foreignSecret = secretText(
  (text) => /^[\x20-\x7e]+$/.test(text),
  'it holds a control character or one outside ASCII: expected the secret as the identity provider shows it',
);

/** An agent's token as it goes into a header. */
export const token = secretText(
  (text) => /^[\x21-\x7e]+$/.test(text) && text.length <= MAX_TOKEN_CHARS,
  'it is not a token: expected the one line that "postern token create" printed',
);

/** An identifier that another party issued: visible characters. */
export const identifier = parsed(
  (text) => (isVisible(text) ? text : undefined),
  'a name: expected visible characters only',
);

const anyScopes = parsed(
  (text) => (/^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(text) ? text : undefined),
  'a list of scopes: expected words separated by single spaces',
);

/** Scopes by the grammar of RFC 6749 section 3.3; `openid` makes the request OpenID Connect. */
export const scopes = withScope('openid');

/** Scopes of which one is needed. */
export function withScope(needed: string): Value<string> {
  return anyScopes.refine(
    (text) => text.split(' ').includes(needed),
    `"${needed}" is missing: expected it among the scopes`,
  );
}

/** When an email address counts as verified. */
export const emailVerification: Value<EmailVerification> = parsed(
  (text) => EMAIL_VERIFICATIONS.find((policy) => policy === text),
  'a policy: expected required or accept-missing',
);

/** How much is logged. */
export const logLevel: Value<LogLevel> = parsed(
  (text) => LOG_LEVELS.find((level) => level === text),
  'a log level: expected debug, info, warn or error',
);

/** Whether a person is told on the desktop. */
export const notify: Value<'on' | 'off'> = parsed(
  (text) => (text === 'on' || text === 'off' ? text : undefined),
  'a choice: expected on or off',
);

/** Whether visitors are admitted while audit records cannot be written. */
export const auditPolicy: Value<'best-effort' | 'require'> = parsed(
  (text) => (text === 'best-effort' || text === 'require' ? text : undefined),
  'a policy: expected best-effort or require',
);

/** `-` or a path. */
export const destination = parsed((text) => (text.includes('\0') ? undefined : text), 'a path: expected - or a file');

/** The path of a folder. */
export const folder = parsed((text) => (text.includes('\0') ? undefined : text), 'a path: expected that of a folder');

/** The path of a file. */
export const path = parsed((text) => (text.includes('\0') ? undefined : text), 'a path: expected that of a file');

function isVisible(text: string): boolean {
  return /^[^\p{C}\p{Z}]+$/u.test(text);
}
