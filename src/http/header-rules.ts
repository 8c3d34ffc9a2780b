/**
 * Header rules that apply everywhere: what is hop-by-hop (RFC 9110 section 7.6.1), which names are reserved for us, the
 * syntax of names and values, what may be in trailers, and how text outside ASCII is encoded. Lists are flat (`fields.ts`).
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

// A `Connection` field that names these would break framing or routing on the next hop instead of removing an option.
const NEVER_HOP_BY_HOP = new Set(['host', 'content-length']);

const CONNECTION = 'connection';
const NO_NAMES: ReadonlySet<string> = new Set();

// Fields for framing, routing, authentication or the content format have no place in trailers (RFC 9110 section 6.5.1).
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
 * The common form of all spellings that a server may treat as one header: lower-case, with `-` for every other character
 * than letters and digits. CGI-like servers merge `_` with `-`, and some (lighttpd) all such characters.
 */
export function normalizedName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/**
 * The lower-case names that `Connection` declares hop-by-hop, except framing and routing fields. Names that are hop-by-hop
 * anyway are left out: most requests name only `keep-alive`, and then need no set.
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

/** Whether a header is always hop-by-hop, whatever `Connection` names. `name` is lower-case. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/**
 * Whether only we may send a header with this name, in any spelling. Browsers send the same dozen names with each request: a
 * look-up is thirty times as fast as the check.
 */
export const isReserved = boundedMemo(
  (name) => {
    const normalized = normalizedName(name);
    return RESERVED.has(normalized) || RESERVED_PREFIXES.some((prefix) => normalized.startsWith(prefix));
  },
  { maxEntries: 1_000, maxKeyChars: 64 },
);

/** Whether a field may be forwarded in trailers. */
export function mayTrail(name: string): boolean {
  const lower = name.toLowerCase();
  return !lower.startsWith(':') && !HOP_BY_HOP.has(lower) && !NEVER_IN_TRAILERS.has(lower) && !isReserved(name);
}

/** The trailers that may be forwarded. */
export function filterTrailers(trailers: RawHeaders): string[] {
  return filterFields(trailers, mayTrail);
}

/** Whether a string is a field name (RFC 9110 section 5.1). */
export function isFieldName(name: string): boolean {
  return TOKEN.test(name);
}

/** Whether a string is a field value (RFC 9110 section 5.5), one byte in each code unit. */
export function isFieldValue(value: string): boolean {
  return FIELD_VALUE.test(value);
}

/**
 * Encodes text for an identity header: visible ASCII is unchanged; `%`, a comma, a space and everything else become
 * percent-encoded UTF-8, so that different texts have different values and a list can be split at commas. Throws `URIError`
 * on a lone surrogate: such text cannot be encoded, and the request that needs it must fail.
 */
export function encodeFieldText(text: string): string {
  return text.replace(/[^\x21-\x24\x26-\x2b\x2d-\x7e]+/gu, encodeURIComponent);
}
