/**
 * Requests as they are written (RFC 9112 sections 3, 5 and 7.1). Texts hold one byte in each code unit and are to be sent
 * as latin1. Whatever could be read as more than one line, or as more than one request, is refused.
 */
import { MalformedRequest } from './errors.js';
import type { FieldList } from './fields.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/; // RFC 9110 section 5.6.2
const PATH = /^\/[\x21-\x7e\x80-\xff]*$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The head of a request: the path in origin form, the fields as they are, with `host` among them. Throws `MalformedRequest`. */
export function writeRequestHead(method: string, path: string, fields: FieldList): string {
  if (!TOKEN.test(method) || !PATH.test(path) || fields.length === 0) {
    throw new MalformedRequest('the request cannot be said in HTTP/1.1');
  }
  return `${method} ${path} HTTP/1.1\r\n${fieldLines(fields)}\r\n`;
}

/** What comes before a chunk; after it comes CR LF. */
export function writeChunkSize(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** The last chunk and the trailers. Throws `MalformedRequest`. */
export function writeLastChunk(trailers: FieldList): string {
  return `0\r\n${fieldLines(trailers)}\r\n`;
}

function fieldLines(fields: FieldList): string {
  let lines = '';
  for (let at = 0; at + 1 < fields.length; at += 2) lines += fieldLine(fields[at] as string, fields[at + 1] as string);
  return lines;
}

/** The last field that was written under a name. */
interface Written {
  value: string;
  /** In one piece; made when the value comes a second time, since many come once. */
  line: string | undefined;
}

// The same few dozen names with each request, most of them with the value of the one before: a name is judged once, a value
// when it is another, and the line of one that stays is put together once. Bounded, so that whoever invents names fills it
// once.
const MOST_KNOWN_NAMES = 1_000;
const LONGEST_KNOWN_NAME = 64;
const LONGEST_KNOWN_VALUE = 1_024;
const lastWritten = new Map<string, Written>();
// These are compared with nobody else's.
const SECRET = /^(?:authorization|cookie)$/i;

function fieldLine(name: string, value: string): string {
  const last = lastWritten.get(name);
  if (last !== undefined && last.value === value) {
    last.line ??= inOnePiece(lineOf(name, value));
    return last.line;
  }
  if ((last === undefined && !TOKEN.test(name)) || !VALUE.test(value)) {
    throw new MalformedRequest('a field cannot be said in HTTP/1.1');
  }
  if (value.length <= LONGEST_KNOWN_VALUE) remember(name, value, last);
  return lineOf(name, value);
}

function lineOf(name: string, value: string): string {
  return `${name}: ${value}\r\n`;
}

function remember(name: string, value: string, last: Written | undefined): void {
  if (last !== undefined) {
    last.value = value;
    last.line = undefined;
  } else if (lastWritten.size < MOST_KNOWN_NAMES && name.length <= LONGEST_KNOWN_NAME && !SECRET.test(name)) {
    lastWritten.set(name, { value, line: undefined });
  }
}

// V8 joins texts by remembering their pieces, and would walk through them anew for each request.
function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
