/** The framing of a request's body on HTTP/1.1 (RFC 9112 section 6). Pure. */
import { PosternError } from '../../errors.js';
import type { RequestHead } from '../../http/exchange.js';
import { fieldValue, headerValues } from '../../http/fields.js';

const LENGTH = /^\d{1,15}$/; // below 2 ** 53

// Without framing, these methods have no body; any other one without a body sends `Content-Length: 0` (RFC 9110
// section 8.6), since `node:http` would frame an empty chunked body.
const BODILESS_METHODS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** The length of the body in bytes that the visitor declared, if any. Throws `ERR_BAD_REQUEST` when it cannot be true. */
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
