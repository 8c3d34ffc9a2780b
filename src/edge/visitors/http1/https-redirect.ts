/**
 * Plain HTTP beside HTTPS: redirects to https what a person may have typed, and refuses what has already carried a body or
 * credentials in clear text. A redirect would hide that, and the next request would do it again.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BaseAddress } from '../../../core/hostname.js';
import { PosternError } from '../../../errors.js';
import { headerValues } from '../../../http/fields.js';
import { STRICT_PARSER } from '../../../http/strict-http.js';
import { writeResponseHead } from '../../../http1/response-writer.js';
import type { Observer } from '../../ops/observer.js';
import { destinationOf } from '../../request/destination.js';
import * as limits from '../../request/limits.js';
import { clientErrorListener } from './client-error.js';
import { HeadBudget } from './head-budget.js';
import { endSocketWithLinger, endWithLinger } from './lingering-close.js';
import { hasBody } from './request-body.js';
import { serveWithoutOffer } from './upgrade-offer.js';

export interface RedirectOptions {
  readonly base: BaseAddress;
  readonly observer: Observer;
  /** The text that an authority looks for at a path (HTTP-01, RFC 8555 section 8.3); undefined where there is none. */
  readonly proofAt?: (path: string) => string | undefined;
}

const CREDENTIALS = ['authorization', 'proxy-authorization', 'postern-access-token'];

/** A server that does not listen: the connections of plain sockets are given to it. */
export function createRedirectServer({ base, observer, proofAt = () => undefined }: RedirectOptions): Server {
  const server = createServer({
    ...STRICT_PARSER,
    maxHeaderSize: limits.MAX_HEADER_BYTES,
    requireHostHeader: false,
    headersTimeout: limits.HEADERS_TIMEOUT_MS,
    requestTimeout: limits.HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: limits.CHECK_INTERVAL_MS,
  });
  const replyOf = (request: IncomingMessage) => replyTo(request, base, proofAt);
  // All of them: `HeadBudget` listens too, so that nothing is done by `node:http` itself. No body is asked for.
  for (const event of ['request', 'checkContinue', 'checkExpectation'])
    server.on(event, (request: IncomingMessage, response: ServerResponse) =>
      reply(request, response, replyOf(request)),
    );
  // Both take the parser off the connection, so that no clock of the server runs for it any more.
  server.on('upgrade', (request, socket, behind) => serveWithoutOffer(server, request, socket as Socket, behind));
  server.on('connect', (request, socket) => replyRaw(socket as Socket, replyOf(request)));
  server.on('clientError', clientErrorListener(observer));
  new HeadBudget(server, {
    isProxy: () => false, // what a reverse proxy sends is not redirected
    cut: (address) => observer.emit({ kind: 'over-budget', budget: 'unfinished heads', address }),
    limits: limits.UNFINISHED_HEADS_IN_CLEAR,
  });
  server.emit('listening'); // starts its clocks, as in listener.ts
  return server;
}

interface PlainReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The response to a request in clear text. */
export function replyTo(
  request: IncomingMessage,
  base: BaseAddress,
  proofAt: (path: string) => string | undefined,
): PlainReply {
  const { method, url = '', rawHeaders } = request;
  const isSafe = method === 'GET' || method === 'HEAD';
  const proof = isSafe ? proofAt(url) : undefined;
  if (proof !== undefined) return { status: 200, headers: { 'Content-Type': 'application/octet-stream' }, text: proof };
  const { host, place } = destinationOf(rawHeaders, base);
  if (place.kind === 'unknown' || !url.startsWith('/')) return refusal(new PosternError('ERR_TUNNEL_UNKNOWN'));
  const hasCredentials = CREDENTIALS.some((name) => headerValues(rawHeaders, name).length > 0);
  if (!isSafe || hasBody(request) || hasCredentials) return refusal(new PosternError('ERR_HTTPS_REQUIRED'));
  const port = base.port === 443 ? '' : `:${base.port}`;
  // 308 and not 301: it means the same for GET and HEAD, and no client changes a method because of it (RFC 9110 section 15.4.9).
  return { status: 308, headers: { Location: `https://${host}${port}${url}` }, text: '' };
}

function refusal({ status, code, text }: PosternError): PlainReply {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Postern-Error': code, 'Cache-Control': 'no-store' };
  return { status, headers, text: `${text}\n` };
}

function reply(request: IncomingMessage, response: ServerResponse, { status, headers, text }: PlainReply): void {
  response.statusCode = status;
  response.setHeaders(new Map(Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(text)) })));
  response.setHeader('Connection', 'close');
  const content = request.method === 'HEAD' ? '' : text;
  if (hasBody(request)) endWithLinger(request, response, content);
  else response.end(content);
}

function replyRaw(socket: Socket, { status, headers, text }: PlainReply): void {
  socket.on('error', () => socket.destroy());
  if (!socket.writable) return void socket.destroy();
  const fields = { ...headers, 'Content-Length': String(Buffer.byteLength(text)), Connection: 'close' };
  endSocketWithLinger(socket, writeResponseHead(status, Object.entries(fields).flat()) + text);
}
