/**
 * Gives visits to Express, for the edge's own pages. It works on the two objects of `node:http`: a visit over HTTP/1.1 has
 * them, and for one over HTTP/2 they are made here, with the visit behind them and no socket. A forwarded request never has any.
 */
import { IncomingMessage, METHODS, type RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { PosternError } from '../../errors.js';
import type { InboundObserver } from '../../http/exchange.js';
import { headersByName } from '../request/headers-by-name.js';
import type { Visit } from '../request/visit.js';
import { Http1Visit } from './http1/visit.js';
import { setVisit } from './visit-of.js';

// Methods are case-sensitive (RFC 9110 section 9.1), but Express takes `get` for `GET`: over HTTP/1.1 it is never asked.
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** Gives a visit to an app for `node:http`. Throws `ERR_METHOD_UNKNOWN` for a method that this does not know. */
export function serveWith(app: RequestListener, visit: Visit): void {
  if (visit instanceof Http1Visit) app(visit.request, visit.response);
  else {
    if (!KNOWN_METHODS.has(visit.method)) throw new PosternError('ERR_METHOD_UNKNOWN');
    const request = requestOf(visit);
    app(request, responseOf(request, visit));
  }
}

// Own properties in place of subclasses: Express replaces the prototypes of both.

/** The request as HTTP/1.1 would have brought it. The visit is observed when its body is read. */
function requestOf(visit: Visit): IncomingMessage {
  const request = new IncomingMessage(noSocket());
  request.method = visit.method;
  request.url = visit.path;
  request.httpVersion = visit.version;
  request.httpVersionMajor = 2;
  request.httpVersionMinor = 0;
  request.rawHeaders = ['host', visit.authority, ...visit.headers, ...framing(visit)];
  request.headers = headersByName(request.rawHeaders);
  setVisit(request, visit);
  let read = () => {
    read = () => visit.resume();
    visit.observe(bodyOf(request, visit));
  };
  request._read = () => read();
  return request;
}

/** Passes the body of a visit on to its request. */
function bodyOf(request: IncomingMessage, visit: Visit): InboundObserver {
  return {
    data: (chunk) => {
      if (!request.push(chunk)) visit.pause();
    },
    trailers: () => {},
    end: () => {
      request.complete = true;
      request.push(null);
    },
    drain: () => {},
    sent: () => {},
    cancelled: () => void request.destroy(),
  };
}

/** What Express says by itself, to OPTIONS for instance, becomes the reply of the visit. */
function responseOf(request: IncomingMessage, visit: Visit): ServerResponse {
  const response = new ServerResponse(request);
  response.end = (chunk?: unknown) => {
    const headers: Record<string, string | readonly string[]> = {};
    for (const [name, value] of Object.entries(response.getHeaders())) {
      if (name !== 'content-length' && value !== undefined)
        headers[name] = Array.isArray(value) ? value : String(value);
    }
    const body = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? chunk.toString() : '';
    visit.reply({ status: response.statusCode, headers, body });
    return response;
  };
  return response;
}

/** A body without a length is one in chunks, by which body parsers know that there is one. */
function framing({ endOfBody, header }: Visit): string[] {
  return endOfBody || header['content-length'] !== undefined ? [] : ['transfer-encoding', 'chunked'];
}

// Body parsers look whether the connection can still be read. One for each request, because they may listen to it.
function noSocket(): Socket {
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  return socket as unknown as Socket; // of which `IncomingMessage` uses what a stream has
}
