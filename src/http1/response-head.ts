/**
 * The head of a response (RFC 9112 sections 4, 5 and 6): its status line, its fields, and what they say about where the
 * body ends. What two readers could read differently is refused: two different lengths, a length beside a transfer coding, a
 * coding other than chunked.
 */
import { offersConnectionAuth } from './connection-auth.js';
import { MalformedResponse, quoted } from './errors.js';
import { type FieldList, splitFields, trimOws } from './fields.js';
import { repairHead } from './lenient-fields.js';

export interface ResponseHead {
  readonly status: number;
  readonly fields: FieldList;
  /** Where the body ends: after so many bytes, with the last chunk, or with the connection. */
  readonly framing: number | 'chunked' | 'close';
  /** The connection may carry another request afterwards, as far as the head tells. */
  readonly persistent: boolean;
  /** The end of the body is told by the fields, and not by the status or the request's method alone. */
  readonly isEndCertain: boolean;
}

// The whole head in one test, which is many times as fast as one for each line.
const HEAD =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;
const STATUS_AT = 'HTTP/1.1 '.length;
const MINOR_VERSION_AT = 'HTTP/1.'.length;
const LENGTH = /^\d{1,15}$/; // below 2 ** 53
const CHUNKED_TWICE = /^chunked[ \t]*(?:,[ \t]*chunked[ \t]*)+$/;
const IDLE_SECONDS = /(?:^|,)[ \t]*timeout=(\d+)/i;

// An idle connection that its owner closes earlier than this would be picked while it is closed.
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
  const isOld = text[MINOR_VERSION_AT] === '0';
  if (isOld && status < 200) throw new MalformedResponse('an informational head of a version that has none');
  const persistent = mayGoOn(framed, method, isEndCertain) && !(isOld && framed === 'chunked') && staysOpen(hop, isOld);
  return { status, fields, framing, persistent, isEndCertain };
}

// A body that the fields promise beside a status without one may come all the same, and would be read as the next
// response. After HEAD that is every honest response, so HEAD costs a connection. A version 1.0 that sends chunks is
// faulty and is not used again either (section 6.1).
function mayGoOn(framed: ResponseHead['framing'], method: string, isEndCertain: boolean): boolean {
  if (isEndCertain) return framed !== 'close';
  return framed === 0 || (framed === 'close' && method !== 'HEAD');
}

// RFC 9112 section 6.3: these have no body whatever their fields say.
function isBodiless(status: number, method: string): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

/** What the fields say that end at this hop. */
interface HopFields {
  lengths: number;
  length: string;
  codings: number;
  coding: string;
  connection: string;
  keepAlive: string;
  /** The connection is, or is about to be, signed in as somebody. */
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
    // Few names have these lengths: the others need not be lower-cased.
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

// One number, or the same one several times, in one line or many: a proxy may take that for one (section 6.3).
function readLength(length: string): number {
  if (LENGTH.test(length)) return Number(length);
  const [first = '', ...others] = length.split(',').map(trimOws);
  if (LENGTH.test(first) && others.every((other) => other === first)) return Number(first);
  throw new MalformedResponse(`the content length is not one number: ${quoted(length)}`);
}

// Said once where it is sent on, or the next reader would have to judge it again.
function withOneLength(fields: FieldList, framed: ResponseHead['framing']): FieldList {
  const kept: string[] = [];
  let isSaid = false;
  for (let at = 0; at < fields.length; at += 2) {
    const isLength = (fields[at] as string).toLowerCase() === 'content-length';
    if (!isLength) kept.push(fields[at] as string, fields[at + 1] as string);
    else if (!isSaid) kept.push(fields[at] as string, String(framed));
    isSaid ||= isLength;
  }
  return kept;
}

// RFC 9112 section 9.3.
function staysOpen({ connection, keepAlive, isSignedIn }: HopFields, isOld: boolean): boolean {
  if (isSignedIn) return false;
  if (connection === '') return !isOld && idlesLongEnough(keepAlive);
  const options = connection.split(',').map(trimOws);
  if (options.includes('close')) return false;
  return (!isOld || options.includes('keep-alive')) && idlesLongEnough(keepAlive);
}

function idlesLongEnough(keepAlive: string): boolean {
  const seconds = keepAlive === '' ? null : IDLE_SECONDS.exec(keepAlive);
  return seconds === null || Number(seconds[1]) >= MIN_IDLE_SECONDS;
}
