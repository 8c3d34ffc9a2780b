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

// Each by itself, while it is still in one piece: a test of the whole head would have to put its pieces together first.
function fieldLines(fields: FieldList): string {
  let lines = '';
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    if (!isField(name, value)) throw new MalformedRequest('a field cannot be said in HTTP/1.1');
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

// The same few dozen names with each request, most of them with the value of the one before: a name is judged once, a value
// when it is another. Bounded, so that whoever invents names fills it once.
const MOST_KNOWN_NAMES = 1_000;
const LONGEST_KNOWN_NAME = 64;
const LONGEST_KNOWN_VALUE = 512;
const lastValues = new Map<string, string>();
// These are compared with nobody else's.
const SECRET = /^(?:authorization|cookie)$/i;

function isField(name: string, value: string): boolean {
  const last = lastValues.get(name);
  if (last === value) return true;
  if ((last === undefined && !TOKEN.test(name)) || !VALUE.test(value)) return false;
  if (value.length <= LONGEST_KNOWN_VALUE && (last !== undefined || mayBeKept(name))) lastValues.set(name, value);
  return true;
}

function mayBeKept(name: string): boolean {
  return lastValues.size < MOST_KNOWN_NAMES && name.length <= LONGEST_KNOWN_NAME && !SECRET.test(name);
}
