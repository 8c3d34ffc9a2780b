/**
 * Header rules that hold on every path: what is hop-by-hop (RFC 9110 section 7.6.1), which names are ours alone, what
 * a name or a value may consist of, and how a value outside ASCII is carried. Headers are flat lists as `node:http`
 * gives and takes them: name, value, name, value; duplicates and order are kept.
 */
import { boundedMemo } from '../core/memo.js';
import { trimOws } from '../core/white-space.js';
import { filterFields, type RawHeaders } from './fields.js';

const HOP_BY_HOP = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

// A `Connection` line that names these would break framing or routing on the next hop instead of removing an option.
const NEVER_HOP_BY_HOP = new Set(['host', 'content-length']);

const CONNECTION = 'connection';
const NO_NAMES: ReadonlySet<string> = new Set();

// Trailers may not frame, route, authenticate or describe content (RFC 9110 section 6.5.1).
const NEVER_IN_TRAILERS = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'host',
  'location',
  'max-forwards',
  'range',
  'set-cookie',
]);

const RESERVED_PREFIXES = ['x-forwarded-', 'x-postern-', 'postern-', 'x-auth-request-', 'x-tunnel-'];
const RESERVED = new Set(['forwarded', 'x-real-ip', 'x-request-id', 'x-forwarded']);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Field values as bytes, one code unit each: RFC 9110 section 5.5 without NUL, CR, LF and other controls, and nothing
// past 0xFF: an encoder that keeps only the low byte would turn U+0161 into "a".
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The name under which spellings of one header meet: lower-case, every other sign as `-`. CGI-like servers merge `_`
 * with `-`, and some (lighttpd) every character that is neither letter nor digit.
 */
export function normalizedName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/**
 * The lower-case names that the `Connection` lines declare hop-by-hop, framing and routing excepted. Without those that
 * end at this hop anyway, `keep-alive` above all: it is what most requests name, and costs no set then.
 */
export function connectionOptions(headers: RawHeaders): ReadonlySet<string> {
  let options: Set<string> | undefined;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    if (name.length !== CONNECTION.length || name.toLowerCase() !== CONNECTION) continue;
    for (const option of (headers[at + 1] as string).toLowerCase().split(',')) {
      const named = trimOws(option);
      if (HOP_BY_HOP.has(named) || NEVER_HOP_BY_HOP.has(named)) continue;
      options ??= new Set();
      options.add(named);
    }
  }
  return options ?? NO_NAMES;
}

/** Whether a header ends at this hop whatever `Connection` says. `name` is lower-case. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/**
 * Whether a visitor may not send this header because its name, in some spelling, is ours to give. Browsers send the same
 * dozen names with each request: a look-up is thirty times as fast as the check.
 */
export const isReserved = boundedMemo(
  (name) => {
    const normalized = normalizedName(name);
    return RESERVED.has(normalized) || RESERVED_PREFIXES.some((prefix) => normalized.startsWith(prefix));
  },
  { maxEntries: 1_000, maxKeyChars: 64 },
);

/** Whether a header may stand in trailers that are passed on. */
export function mayTrail(name: string): boolean {
  const lower = name.toLowerCase();
  return !lower.startsWith(':') && !HOP_BY_HOP.has(lower) && !NEVER_IN_TRAILERS.has(lower) && !isReserved(name);
}

/** The trailers that may be passed on. */
export function filterTrailers(trailers: RawHeaders): string[] {
  return filterFields(trailers, mayTrail);
}

/** Whether a string is a field name (RFC 9110 section 5.1). */
export function isFieldName(name: string): boolean {
  return TOKEN.test(name);
}

/** Whether a string can be carried as a field value without losing or gaining a byte. */
export function isFieldValue(value: string): boolean {
  return FIELD_VALUE.test(value);
}

/**
 * Encodes text for an identity header: visible ASCII stands for itself; `%`, a comma, a space and all else become
 * percent-encoded UTF-8, so that two different texts never give the same value and a list can be split at commas.
 * Throws `URIError` on a lone surrogate: such text cannot be carried, and the request that needs it must fail.
 */
export function encodeFieldText(text: string): string {
  return text.replace(/[^\x21-\x24\x26-\x2b\x2d-\x7e]+/gu, encodeURIComponent);
}
