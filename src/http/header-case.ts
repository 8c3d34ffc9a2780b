/**
 * The spelling of field names in HTTP/1.1. Names are case-insensitive (RFC 9110 section 5.1), and HTTP/2 sends them in lower
 * case (RFC 9113 section 8.2.1), so the sender's spelling is lost. Programs that compare names case-sensitively expect the
 * usual one: `Content-Type`, `ETag`, `WWW-Authenticate`.
 */
import { boundedMemo } from '../core/memo.js';

// Names whose usual spelling does not follow from their words.
const NAMES: ReadonlyMap<string, string> = new Map(
  ['Content-ID', 'Last-Event-ID', 'OData-EntityId', 'OData-MaxVersion', 'X-XSRF-TOKEN'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

// Words that are not capitalized regularly, from the IANA registry of field names and from common usage.
const WORDS: ReadonlyMap<string, string> = new Map(
  [
    ...['ALPN', 'AMP', 'CDN', 'CF', 'CH', 'CSP', 'CSRF', 'CT', 'DASL', 'DAV', 'DNS', 'DNT', 'DPoP', 'DPR', 'ECT'],
    ...['EDIINT', 'ETag', 'GetProfile', 'GitHub', 'GitLab', 'GPC', 'HTTP', 'HTTP2', 'IM', 'IP', 'MD5', 'MIME'],
    ...['NEL', 'OData', 'OSCORE', 'OSLC', 'P3P', 'PEP', 'PICS', 'RTT', 'SLUG', 'SOAPAction', 'SourceMap', 'SSL'],
    ...['TCN', 'TE', 'TTL', 'UA', 'URI', 'WebKit', 'WebSocket', 'WWW', 'XSRF', 'XSS'],
  ].map((word) => [word.toLowerCase(), word]),
);

/** The usual spelling of a field name, which must be lower-case. Costs one look-up for a name that was seen before. */
export const usualCase = boundedMemo((lower) => NAMES.get(lower) ?? lower.split('-').map(usualWord).join('-'), {
  maxEntries: 1_000,
  maxKeyChars: 64,
});

function usualWord(word: string): string {
  return WORDS.get(word) ?? word.charAt(0).toUpperCase() + word.slice(1);
}
