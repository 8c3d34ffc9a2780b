/**
 * The headers of a target's response as the link carries them. Pure. Adds nothing; removes only hop-by-hop fields (RFC 9110
 * section 7.6.1) and `postern-error`; rewrites only URLs (of the fields in url-fields.ts) and a cookie's `Domain` that name
 * the target, which would send the browser to the visitor's own machine.
 */

import { RecentMap } from '../../core/recent-map.js';
import { PosternError } from '../../errors.js';
import { filterFields, headerValues, mapNames, type RawHeaders } from '../../http/fields.js';
import { connectionOptions, filterTrailers, isFieldName, isFieldValue } from '../../http/header-rules.js';
import { MAX_HEADER_FIELDS } from '../../link/link.js';
import { isTargetHost, namesTarget, type TargetAddress } from './address.js';
import { classifyResponseName } from './header-names.js';
import type { PublicAddress } from './public-address.js';
import { RESPONSE_URL_FIELDS, translated } from './url-fields.js';
import { replaceOrigins } from './url-text.js';

const TRANSLATED = translated(RESPONSE_URL_FIELDS);
const DOMAIN_ATTRIBUTE = /^([ \t]*domain[ \t]*=[ \t]*)\.?([^ \t]+)([ \t]*)$/i;

/**
 * The headers of a response. Throws `ERR_TARGET_PROTOCOL` on a malformed name or value, on more lines than a link carries,
 * and on a transfer coding other than chunked, whose body could not be forwarded.
 */
export function responseHeaders(
  raw: RawHeaders,
  status: number,
  target: TargetAddress,
  publicAddress: PublicAddress,
): string[] {
  rejectTransferCodings(raw);
  if (raw.length >= 2 * MAX_HEADER_FIELDS)
    throw new PosternError('ERR_TARGET_PROTOCOL', 'The target sends more header lines than a link carries.');
  const connectionFields = connectionOptions(raw);
  const withoutLength = status < 200 || status === 204; // RFC 9110 section 8.6
  const headers: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const { lower, action } = classifyResponseName(raw[at] as string);
    const value = raw[at + 1] as string;
    if (action === 'reject' || !isFieldValue(value))
      throw new PosternError('ERR_TARGET_PROTOCOL', `Header ${at / 2} is malformed.`);
    if (action === 'drop' || connectionFields.has(lower)) continue;
    if (lower === 'content-length' && withoutLength) continue;
    headers.push(lower, action === 'rewrite' ? rewrite(lower, value, target, publicAddress) : value);
  }
  return headers;
}

/** The trailers of a response: lower-case, and only those that may be trailers and are well-formed. */
export function responseTrailers(raw: RawHeaders): string[] {
  const trailers = mapNames(filterTrailers(raw), (name) => name.toLowerCase());
  return filterFields(trailers, (name, value) => isFieldName(name) && isFieldValue(value));
}

function rejectTransferCodings(raw: RawHeaders): void {
  const codings = headerValues(raw, 'transfer-encoding');
  if (codings.length === 0 || (codings.length === 1 && codings[0]?.toLowerCase() === 'chunked')) return;
  throw new PosternError('ERR_TARGET_PROTOCOL', 'The target uses a transfer coding other than chunked.');
}

function rewrite(name: string, value: string, target: TargetAddress, publicAddress: PublicAddress): string {
  const syntax = TRANSLATED.get(name);
  if (syntax !== undefined && value.includes('//')) {
    return replaceOrigins(syntax, value, (scheme, authority) => publicOrigin(scheme, authority, target, publicAddress));
  }
  return name === 'set-cookie' ? publicCookie(value, target, publicAddress) : value;
}

function publicOrigin(
  scheme: string | undefined,
  authority: string,
  target: TargetAddress,
  publicAddress: PublicAddress,
): string | undefined {
  if (
    authority.toLowerCase() === publicAddress.host ||
    !isTargetUrl(scheme ?? target.scheme, authority, target, publicAddress)
  )
    return undefined;
  return scheme?.startsWith('ws') ? publicAddress.origin.replace('http', 'ws') : publicAddress.origin;
}

function isTargetUrl(scheme: string, authority: string, target: TargetAddress, publicAddress: PublicAddress): boolean {
  let memo = memos.get(target);
  if (memo?.publicAddress !== publicAddress) {
    memo = { publicAddress, isTarget: new RecentMap(MAX_NAMES, MAX_NAME_LENGTH) };
    memos.set(target, memo);
  }
  const name = `${scheme}://${authority}`;
  const cached = memo.isTarget.get(name);
  if (cached !== undefined) return cached;
  const isNamed = namesTarget(target, scheme, authority, publicAddress.origin);
  memo.isTarget.set(name, isNamed);
  return isNamed;
}

// A content security policy names the same few hosts with each page, and parsing a URL costs as much as a small response.
const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 300;
const memos = new WeakMap<
  TargetAddress,
  { readonly publicAddress: PublicAddress; readonly isTarget: RecentMap<boolean> }
>();

function publicCookie(line: string, target: TargetAddress, publicAddress: PublicAddress): string {
  const [pair = '', ...attributes] = line.split(';');
  const changed = attributes.map((attribute) => {
    const match = DOMAIN_ATTRIBUTE.exec(attribute);
    const domain = match?.[2]?.toLowerCase() ?? '';
    return match !== null && isTargetHost(target, domain)
      ? `${match[1]}${publicAddress.hostname}${match[3]}`
      : attribute;
  });
  return [pair, ...changed].join(';');
}
