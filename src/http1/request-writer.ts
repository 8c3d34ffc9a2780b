/**
 * Requests as they are written (RFC 9112 sections 3, 5 and 7.1). Texts hold one byte in each code unit and are to be sent
 * as latin1. Whatever could be read as more than one line, or as more than one request, is refused.
 */
import { MalformedRequest } from './errors.js';
import type { FieldList } from './fields.js';

// Of the whole head at once. Together with the number of its lines it says that every line is one that was put there.
const HEAD =
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ \/[\x21-\x7e\x80-\xff]* HTTP\/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)+\r\n$/;
const TRAILERS = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)*$/;

/** The head of a request: the path in origin form, the fields as they are, with `host` among them. Throws `MalformedRequest`. */
export function writeRequestHead(method: string, path: string, fields: FieldList): string {
  const head = `${method} ${path} HTTP/1.1\r\n${fieldLines(fields)}\r\n`;
  if (!HEAD.test(head) || countLines(head) !== fields.length / 2 + 2) {
    throw new MalformedRequest('the request cannot be said in HTTP/1.1');
  }
  return head;
}

/** What comes before a chunk; after it comes CR LF. */
export function writeChunkSize(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** The last chunk and the trailers. Throws `MalformedRequest`. */
export function writeLastChunk(trailers: FieldList): string {
  const lines = fieldLines(trailers);
  if (!TRAILERS.test(lines) || countLines(lines) !== trailers.length / 2)
    throw new MalformedRequest('the trailers cannot be said in HTTP/1.1');
  return `0\r\n${lines}\r\n`;
}

function fieldLines(fields: FieldList): string {
  let lines = '';
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    if (name.includes(':')) throw new MalformedRequest('a name with a colon would be another name');
    lines += `${name}: ${fields[at + 1]}\r\n`;
  }
  return lines;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
