/**
 * What makes a list of fields a message (RFC 9113 sections 8.1 to 8.3, RFC 8441 section 4): valid names and values, the
 * pseudo-fields of each kind of message, nothing that belongs to HTTP/1.1. Lists are flat: name, value, name, value; one
 * code unit stands for one octet. The same rules hold for what arrives and for what leaves.
 */

/** A list that is not a message; the reason, for a log. */
export class MalformedFields extends Error {
  override readonly name = 'MalformedFields';
}

/** A message's `content-length` when it has none. */
export const UNKNOWN_LENGTH = -1;

type Kind = 'plain' | 'secret' | 'forbidden' | 'te' | 'content-length' | 'host';

interface Judged {
  readonly kind: Kind;
  /** The last value that was one; never a secret, which is compared with nobody else's. */
  value: string | undefined;
}

// Section 8.2.2. `te` may only say `trailers`.
const KINDS: readonly (readonly [string, Kind])[] = [
  ['connection', 'forbidden'],
  ['keep-alive', 'forbidden'],
  ['proxy-connection', 'forbidden'],
  ['transfer-encoding', 'forbidden'],
  ['upgrade', 'forbidden'],
  ['te', 'te'],
  ['content-length', 'content-length'],
  ['host', 'host'],
  ['authorization', 'secret'],
  ['cookie', 'secret'],
  ['set-cookie', 'secret'],
];

// Names repeat endlessly, so each is judged once, and its value only when it is another one than before: that costs a
// comparison where the expression costs thirty, for a long value two hundred nanoseconds. Bounded, since a peer can
// invent both.
const judged = new Map<string, Judged>(KINDS.map(([name, kind]) => [name, { kind, value: undefined }]));
const MOST_REMEMBERED_NAMES = 1_000;
const LONGEST_REMEMBERED_NAME = 64;
const LONGEST_REMEMBERED_VALUE = 1_024;

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/; // RFC 9110 section 5.6.2, lower case (section 8.2.1)
// No controls, nothing past 0xFF: an encoder that keeps only the low byte would turn U+0161 into "a".
const VALUE = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PATH = /^(?:\/[\x21-\x7e\x80-\xff]*|\*)$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const AUTHORITY = /^[\x21-\x3f\x41-\x7e]+$/; // no userinfo (section 8.3.1)
const STATUS = /^[1-5]\d\d$/;
const LENGTH = /^\d{1,15}$/;

/** Checks the head of a request; returns its `content-length`. Throws `MalformedFields`. */
export function checkRequest(fields: readonly string[]): number {
  // Five variables and no list of them: with one, a request allocated a twentieth more.
  let method: string | undefined;
  let scheme: string | undefined;
  let authority: string | undefined;
  let path: string | undefined;
  let protocol: string | undefined;
  let at = 0;
  for (; at < fields.length && isPseudo(fields[at] as string); at += 2) {
    const value = fields[at + 1];
    switch (fields[at]) {
      case ':method':
        method = once(method, value, ':method');
        break;
      case ':scheme':
        scheme = once(scheme, value, ':scheme');
        break;
      case ':authority':
        authority = once(authority, value, ':authority');
        break;
      case ':path':
        path = once(path, value, ':path');
        break;
      case ':protocol':
        protocol = once(protocol, value, ':protocol');
        break;
      default:
        throw new MalformedFields('an unknown pseudo-field');
    }
  }
  requireMatch(TOKEN, method, ':method');
  if (authority !== undefined) requireMatch(AUTHORITY, authority, ':authority');
  if (method === 'CONNECT' && protocol === undefined) requireConnect(scheme, authority, path);
  else {
    requireMatch(SCHEME, scheme, ':scheme');
    requireMatch(PATH, path, ':path');
    if (protocol !== undefined) requireExtendedConnect(method, authority, protocol);
  }
  return checkFields(fields, at, authority);
}

