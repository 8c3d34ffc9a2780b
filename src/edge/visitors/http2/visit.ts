/** A visitor's request over HTTP/2: a stream of the engine as the one object that the rest of the edge works with. */
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { HostKind } from '../../../core/hostname.js';
import { asPosternError, type ErrorCode, PosternError } from '../../../errors.js';
import type { InboundObserver, RequestHead, ResponseHead, SendOptions } from '../../../http/exchange.js';
import { mapNames, type RawHeaders } from '../../../http/fields.js';
import { Http2ErrorCode } from '../../../http2/errors.js';
import type { Http2Stream } from '../../../http2/stream/stream.js';
import type { VisitEnd } from '../../ops/events.js';
import type { ConnectionCache } from '../../request/connection-cache.js';
import type { Destination } from '../../request/destination.js';
import { headersByName } from '../../request/headers-by-name.js';
import type { RequestTrace } from '../../request/request-trace.js';
import type { Outlet } from '../../request/stalls.js';
import type { Cutter, HeaderLookup, Reply, Visit } from '../../request/visit.js';
import type { VisitOwner } from '../visit-owner.js';
import { UNREAD_BODY_BYTES } from './limits.js';
import type { NetworkBudgets } from './network-budgets.js';
import type { Http2Head } from './request-head.js';
import { RequestReceiver } from './request-receiver.js';
import { replyFields, responseFields } from './response-fields.js';

export interface Http2VisitOptions {
  readonly head: Http2Head;
  readonly endOfBody: boolean;
  readonly destination: Destination;
  readonly scheme: 'http' | 'https';
  readonly address: string;
  readonly cache: ConnectionCache;
  readonly owner: VisitOwner;
  /** Counts the head for as long as the visit lives. */
  readonly budgets: NetworkBudgets;
}

export class Http2Visit implements Visit, Outlet {
  readonly id = randomUUID();
  readonly arrivedAtMs = performance.now();
  readonly method: string;
  readonly path: string;
  readonly scheme: 'http' | 'https';
  readonly headers: RawHeaders;
  readonly host: string;
  readonly place: HostKind;
  readonly address: string;
  readonly cache: ConnectionCache;
  readonly endOfBody: boolean;
  readonly turn = undefined; // streams have no order
  cutBy: Cutter | undefined;
  trace: RequestTrace | undefined;
  protected readonly stream: Http2Stream;
  readonly #owner: VisitOwner;
  readonly #budgets: NetworkBudgets;
  readonly #headBytes: number;
  #header: HeaderLookup | undefined;
  #observer: InboundObserver | undefined;
  #status = 0;
  #code: ErrorCode | undefined;
  #isClosed = false;

  /** Observes the stream from now on; its body waits until the visit is observed. */
  constructor(stream: Http2Stream, { head, endOfBody, destination, ...options }: Http2VisitOptions) {
    this.stream = stream;
    this.method = head.method;
    this.path = head.path;
    this.headers = head.headers;
    this.scheme = options.scheme;
    this.host = destination.host;
    this.place = destination.place;
    this.address = options.address;
    this.cache = options.cache;
    this.endOfBody = endOfBody;
    this.#owner = options.owner;
    this.#budgets = options.budgets;
    this.#headBytes = head.bytes + (endOfBody ? 0 : UNREAD_BODY_BYTES);
    this.#budgets.headHeld(this.#headBytes);
    stream.observe(new RequestReceiver(this));
    if (!endOfBody) stream.pause();
  }

  get head(): RequestHead {
    return this;
  }

  get authority(): string {
    return this.host;
  }

  get header(): HeaderLookup {
    this.#header ??= this.lookUp();
    return this.#header;
  }

  get version(): '2.0' {
    return '2.0';
  }

