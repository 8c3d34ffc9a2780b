/**
 * The inspector's HTTP server, on this machine only. Each request is judged before it is routed; nothing that was captured is
 * sent in a form in which a browser could run or show it as a document.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { STRICT_PARSER } from '../../http/strict-http.js';
import type { EventStream } from './event-stream.js';
import { type Asked, cookieName, Guard, type Refusal } from './guard.js';
import type { PageFiles } from './page-files.js';
import { PROOF_PATH, proofOf } from './proof.js';
import { BadCall, type Call, errorReply, failureReply, jsonReply, notFound, type Reply, textField } from './reply.js';
import { findRoute, type Route } from './route.js';
import type { SessionReply } from './wire.js';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** How many ports above it are tried when it is taken. */
  readonly alternatives: number;
  /** Called with the first request. */
  readonly routes: () => Promise<readonly Route[]>;
  readonly events: EventStream;
  readonly page: PageFiles;
  /** Of a request's body. */
  readonly maxBodyBytes: number;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SAFETY = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

// Pages with their streams, and programs.
const MAX_CONNECTIONS = 128;

export class InspectorServer {
  /** What is behind the `#key=` of the printed address. */
  readonly key = randomBytes(32).toString('base64url');
  readonly #cookie = randomBytes(32).toString('base64url');
  readonly #pageHalf = randomBytes(32).toString('base64url');
  readonly #options: ServerOptions;
  #routes: Promise<readonly Route[]> | undefined;
  readonly #server: Server;
  #guard: Guard | undefined;
  #port = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = createServer({
      ...STRICT_PARSER,
      requireHostHeader: false,
      requestTimeout: 30_000,
      headersTimeout: 10_000,
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** `http://127.0.0.1:4040`. */
  get origin(): string {
    const { host } = this.#options;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  /** Listens on the port, or on the next one that is free. Rejects with the error of the last attempt. */
  async listen(): Promise<void> {
    const { host, port, alternatives } = this.#options;
    for (let tried = 0; ; tried++) {
      try {
        this.#server.listen({ host, port: port === 0 ? 0 : port + tried, exclusive: true });
        await once(this.#server, 'listening');
        break;
      } catch (error) {
        const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!isTaken || tried >= alternatives || port + tried >= 65_535) throw error;
      }
    }
    this.#port = (this.#server.address() as AddressInfo).port; // it listens on a port
    this.#guard = new Guard({ port: this.#port, key: this.key, cookie: this.#cookie, page: this.#pageHalf });
  }

  close(): void {
    this.#options.events.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => {}); // the response notices
    response.on('error', () => {});
    try {
      const reply = await this.#reply(request, response);
      if (reply !== undefined) await send(response, reply, request.method === 'HEAD');
    } catch (error) {
      await send(response, failureReply(error), request.method === 'HEAD');
    }
  }

  /** Undefined for a reply that goes on: a stream of events. */
  async #reply(request: IncomingMessage, response: ServerResponse): Promise<Reply | undefined> {
    const guard = this.#guard as Guard; // it listens
    const { method = '', url = '', headers } = request;
    const asked: Asked = { method, headers, hosts: hostsOf(request) };
    const misdirected = guard.checkHost(asked);
    if (misdirected !== undefined) return refusal(misdirected);
    const [path = '', ...query] = url.split('?');
    if (path === '/api/events' && method === 'GET') return this.#openEvents(asked, response);
    this.#routes ??= this.#allRoutes();
    const found = findRoute(await this.#routes, method, path);
    if (!('route' in found)) return unrouted(found.methods);
    const refused = guard.check(asked, found.route.demand);
    if (refused !== undefined) return refusal(refused);
    const call: Call = {
      method,
      query: new URLSearchParams(query.join('?')),
      param: (name) => found.params.get(name) ?? '',
      fields: () => readFields(request, this.#options.maxBodyBytes),
    };
    return found.route.serve(call);
  }

  #openEvents(asked: Asked, response: ServerResponse): Reply | undefined {
    const refused = (this.#guard as Guard).check(asked, 'key'); // it listens
    if (refused !== undefined) return refusal(refused);
    const id = asked.headers['last-event-id'];
    response.writeHead(200, { ...SAFETY, 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    if (!this.#options.events.open(response, typeof id === 'string' ? id : undefined)) response.destroy();
    return undefined;
  }

  async #allRoutes(): Promise<readonly Route[]> {
    return [...(await this.#options.routes()), ...this.#ownRoutes()];
  }

  #ownRoutes(): Route[] {
    const { page } = this.#options;
    const asset = async (call: Call) => {
      const reply = await page.asset(call.param('name'));
      if (reply === undefined) throw notFound('There is no such file.');
      return reply;
    };
    const session = async (call: Call): Promise<Reply> => {
      const key = textField(await call.fields(), 'key', 200);
      if (!(this.#guard as Guard).isKey(key))
        // it listens
        throw new BadCall('That is not the key of this inspector: it has another one each time it starts.', BAD_KEY);
      const cookie = `${cookieName(this.#port)}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`;
      const reply = jsonReply({ page: this.#pageHalf } satisfies SessionReply);
      return { ...reply, headers: { ...reply.headers, 'Set-Cookie': cookie } };
    };
    const proof = (call: Call) => jsonReply({ proof: proofOf(this.key, call.param('nonce')) });
    return [
      { method: 'GET', path: `${PROOF_PATH}:nonce`, demand: 'open', serve: proof },
      { method: 'GET', path: '/', demand: 'page', serve: () => page.page() },
      { method: 'GET', path: '/assets/:name', demand: 'open', serve: asset },
      { method: 'POST', path: '/api/session', demand: 'session', serve: session },
    ];
  }
}

const BAD_KEY = { status: 401, code: 'ERR_KEY_REQUIRED' };

function refusal(refused: Refusal): Reply {
  return errorReply(refused);
}

function unrouted(methods: readonly string[]): Reply {
  if (methods.length === 0) return failureReply(notFound('There is nothing at this path.'));
  const message = 'This path has no such method.';
  const reply = errorReply({ status: 405, code: 'ERR_METHOD_REFUSED', message });
  return { ...reply, headers: { ...reply.headers, Allow: methods.join(', ') } };
}

function hostsOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() === 'host' ? [rawHeaders[at + 1] as string] : [],
  );
}

async function readFields(request: IncomingMessage, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxBytes) throw new BadCall('The body is too long.', { status: 413, code: 'ERR_BODY_TOO_LARGE' });
    pieces.push(piece);
  }
  const value = parse(Buffer.concat(pieces).toString());
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BadCall('The body is not a JSON object.');
}

function parse(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused like every value that is not an object
  }
}

async function send(response: ServerResponse, { status, headers, body = '' }: Reply, isHead: boolean): Promise<void> {
  if (response.headersSent) return void response.destroy();
  const isWhole = typeof body === 'string' || Buffer.isBuffer(body);
  const length = isWhole && status !== 204 ? { 'Content-Length': String(Buffer.byteLength(body)) } : {};
  response.writeHead(status, { ...SAFETY, ...length, ...headers });
  if (isHead) response.end();
  else if (isWhole) response.end(body);
  else await pipeline(Readable.from(body), response).catch(() => undefined); // the reader has left
}
