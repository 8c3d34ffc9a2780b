/**
 * Checks the field list of a message (RFC 9113 sections 8.1 to 8.3, RFC 8441 section 4): the pseudo-fields of its kind, then
 * regular fields (`regular-fields.ts`). Lists are flat: name, value, name, value, one octet in each code unit. The same
 * rules apply to what is received and what is sent.
 */
import { type FieldClassifier, MalformedFields, shortened } from './field-classifier.js';
import { isPseudo } from './field-syntax.js';
import { checkFields } from './regular-fields.js';

/** Checks the head of a request; returns its `content-length`. Throws `MalformedFields`. */
export function checkRequest(fields: readonly string[], classifier: FieldClassifier): number {
  // Five variables instead of a record: with one, a request allocated a twentieth more.
  let method: string | undefined;
  let scheme: string | undefined;
  let authority: string | undefined;
  let path: string | undefined;
  let protocol: string | undefined;
  let at = 0;
  for (; at < fields.length && isPseudo(fields[at] as string); at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1];
    classifier.classify(name, value);
    switch (name) {
      case ':method':
        method = once(method, value, ':method');
        break;
      case ':scheme':
        scheme = once(scheme, value, ':scheme');
        break;
      case ':authority':
        authority = once(authority, value, ':authority');
        break;
      case ':path':
        path = once(path, value, ':path');
        break;
      case ':protocol':
        protocol = once(protocol, value, ':protocol');
        break;
      default:
        throw new MalformedFields('an unknown pseudo-field');
    }
  }
  requirePresent(method, ':method');
  if (method === 'CONNECT' && protocol === undefined) requireConnect(scheme, authority, path);
  else {
    requirePresent(scheme, ':scheme');
    requirePresent(path, ':path');
    if (protocol !== undefined) requireExtendedConnect(method, authority);
  }
  return checkFields(fields, at, authority, classifier);
}

/** Section 8.5. */
function requireConnect(scheme: string | undefined, authority: string | undefined, path: string | undefined): void {
  requirePresent(authority, ':authority');
  if (scheme !== undefined || path !== undefined) throw new MalformedFields('CONNECT with :scheme or :path');
}

/** RFC 8441 section 4. */
function requireExtendedConnect(method: string | undefined, authority: string | undefined): void {
  if (method !== 'CONNECT') throw new MalformedFields(':protocol without CONNECT');
  requirePresent(authority, ':authority');
}

/** The value of a pseudo-field that must not occur twice. */
function once(previous: string | undefined, value: string | undefined, name: string): string | undefined {
  if (previous !== undefined) throw new MalformedFields(`two ${name}`);
  return value;
}

/** Checks the head of a response, final or informational; returns its `content-length`. Throws `MalformedFields`. */
export function checkResponse(fields: readonly string[], classifier: FieldClassifier): number {
  if (fields[0] !== ':status' || isPseudo(fields[2] ?? '')) throw new MalformedFields('not one :status');
  classifier.classify(fields[0], fields[1]);
  if (fields[1] === '101') throw new MalformedFields('101 (section 8.6)');
  return checkFields(fields, 2, undefined, classifier);
}

/** Checks trailers, which have no pseudo-fields (section 8.1). Throws `MalformedFields`. */
export function checkTrailers(fields: readonly string[], classifier: FieldClassifier): void {
  checkFields(fields, 0, undefined, classifier);
}

/**
 * Checks trailers of a request as `checkTrailers`, and that none of them belongs into a head (RFC 9110 section 6.5.1): what
 * follows might take it for one. Throws `MalformedFields`.
 */
export function checkRequestTrailers(fields: readonly string[], classifier: FieldClassifier): void {
  checkTrailers(fields, classifier);
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    if (classifier.classify(name, fields[at + 1]) !== 'plain')
      throw new MalformedFields(`${shortened(name)} in trailers`);
  }
}

/** The status of a checked response. */
export function statusOf(fields: readonly string[]): number {
  return Number(fields[1]);
}

/** The value of a pseudo-field of a checked head. */
export function pseudoField(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; at < fields.length && isPseudo(fields[at] as string); at += 2) {
    if (fields[at] === name) return fields[at + 1];
  }
  return undefined;
}

function requirePresent(value: string | undefined, name: string): void {
  if (value === undefined) throw new MalformedFields(`no ${name}`);
}
