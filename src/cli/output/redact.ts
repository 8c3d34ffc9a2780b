/**
 * What a log line may contain. Credentials are removed by the name of their field, at any depth, and from query strings; long
 * values are cut.
 */

export const REMOVED = '[redacted]';
const CUT = '…';

// A user agent or a path may have megabytes; a line is for people and their tools.
const MAX_CHARS = 2_048;
const MAX_DEPTH = 4;
const MAX_ITEMS = 100;

const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'token',
  'access_token',
  'id_token',
  'refresh_token',
  'ticket',
  'code',
  'code_verifier',
  'client_secret',
  'secret',
]);

const SECRET_PARAMETERS =
  /([?&](?:code|state|ticket|token|access_token|id_token|id_token_hint|client_secret)=)[^&#\s"']*/gi;

// `code` is also the name of an error, which is the most useful word of a line.
const ERROR_CODE = /^(?:ERR_[A-Z0-9_]{1,60}|E[A-Z0-9]{2,14})$/;

/** A copy of the value of a field without credentials. */
export function redactValue(value: unknown): unknown {
  return redactWithin(value, MAX_DEPTH - 1);
}

/** The text of a line, cut, without the values of secret parameters. */
export function redactText(text: string): string {
  const cut = text.length > MAX_CHARS ? text.slice(0, MAX_CHARS) + CUT : text;
  return cut.includes('=') ? cut.replace(SECRET_PARAMETERS, `$1${REMOVED}`) : cut;
}

function redactFields(fields: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    clean[name] = isSecretField(name, fields[name]) ? REMOVED : redactWithin(fields[name], depth - 1);
  }
  return clean;
}

function redactWithin(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth <= 0) return CUT;
  if (value instanceof Error) return redactFields(describeError(value), depth);
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactWithin(item, depth - 1));
  return redactFields(value as Record<string, unknown>, depth);
}

// An error's other properties are left out: those of HTTP libraries hold whole requests and responses.
function describeError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const described: Record<string, unknown> = { name, message, stack };
  if ('code' in error) described['code'] = error.code;
  if (cause !== undefined) described['cause'] = cause;
  return described;
}

/** Whether the value of a field of this name must not be written. */
export function isSecretField(name: string, value: unknown): boolean {
  if (!SECRET_FIELDS.has(name) && !SECRET_FIELDS.has(name.toLowerCase())) return false;
  const isErrorCode = name === 'code' && (typeof value === 'number' || ERROR_CODE.test(String(value)));
  return value !== undefined && !isErrorCode;
}