  get isResponding(): boolean {
    return this.stream.isHeadSent;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get outlet(): Outlet {
    return this;
  }

  get writableLength(): number {
    return this.stream.pendingBytes;
  }

  get bytesWritten(): number {
    return this.stream.writtenBytes;
  }

  observe(observer: InboundObserver): void {
    this.#observer = observer;
    if (this.endOfBody) observer.end();
    else this.readBody();
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  sendContinue(): void {
    if (this.header['expect'] !== undefined) this.informational({ status: 100, headers: [] });
  }

  informational(head: ResponseHead): void {
    if (!this.#isClosed) this.stream.sendInformational(responseFields(head));
  }

  respond(head: ResponseHead, { endOfBody }: SendOptions): void {
    if (this.#isClosed) return;
    this.#status = head.status;
    try {
      this.stream.sendHeaders(responseFields(head), { endStream: endOfBody });
    } catch (error) {
      this.#settle('cancelled');
      this.#owner.replyWithError(this, asPosternError(error));
    }
  }

  write(chunk: Buffer): boolean {
    return this.stream.write(chunk) || this.#isClosed;
  }

  end(trailers: RawHeaders = []): void {
    try {
      this.stream.end(trailers.length === 0 ? trailers : mapNames(trailers, (name) => name.toLowerCase()));
    } catch {
      this.cancel(); // trailers that cannot be sent: the response is not whole
    }
  }

  takeBody(): Duplex {
    throw new PosternError('ERR_INTERNAL', 'an HTTP/2 request that is no WebSocket has no bodies to splice');
  }

  reply(reply: Reply): void {
    if (this.#isClosed) return;
    this.stream.withdraw();
    this.#status = reply.status;
    this.#code = reply.error;
    const body = this.method === 'HEAD' ? '' : reply.body;
    this.stream.sendHeaders(replyFields(reply, this.id), { endStream: body === '' });
    if (body !== '') this.stream.write(Buffer.from(body));
    this.stream.end();
    this.stream.discard();
  }

  cancel(): void {
    if (this.#isClosed) return;
    this.stream.reset(Http2ErrorCode.INTERNAL_ERROR);
    this.closed();
  }

  // What the stream reports.

  received(chunk: Buffer): void {
    this.#observer?.data(chunk);
  }

  trailersReceived(trailers: RawHeaders): void {
    this.#observer?.trailers(trailers);
  }

  endReceived(): void {
    if (!this.endOfBody) this.#observer?.end(); // else it was told when it was set
  }

  /** What was written has left, down to the low-water mark, or all of the response has. */
  drained(): void {
    if (!this.stream.endSent) this.#observer?.drain();
    else if (!this.#isClosed) this.#sent();
  }

  /** The stream has ended, whole or not. */
  closed(fault?: PosternError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#settle('cancelled');
    const hasBegun = this.stream.isHeadSent;
    if (!this.isAccepted) this.cutBy ??= 'visitor';
    if (fault !== undefined) this.#owner.replyWithError(this, fault); // tells the log; the client reads nothing more of it
    this.#end({ status: hasBegun ? this.#status : 0, aborted: (hasBegun && !this.isAccepted) || undefined });
  }

  /** It is a WebSocket that was accepted: then each of its ends is a regular one. */
  protected get isAccepted(): boolean {
    return false;
  }

  protected readBody(): void {
    this.stream.resume();
  }

  /** The headers by name. */
  protected lookUp(): HeaderLookup {
    return headersByName(this.headers) as HeaderLookup; // `set-cookie` alone is a list, and no request has one that is read
  }

  #sent(): void {
    this.#isClosed = true;
    // An upload that is no longer read is cancelled even if the response was complete.
    this.#settle(this.stream.endReceived ? 'sent' : 'cancelled');
    if (!this.endOfBody) this.stream.discard();
    this.#end({ status: this.#status, aborted: undefined });
  }

  #end({ status, aborted }: Pick<VisitEnd, 'status' | 'aborted'>): void {
    this.#budgets.headReleased(this.#headBytes);
    this.#owner.ended(this, { status, code: this.#code, aborted, cutBy: this.cutBy });
  }

  #settle(how: 'sent' | 'cancelled'): void {
    const observer = this.#observer;
    this.#observer = undefined;
    observer?.[how]();
  }
}
