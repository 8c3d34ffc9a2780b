/** What goes wrong with a certificate authority: its own problem documents (RFC 7807), and everything that is not ACME. */

import { onOneLine } from '../../core/plain-text.js';

/** The prefix of the error types of RFC 8555 section 6.7. */
const PREFIX = 'urn:ietf:params:acme:error:';

export interface AcmeErrorOptions {
  /** The error type of RFC 8555 section 6.7 without its prefix, as `rateLimited`; undefined when the authority named none. */
  readonly type?: string | undefined;
  /** How long the authority asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the order cannot go on: the authority has decided against it. */
  readonly isFinal?: boolean;
  readonly cause?: unknown;
}

/** A step of an order that failed. `message` is for the operator; text of the authority in it is cut and printable. */
export class AcmeError extends Error {
  override readonly name = 'AcmeError';
  readonly type: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isFinal: boolean;

  constructor(message: string, { type, retryAfterMs, isFinal = false, cause }: AcmeErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.type = type;
    this.retryAfterMs = retryAfterMs;
    this.isFinal = isFinal;
  }
}

/** The most characters of a text of the authority that a message repeats. */
const MAX_DETAIL_CHARS = 300;

/** The error that a problem document amounts to, whatever its shape. `step` says what was asked for. */
export function problemError(step: string, problem: unknown, options: AcmeErrorOptions = {}): AcmeError {
  const { type, detail, subproblems } = asRecord(problem);
  const details = [detail, ...(Array.isArray(subproblems) ? subproblems.slice(0, 5).map(detailOf) : [])];
  const said = details.flatMap((text) =>
    typeof text === 'string' && text !== '' ? [onOneLine(text, MAX_DETAIL_CHARS)] : [],
  );
  const name = typeof type === 'string' && type.startsWith(PREFIX) ? type.slice(PREFIX.length) : undefined;
  const reason = said.join(' ').slice(0, MAX_DETAIL_CHARS) || 'it gave no reason';
  const hint = name === 'caa' ? ' (a CAA record of the domain does not name this authority, RFC 8659)' : '';
  return new AcmeError(`${step}: ${name === undefined ? '' : `${onOneLine(name, 40)}: `}${reason}${hint}`, {
    ...options,
    type: name,
  });
}

/** A value as a record; empty for anything else, so that no field of it is there. */
export function asRecord(value: unknown): Readonly<Partial<Record<string, unknown>>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function detailOf(problem: unknown): unknown {
  return asRecord(problem)['detail'];
}
