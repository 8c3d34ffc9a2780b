/**
 * Converts heads between the exchange contract and HTTP/2's field lists, pseudo-fields first (RFC 9113 section 8.3). The
 * engine validates the lists, sent and received.
 */
import type { RequestHead, ResponseHead } from '../http/exchange.js';
import { mapNames, type RawHeaders } from '../http/fields.js';
import { pseudoField } from '../http2/message/message-fields.js';

/** The fields of a request. */
export function writeRequestHead({ method, scheme, authority, path, protocol, headers }: RequestHead): string[] {
  const pseudo = [':method', method, ':scheme', scheme, ':authority', authority, ':path', path];
  if (protocol !== undefined) pseudo.push(':protocol', protocol);
  return pseudo.concat(headers);
}

/** The fields of a response, informational or final. */
export function writeResponseHead({ status, headers }: ResponseHead): string[] {
  return [':status', String(status), ...headers];
}

/** The fields of trailers, whose names may have capitals. */
export function writeTrailers(trailers: RawHeaders): string[] {
  return mapNames(trailers, (name) => name.toLowerCase());
}

/** The head of a request that the engine has accepted; undefined if it is not a request to a tunnel. */
export function readRequestHead(fields: readonly string[]): RequestHead | undefined {
  const method = pseudoField(fields, ':method');
  const scheme = pseudoField(fields, ':scheme');
  const authority = pseudoField(fields, ':authority');
  const path = pseudoField(fields, ':path');
  const protocol = pseudoField(fields, ':protocol');
  if (method === undefined || path === undefined || authority === undefined) return undefined;
  if (scheme !== 'http' && scheme !== 'https') return undefined;
  const headers = fields.slice(protocol === undefined ? 8 : 10); // the engine has checked that each is there, once
  const head: RequestHead = { method, scheme, authority, path, headers };
  if (protocol === undefined) return method === 'CONNECT' ? undefined : head;
  return method === 'CONNECT' && protocol === 'websocket' ? { ...head, protocol } : undefined;
}

/** The head of a response that the engine has accepted. */
export function readResponseHead(fields: readonly string[]): ResponseHead {
  return { status: Number(fields[1]), headers: fields.slice(2) };
}
