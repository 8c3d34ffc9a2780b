/** A WebSocket of a visitor over HTTP/1.1 (RFC 6455 section 4.2): the upgrade request and, once it is accepted, its socket. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { BaseAddress } from '../../../core/hostname.js';
import { PosternError } from '../../../errors.js';
import type { ResponseHead, SendOptions } from '../../../http/exchange.js';
import { acceptKey, isKey, WEBSOCKET_VERSION } from '../../../http/websocket.js';
import { writeResponseHead } from '../../../http1/response-writer.js';
import type { VisitOwner } from '../visit-owner.js';
import { EarlyBytes } from './early-bytes.js';
import { Http1Visit } from './visit.js';

export interface UpgradeOptions {
  readonly base: BaseAddress;
  readonly address: string;
  readonly owner: VisitOwner;
  /** What came behind the head of the request. */
  readonly early: Buffer;
}

export class UpgradeVisit extends Http1Visit {
  readonly #socket: Socket;
  readonly #early: EarlyBytes;
  #isAccepted = false;

  constructor(request: IncomingMessage, socket: Socket, { early, ...options }: UpgradeOptions) {
    super(request, responseOn(request, socket), options);
    this.#socket = socket;
    this.#early = new EarlyBytes(socket, early);
    socket.once('close', () => this.closed());
  }

  override get turn(): undefined {
    return undefined; // it came when nothing was pending
  }

  override get endOfBody(): boolean {
    return false;
  }

  override get isResponding(): boolean {
    return this.#isAccepted || super.isResponding;
  }

  override get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Throws for an upgrade that is no WebSocket handshake (RFC 6455 section 4.2.1). */
  checkHandshake(): void {
    const { header, method } = this;
    const isWebSocket = header['upgrade']?.toLowerCase() === 'websocket' && method === 'GET';
    if (!isWebSocket) throw new PosternError('ERR_BAD_REQUEST', 'an upgrade that is not a WebSocket');
    if (header['sec-websocket-version'] !== WEBSOCKET_VERSION)
      throw new PosternError('ERR_PROTOCOL_VERSION', 'WebSocket version', {
        text: 'The edge speaks WebSocket version 13.',
      });
    if (!isKey(header['sec-websocket-key'] ?? '')) throw new PosternError('ERR_BAD_REQUEST', 'WebSocket key');
  }

  /** A 200 whose body goes on accepts the WebSocket: `takeBody` gives its bytes. Any other is an ordinary response. */
  override respond(head: ResponseHead, options: SendOptions): void {
    if (head.status === 200 && !options.endOfBody) this.#accept(head);
    else super.respond(head, options);
  }

  override takeBody(): Duplex {
    this.#early.giveBack();
    return this.#socket;
  }

  override cancel(): void {
    if (this.#isAccepted) this.#socket.destroy();
    else super.cancel();
  }

  protected override readBody(): void {
    this.#early.read();
  }

  #accept({ headers }: ResponseHead): void {
    this.#isAccepted = true;
    this.response.detachSocket(this.#socket);
    this.response.statusCode = 101;
    const key = this.header['sec-websocket-key'] ?? '';
    const fields = [
      'Upgrade',
      'websocket',
      'Connection',
      'Upgrade',
      'Sec-WebSocket-Accept',
      acceptKey(key),
      ...headers,
    ];
    this.#socket.write(writeResponseHead(101, fields), 'latin1');
  }
}

/** A response on the socket of a request that `node:http` has handed over. Closes the socket behind it. */
function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon()); // an `end` alone would wait for the visitor's
  socket.once('close', () => response.destroy());
  return response;
}
