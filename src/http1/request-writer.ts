/**
 * Writes requests (RFC 9112 sections 3, 5 and 7.1). Each code unit of a text holds one byte; texts are sent as latin1. What
 * could be read as more than one line, or as more than one request, is rejected.
 */
import { MalformedRequest } from './errors.js';
import type { FieldList } from './fields.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/; // RFC 9110 section 5.6.2
const PATH = /^\/[\x21-\x7e\x80-\xff]*$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The head of a request: the path in origin-form, the fields unchanged, `host` among them. Throws `MalformedRequest`. */
export function writeRequestHead(method: string, path: string, fields: FieldList): string {
  if (fields.length === 0) throw new MalformedRequest('the request has no host');
  return `${writeRequestLine(method, path)}${writeFields(fields)}\r\n`;
}

/** The request line. Throws `MalformedRequest`. */
export function writeRequestLine(method: string, path: string): string {
  if (!TOKEN.test(method) || !PATH.test(path)) throw new MalformedRequest('the request cannot be said in HTTP/1.1');
  return `${method} ${path} HTTP/1.1\r\n`;
}

/** Field lines, each with its CR LF. Throws `MalformedRequest`. */
export function writeFields(fields: FieldList): string {
  let lines = '';
  for (let at = 0; at + 1 < fields.length; at += 2) {
    lines += new FieldLineCache(fields[at] as string).write(fields[at + 1] as string);
  }
  return lines;
}

/** The line before a chunk's content. CR LF follows the content. */
export function writeChunkSize(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** The last chunk and the trailers. Throws `MalformedRequest`. */
export function writeLastChunk(trailers: FieldList): string {
  return `0\r\n${writeFields(trailers)}\r\n`;
}

const MAX_KEPT_VALUE = 1_024;
// Secrets, whose values are not kept.
const SECRET = /^(?:authorization|cookie)$/i;

/**
 * Writes the lines of one name. Most requests repeat the value of the one before, which is then not validated again, and
 * whose line is cached.
 */
export class FieldLineCache {
  readonly #name: string;
  readonly #keeps: boolean;
  #value: string | undefined;
  // Flat; created when the value comes a second time, because many come only once.
  #line: string | undefined;

  /** Throws `MalformedRequest`. */
  constructor(name: string) {
    if (!TOKEN.test(name)) throw new MalformedRequest('a name cannot be said in HTTP/1.1');
    this.#name = name;
    this.#keeps = !SECRET.test(name);
  }

  /** The line with a value, and its CR LF. Throws `MalformedRequest`. */
  write(value: string): string {
    if (value === this.#value) {
      this.#line ??= inOnePiece(this.#lineOf(value));
      return this.#line;
    }
    // Each value by itself, while it is flat: a test of the whole head would have to flatten it first.
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

// V8 represents a concatenation as a tree (a cons string), which would be flattened again for each request.
function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
