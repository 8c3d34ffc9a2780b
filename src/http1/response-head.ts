/**
 * The head of a response (RFC 9112 sections 4, 5 and 6): its status line, its fields, and the message body length. What two
 * recipients could read differently is rejected: two different lengths, a length together with a transfer coding, a coding
 * other than chunked.
 */
import { offersConnectionAuth } from './connection-auth.js';
import { MalformedResponse, quoted } from './errors.js';
import { type FieldList, splitFields, trimOws } from './fields.js';
import { repairHead } from './lenient-fields.js';

export interface ResponseHead {
  readonly status: number;
  readonly fields: FieldList;
  /** Where the body ends: after so many bytes, with the last chunk, or with the connection (section 6.3). */
  readonly framing: number | 'chunked' | 'close';
  /** The head permits another request on the connection (section 9.3). */
  readonly persistent: boolean;
  /** The fields define the end of the body, and not only the status or the request's method. */
  readonly isEndCertain: boolean;
}

// One test for the whole head is many times as fast as one for each line.
const HEAD =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;
const STATUS_AT = 'HTTP/1.1 '.length;
const MINOR_VERSION_AT = 'HTTP/1.'.length;
const LENGTH = /^\d{1,15}$/; // below 2 ** 53
const CHUNKED_TWICE = /^chunked[ \t]*(?:,[ \t]*chunked[ \t]*)+$/;
const IDLE_SECONDS = /(?:^|,)[ \t]*timeout=(\d+)/i;

// A server that closes idle connections earlier than this would do so while one is being reused.
const MIN_IDLE_SECONDS = 2;

/** Reads the head of a response to `method`, without the empty line that ends it. Throws `MalformedResponse`. */
export function readResponseHead(received: string, method: string): ResponseHead {
  const text = HEAD.test(received) ? received : repairHead(received);
  const status = Number(text.slice(STATUS_AT, STATUS_AT + 3));
  const lineEnd = text.indexOf('\r\n');
  const sent = lineEnd === -1 ? [] : splitFields(text, lineEnd);
  const hop = readHopFields(sent);
  const framed = framingOf(hop);
  const fields = hop.lengths > 1 || hop.length.includes(',') ? withOneLength(sent, framed) : sent;
  const isEndCertain = !isBodiless(status, method);
  const framing = isEndCertain ? framed : 0;
  const isHttp10 = text[MINOR_VERSION_AT] === '0';
  if (isHttp10 && status < 200) throw new MalformedResponse('an informational head of a version that has none');
  const persistent =
    permitsReuse(framed, method, isEndCertain) && !(isHttp10 && framed === 'chunked') && isPersistent(hop, isHttp10);
  return { status, fields, framing, persistent, isEndCertain };
}

// A response without a body whose fields announce one may be followed by it, which would be read as the next response. Any
// response to HEAD may announce one, so HEAD costs the connection. An HTTP/1.0 response in chunks is faulty, and its
// connection is not reused either (section 6.1).
function permitsReuse(framed: ResponseHead['framing'], method: string, isEndCertain: boolean): boolean {
  if (isEndCertain) return framed !== 'close';
  return framed === 0 || (framed === 'close' && method !== 'HEAD');
}

// RFC 9112 section 6.3: these responses never have a body.
function isBodiless(status: number, method: string): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

/** The fields that concern this hop. */
interface HopFields {
  lengths: number;
  length: string;
  codings: number;
  coding: string;
  connection: string;
  keepAlive: string;
  /** The connection is authenticated, or about to be (see `connection-auth.ts`). */
  isSignedIn: boolean;
}

function readHopFields(fields: FieldList): HopFields {
  const hop: HopFields = {
    lengths: 0,
    length: '',
    codings: 0,
    coding: '',
    connection: '',
    keepAlive: '',
    isSignedIn: false,
  };
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    // Only names of these lengths can match: the others need not be lower-cased.
    if (name.length !== 10 && (name.length < 14 || name.length > 17)) continue;
    readHopField(hop, name.toLowerCase(), fields[at + 1] as string);
  }
  return hop;
}

function readHopField(hop: HopFields, name: string, value: string): void {
  if (name === 'content-length') {
    hop.lengths += 1;
    hop.length = hop.lengths === 1 ? value : `${hop.length},${value}`;
  } else if (name === 'transfer-encoding') {
    hop.codings += 1;
    hop.coding = value.toLowerCase();
  } else if (name === 'connection') {
    hop.connection += `,${value.toLowerCase()}`;
  } else if (name === 'keep-alive') {
    hop.keepAlive = value;
  } else if (name === 'persistent-auth') {
    hop.isSignedIn ||= true;
  } else if (name === 'www-authenticate') {
    hop.isSignedIn ||= offersConnectionAuth(value);
  }
}

// RFC 9112 section 6.3.
function framingOf({ lengths, length, codings, coding }: HopFields): ResponseHead['framing'] {
  if (codings > 0) {
    if (codings > 1 || CHUNKED_TWICE.test(coding)) throw new MalformedResponse('the transfer coding is named twice');
    if (coding !== 'chunked') throw new MalformedResponse(`a transfer coding other than chunked: ${quoted(coding)}`);
    if (lengths > 0) throw new MalformedResponse('a content length beside a transfer coding');
    return 'chunked';
  }
  if (lengths === 0) return 'close';
  return readLength(length);
}

// One number, or the same number several times in one or more lines, which a proxy may accept as one (section 6.3).
function readLength(length: string): number {
  if (LENGTH.test(length)) return Number(length);
  const [first = '', ...others] = length.split(',').map(trimOws);
  if (LENGTH.test(first) && others.every((other) => other === first)) return Number(first);
  throw new MalformedResponse(`the content length is not one number: ${quoted(length)}`);
}

// Forwards the length once, so that the next recipient need not decide again.
function withOneLength(fields: FieldList, framed: ResponseHead['framing']): FieldList {
  const kept: string[] = [];
  let isWritten = false;
  for (let at = 0; at < fields.length; at += 2) {
    const isLength = (fields[at] as string).toLowerCase() === 'content-length';
    if (!isLength) kept.push(fields[at] as string, fields[at + 1] as string);
    else if (!isWritten) kept.push(fields[at] as string, String(framed));
    isWritten ||= isLength;
  }
  return kept;
}

// RFC 9112 section 9.3.
function isPersistent({ connection, keepAlive, isSignedIn }: HopFields, isHttp10: boolean): boolean {
  if (isSignedIn) return false;
  if (connection === '') return !isHttp10 && idlesLongEnough(keepAlive);
  const options = connection.split(',').map(trimOws);
  if (options.includes('close')) return false;
  return (!isHttp10 || options.includes('keep-alive')) && idlesLongEnough(keepAlive);
}

function idlesLongEnough(keepAlive: string): boolean {
  const seconds = keepAlive === '' ? null : IDLE_SECONDS.exec(keepAlive);
  return seconds === null || Number(seconds[1]) >= MIN_IDLE_SECONDS;
}
