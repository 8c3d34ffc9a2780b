/** The head of a response (RFC 9112 section 4), for a socket that no HTTP server writes to. */
import { STATUS_CODES } from 'node:http';
import type { FieldList } from './fields.js';

/** Status line, field lines and the empty line, to be sent as latin1. Fields must be valid: nothing is checked here. */
export function writeResponseHead(status: number, fields: FieldList): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let at = 0; at + 1 < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`;
  return `${text}\r\n`;
}
