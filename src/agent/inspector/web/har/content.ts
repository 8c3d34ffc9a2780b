/** The body of a request or response in a HAR file, as bytes. */
import type { Body } from '../../wire.js';
import { base64Bytes } from '../body/base64.js';
import { amountOf, elementsOf, type Fields, fieldsOf, textOf, textOrNull } from './values.js';

export interface Content {
  readonly body: Body | null;
  readonly bytes: Uint8Array;
}

// What is kept of one body, as in the live view.
const MAX_BODY_BYTES = 1_000_000;
const MAX_PARAMS = 1_000;

/** Of `postData` or `content`: `{ text, encoding?, mimeType, size? }`, or of a form `{ params }`. */
export function contentOf(content: Fields, bodySize: number | null): Content {
  const all = bytesOf(content);
  const size = Math.max(all.length, amountOf(content['size']) ?? bodySize ?? 0);
  if (size === 0) return { body: null, bytes: all };
  const bytes = all.subarray(0, MAX_BODY_BYTES);
  const body = { bytes: size, kept: bytes.length, type: textOrNull(content['mimeType'], 1_000), encoding: null };
  return { body, bytes };
}

function bytesOf({ text, encoding, params }: Fields): Uint8Array {
  if (typeof text !== 'string' || text === '') return new TextEncoder().encode(formOf(params));
  // Four characters of base64 are three bytes: more than this is never shown.
  const start = text.slice(0, MAX_BODY_BYTES * 2);
  return encoding === 'base64' ? base64Bytes(start) : new TextEncoder().encode(start);
}

function formOf(params: unknown): string {
  const form = new URLSearchParams();
  for (const param of elementsOf(params, MAX_PARAMS)) {
    const { name, value } = fieldsOf(param);
    form.append(textOf(name), textOf(value));
  }
  return form.toString();
}
