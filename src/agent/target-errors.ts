/** Translates what `node:http`, `node:net` and `node:tls` report about the target into our codes, once. */
import { type ErrorCode, PosternError } from '../errors.js';

// RFC 9110 section 15.6: a gateway tells "no valid answer" (502) from "no answer in time" (504).
const TIMEOUTS = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT']);

// `EPROTO`: TLS was spoken to a port that does not speak it.
const MALFORMED = new Set(['EPROTO', 'ERR_STREAM_PREMATURE_CLOSE']);

/** The error of the request to the target, with what was reported as its cause. */
export function asTargetError(thrown: unknown): PosternError {
  if (thrown instanceof PosternError) return thrown;
  const reported = thrown as { readonly code?: unknown; readonly message?: unknown } | undefined;
  const code = typeof reported?.code === 'string' ? reported.code : '';
  const detail = code === '' ? String(reported?.message ?? thrown) : `${code}: ${String(reported?.message)}`;
  return new PosternError(targetCode(code), `The target failed: ${detail}`, { cause: thrown });
}

/** Whether a kept-alive connection was closed under the request, which then never reached the application. */
export function isStaleConnection(thrown: unknown): boolean {
  const code = (thrown as { readonly code?: unknown } | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function targetCode(code: string): ErrorCode {
  if (TIMEOUTS.has(code)) return 'ERR_TARGET_TIMEOUT';
  return MALFORMED.has(code) || code.startsWith('HPE_') ? 'ERR_TARGET_PROTOCOL' : 'ERR_TARGET_REFUSED';
}
