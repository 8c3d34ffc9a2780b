/**
 * The request of a replay: what was captured, with the changes of a person. Two things cannot be changed: the target, since the
 * agent serves a replay like every request of the tunnel, and the headers that Postern sets, so that no replay has another
 * identity. Pure.
 */
import { randomUUID } from 'node:crypto';
import type { RequestHead } from '../../http/exchange.js';
import { filterFields, forEachField, headerValues, type RawHeaders } from '../../http/fields.js';
import { isFieldName, isFieldValue, isHopByHop, isReserved } from '../../http/header-rules.js';
import { visibleHeaders } from './describe.js';
import type { KeptExchange } from './kept-exchange.js';
import type { Masks } from './masks.js';
import { BadCall } from './reply.js';
import { type HeaderRow, MASK, type ReplayEdit } from './wire.js';

export interface ReplayedRequest {
  readonly head: RequestHead;
  readonly body: Buffer;
}

const ASSERTION = 'x-postern-assertion';
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;
const PATH = /^\/[\x21-\x7e\x80-\xff]{0,65535}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The assertion that a request came with, if any. */
export function assertionOf({ head }: KeptExchange): string | undefined {
  return headerValues(head.headers, ASSERTION)[0];
}

/** Throws `BadCall` with what cannot be changed, or cannot be repeated. `assertion` replaces the one of the original. */
export function replayedRequest(
  captured: KeptExchange,
  edit: ReplayEdit,
  { assertion, masks }: { readonly assertion: string | undefined; readonly masks: Masks },
): ReplayedRequest {
  const { head } = captured;
  if (captured.isWebSocket) throw new BadCall('A WebSocket cannot be repeated: its messages depend on each other.');
  const body = bodyOf(captured, edit);
  const original = visibleHeaders(head.headers);
  const edited = edit.headers === undefined ? original : editedHeaders(original, edit.headers, masks);
  const headers = filterFields(edited, (name) => !isReserved(name) && name !== 'content-length' && name !== 'host');
  for (const text of filterFields(
    original,
    (name) => isReserved(name) && name !== ASSERTION && name !== 'x-request-id',
  ))
    headers.push(text);
  headers.push('x-request-id', randomUUID());
  if (assertion !== undefined) headers.push(ASSERTION, assertion);
  if (body.length > 0) headers.push('content-length', String(body.length));
  return { head: { ...head, method: methodOf(edit, head), path: pathOf(edit, head), headers }, body };
}

function methodOf({ method }: ReplayEdit, head: RequestHead): string {
  if (method === undefined) return head.method;
  if (METHOD.test(method) && method !== 'CONNECT') return method;
  throw new BadCall('The method is not one that can be sent: expected a word such as POST.');
}

function pathOf({ path }: ReplayEdit, head: RequestHead): string {
  if (path === undefined || path === head.path) return head.path;
  if (PATH.test(path)) return path;
  throw new BadCall('The path must begin with / and hold no spaces: a replay goes to the tunnel’s own target only.');
}

function bodyOf({ requestBody }: KeptExchange, { bodyBase64 }: ReplayEdit): Buffer {
  if (bodyBase64 !== undefined) {
    if (!BASE64.test(bodyBase64)) throw new BadCall('The body is not in base64.');
    return Buffer.from(bodyBase64, 'base64');
  }
  const { bytes } = requestBody;
  const body = requestBody.read(); // what it was captured in may have gone since it was found
  if (body.length === bytes) return body;
  throw new BadCall(
    `Only the first ${body.length} of the ${bytes} bytes of its body were kept: edit the request and give it another body.`,
  );
}

/** The headers as edited. What is masked is taken from the original; what is Postern's to say must be as it was. */
function editedHeaders(original: RawHeaders, rows: readonly HeaderRow[], masks: Masks): string[] {
  const masked = new Map<string, string>();
  forEachField(original, (name, value) => masked.set(`${name}: ${masks.header(name, value)}`, value));
  const headers: string[] = [];
  for (const [given, value] of rows) {
    const name = given.toLowerCase();
    if (!isFieldName(name)) throw new BadCall('There is a header whose name cannot be sent.');
    const known = value.includes(MASK) ? masked.get(`${name}: ${value}`) : value;
    if (known === undefined) throw new BadCall(`${name}: show the secrets before you change it.`);
    if (!isFieldValue(known)) throw new BadCall(`${name}: its value holds characters that cannot be sent.`);
    const isFixed = isReserved(name) || name === 'host';
    if (isFixed && !headerValues(original, name).includes(known))
      throw new BadCall(`${name}: only Postern says this, and it cannot be changed.`);
    if (isHopByHop(name)) throw new BadCall(`${name}: this is about one connection, and is not sent on.`);
    headers.push(name, known);
  }
  return headers;
}
