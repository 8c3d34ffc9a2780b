/**
 * The headers of a target's response as the visitor receives them: the target's own but for what ends at this hop, what only
 * we may say, and what would reach beyond the tunnel's own host. A gated answer is made `private` unless the target has
 * said how shared caches may keep it, and the edge's own cookie is added only where no shared cache may store it.
 */
import { isOurCookie } from '../../auth/session/cookies.js';
import { RecentMap } from '../../core/recent-map.js';
import { trimOws } from '../../core/white-space.js';
import { readSharing } from '../../http/cache-control.js';
import type { ResponseHead } from '../../http/exchange.js';
import { usualCase } from '../../http/header-case.js';
import { connectionOptions, isHopByHop, isReserved } from '../../http/header-rules.js';
import type { HttpVersion } from '../request/visit.js';
import { isConfined, isForCaches, isolated } from './origin-isolation.js';

export interface ResponseHeaderOptions {
  /** The tunnel's own host, without port. */
  readonly host: string;
  /** The response is for signed-in visitors only. */
  readonly isGated: boolean;
  /** The edge's own `Set-Cookie` line, when the session was renewed. It is left out of a response that a shared cache may keep. */
  readonly cookie: string | undefined;
  /** The version of HTTP that the visitor speaks. */
  readonly version: HttpVersion;
}

/** The headers to send, names in lower case for HTTP/2 (RFC 9113 section 8.2.1) and in their usual case for HTTP/1.1. */
export function responseHeaders(
  { status, headers }: ResponseHead,
  { host, isGated, cookie, version }: ResponseHeaderOptions,
): string[] {
  const isLower = version === '2.0';
  const options = connectionOptions(headers);
  const fields: string[] = [];
  let cacheControl = '';
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const { lower, usual, fate } = nameOf(headers[at] as string);
    const spelling = isLower ? lower : usual;
    if (fate === 'dropped' || options.has(lower)) continue;
    const value = headers[at + 1] as string;
    if (fate === 'passed') fields.push(spelling, value);
    else if (fate === 'cache-control') {
      cacheControl = cacheControl === '' ? value : `${cacheControl}, ${value}`;
      fields.push(spelling, value);
    } else {
      const kept = limited(fate, lower, value, { host, isGated, status });
      if (kept !== undefined) fields.push(spelling, kept);
    }
  }
  if (!isGated && cookie === undefined) return fields;
  const sharing = readSharing(cacheControl);
  if (isGated && !sharing.isDecided && status >= 200) fields.push(ownNames(version).cacheControl, 'private');
  // Only where no shared cache may keep the response (RFC 9111 section 3). A cache takes the fields of a 304 into the response
  // that it has kept (section 4.3.4), and that one is as private as the target itself says.
  const mayCarryCookie = isGated && status !== 304 ? sharing.isPrivateWhenTold : sharing.isPrivate;
  if (cookie !== undefined && mayCarryCookie) fields.push(ownNames(version).setCookie, cookie);
  return fields;
}

const USUAL = {
  cacheControl: 'Cache-Control',
  contentPolicy: 'Content-Security-Policy',
  setCookie: 'Set-Cookie',
  via: 'Via',
};
const LOWER = {
  cacheControl: 'cache-control',
  contentPolicy: 'content-security-policy',
  setCookie: 'set-cookie',
  via: 'via',
};

/** The headers that the edge adds, as a version of HTTP spells their names. */
export function ownNames(version: HttpVersion): typeof USUAL {
  return version === '2.0' ? LOWER : USUAL;
}

type Fate = 'dropped' | 'passed' | 'cache-control' | 'for-caches' | 'set-cookie' | 'content-length' | 'confined';

interface Name {
  readonly lower: string;
  readonly usual: string;
  readonly fate: Fate;
}

// Apps send the same few dozen names with each response: each is judged once.
const MAX_NAMES = 1_000;
const MAX_NAME_LENGTH = 64;
const names = new RecentMap<Name>(MAX_NAMES, MAX_NAME_LENGTH);

function nameOf(name: string): Name {
  const known = names.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const judged: Name = { lower, usual: usualCase(lower), fate: fateOf(lower) };
  names.set(name, judged);
  return judged;
}

function fateOf(lower: string): Fate {
  if (isHopByHop(lower) || isOurs(lower)) return 'dropped';
  if (lower === 'cache-control' || lower === 'set-cookie' || lower === 'content-length') return lower;
  if (isForCaches(lower)) return 'for-caches';
  return isConfined(lower) ? 'confined' : 'passed';
}

// `x-request-id` and the like are reserved towards the target only: an app may say what it wants to its visitors.
function isOurs(name: string): boolean {
  return name.startsWith('postern-') && isReserved(name);
}

function limited(
  fate: Fate,
  lower: string,
  value: string,
  { host, isGated, status }: { readonly host: string; readonly isGated: boolean; readonly status: number },
): string | undefined {
  if (fate === 'confined') return isolated(lower, value);
  if (fate === 'for-caches') return isGated ? undefined : value;
  if (fate === 'set-cookie') return mayBeSet(value, host) ? value : undefined;
  return status < 200 || status === 204 ? undefined : value; // a length has no place there (RFC 9110 section 8.6)
}

/**
 * Whether a target may set this cookie: not one of the edge's own, and not for a domain above its own host, where it would reach
 * its siblings (RFC 6265 section 5.2.3).
 */
function mayBeSet(line: string, host: string): boolean {
  const [pair = '', ...attributes] = line.split(';');
  // A cookie without a name comes back as its value alone: `=postern-session=x` reads like the edge's own.
  if (isOurCookie(pair.replace(/^[ \t=]+/, '').split('=', 1)[0] as string)) return false;
  return attributes.every((attribute) => {
    const [name = '', value = ''] = attribute.split('=', 2);
    if (trimOws(name).toLowerCase() !== 'domain') return true;
    const domain = trimOws(value).toLowerCase().replace(/^\./, '');
    return domain === '' || domain === host || domain.endsWith(`.${host}`);
  });
}
