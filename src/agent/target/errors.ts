/**
 * Translates errors of `http1`, `node:net` and `node:tls` about the target into codes of `errors.ts`, with a sentence for the
 * developer who runs it: the cause, and the remedy where there is a single one.
 */
import { type ErrorCode, PosternError } from '../../errors.js';
import { MalformedRequest, MalformedResponse } from '../../http1/errors.js';
import type { TargetAddress } from './address.js';

interface Failure {
  readonly code: ErrorCode;
  sentence(target: TargetAddress): string;
}

const UNREACHABLE: Failure = {
  code: 'ERR_TARGET_REFUSED',
  sentence: ({ displayName }) => `${displayName} cannot be reached from this machine`,
};
const UNKNOWN_NAME: Failure = {
  code: 'ERR_TARGET_REFUSED',
  sentence: ({ hostname }) => `this machine does not know the name ${hostname}`,
};
const CLOSED: Failure = {
  code: 'ERR_TARGET_REFUSED',
  sentence: ({ displayName, scheme }) =>
    `${displayName} closed the connection without a whole response${scheme === 'http' ? ' (or it speaks TLS: https://)' : ''}`,
};
// RFC 9110 section 15.6: a gateway distinguishes "no valid response" (502) from "no response in time" (504).
const TIMEOUT: Failure = {
  code: 'ERR_TARGET_TIMEOUT',
  sentence: ({ displayName }) => `${displayName} accepts no connection`,
};
const NO_TLS: Failure = {
  code: 'ERR_TARGET_TLS',
  sentence: ({ displayName }) =>
    `${displayName} speaks no TLS that the agent understands: http:// may be what is meant`,
};
const UNTRUSTED: Failure = {
  code: 'ERR_TARGET_TLS',
  sentence: ({ displayName }) =>
    `the certificate of ${displayName} is not trusted: name who issued it with --target-ca, or give --target-insecure`,
};

const FAILURES: ReadonlyMap<string, Failure> = new Map([
  ['ECONNREFUSED', { code: 'ERR_TARGET_REFUSED', sentence: ({ displayName }) => `nothing listens on ${displayName}` }],
  ['ENOENT', { code: 'ERR_TARGET_REFUSED', sentence: ({ displayName }) => `there is no socket ${displayName}` }],
  ['EACCES', { code: 'ERR_TARGET_REFUSED', sentence: ({ displayName }) => `this user may not open ${displayName}` }],
  ['ENOTFOUND', UNKNOWN_NAME],
  ['EAI_AGAIN', UNKNOWN_NAME],
  ['EHOSTUNREACH', UNREACHABLE],
  ['ENETUNREACH', UNREACHABLE],
  ['ECONNRESET', CLOSED],
  ['EPIPE', CLOSED],
  ['ETIMEDOUT', TIMEOUT],
  ['EPROTO', NO_TLS],
]);

// OpenSSL's codes for a chain, and Node's own for a name.
const CERTIFICATE =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|INVALID_(?:CA|PURPOSE)|HOSTNAME_MISMATCH)/;

/** The error of a request to the target; its message is the sentence, its cause what was thrown. */
export function asTargetError(thrown: unknown, target: TargetAddress): PosternError {
  if (thrown instanceof PosternError) return thrown;
  if (thrown instanceof MalformedResponse)
    return malformed(thrown.isTls ? 'ERR_TARGET_TLS' : 'ERR_TARGET_PROTOCOL', thrown);
  if (thrown instanceof MalformedRequest) return malformed('ERR_BAD_REQUEST', thrown);
  const reported = decisive(thrown) as { readonly code?: unknown; readonly message?: unknown } | undefined;
  const code = typeof reported?.code === 'string' ? reported.code : '';
  const failure = failureOf(code);
  const sentence = failure?.sentence(target) ?? `the target failed: ${String(reported?.message ?? thrown)}`;
  return new PosternError(failure?.code ?? 'ERR_TARGET_REFUSED', `${sentence}${code && ` (${code})`}`, {
    cause: thrown,
  });
}

// A name with several addresses fails with the error of each. Node gives each but the last a quarter of a second, which passes
// while this process is busy: another address knows better.
function decisive(thrown: unknown): unknown {
  if (!(thrown instanceof AggregateError)) return thrown;
  const known = (thrown.errors as { readonly code?: unknown }[]).find(({ code }) => code !== 'ETIMEDOUT');
  return known ?? thrown;
}

/** Whether a kept-alive connection was closed as the request was sent, which then never reached the application. */
export function isStaleConnection(thrown: unknown): boolean {
  const code = (thrown as { readonly code?: unknown } | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function failureOf(code: string): Failure | undefined {
  if (CERTIFICATE.test(code)) return UNTRUSTED;
  return FAILURES.get(code) ?? (code.startsWith('ERR_SSL_') ? NO_TLS : undefined);
}

function malformed(code: ErrorCode, cause: Error): PosternError {
  return new PosternError(code, `the response cannot be used: ${cause.message}`, { cause });
}
