/**
 * The headers that a target receives: the visitor's own without what ends at this hop, what only we may say and our
 * cookies; then what we say. The visitor's copies go first and in every spelling, so `Connection: x-forwarded-email`
 * or `X_Forwarded_Email` can neither remove nor double an identity.
 */
import type { BaseAddress } from '../../core/hostname.js';
import { RecentMap } from '../../core/recent-map.js';
import type { RawHeaders } from '../../http/fields.js';
import { connectionOptions, isHopByHop, isReserved } from '../../http/header-rules.js';
import { basicToken } from '../request/access-token.js';
import { holdsClientToken } from '../request/client-token.js';
import type { ConnectionCache } from '../request/connection-cache.js';
import type { VisitRequest } from '../request/visit.js';

/**
 * The headers of a forwarded request, for HTTP/2: lower-case names, no `host` (that is `:authority`). `identity` are those of
 * `identityHeaders`, none for an anonymous request.
 */
export function targetHeaders(
  request: Pick<VisitRequest, 'headers' | 'address' | 'host' | 'id' | 'cache'>,
  base: BaseAddress,
  identity: readonly string[],
): string[] {
  const fields = visitorHeaders(request.headers, request.cache);
  fields.push('x-forwarded-for', request.address, 'x-forwarded-host', publicHost(request.host, base));
  fields.push('x-forwarded-proto', base.scheme, 'x-forwarded-port', String(base.port), 'x-request-id', request.id);
  for (const text of identity) fields.push(text);
  return fields;
}

/** The headers without an `Authorization` that is an access token: for tunnels that accept one there. */
export function withoutBasicToken(headers: readonly string[]): string[] {
  return headers.filter((_, at) => {
    const isToken = headers[at - (at % 2)] === 'authorization' && basicToken(headers[at - (at % 2) + 1]) !== undefined;
    return !isToken;
  });
}

function visitorHeaders(headers: RawHeaders, cache: ConnectionCache): string[] {
  const options = connectionOptions(headers);
  const fields: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = forwardedName(headers[at] as string);
    if (name === undefined || options.has(name)) continue;
    const value = headers[at + 1] as string;
    if (name === 'authorization' && holdsClientToken(value)) continue; // whichever tunnel it is for
    if (name !== 'cookie') fields.push(name, value);
    else {
      const cookies = cache.appCookies(value);
      if (cookies !== '') fields.push(name, cookies);
    }
  }
  return fields;
}

// Browsers send the same two dozen names with each request.
const MAX_KNOWN_NAMES = 1_000;
const MAX_KNOWN_CHARACTERS = 64;

const ENDS_HERE = Symbol('ends here');
const knownNames = new RecentMap<string | typeof ENDS_HERE>(MAX_KNOWN_NAMES, MAX_KNOWN_CHARACTERS);

/** The lower-case name under which a visitor's header goes on; undefined when it ends at this hop or is ours to give. */
function forwardedName(spelling: string): string | undefined {
  let name = knownNames.get(spelling);
  if (name === undefined) {
    name = judgeName(spelling.toLowerCase());
    knownNames.set(spelling, name);
  }
  return name === ENDS_HERE ? undefined : name;
}

function judgeName(name: string): string | typeof ENDS_HERE {
  // `Expect` is answered by the edge, which has read the request's head: the target need not be asked again.
  const endsHere = name === 'host' || name === 'expect' || isHopByHop(name) || isReserved(name);
  return endsHere ? ENDS_HERE : name;
}

/**
 * A host with the port that visitors see, unless it is the scheme's own (RFC 9110 section 4.2.3): apps build absolute
 * URLs and compare origins with it.
 */
export function publicHost(host: string, base: BaseAddress): string {
  if (host !== lastPublic.host || base !== lastPublic.base) {
    const isDefault = base.port === (base.scheme === 'https' ? 443 : 80);
    lastPublic = { host, base, text: isDefault ? host : `${host}:${base.port}` };
  }
  return lastPublic.text;
}

// The same string object for the same text: the encoder compares it with the one before by reference.
let lastPublic: { readonly host: string; readonly base: BaseAddress | undefined; readonly text: string } = {
  host: '',
  base: undefined,
  text: '',
};
