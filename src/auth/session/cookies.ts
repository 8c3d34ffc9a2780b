/**
 * The edge's cookies and those of apps, RFC 6265: how ours are named and set, found among duplicates (a sibling tunnel can
 * plant cookies of any name without a `__Host-` prefix, and they may come first), and removed from a request without
 * changing the others. Does not know whether a value is genuine.
 */
import { stringifySetCookie } from 'cookie';
import { trimOws } from '../../core/white-space.js';

/** The names of the edge's cookies. */
export interface CookieNames {
  readonly session: string;
  readonly nonce: string;
  /** The id of a sign-in transaction follows it. */
  readonly transactionPrefix: string;
  /** The id of the identity provider of the last sign-in. Not sealed: a start may name any provider. */
  readonly provider: string;
}

export interface SetCookieOptions {
  /** The edge is served over https. */
  readonly secure: boolean;
  readonly maxAgeSeconds: number;
  readonly path?: string;
  /** Absent for a host-only cookie. */
  readonly domain?: string;
}

// Each value costs a decryption. A browser has one; more than a few are an attack.
const MAX_VALUES = 8;

// With the prefixes that browsers know (RFC 6265bis section 4.1.3 and its successors): a cookie with another spelling of our
// names was set under another configuration of the edge, or is an attempt to imitate ours. The same holds behind bytes that
// some parsers drop: blanks, controls, Unicode white space, a byte order mark.
const OURS = /^[^!-~]*(?:__(?:host-http|host|http|secure)-)?postern-(?:session|nonce|signin|provider)/i;

/** The names of the edge's cookies. On https browsers bind them to one host by the prefix `__Host-`. */
export function cookieNames(secure: boolean): CookieNames {
  const prefix = secure ? '__Host-' : '';
  return {
    session: `${prefix}postern-session`,
    nonce: `${prefix}postern-nonce`,
    transactionPrefix: `${prefix}postern-signin-`,
    provider: `${prefix}postern-provider`,
  };
}

/** Whether a cookie name is one of ours in any spelling. Such a cookie is never forwarded to or accepted from a target. */
export function isOurCookie(name: string): boolean {
  return OURS.test(name);
}

/** The values of all cookies with exactly this name, in order, at most eight. Quotes are part of the value. */
export function cookieValues(header: string | undefined, name: string): string[] {
  const values: string[] = [];
  for (let start = 0; header !== undefined && start <= header.length; ) {
    const end = endOfPair(header, start);
    const pair = header.slice(start, end);
    const equals = pair.indexOf('=');
    if (equals !== -1 && trimOws(pair.slice(0, equals)) === name) values.push(trimOws(pair.slice(equals + 1)));
    if (values.length === MAX_VALUES) break;
    start = end + 1;
  }
  return values;
}

/** A `Cookie` header without our cookies; the others are byte-identical and in order. May be empty. */
export function removeCookies(header: string, isOurs: (name: string) => boolean): string {
  let kept: string[] | undefined; // created at the first of ours: most headers are forwarded unchanged
  for (let start = 0; start <= header.length; ) {
    const end = endOfPair(header, start);
    const pair = header.slice(start, end);
    const equals = pair.indexOf('=');
    if (!isOurs(trimOws(equals === -1 ? pair : pair.slice(0, equals)))) kept?.push(pair);
    else kept ??= start === 0 ? [] : [header.slice(0, start - 1)];
    start = end + 1;
  }
  if (kept === undefined) return header;
  if (kept.every((pair) => trimOws(pair) === '')) return '';
  return trimOws(kept.join(';'));
}

function endOfPair(header: string, start: number): number {
  const end = header.indexOf(';', start);
  return end === -1 ? header.length : end;
}

/** A `Set-Cookie` line: HttpOnly, `SameSite=Lax`. The value is not escaped; throws `TypeError` when it would have to be. */
export function setCookie(name: string, value: string, options: SetCookieOptions): string {
  return stringifySetCookie(
    {
      name,
      value,
      maxAge: options.maxAgeSeconds,
      path: options.path ?? '/',
      ...(options.domain === undefined ? {} : { domain: options.domain }),
      httpOnly: true,
      secure: options.secure,
      sameSite: 'lax',
    },
    { encode: (text) => text },
  );
}

/** A `Set-Cookie` line that removes the cookie from the browser. */
export function clearCookie(name: string, options: Omit<SetCookieOptions, 'maxAgeSeconds'>): string {
  return setCookie(name, '', { ...options, maxAgeSeconds: 0 });
}

// A planted cookie may have the path of any folder above the requested one.
const MAX_CLEARED_PATHS = 8;

/**
 * `Set-Cookie` lines that remove every cookie of this name that a browser sends with a request for this host and path: the
 * host-only one and, unless `__Host-` excludes them, those of the host and of the domains above it.
 */
export function clearEverywhere(name: string, at: { secure: boolean; host: string; path: string }): string[] {
  const lines = [clearCookie(name, at)];
  if (name.startsWith('__Host-')) return lines;
  const labels = at.host.split('.');
  for (const path of foldersOf(at.path)) {
    if (path !== '/') lines.push(clearCookie(name, { secure: at.secure, path }));
    for (let cut = 0; cut < labels.length; cut += 1) {
      lines.push(clearCookie(name, { secure: at.secure, path, domain: labels.slice(cut).join('.') }));
    }
  }
  return lines;
}

function foldersOf(path: string): string[] {
  const segments =
    path
      .split(/[?#]/, 1)[0]
      ?.split('/')
      .filter((segment) => /^[\w.~%-]+$/.test(segment)) ?? [];
  const folders = segments.slice(0, MAX_CLEARED_PATHS).map((_, at) => `/${segments.slice(0, at + 1).join('/')}`);
  return ['/', ...folders];
}
