/** Requests of HTTP/1.1 as the field lists that a browser would send for them over HTTP/2, and responses the other way. */
import { STATUS_CODES } from 'node:http';
import { acceptKey } from '../../src/http/websocket.js';
import { firstValue, type ReadRequest } from './http1-bytes.js';

// What HTTP/2 has no field for (RFC 9113 section 8.2.2), or says otherwise.
const OF_HTTP1 = /^(?:host|connection|keep-alive|proxy-connection|transfer-encoding|upgrade|http2-settings)$/;
const OF_HANDSHAKE = /^sec-websocket-key$/;

// A browser has fewer cookies; a list of more stays in one piece.
const MAX_CRUMBS = 150;

/** It offers a WebSocket, as the edge reads it. */
export function isWebSocket(request: ReadRequest): boolean {
  return firstValue(request, 'upgrade')?.toLowerCase() === 'websocket';
}

export function requestFields(request: ReadRequest): string[] {
  const [host, ...more] = request.fields.flatMap(([name, value]) => (name.toLowerCase() === 'host' ? [value] : []));
  const connects = isWebSocket(request);
  const fields = [':method', connects ? 'CONNECT' : request.method];
  if (connects) fields.push(':protocol', 'websocket');
  if (connects || request.method !== 'CONNECT') fields.push(':scheme', 'http', ':path', request.target);
  if (host !== undefined) fields.push(':authority', host);
  for (const another of more) fields.push('host', another);
  const dropped = ofConnection(request);
  for (const [written, value] of request.fields) {
    const name = written.toLowerCase();
    if (OF_HTTP1.test(name) || dropped.has(name) || (connects && OF_HANDSHAKE.test(name))) continue;
    for (const one of name === 'cookie' ? crumbs(value) : [value]) fields.push(name, one);
  }
  return fields;
}

/** Names that `Connection` lists: its sender means them for this hop alone, which HTTP/2 cannot say. */
function ofConnection({ fields }: ReadRequest): ReadonlySet<string> {
  const lines = fields.filter(([name]) => name.toLowerCase() === 'connection');
  return new Set(lines.flatMap(([, value]) => value.toLowerCase().split(',')).map((name) => name.trim()));
}

function crumbs(cookie: string): readonly string[] {
  const all = cookie.split('; ');
  const areCrumbs = all.length <= MAX_CRUMBS && all.every((crumb) => /^(?![ \t]).*[^ \t]$/.test(crumb));
  return areCrumbs ? all : [cookie];
}

/** The head of a response; `isLast` when the connection ends behind it. */
export function responseHead(fields: readonly string[], request: ReadRequest, isLast: boolean): string {
  const [, status = '', ...headers] = fields;
  const code = status === '200' && isWebSocket(request) ? '101' : status;
  const lines = [`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  if (code === '101') {
    const accept = acceptKey(firstValue(request, 'sec-websocket-key') ?? '');
    lines.push('connection: Upgrade', 'upgrade: websocket', `sec-websocket-accept: ${accept}`);
  } else if (Number(code) >= 200) {
    if (isChunked(fields, request)) lines.push('transfer-encoding: chunked');
    if (isLast) lines.push('connection: close');
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Whether the body of a response needs chunks in HTTP/1.1. */
export function isChunked(fields: readonly string[], request: ReadRequest): boolean {
  const [, status] = fields;
  if (request.method === 'HEAD' || status === '204' || status === '304') return false;
  return !fields.some((name, at) => at % 2 === 0 && name === 'content-length');
}
