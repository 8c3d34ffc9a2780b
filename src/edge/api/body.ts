/** Reads the JSON body of an API request: an object with known fields of known types, or one sentence about what is wrong. */
import type { Request, RequestHandler } from 'express';
import { duration } from '../../config/values.js';
import { PosternError } from '../../errors.js';
import { jsonBody } from '../routes/json-body.js';

const MAX_BODY_BYTES = 16_384;

/** Parses the body before a route reads it. */
export const JSON_BODY: RequestHandler = jsonBody(MAX_BODY_BYTES);

/** The fields of a body. Throws `ERR_BAD_REQUEST` for anything but a JSON object, and for a field that is not `known`. */
export function fieldsOf({ body }: Request, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('The body is not a JSON object: send one with Content-Type: application/json.');
  const foreign = Object.keys(body).find((name) => !known.includes(name));
  if (foreign !== undefined) throw invalid(`There is an unknown field in the body: expected only ${known.join(', ')}.`);
  return body as Readonly<Record<string, unknown>>;
}

/** A text of at most `maxChars` characters. */
export function textOf(fields: Readonly<Record<string, unknown>>, name: string, maxChars: number): string | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > maxChars)
    throw invalid(`"${name}" is not a text of at most ${maxChars} characters.`);
  return value;
}

/** One of some words. */
export function wordOf<Word extends string>(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  words: readonly Word[],
): Word {
  const found = words.find((word) => word === fields[name]);
  if (found === undefined) throw invalid(`"${name}" is not what it can be: expected ${words.join(' or ')}.`);
  return found;
}

/** A whole number within bounds; undefined if there is none. */
export function wholeNumberOf(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw invalid(`"${name}" is not a whole number from ${min} to ${max}.`);
  return value;
}

/** A duration such as `8h`, in milliseconds; undefined if there is none. */
export function durationOf(fields: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const text = textOf(fields, name, 16);
  if (text === undefined) return undefined;
  const { value, problems } = duration.read(text);
  if (value === undefined || problems.length > 0)
    throw invalid(`"${name}" is not a duration: expected a whole number with s, m, h or d, such as 8h.`);
  return value;
}

/** The error for input that is wrong in this way. */
export function invalid(text: string): PosternError {
  return new PosternError('ERR_BAD_REQUEST', text, { text });
}
