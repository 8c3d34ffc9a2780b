/** The limits of an HTTP/2 connection with a stranger, each with its reason. */
import type { ConnectionLimits } from '../../../http2/connection-options.js';
import { MAX_HEADER_BYTES, MAX_HEADERS } from '../../request/limits.js';

export const LIMITS: Partial<ConnectionLimits> = {
  // What RFC 9113 section 6.5.2 recommends at least, and browsers expect.
  maxStreams: 100,
  maxHeaderListBytes: MAX_HEADER_BYTES,
  maxHeaderFields: MAX_HEADERS,
};
