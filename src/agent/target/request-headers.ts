/**
 * The headers of a request as the target receives them, without its framing. Pure. `Host` is the target's own unless
 * configured otherwise; `Origin` is changed on a WebSocket upgrade only, and only when it is the tunnel's own: anywhere else a
 * change would defeat the target's protection against cross-site requests. url-fields.ts has the other fields that name the
 * tunnel.
 */

import { PosternError } from '../../errors.js';
import type { RequestHead } from '../../http/exchange.js';
import { fieldValue, headerValues } from '../../http/fields.js';
import { connectionOptions } from '../../http/header-rules.js';
import type { TargetAddress } from './address.js';
import { classifyRequestName, type HeaderRule } from './header-names.js';
import type { PublicAddress } from './public-address.js';
import { REQUEST_URL_FIELDS, translated } from './url-fields.js';
import { replaceOrigins } from './url-text.js';

/** The `Host` for the target. */
export function hostFor(target: TargetAddress, publicAddress: PublicAddress): string {
  if (target.hostHeader === 'rewrite') return target.host;
  return target.hostHeader === 'preserve' ? publicAddress.host : target.hostHeader.literal;
}

/**
 * The request's headers for the target, without framing: `Host` first, the rest in order, cookie crumbs joined
 * (RFC 9113 section 8.2.3). Throws `ERR_BAD_REQUEST` on a malformed name; values are checked as they are written.
 */
export function targetHeaders(head: RequestHead, target: TargetAddress, publicAddress: PublicAddress): string[] {
  const headers: string[] = [];
  const forwarded = rewritesOrigin(head, target, publicAddress) ? forwardedHeaders(target, publicAddress) : undefined;
  forEachTargetHeader(head, target, publicAddress, ({ lower }, value) =>
    headers.push(lower, forwarded?.get(lower) ?? value),
  );
  return headers;
}

// All or nothing: apps compare `Origin` with `X-Forwarded-Host` if present, else with `Host`.
function forwardedHeaders(target: TargetAddress, publicAddress: PublicAddress): ReadonlyMap<string, string> {
  const host = hostFor(target, publicAddress);
  const port = new URL(`${target.scheme}://${host}`).port || (target.scheme === 'https' ? '443' : '80');
  return new Map([
    ['x-forwarded-host', host],
    ['x-forwarded-port', port],
    ['x-forwarded-proto', target.scheme],
  ]);
}

/** As `targetHeaders`, by a call for each: a request need not build a list only to iterate over it. */
export function forEachTargetHeader(
  head: RequestHead,
  target: TargetAddress,
  publicAddress: PublicAddress,
  emit: (name: HeaderRule, value: string) => void,
): void {
  emit(HOST, hostFor(target, publicAddress));
  const connectionFields = connectionOptions(head.headers);
  let cookieSeen = false;
  for (let at = 0; at + 1 < head.headers.length; at += 2) {
    const name = classifyRequestName(head.headers[at] as string);
    const { lower, action } = name;
    const value = head.headers[at + 1] as string;
    if (action === 'reject') throw new PosternError('ERR_BAD_REQUEST', 'A header is malformed.');
    if (action === 'drop' || connectionFields.has(lower)) continue;
    if (action === 'pass') emit(name, value);
    else if (lower === 'origin') emit(name, originFor(head, value, target, publicAddress));
    else if (lower !== 'cookie') emit(name, rewriteUrls(lower, value, target, publicAddress));
    else if (!cookieSeen) {
      emit(name, headerValues(head.headers, 'cookie').join('; '));
      cookieSeen = true;
    }
  }
}

const TRANSLATED = translated(REQUEST_URL_FIELDS);

// With the scheme and host that the target itself sees: WebDAV servers compare both.
function rewriteUrls(name: string, value: string, target: TargetAddress, publicAddress: PublicAddress): string {
  const syntax = TRANSLATED.get(name);
  if (syntax === undefined) return value;
  return replaceOrigins(syntax, value, (scheme, authority) =>
    `${scheme}://${authority.toLowerCase()}` === publicAddress.origin ? ownOrigin(target, publicAddress) : undefined,
  );
}

function ownOrigin(target: TargetAddress, publicAddress: PublicAddress): string {
  return `${target.scheme}://${hostFor(target, publicAddress)}`;
}

const HOST = classifyRequestName('host');

function originFor(head: RequestHead, origin: string, target: TargetAddress, publicAddress: PublicAddress): string {
  return origin === publicAddress.origin && rewritesOrigin(head, target, publicAddress)
    ? ownOrigin(target, publicAddress)
    : origin;
}

// A target that compares Origin with Host (or with a list that holds its own address) must see the two agree.
function rewritesOrigin(head: RequestHead, target: TargetAddress, publicAddress: PublicAddress): boolean {
  if (head.protocol !== 'websocket' || target.hostHeader === 'preserve') return false;
  return fieldValue(head.headers, 'origin') === publicAddress.origin;
}
