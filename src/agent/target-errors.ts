/** Translates what `http1`, `node:net` and `node:tls` report about the target into our codes, once. */
import { type ErrorCode, PosternError } from '../errors.js';
import { MalformedAnswer, MalformedRequest } from '../http1/errors.js';

// RFC 9110 section 15.6: a gateway tells "no valid answer" (502) from "no answer in time" (504).
const TIMEOUTS = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT']);

// TLS was spoken to a port that does not speak it.
const NO_TLS = 'EPROTO';

/** The error of the request to the target, with what was reported as its cause. */
export function asTargetError(thrown: unknown): PosternError {
  if (thrown instanceof PosternError) return thrown;
  if (thrown instanceof MalformedAnswer) return malformed('ERR_TARGET_PROTOCOL', thrown);
  if (thrown instanceof MalformedRequest) return malformed('ERR_BAD_REQUEST', thrown);
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

function malformed(code: ErrorCode, cause: Error): PosternError {
  return new PosternError(code, `${cause.message}.`, { cause });
}

function targetCode(code: string): ErrorCode {
  if (TIMEOUTS.has(code)) return 'ERR_TARGET_TIMEOUT';
  return code === NO_TLS ? 'ERR_TARGET_PROTOCOL' : 'ERR_TARGET_REFUSED';
}
