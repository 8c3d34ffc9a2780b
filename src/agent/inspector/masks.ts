/**
 * Replaces secrets on their way out of the inspector: in headers, in queries, and in bodies that are forms or JSON. What was
 * captured stays as it is, so that a replay sends what the visitor sent.
 */
import { forEachField, type RawHeaders } from '../../http/fields.js';
import { normalizedName } from '../../http/header-rules.js';
import { maskedJson } from './masked-json.js';
import { type HeaderRow, MASK } from './wire.js';

// The value is a secret as a whole.
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-xsrf-token',
  'x-amz-security-token',
  'postern-access-token',
  'x-postern-assertion',
  'sec-websocket-key',
]);

// A scheme, and behind it the secret (RFC 9110 section 11.4).
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization']);

const SECRET_KEY =
  /^(?:.*[-_.])?(?:access_?token|id_?token|refresh_?token|token|secret|client_?secret|password|passwd|pwd|code|state|nonce|key|api_?key|session|session_?id|sid|signature|sig|assertion|credentials?|otp|pin|jwt|auth|authorization)$/i;

const MAX_KEY_CHARS = 100;

/** Masks with the names of headers that are secret here besides. */
export class Masks {
  readonly #headers: ReadonlySet<string>;

  constructor(headers: readonly string[] = []) {
    this.#headers = new Set([...SECRET_HEADERS, ...headers.map(normalizedName)]);
  }

  headers(fields: RawHeaders): HeaderRow[] {
    const rows: HeaderRow[] = [];
    forEachField(fields, (name, value) => rows.push([name, this.header(name, value)]));
    return rows;
  }

  /** The value of one header, without what is secret in it. */
  header(name: string, value: string): string {
    const normalized = normalizedName(name);
    if (this.#headers.has(normalized)) return MASK;
    if (CREDENTIALS.has(normalized)) return /^[\w-]+(?= )/.test(value) ? value.replace(/ .*$/s, ` ${MASK}`) : MASK;
    // A cookie without a name is its value (RFC 6265 section 5.2, and browsers).
    if (normalized === 'cookie') return value.split(';').map(maskedPair).join(';');
    if (normalized === 'set-cookie') return value.replace(/^[^;]*/, maskedPair);
    if (normalized === 'location' || normalized === 'referer') return maskedUrl(value);
    return value;
  }
}

function maskedPair(pair: string): string {
  return pair.replace(/^( *(?:[^=]*=)?).*$/s, `$1${MASK}`);
}

/** A URL or a path whose query holds no secrets, and whose fragment none either: there sign-ins may put tokens. */
export function maskedUrl(url: string): string {
  return url.replace(/[?#][^#]*/g, (part) => part.replace(/[?#&][^&]*/g, maskedUrlPair));
}

/** With the character before it. A fragment may be a path with a query, and a query may hold a second `?`: all behind a secret key is secret. */
function maskedUrlPair(pair: string): string {
  for (const { 0: name, 1: key, index } of pair.matchAll(/[?#&]([^?=]*)=/g))
    if (isSecretKey(decoded(key as string))) return `${pair.slice(0, index)}${name}${MASK}`;
  return pair;
}

/** The text of a body of a media type without secrets: forms, JSON and JSON lines are understood, other text stays. */
export function maskedBody(text: string, type: string | null): string {
  if (type === 'application/x-www-form-urlencoded') return maskedForm(text);
  if (type !== null && /[/+](?:json|x-ndjson)$/.test(type)) return maskedJson(text, isSecretKey);
  return text;
}

/**
 * The same of a body whose bytes are no text, such as one that was cut within a letter: as text where there is a secret in it;
 * undefined where there is none.
 */
export function maskedBytes(bytes: Buffer, type: string | null): string | undefined {
  const text = bytes.toString('utf8');
  const masked = maskedBody(text, type);
  return masked === text ? undefined : masked;
}

function maskedForm(form: string): string {
  const pairs = form.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return at >= 0 && isSecretKey(decoded(pair.slice(0, at))) ? `${pair.slice(0, at)}=${MASK}` : pair;
  });
  return pairs.join('&');
}

function isSecretKey(name: string): boolean {
  return name.length <= MAX_KEY_CHARS && SECRET_KEY.test(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2'));
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name; // not encoded as a form
  }
}
