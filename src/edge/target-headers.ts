/**
 * The headers that a target receives: the visitor's own without what ends at this hop, what only we may say and our
 * cookies; then what we say. The visitor's copies go first and in every spelling, so `Connection: x-forwarded-email`
 * or `X_Forwarded_Email` can neither remove nor double an identity.
 */
import { recallCookies } from '../auth/cookie-recall.js';
import { isOurCookie, removeCookies } from '../auth/cookies.js';
import type { Identity } from '../auth/identity.js';
import { connectionOptions, encodeFieldText, isHopByHop, isReserved, type RawHeaders } from '../core/headers.js';
import type { BaseAddress } from '../core/hostname.js';
import type { Recall, RequestContext } from './request.js';

/** Who is asking, as the target is told. */
export interface Introduction {
  readonly identity: Identity;
  /** The signed form of the same. */
  readonly assertion: string;
}

/** The headers of a forwarded request, for HTTP/2: lower-case names, no `host` (that is `:authority`). */
export function targetHeaders(
  headers: RawHeaders,
  context: RequestContext,
  base: BaseAddress,
  introduction: Introduction | undefined,
): string[] {
  const fields = visitorHeaders(headers, context.recall);
  fields.push('x-forwarded-for', context.address, 'x-forwarded-host', publicHost(context.host, base));
  fields.push('x-forwarded-proto', base.scheme, 'x-forwarded-port', String(base.port), 'x-request-id', context.id);
  if (introduction !== undefined) introduce(fields, introduction);
  return fields;
}

function visitorHeaders(headers: RawHeaders, recall: Recall): string[] {
  const options = connectionOptions(headers);
  const fields: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = forwardedName(headers[at] as string);
    if (name === undefined || options.has(name)) continue;
    const value = headers[at + 1] as string;
    if (name !== 'cookie') fields.push(name, value);
    else {
      const cookies = otherCookies(value, recall);
      if (cookies !== '') fields.push(name, cookies);
    }
  }
  return fields;
}

function otherCookies(line: string, recall: Recall): string {
  const recalled = recallCookies(recall, line);
  recalled.others ??= removeCookies(line, isOurCookie);
  return recalled.others;
}

// Browsers send the same two dozen names with each request. Bounded, so that whoever invents names fills it once.
const MOST_KNOWN_NAMES = 1_000;
const MOST_KNOWN_CHARACTERS = 64;

const ENDS_HERE = Symbol('ends here');
const knownNames = new Map<string, string | typeof ENDS_HERE>();

/** The lower-case name under which a visitor's header goes on; undefined when it ends at this hop or is ours to give. */
function forwardedName(spelling: string): string | undefined {
  let name = knownNames.get(spelling);
  if (name === undefined) {
    name = judgeName(spelling.toLowerCase());
    if (knownNames.size < MOST_KNOWN_NAMES && spelling.length <= MOST_KNOWN_CHARACTERS) knownNames.set(spelling, name);
  }
  return name === ENDS_HERE ? undefined : name;
}

function judgeName(name: string): string | typeof ENDS_HERE {
  // `Expect` is answered by the edge, which has read the request's head: the target need not be asked again.
  const endsHere = name === 'host' || name === 'expect' || isHopByHop(name) || isReserved(name);
  return endsHere ? ENDS_HERE : name;
}

function introduce(fields: string[], { identity, assertion }: Introduction): void {
  let known = identityFields.get(identity);
  if (known === undefined) {
    known = writeIdentity(identity);
    identityFields.set(identity, known);
  }
  for (const text of known) fields.push(text);
  fields.push('x-postern-assertion', assertion);
}

// An identity belongs to a session and never changes: it is encoded once for all of its requests.
const identityFields = new WeakMap<Identity, readonly string[]>();

// A text that cannot be encoded throws, and the request fails: an identity is never cut, never left out (see headers.ts).
function writeIdentity({ subject, email, username, groups }: Identity): string[] {
  const fields = ['x-forwarded-user', encodeFieldText(subject), 'x-forwarded-email', encodeFieldText(email)];
  if (username !== undefined) fields.push('x-forwarded-preferred-username', encodeFieldText(username));
  if (groups.length > 0) fields.push('x-forwarded-groups', groups.map(encodeFieldText).join(','));
  return fields;
}

// With the port that visitors see, unless it is the scheme's own: apps build absolute URLs and compare origins with it.
function publicHost(host: string, base: BaseAddress): string {
  const isDefault = base.port === (base.scheme === 'https' ? 443 : 80);
  return isDefault ? host : `${host}:${base.port}`;
}
