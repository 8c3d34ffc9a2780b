/** What a route of the inspector replies, and what it is given. */
import { PosternError } from '../../errors.js';
import type { ApiError } from './wire.js';

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text that is made piece by piece has no length. */
  readonly body?: string | Buffer | AsyncIterable<string>;
}

/** A request that may be served. */
export interface Call {
  readonly method: string;
  readonly query: URLSearchParams;
  /** What stands in the path for a `:name` of the route. */
  readonly param: (name: string) => string;
  /** The fields of the JSON body. Rejects with `BadCall` when it is none. */
  readonly fields: () => Promise<Readonly<Record<string, unknown>>>;
}

/** What a caller has done wrong, in one sentence. */
export class BadCall extends Error {
  readonly status: number;
  readonly code: string;

  constructor(message: string, { status = 400, code = 'ERR_BAD_REQUEST' } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function notFound(what: string): BadCall {
  return new BadCall(what, { status: 404, code: 'ERR_NOT_FOUND' });
}

export function jsonReply(value: unknown, status = 200): Reply {
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) };
}

export const NO_CONTENT: Reply = { status: 204 };

export function errorReply({ status, code, message }: { status: number; code: string; message: string }): Reply {
  return jsonReply({ error: { code, message } } satisfies ApiError, status);
}

/** The reply to a call that failed. A sentence of ours is shown; anything else is a bug, and stays inside. */
export function failureReply(error: unknown): Reply {
  if (error instanceof BadCall) return errorReply(error);
  if (error instanceof PosternError) return errorReply({ status: 502, code: error.code, message: error.text });
  return errorReply({ status: 500, code: 'ERR_INTERNAL', message: 'The inspector has failed; the tunnel goes on.' });
}

/** A text among the fields; undefined if there is none. */
export function textField(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  maxChars: number,
): string | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > maxChars)
    throw new BadCall(`"${name}" is not a text of at most ${maxChars} characters.`);
  return value;
}

export function switchField(fields: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new BadCall(`"${name}" is neither true nor false.`);
  return value;
}

/** A whole number within bounds; undefined if there is none. */
export function numberField(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new BadCall(`"${name}" is not a whole number from ${min} to ${max}.`);
  return value;
}

/** The same in a query. */
export function numberQuery(
  query: URLSearchParams,
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  const text = query.get(name);
  return text === null
    ? undefined
    : numberField({ [name]: /^\d{1,15}$/.test(text) ? Number(text) : text }, name, bounds);
}
