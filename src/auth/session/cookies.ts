/**
 * Cookies of ours and of others, RFC 6265: how ours are named and set, how they are found among duplicates (a sibling
 * tunnel can plant cookies of any name that has no `__Host-` prefix, and they may come first), and how they are taken
 * out of a request without touching the others. Whether a value is genuine is not known here.
 */
import { stringifySetCookie } from 'cookie';
import { trimOws } from '../../core/white-space.js';

/** The names of our cookies at one edge. */
export interface CookieNames {
  readonly session: string;
  readonly nonce: string;
  /** Followed by the id of a sign-in transaction. */
  readonly transactionPrefix: string;
}

export interface SetCookieOptions {
  /** The edge is served over https. */
  readonly secure: boolean;
  readonly maxAgeSeconds: number;
  readonly path?: string;
  /** Absent for a cookie of this host alone. */
  readonly domain?: string;
}

// Each value costs a decryption; a browser has one, and nobody plants more than a few by accident.
const MAX_VALUES = 8;

// Prefixes that browsers know (RFC 6265bis section 4.1.3 and its successors): a request with another spelling of our
// names is either ours from another setting of the edge or an attempt to be taken for it. So is one behind bytes that some
// reader drops: blanks, controls, the white space of Unicode, a byte order mark.
const OURS = /^[^!-~]*(?:__(?:host-http|host|http|secure)-)?postern-(?:session|nonce|signin)/i;

/** The names of our cookies: on https bound to one host by `__Host-`, which browsers enforce. */
export function cookieNames(secure: boolean): CookieNames {
  const prefix = secure ? '__Host-' : '';
  return {
    session: `${prefix}postern-session`,
    nonce: `${prefix}postern-nonce`,
    transactionPrefix: `${prefix}postern-signin-`,
  };
}

/** Whether a cookie name is one of ours in any spelling: such a cookie never reaches a target, nor comes from one. */
export function isOurCookie(name: string): boolean {
  return OURS.test(name);
}

/** Every value under exactly this name, in order, at most eight. Quotes belong to the value. */
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

/** A `Cookie` header without the cookies that are ours; the others are byte-identical and in order. May be empty. */
export function removeCookies(header: string, isOurs: (name: string) => boolean): string {
  let kept: string[] | undefined; // made at the first of ours: many apps get their header as it came
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

/** A `Set-Cookie` line: host-only, HttpOnly, `SameSite=Lax`. The value is written as it is; `TypeError` when it cannot. */
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

/** A `Set-Cookie` line that makes a browser forget the cookie. */
export function clearCookie(name: string, options: Omit<SetCookieOptions, 'maxAgeSeconds'>): string {
  return setCookie(name, '', { ...options, maxAgeSeconds: 0 });
}

// A planted cookie may have the path of any folder above the one that was asked for.
const MAX_CLEARED_PATHS = 8;

/**
 * `Set-Cookie` lines that make a browser forget every cookie of this name that a request for the host and the path may have
 * brought: one for the host alone, and, where no `__Host-` keeps them out, those for the host and the domains above it.
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