/** Section 8.5. */
function requireConnect(scheme: string | undefined, authority: string | undefined, path: string | undefined): void {
  requireMatch(AUTHORITY, authority, ':authority');
  if (scheme !== undefined || path !== undefined) throw new MalformedFields('CONNECT with :scheme or :path');
}

/** RFC 8441 section 4. */
function requireExtendedConnect(method: string | undefined, authority: string | undefined, protocol: string): void {
  if (method !== 'CONNECT') throw new MalformedFields(':protocol without CONNECT');
  requireMatch(TOKEN, protocol, ':protocol');
  requireMatch(AUTHORITY, authority, ':authority');
}

/** The value of a pseudo-field that has none yet. */
function once(previous: string | undefined, value: string | undefined, name: string): string | undefined {
  if (previous !== undefined) throw new MalformedFields(`two ${name}`);
  return value;
}

/** Checks the head of an answer, final or informational; returns its `content-length`. Throws `MalformedFields`. */
export function checkResponse(fields: readonly string[]): number {
  if (fields[0] !== ':status' || isPseudo(fields[2] ?? '')) throw new MalformedFields('not one :status');
  requireMatch(STATUS, fields[1], ':status');
  if (fields[1] === '101') throw new MalformedFields('101 (section 8.6)');
  return checkFields(fields, 2, undefined);
}

/** Checks trailers, which have no pseudo-fields (section 8.1). Throws `MalformedFields`. */
export function checkTrailers(fields: readonly string[]): void {
  checkFields(fields, 0, undefined);
}

/** The status of an answer that was checked. */
export function statusOf(fields: readonly string[]): number {
  return Number(fields[1]);
}

/** The value of a pseudo-field of a head that was checked. */
export function pseudoField(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; at < fields.length && isPseudo(fields[at] as string); at += 2) {
    if (fields[at] === name) return fields[at + 1];
  }
  return undefined;
}

/** Checks the ordinary fields from `start` on; returns `content-length`. */
function checkFields(fields: readonly string[], start: number, authority: string | undefined): number {
  let length = UNKNOWN_LENGTH;
  for (let at = start; at < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1];
    const known = judged.get(name) ?? judgeName(name);
    if (value === undefined || (known.value !== value && !isValue(value, known))) {
      throw new MalformedFields(`the value of ${name}`);
    }
    switch (known.kind) {
      case 'plain':
      case 'secret':
        break;
      case 'content-length':
        length = readLength(value, length);
        break;
      case 'te':
        if (value !== 'trailers') throw new MalformedFields('te (section 8.2.2)');
        break;
      case 'host':
        // Two hosts in one request are one too many (section 8.3.1).
        if (authority !== undefined && value.toLowerCase() !== authority.toLowerCase())
          throw new MalformedFields('host differs from :authority');
        break;
      default:
        throw wrongName(name);
    }
  }
  return length;
}

function isValue(value: string, known: Judged): boolean {
  if (!VALUE.test(value)) return false;
  if (known.kind !== 'secret' && value.length <= LONGEST_REMEMBERED_VALUE) known.value = value;
  return true;
}

function judgeName(name: string): Judged {
  if (!NAME.test(name)) throw wrongName(name);
  const known: Judged = { kind: 'plain', value: undefined };
  if (judged.size < MOST_REMEMBERED_NAMES && name.length <= LONGEST_REMEMBERED_NAME) judged.set(name, known);
  return known;
}

function wrongName(name: string): MalformedFields {
  return new MalformedFields(`the field ${name.slice(0, LONGEST_REMEMBERED_NAME)}`);
}

function readLength(value: string, previous: number): number {
  const length = LENGTH.test(value) ? Number(value) : UNKNOWN_LENGTH;
  if (length === UNKNOWN_LENGTH || (previous !== UNKNOWN_LENGTH && previous !== length)) {
    throw new MalformedFields('content-length');
  }
  return length;
}

function requireMatch(pattern: RegExp, value: string | undefined, name: string): void {
  if (value === undefined || !pattern.test(value)) throw new MalformedFields(name);
}

function isPseudo(name: string): boolean {
  return name.charCodeAt(0) === 0x3a;
}
