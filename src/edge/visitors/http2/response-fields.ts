/** The field lists of responses to visitors over HTTP/2 (RFC 9113 section 8.3.2). */
import type { ResponseHead } from '../../../http/exchange.js';
import { fieldValue } from '../../../http/fields.js';
import type { Reply } from '../../request/visit.js';
import { httpDate } from './http-date.js';

/** Of a response whose names are in lower case. Adds a `date` to a final one that has none (RFC 9110 section 6.6.1). */
export function responseFields({ status, headers }: ResponseHead): string[] {
  const fields = [':status', statusText(status)].concat(headers);
  if (status >= 200 && fieldValue(headers, 'date') === undefined) fields.push('date', httpDate());
  return fields;
}

/** Of the edge's own response, with what each of them carries. `id` is that of the request. */
export function replyFields({ status, headers, body, error }: Reply, id: string): string[] {
  const fields = [':status', statusText(status), 'date', httpDate()];
  if (error !== undefined) fields.push('postern-error', error);
  for (const [name, value] of Object.entries(headers)) {
    for (const line of typeof value === 'string' ? [value] : value) fields.push(name.toLowerCase(), line);
  }
  if (status !== 204) fields.push('content-length', String(Buffer.byteLength(body)));
  fields.push('x-request-id', id);
  return fields;
}

// The same string for the same status: the encoder finds it by reference.
const STATUSES = Array.from({ length: 600 }, (_, status) => String(status));

function statusText(status: number): string {
  return STATUSES[status] ?? String(status);
}
