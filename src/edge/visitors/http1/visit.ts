/** A visitor's request over HTTP/1.1: `node:http`'s two objects as the one that the rest of the edge works with. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { BaseAddress, HostKind } from '../../../core/hostname.js';
import { asPosternError, type ErrorCode, PosternError } from '../../../errors.js';
import type { InboundObserver, RequestHead, ResponseHead, SendOptions } from '../../../http/exchange.js';
import type { RawHeaders } from '../../../http/fields.js';
import { writeResponseHead } from '../../../http1/response-writer.js';
import { ConnectionCache } from '../../request/connection-cache.js';
import { destinationOf } from '../../request/destination.js';
import type { RequestTrace } from '../../request/request-trace.js';
import type { Outlet } from '../../request/stalls.js';
import type { Cutter, HeaderLookup, Reply, Visit } from '../../request/visit.js';
import { setVisit, visitOf } from '../visit-of.js';
import type { VisitOwner } from '../visit-owner.js';
import { endWithLinger } from './lingering-close.js';
import { releaseResponse, whenItsTurn } from './pipelining.js';
import { hasBody } from './request-body.js';
import { ResponseWriter, type ResponseWriterOwner } from './response-writer.js';

export class Http1Visit implements Visit, ResponseWriterOwner {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id = randomUUID();
  readonly arrivedAtMs = performance.now();
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly place: HostKind;
  readonly address: string;
  readonly cache: ConnectionCache;
  cutBy: Cutter | undefined;
  trace: RequestTrace | undefined;
  protected readonly owner: VisitOwner;
  #observer: InboundObserver | undefined;
  #writer: ResponseWriter | undefined;
  #code: ErrorCode | undefined;
  #isBodyDropped = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { base, address, owner }: { readonly base: BaseAddress; readonly address: string; readonly owner: VisitOwner },
  ) {
    const { host, place } = destinationOf(request.rawHeaders, base);
    this.request = request;
    this.response = response;
    this.scheme = base.scheme;
    this.host = host;
    this.place = place;
    this.address = address;
    this.cache = ConnectionCache.of(request.socket);
    this.owner = owner;
    setVisit(request, this);
  }

  get head(): RequestHead {
    return this;
  }

  get method(): string {
    return this.request.method ?? '';
  }

  get path(): string {
    return this.request.url ?? '';
  }

  get authority(): string {
    return this.host;
  }

  get headers(): RawHeaders {
    return this.request.rawHeaders;
  }

  get header(): HeaderLookup {
    return this.request.headers as HeaderLookup; // `set-cookie` alone is a list, and no request has one that is read
  }

  get version(): '1.0' | '1.1' {
    return this.request.httpVersionMinor === 0 ? '1.0' : '1.1';
  }

  get endOfBody(): boolean {
    return !hasBody(this.request);
  }

  get turn(): Promise<unknown> | undefined {
    return whenItsTurn(this.response);
  }

  get isResponding(): boolean {
    return this.response.headersSent;
  }

  get isClosed(): boolean {
    return this.response.destroyed;
  }

  get outlet(): Outlet {
    return this.request.socket;
  }

  /** Follows the response to its close. */
  track(): void {
    this.response.on('close', closed);
  }

  observe(observer: InboundObserver): void {
    this.#observer = observer;
    if (this.endOfBody) observer.end();
    else this.readBody(observer);
  }

  pause(): void {
    this.request.pause();
  }

  resume(): void {
    this.request.resume();
  }

  sendContinue(): void {
    if (this.version === '1.1' && this.header['expect'] !== undefined) this.response.writeContinue();
  }

  /** Ignored for HTTP/1.0, which has no interim responses, and once the head has left. */
  informational({ status, headers }: ResponseHead): void {
    if (this.isResponding || this.isClosed || this.version === '1.0') return;
    // Written to the socket: `node:http` can say 102 and 103 alone, and those without most of their headers. It has
    // written all responses before this one there, and nothing of this one.
    this.response.socket?.write(writeResponseHead(status, headers), 'latin1');
  }

  respond(head: ResponseHead, { endOfBody }: SendOptions): void {
    if (this.isClosed) return;
    this.#writer = new ResponseWriter(this.response, this);
    this.#writer.respond(head, endOfBody);
  }

  write(chunk: Buffer): boolean {
    return this.#writer?.write(chunk) ?? true;
  }

  end(trailers: RawHeaders = []): void {
    this.#writer?.end(trailers);
  }

  takeBody(): Duplex {
    throw new PosternError('ERR_INTERNAL', 'an HTTP/1.1 request that is no upgrade has no bodies to splice');
  }

  reply({ status, headers, body, error }: Reply): void {
    const { request, response } = this;
    this.#writer?.discard();
    this.#isBodyDropped = true;
    this.#code = error;
    response.statusCode = status;
    if (error !== undefined) response.setHeader('Postern-Error', error);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (status === 426) response.setHeader('Upgrade', 'websocket').setHeader('Connection', 'Upgrade, close');
    if (status !== 204) response.setHeader('Content-Length', Buffer.byteLength(body));
    response.setHeader('X-Request-Id', this.id);
    const content = request.method === 'HEAD' ? '' : body;
    if (hasBody(request) && !request.complete) endWithLinger(request, response, content);
    else response.end(content);
  }

  /** HTTP/1.0 has no other sign of an end than the connection's: only a reset tells a broken one from a regular one. */
  cancel(): void {
    this.#writer?.discard();
    this.dropBody();
    if (this.version === '1.0') this.request.socket.resetAndDestroy();
    else this.response.destroy();
  }

  /** Drops what still arrives, so that the connection can carry the next request. */
  dropBody(): void {
    this.#isBodyDropped = true;
    this.request.resume();
  }

  drained(): void {
    this.#observer?.drain();
  }

  unsendable(error: unknown): void {
    this.#settle('cancelled');
    this.owner.replyWithError(this, asPosternError(error));
  }

  /** To be called once, when the response has ended, whole or not. */
  closed(): void {
    const { request, response } = this;
    releaseResponse(request.socket, response);
    if (hasBody(request)) this.dropBody();
    // An upload that is no longer read is cancelled even if the response was complete.
    this.#settle(response.writableFinished && request.complete ? 'sent' : 'cancelled');
    const isSent = response.headersSent || response.statusCode === 101;
    // The response to an upgrade request lets go of its socket with the 101, and is never finished.
    if (!response.writableFinished && response.statusCode !== 101) this.cutBy ??= 'visitor';
    this.owner.ended(this, {
      status: isSent ? response.statusCode : 0,
      code: this.#code,
      aborted: (response.headersSent && !response.writableFinished) || undefined,
      cutBy: this.cutBy,
    });
  }

  protected readBody(observer: InboundObserver): void {
    const { request } = this;
    request.on('data', (chunk: Buffer) => {
      if (!this.#isBodyDropped) observer.data(chunk);
    });
    request.on('end', () => {
      if (this.#isBodyDropped) return;
      if (request.rawTrailers.length > 0) observer.trailers(request.rawTrailers);
      observer.end();
    });
    request.on('error', () => this.#settle('cancelled')); // it broke off in the middle: its end never comes
  }

  #settle(how: 'sent' | 'cancelled'): void {
    const observer = this.#observer;
    this.#observer = undefined;
    observer?.[how]();
  }
}

// One function for all of them: a closure for each would be one more object for each request.
function closed(this: ServerResponse): void {
  (visitOf(this.req) as Http1Visit).closed(); // it follows its own response
}
