/**
 * Between flat header lists and what `node:http2` takes and gives. Every name and value is checked before it enters:
 * `node:http2` keeps only the low byte of each character of a request's value and drops what turns into CR or LF, so an
 * unchecked value could arrive as somebody else's name, or not at all.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { isFieldName, isFieldValue, type RawHeaders } from '../core/headers.js';
import { PosternError } from '../errors.js';
import type { RequestHead, ResponseHead } from './stream.js';

// The names for which `node:http2` throws when they come twice. The first value stands, as in `node:http`.
const SINGLE = new Set(
  `access-control-allow-credentials access-control-max-age access-control-request-method age authorization
  content-encoding content-language content-length content-location content-md5 content-range content-type date dnt
  etag expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location
  max-forwards range referer retry-after tk upgrade-insecure-requests user-agent x-content-type-options`.split(/\s+/),
);

// The fields whose values are secrets: literal, never indexed, so that no compression state depends on them
// (RFC 7541 section 7.1.3).
const NEVER_INDEXED = ['authorization', 'cookie', 'set-cookie', 'x-postern-assertion'];

/** The `node:http2` form of a request's head. Throws `ERR_BAD_REQUEST` for what cannot be carried whole. */
export function writeRequestHead(head: RequestHead, sensitive: symbol): OutgoingHttpHeaders {
  if (!isFieldValue(head.path) || head.path.includes(' ')) throw new PosternError('ERR_BAD_REQUEST', 'unfit path');
  const headers = writeFields(head.headers, sensitive, 'ERR_BAD_REQUEST');
  headers[':method'] = head.method;
  headers[':scheme'] = head.scheme;
  headers[':authority'] = head.authority;
  headers[':path'] = head.path;
  if (head.protocol !== undefined) headers[':protocol'] = head.protocol;
  return headers;
}

/** The `node:http2` form of an answer's head. Throws `ERR_TARGET_PROTOCOL` for what cannot be carried whole. */
export function writeResponseHead(head: ResponseHead, sensitive: symbol): OutgoingHttpHeaders {
  const headers = writeFields(head.headers, sensitive, 'ERR_TARGET_PROTOCOL');
  headers[':status'] = head.status;
  return headers;
}

/** The `node:http2` form of trailers, and of any other fields. Pseudo-fields are refused by name. */
export function writeFields(
  fields: RawHeaders,
  sensitive: symbol,
  code: 'ERR_BAD_REQUEST' | 'ERR_TARGET_PROTOCOL',
): OutgoingHttpHeaders {
  // Without a prototype, so that a header named `__proto__` is a name like any other.
  const headers: Record<string, string | string[]> & OutgoingHttpHeaders = Object.create(null);
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = (fields[at] as string).toLowerCase();
    const value = fields[at + 1] as string;
    if (!isFieldName(name) || !isFieldValue(value))
      throw new PosternError(code, `the header ${name} cannot be carried`);
    const present = headers[name];
    if (present === undefined) headers[name] = value;
    else if (Array.isArray(present)) present.push(value);
    else if (!SINGLE.has(name)) headers[name] = [present, value];
  }
  (headers as Record<symbol, unknown>)[sensitive] = NEVER_INDEXED.filter((name) => headers[name] !== undefined);
  return headers;
}

/** The fields of a flat list without pseudo-fields, in order. */
export function readFields(raw: readonly string[]): string[] {
  const fields: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (!(raw[at] as string).startsWith(':')) fields.push(raw[at] as string, raw[at + 1] as string);
  }
  return fields;
}

/** The head of a request that arrived; undefined when its pseudo-fields are not those of a request for a tunnel. */
export function readRequestHead(headers: IncomingHttpHeaders, raw: readonly string[]): RequestHead | undefined {
  const { ':method': method, ':path': path, ':authority': authority, ':protocol': protocol } = headers;
  const scheme = headers[':scheme'];
  if (method === undefined || path === undefined || authority === undefined) return undefined;
  if (scheme !== 'http' && scheme !== 'https') return undefined;
  const head = { method, scheme, authority, path, headers: readFields(raw) } as const;
  if (protocol === undefined) return method === 'CONNECT' ? undefined : head;
  return method === 'CONNECT' && protocol === 'websocket' ? { ...head, protocol } : undefined;
}
