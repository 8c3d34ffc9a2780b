/**
 * Refuses requests that have no single meaning (RFC 9112 sections 3.2 and 3.3): the bytes that the gate judges are the bytes
 * that are forwarded, so nothing here is normalised, only accepted or refused.
 */
import { PosternError } from '../../errors.js';
import { MAX_HEADERS } from './limits.js';
import type { Visit, VisitRequest } from './visit.js';

/** Throws for a request that has no single meaning, or whose method the edge does not forward. */
export function checkRequest({ headers, host, method, path, header, place, version }: Checked): void {
  if (headers.length > 2 * MAX_HEADERS) throw new PosternError('ERR_HEADERS_TOO_LARGE', 'too many headers');
  if (host === '') throw new PosternError('ERR_BAD_REQUEST', 'there must be one valid Host header');
  if (method === 'TRACE' || method === 'CONNECT') throw new PosternError('ERR_METHOD_REFUSED');
  // Absolute form, `*` and fragments: legal somewhere, but two readers would read two different targets.
  if (!path.startsWith('/') || path.includes('#')) throw new PosternError('ERR_BAD_REQUEST', 'unfit request target');
  // A body in any other coding would arrive at the target without the header that says so.
  const coding = header['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw new PosternError('ERR_BAD_REQUEST', 'a transfer coding other than chunked');
  if (place.kind === 'unknown') {
    const isElsewhere = version === '2.0' && place.isBelow !== true;
    throw new PosternError(isElsewhere ? 'ERR_MISDIRECTED' : 'ERR_TUNNEL_UNKNOWN');
  }
}

// A client of HTTP/2 sends requests for any host of a certificate on one connection: 421 tells it to open another one, which
// would lead here again where the host is below ours.
type Checked = VisitRequest & Partial<Pick<Visit, 'version'>>;

/** Whether the path is the edge's own on a tunnel's host. Exact: every other spelling belongs to the app. */
export function isOwnPath(path: string): boolean {
  return path.startsWith('/.postern/') || path === '/.postern' || path.startsWith('/.postern?');
}
