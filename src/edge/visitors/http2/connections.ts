/** The HTTP/2 connections of visitors, and their requests as visits for the front door. */
import type { Duplex } from 'node:stream';
import type { BaseAddress } from '../../../core/hostname.js';
import { PosternError } from '../../../errors.js';
import { type Http2Error, Http2ErrorCode, http2ErrorName } from '../../../http2/errors.js';
import type { Http2Stream } from '../../../http2/stream/stream.js';
import type { Observer } from '../../ops/observer.js';
import type { AddressReader } from '../../request/client-address.js';
import { destinationAt, NOWHERE } from '../../request/destination.js';
import { CHECK_INTERVAL_MS } from '../../request/limits.js';
import type { FrontDoor } from '../front-door.js';
import { type Http2SocketInfo, Http2VisitorConnection } from './connection.js';
import { AllBudgets } from './network-budgets.js';
import { refuseRequest } from './refused-request.js';
import { type Http2Head, readHead } from './request-head.js';
import { Http2Visit } from './visit.js';
import { Http2WebSocketVisit } from './websocket-visit.js';

export interface Http2Options {
  readonly base: BaseAddress;
  readonly door: FrontDoor;
  readonly observer: Observer;
  readonly addressOf: AddressReader;
  /** Whether an address is a reverse proxy's. */
  readonly isProxy: (address: string) => boolean;
}

export class Http2Connections {
  readonly #options: Http2Options;
  readonly #budgets: AllBudgets;
  readonly #open = new Set<Http2VisitorConnection>();
  // While there are connections.
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;
  #emptied: (() => void) | undefined;

  constructor(options: Http2Options) {
    this.#options = options;
    this.#budgets = new AllBudgets(options.isProxy);
  }

  /** Serves a socket whose client speaks HTTP/2, which ALPN or its first bytes say. Takes over the socket. */
  accept(socket: Duplex, info: Http2SocketInfo): void {
    const connection = new Http2VisitorConnection(socket, { ...info, budgets: this.#budgets.of(info.peer) }, this);
    this.#open.add(connection);
    this.#timer ??= setInterval(() => this.#tick(), CHECK_INTERVAL_MS).unref();
    if (this.#isDraining) connection.drain();
  }

  /** No new requests; running ones finish. Resolves once every connection has ended. */
  drain(): Promise<void> {
    this.#isDraining = true;
    for (const connection of this.#open) connection.drain();
    return new Promise((resolve) => {
      if (this.#open.size === 0) resolve();
      else this.#emptied = resolve;
    });
  }

  /** After `drain`: resolves once the last request has arrived, which was on its way when the drain began. */
  async lastRequest(): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.lastRequest()));
  }

  /** Ends every connection now. */
  destroy(): void {
    for (const connection of [...this.#open]) connection.cut();
  }

  // What connections report.

  request(connection: Http2VisitorConnection, stream: Http2Stream, fields: string[], endOfBody: boolean): void {
    const { base, door, addressOf } = this.#options;
    const { cache, budgets, peer } = connection;
    const head = readHead(fields, connection.crumbs);
    const address = addressOf(peer, head.headers);
    if (budgets.areHeadsExceeded) {
      this.#refuseStream(stream, address);
      return;
    }
    const destination = head.authority === undefined ? NOWHERE : destinationAt(head.authority, base);
    const options = { head, endOfBody, destination, scheme: base.scheme, address, cache, owner: door, budgets };
    const isWebSocket = head.protocol === 'websocket';
    const visit = isWebSocket ? new Http2WebSocketVisit(stream, options) : new Http2Visit(stream, options);
    const refusal = this.#refusalOf(head, visit, connection);
    if (refusal !== undefined) door.replyWithError(visit, refusal);
    else if (visit instanceof Http2WebSocketVisit) door.acceptWebSocket(visit);
    else door.accept(visit);
  }

  refused(connection: Http2VisitorConnection, stream: Http2Stream, error: PosternError): void {
    refuseRequest(stream, error, this.#options.observer, connection.peer);
  }

  left(connection: Http2VisitorConnection): void {
    this.#open.delete(connection);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#emptied?.();
  }

  failed({ peer: address }: Http2VisitorConnection, { code, message }: Http2Error): void {
    const { observer } = this.#options;
    observer.emit({ kind: 'connection-failed', address, reason: http2ErrorName(code) ?? 'OTHER', detail: message });
    if (code === Http2ErrorCode.ENHANCE_YOUR_CALM)
      observer.emit({ kind: 'over-budget', budget: 'HTTP/2 frames', address });
  }

  #tick(): void {
    for (const connection of this.#open) connection.tick();
  }

  /** The client may send the request again, on this or another connection (RFC 9113 section 8.7). */
  #refuseStream(stream: Http2Stream, address: string): void {
    this.#options.observer.emit({ kind: 'over-budget', budget: 'waiting requests', address });
    stream.reset(Http2ErrorCode.REFUSED_STREAM);
  }

  /** What HTTP/1.1 has no way to say, or its parser refuses. The rest of the rules is that of every version. */
  #refusalOf(
    { scheme, protocol, hasTwoLengths, method }: Http2Head,
    { header }: Http2Visit,
    { isSecure }: Http2VisitorConnection,
  ): PosternError | undefined {
    if (method === 'CONNECT' && protocol !== 'websocket') {
      const isPlain = protocol === undefined;
      return new PosternError(
        isPlain ? 'ERR_METHOD_REFUSED' : 'ERR_METHOD_UNKNOWN',
        'CONNECT to anything but a WebSocket',
      );
    }
    if (hasTwoLengths) return new PosternError('ERR_BAD_REQUEST', 'two content-length');
    const { expect } = header;
    if (expect !== undefined && expect.toLowerCase() !== '100-continue')
      return new PosternError('ERR_EXPECTATION_FAILED');
    // A reverse proxy that ended TLS may name the scheme of its visitor.
    const isReal = scheme === (isSecure ? 'https' : 'http') || (!isSecure && scheme === this.#options.base.scheme);
    return isReal ? undefined : new PosternError('ERR_BAD_REQUEST', 'a :scheme that is not the real one');
  }
}
