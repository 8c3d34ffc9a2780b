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
  if (fields.length === 0) throw new MalformedRequest('the request has no host');
  return `${writeRequestLine(method, path)}${writeFields(fields)}\r\n`;
}

/** The request line. Throws `MalformedRequest`. */
export function writeRequestLine(method: string, path: string): string {
  if (!TOKEN.test(method) || !PATH.test(path)) throw new MalformedRequest('the request cannot be said in HTTP/1.1');
  return `${method} ${path} HTTP/1.1\r\n`;
}

/** Field lines, each with the CR LF behind it. Throws `MalformedRequest`. */
export function writeFields(fields: FieldList): string {
  let lines = '';
  for (let at = 0; at + 1 < fields.length; at += 2) {
    lines += new FieldLineCache(fields[at] as string).write(fields[at + 1] as string);
  }
  return lines;
}

/** What comes before a chunk; after it comes CR LF. */
export function writeChunkSize(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** The last chunk and the trailers. Throws `MalformedRequest`. */
export function writeLastChunk(trailers: FieldList): string {
  return `0\r\n${writeFields(trailers)}\r\n`;
}

const MAX_KEPT_VALUE = 1_024;
// The values of these are compared with nobody else's.
const SECRET = /^(?:authorization|cookie)$/i;

/**
 * The lines of one name, for whoever writes many. Most requests repeat the value of the one before: then it is not judged
 * again, and its line is there already.
 */
export class FieldLineCache {
  readonly #name: string;
  readonly #keeps: boolean;
  #value: string | undefined;
  // In one piece; made when the value comes a second time, since many come once.
  #line: string | undefined;

  /** Throws `MalformedRequest`. */
  constructor(name: string) {
    if (!TOKEN.test(name)) throw new MalformedRequest('a name cannot be said in HTTP/1.1');
    this.#name = name;
    this.#keeps = !SECRET.test(name);
  }

  /** The line with this value, and the CR LF behind it. Throws `MalformedRequest`. */
  write(value: string): string {
    if (value === this.#value) {
      this.#line ??= inOnePiece(this.#lineOf(value));
      return this.#line;
    }
    // By itself, while it is still in one piece: a test of the whole head would have to put its pieces together first.
    if (!VALUE.test(value)) throw new MalformedRequest('a value cannot be said in HTTP/1.1');
    if (this.#keeps && value.length <= MAX_KEPT_VALUE) {
      this.#value = value;
      this.#line = undefined;
    }
    return this.#lineOf(value);
  }

  #lineOf(value: string): string {
    return `${this.#name}: ${value}\r\n`;
  }
}

// V8 joins texts by remembering their pieces, and would walk through them anew for each request.
function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
