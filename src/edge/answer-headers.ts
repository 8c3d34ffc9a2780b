/**
 * The headers of a target's answer as the visitor receives them: untouched but for what ends at this hop, what only we
 * may say, and what would reach beyond the tunnel's own host. A gated answer is made `private` unless the target has
 * said how shared caches may keep it.
 */
import { isOurCookie } from '../auth/cookies.js';
import { connectionOptions, isHopByHop, isReserved, type RawHeaders } from '../core/headers.js';
import { trimOws } from '../core/white-space.js';
import { confined } from './answer-reach.js';

export interface AnswerOptions {
  /** The tunnel's own host, without port. */
  readonly host: string;
  /** The answer is for signed-in visitors only. */
  readonly isGated: boolean;
  /** A `Set-Cookie` line of ours, when the session has slid. */
  readonly cookie: string | undefined;
}

const DECIDES_ON_SHARING = /(?:^|[, \t])(?:private|no-store|public|s-maxage)(?:$|[ \t,;=])/i;

/** The headers to send, in the form that `node:http` takes. */
export function answerHeaders(headers: RawHeaders, { host, isGated, cookie }: AnswerOptions): string[] {
  const options = connectionOptions(headers);
  const fields: string[] = [];
  let needsPrivate = isGated;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase();
    if (isHopByHop(name) || options.has(name) || isOurs(name)) continue;
    const value = confined(name, headers[at + 1] as string);
    if (value === undefined) continue;
    if (name === 'set-cookie' && !mayBeSet(value, host)) continue;
    if (name === 'cache-control' && DECIDES_ON_SHARING.test(value)) needsPrivate = false;
    fields.push(headers[at] as string, value);
  }
  if (needsPrivate) fields.push('Cache-Control', 'private');
  if (cookie !== undefined) fields.push('Set-Cookie', cookie);
  return fields;
}

// `x-request-id` and the like are reserved towards the target only: an app may say what it wants to its visitors.
function isOurs(name: string): boolean {
  return name.startsWith('postern-') && isReserved(name);
}

/**
 * Whether a target may set this cookie: not one of ours, and not for a domain above its own host, where it would reach
 * its siblings (RFC 6265 section 5.2.3).
 */
function mayBeSet(line: string, host: string): boolean {
  const [pair = '', ...attributes] = line.split(';');
  // A cookie without a name comes back as its value alone: `=postern-session=x` reads like one of ours.
  if (isOurCookie(pair.replace(/^[ \t=]+/, '').split('=', 1)[0] as string)) return false;
  return attributes.every((attribute) => {
    const [name = '', value = ''] = attribute.split('=', 2);
    if (trimOws(name).toLowerCase() !== 'domain') return true;
    const domain = trimOws(value).toLowerCase().replace(/^\./, '');
    return domain === '' || domain === host || domain.endsWith(`.${host}`);
  });
}
