/**
 * The headers that the target is told, and the body's framing on HTTP/1.1 (RFC 9112 section 6). Pure. `Host` is the
 * target's own unless configured otherwise; `Origin` is changed on a WebSocket upgrade only, and only when it is the
 * tunnel's own: anywhere else a change would defeat the target's protection against cross-site requests. Which other
 * fields name the tunnel, and what becomes of them: url-fields.ts.
 */

import { PosternError } from '../../errors.js';
import type { RequestHead } from '../../http/exchange.js';
import { fieldValue, headerValues } from '../../http/fields.js';
import { connectionOptions } from '../../http/header-rules.js';
import type { TargetAddress } from './address.js';
import { classifyRequestName, type HeaderRule } from './header-names.js';
import { REQUEST_URL_FIELDS, translated } from './url-fields.js';
import { replaceOrigins } from './url-text.js';

/** The tunnel's address as the visitor of one request sees it. */
export interface PublicAddress {
  /** Host and a port that is not the scheme's default. */
  readonly host: string;
  readonly hostname: string;
  readonly origin: string;
}

const FORWARDED_HOST = /^[a-z0-9._-]{1,253}(?::\d{1,5})?$/i;
const PORT = /^\d{1,5}$/;
const LENGTH = /^\d{1,15}$/; // below 2 ** 53

// Methods that promise no body when none is framed; any other without a body says `Content-Length: 0` (RFC 9110
// section 8.6), since `node:http` would frame an empty chunked body.
const BODILESS_METHODS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** Reads the tunnel's public address from the `X-Forwarded-*` headers, which the edge alone sets. */
export function readPublicAddress(head: RequestHead): PublicAddress {
  const proto = fieldValue(head.headers, 'x-forwarded-proto');
  const scheme = proto === 'http' || proto === 'https' ? proto : head.scheme;
  const forwarded = fieldValue(head.headers, 'x-forwarded-host');
  const host = forwarded !== undefined && FORWARDED_HOST.test(forwarded) ? forwarded : head.authority;
  const port = fieldValue(head.headers, 'x-forwarded-port');
  const withPort = host.includes(':') || port === undefined || !PORT.test(port) ? host : `${host}:${port}`;
  const text = `${scheme}://${withPort}`;
  if (text !== lastRead.text) lastRead = { text, publicAddress: parsePublicAddress(text, withPort) };
  return lastRead.publicAddress;
}

// An agent has one public address, or two: reading it anew for each request would cost as much as a small response does.
let lastRead: { readonly text: string; readonly publicAddress: PublicAddress } = {
  text: '',
  publicAddress: { host: '', hostname: '', origin: '' },
};

function parsePublicAddress(text: string, host: string): PublicAddress {
  if (!FORWARDED_HOST.test(host) || !URL.canParse(text)) {
    throw new PosternError('ERR_BAD_REQUEST', 'The request names no public host.');
  }
  const url = new URL(text);
  return { host: url.host, hostname: url.hostname, origin: url.origin };
}

/** The `Host` that the target is told. */
export function hostFor(target: TargetAddress, publicAddress: PublicAddress): string {
  if (target.hostHeader === 'rewrite') return target.host;
  return target.hostHeader === 'preserve' ? publicAddress.host : target.hostHeader.literal;
}

/**
 * The request's headers for the target, without framing: `Host` first, the rest in order, cookie crumbs joined
 * (RFC 9113 section 8.2.3). Throws `ERR_BAD_REQUEST` on a name that is none; values are checked as they are written.
 */
export function targetHeaders(head: RequestHead, target: TargetAddress, publicAddress: PublicAddress): string[] {
  const headers: string[] = [];
  const forwarded = rewritesOrigin(head, target, publicAddress) ? forwardedHeaders(target, publicAddress) : undefined;
  forEachTargetHeader(head, target, publicAddress, ({ lower }, value) =>
    headers.push(lower, forwarded?.get(lower) ?? value),
  );
  return headers;
}

// What is rewritten is rewritten as one: apps compare `Origin` with `X-Forwarded-Host` where there is one, else `Host`.
function forwardedHeaders(target: TargetAddress, publicAddress: PublicAddress): ReadonlyMap<string, string> {
  const host = hostFor(target, publicAddress);
  const port = new URL(`${target.scheme}://${host}`).port || (target.scheme === 'https' ? '443' : '80');
  return new Map([
    ['x-forwarded-host', host],
    ['x-forwarded-port', port],
    ['x-forwarded-proto', target.scheme],
  ]);
}

/** As `targetHeaders`, one after the other: each request would otherwise make a list only to walk through it. */
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

// With the scheme and host that the target itself sees: servers of WebDAV compare all of it.
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

/** How many bytes the body must have, when the visitor said so. Throws `ERR_BAD_REQUEST` when it cannot be true. */
export function declaredLength(head: RequestHead, endOfBody: boolean): number | undefined {
  if (fieldValue(head.headers, 'content-length') === undefined) return undefined;
  const values = headerValues(head.headers, 'content-length');
  const length = values.length === 1 && LENGTH.test(values[0] as string) ? Number(values[0]) : undefined;
  if (length === undefined || (endOfBody && length > 0)) {
    throw new PosternError('ERR_BAD_REQUEST', 'The content length does not fit the body.');
  }
  return length;
}

/** The framing headers: the visitor's length, else chunks when there is a body. */
export function framingHeaders(method: string, endOfBody: boolean, length: number | undefined): string[] {
  if (length !== undefined) return ['Content-Length', String(length)];
  if (!endOfBody) return ['Transfer-Encoding', 'chunked'];
  return BODILESS_METHODS.has(method) ? [] : ['Content-Length', '0'];
}

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
