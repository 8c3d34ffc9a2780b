/** HTTP/1.1 written and read by hand, for requests that no HTTP library would send. */
import { headerValues } from '../../src/http/fields.js';
import { rawExchange } from './visitor.js';

/** An answer as it stood on the wire. */
export interface WireResponse {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** The values of a header, in order; `name` is lower-case. */
  values(name: string): string[];
}

/** Sends the lines of a request head, then a body, to a port of 127.0.0.1; reads until the edge closes. */
export async function sendLines(port: number, lines: readonly string[], body = ''): Promise<WireResponse> {
  return readResponse(await rawExchange(port, `${lines.join('\r\n')}\r\n\r\n${body}`));
}

/** The same, for an answer behind which the connection stays open: reads no further than its head. */
export async function sendLinesForHead(port: number, lines: readonly string[]): Promise<WireResponse> {
  return readResponse(await rawExchange(port, `${lines.join('\r\n')}\r\n\r\n`, '\r\n\r\n'));
}

/** Reads the first answer in a text. */
export function readResponse(text: string): WireResponse {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...fields] = text.slice(0, end < 0 ? text.length : end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1]);
  if (!(status >= 100)) throw new Error(`no answer: ${JSON.stringify(text.slice(0, 200))}`);
  const rawHeaders = fields.flatMap((line) => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const body = end < 0 ? '' : text.slice(end + 4);
  return { status, rawHeaders, body, values: (name) => headerValues(rawHeaders, name) };
}
