/**
 * The headers of a target's answer as the link carries them. Pure. Nothing is added; removed is only what ends at this
 * hop (RFC 9110 section 7.6.1) and our own `postern-error`; changed are only a `Location` and a cookie's `Domain` that
 * name the target, which would send the visitor's browser to the visitor's own machine.
 */
import {
  connectionOptions,
  filterTrailers,
  headerValues,
  isFieldName,
  isFieldValue,
  type RawHeaders,
} from '../core/headers.js';
import { PosternError } from '../errors.js';
import { MOST_HEADER_FIELDS } from '../link/link.js';
import { judgeAnswerName } from './header-names.js';
import { isTargetHost, namesTarget, type TargetAddress } from './target-address.js';
import type { PublicPlace } from './target-headers.js';

const ABSOLUTE = /^(?:(https?):)?\/\/([^/?#\\]+)(.*)$/is;
const DOMAIN_ATTRIBUTE = /^([ \t]*domain[ \t]*=[ \t]*)\.?([^ \t]+)([ \t]*)$/i;

/**
 * The headers of an answer. Throws `ERR_TARGET_PROTOCOL` on a name or value that is none, on more lines than a link
 * carries, and on a transfer coding other than chunked, since its body could not be carried on.
 */
export function answerHeaders(raw: RawHeaders, status: number, target: TargetAddress, place: PublicPlace): string[] {
  refuseTransferCodings(raw);
  if (raw.length >= 2 * MOST_HEADER_FIELDS)
    throw new PosternError('ERR_TARGET_PROTOCOL', 'The target sends more header lines than a link carries.');
  const dropped = connectionOptions(raw);
  const withoutLength = status < 200 || status === 204; // RFC 9110 section 8.6
  const headers: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const { lower, fate } = judgeAnswerName(raw[at] as string);
    const value = raw[at + 1] as string;
    if (fate === 'malformed' || !isFieldValue(value))
      throw new PosternError('ERR_TARGET_PROTOCOL', `Header ${at / 2} is malformed.`);
    if (fate === 'dropped' || dropped.has(lower)) continue;
    if (lower === 'content-length' && withoutLength) continue;
    headers.push(lower, fate === 'special' ? rewritten(lower, value, target, place) : value);
  }
  return headers;
}

/** The trailers of an answer: lower-case, and only those that may trail and can be carried. */
export function answerTrailers(raw: RawHeaders): string[] {
  const trailers: string[] = [];
  const kept = filterTrailers(raw);
  for (let at = 0; at + 1 < kept.length; at += 2) {
    const name = (kept[at] as string).toLowerCase();
    const value = kept[at + 1] as string;
    if (isFieldName(name) && isFieldValue(value)) trailers.push(name, value);
  }
  return trailers;
}

function refuseTransferCodings(raw: RawHeaders): void {
  const codings = headerValues(raw, 'transfer-encoding');
  if (codings.length === 0 || (codings.length === 1 && codings[0]?.toLowerCase() === 'chunked')) return;
  throw new PosternError('ERR_TARGET_PROTOCOL', 'The target uses a transfer coding other than chunked.');
}

function rewritten(name: string, value: string, target: TargetAddress, place: PublicPlace): string {
  if (name === 'location') return publicLocation(value, target, place);
  return name === 'set-cookie' ? publicCookie(value, target, place) : value;
}

function publicLocation(value: string, target: TargetAddress, place: PublicPlace): string {
  const match = ABSOLUTE.exec(value);
  if (match === null) return value;
  const [, scheme, authority = '', rest = ''] = match;
  if (authority.toLowerCase() === place.host) return value;
  return namesTarget(target, scheme?.toLowerCase() ?? target.scheme, authority) ? place.origin + rest : value;
}

function publicCookie(line: string, target: TargetAddress, place: PublicPlace): string {
  const [pair = '', ...attributes] = line.split(';');
  const changed = attributes.map((attribute) => {
    const match = DOMAIN_ATTRIBUTE.exec(attribute);
    const domain = match?.[2]?.toLowerCase() ?? '';
    return match !== null && isTargetHost(target, domain) ? `${match[1]}${place.hostname}${match[3]}` : attribute;
  });
  return [pair, ...changed].join(';');
}
