/**
 * WebSockets of visitors: the same gate, then an extended CONNECT (RFC 8441) over the link, then two byte streams
 * spliced. The frames themselves are never read: subprotocols, extensions, close codes and sizes are the app's. Offers of
 * any other protocol do not come here (`upgrade-offer.ts`).
 */
import { createHash } from 'node:crypto';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { splice } from '../../core/splice.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { OutboundObserver, OutboundStream, RequestHead, ResponseHead } from '../../http/exchange.js';
import type { Admitted } from '../gate/gate.js';
import { noteCut } from '../ops/outcome.js';
import { EarlyBytes } from '../visitors/http1/early-bytes.js';
import { Forwarding, type Refuse } from './exchange.js';
import type { Forwarder } from './forwarder.js';
import { partyOf } from './party.js';
import { readAgentError } from './response-head.js';
import { responseHeaders } from './response-headers.js';
import { type Closing, closeBehind, SESSION_ENDED, TUNNEL_LOST } from './websocket-close.js';

// RFC 6455 section 1.3.
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** Throws for an upgrade that is no WebSocket handshake (RFC 6455 section 4.2.1). Who caused it the gate has judged. */
export function checkUpgrade(request: IncomingMessage): void {
  const { headers, method } = request;
  const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket' && method === 'GET';
  if (!isWebSocket) throw new PosternError('ERR_BAD_REQUEST', 'an upgrade that is not a WebSocket');
  if (headers['sec-websocket-version'] !== '13')
    throw new PosternError('ERR_PROTOCOL_VERSION', 'WebSocket version', {
      text: 'The edge speaks WebSocket version 13.',
    });
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) throw new PosternError('ERR_BAD_REQUEST', 'WebSocket key');
}

/** A response on the socket of an upgrade request, for everything that is not the 101. Closes the socket behind it. */
export function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon()); // an `end` alone would wait for the visitor's
  socket.once('close', () => response.destroy());
  return response;
}

export interface UpgradeOptions {
  readonly forwarder: Forwarder;
  /** The response on the visitor's socket, from `responseOn`. */
  readonly response: ServerResponse;
  /** What came with the request's head. */
  readonly early: Buffer;
  readonly refuse: Refuse;
}

/** One WebSocket that the gate has let through, from the visitor's request to the close of both ends. */
export class Upgrade {
  readonly #request: IncomingMessage;
  readonly #socket: Socket;
  readonly #verdict: Admitted;
  readonly #options: UpgradeOptions;
  readonly #early: EarlyBytes;
  #stream: OutboundStream | undefined;
  #closeBehind: ((closing: Closing) => void) | undefined;
  #forwarding: Forwarding | undefined;

  constructor(request: IncomingMessage, socket: Socket, verdict: Admitted, options: UpgradeOptions) {
    this.#request = request;
    this.#socket = socket;
    this.#verdict = verdict;
    this.#options = options;
    this.#early = new EarlyBytes(socket, options.early);
  }

  /** Forwards the request; what follows, follows from its response. Never rejects. */
  async forward(): Promise<void> {
    try {
      const head = webSocketHead(await this.#options.forwarder.requestHead(this.#request, this.#verdict));
      if (this.#socket.destroyed) return;
      const party = partyOf(this.#request, this.#verdict);
      const stream = this.#verdict.link.open(head, { endOfBody: false, party }, this.#observer);
      this.#stream = stream;
      this.#socket.once('close', () => stream.cancel());
      this.#early.read();
    } catch (error) {
      this.#fail(asPosternError(error));
    }
  }

  /** Bytes of the visitor that wait for the app. */
  get writableLength(): number {
    return this.#stream?.writableLength ?? 0;
  }

  /** All bytes of the visitor that were given to the stream. */
  get bytesWritten(): number {
    return this.#stream?.bytesWritten ?? 0;
  }

  /** Ends the WebSocket because the gate would no longer let it in. */
  end(): void {
    noteCut(this.#options.response, { code: 'ERR_LOGIN_REQUIRED' });
    if (this.#closeBehind === undefined) this.#socket.destroy();
    else this.#closeBehind(SESSION_ENDED);
  }

  readonly #observer: OutboundObserver = {
    informational: () => {}, // few clients of WebSockets expect anything before the 101
    response: (response, endOfBody) => {
      const isAccepted = response.status === 200 && !endOfBody && readAgentError(response) === undefined;
      if (isAccepted) this.#accept(response);
      else this.#relay(response, endOfBody);
    },
    trailers: (trailers) => this.#forwarding?.trailers(trailers),
    data: (chunk) => this.#forwarding?.data(chunk),
    end: () => this.#forwarding?.end(),
    drain: () => {},
    failed: (error) => this.#fail(error),
  };

  #accept(answer: ResponseHead): void {
    const { response } = this.#options;
    const body = (this.#stream as OutboundStream).takeBody(); // it answers, so it was opened
    response.detachSocket(this.#socket);
    response.statusCode = 101;
    this.#socket.write(switchingProtocols(this.#request, answer, this.#verdict));
    this.#early.giveBack();
    splice(this.#socket, body);
    this.#closeBehind = closeBehind(body, this.#socket);
  }

  /** The app answered with something else than a WebSocket: its response is relayed as any other. */
  #relay(answer: ResponseHead, endOfBody: boolean): void {
    const stream = this.#stream as OutboundStream; // it answers, so it was opened
    const { response, refuse } = this.#options;
    this.#forwarding = new Forwarding(this.#request, response, this.#verdict, refuse);
    this.#forwarding.take(stream);
    this.#forwarding.response(answer, endOfBody);
    stream.end();
  }

  #fail(error: PosternError): void {
    const { response, refuse } = this.#options;
    // In the next tick: only then is a stream that ended with its link to be told from one that the app broke off.
    if (this.#closeBehind !== undefined) {
      noteCut(response, error);
      process.nextTick(() => this.#breakOff());
    } else if (this.#forwarding !== undefined) this.#forwarding.failed(error);
    else if (response.headersSent || this.#socket.destroyed) this.#socket.destroy();
    else refuse(this.#request, response, error);
  }

  #breakOff(): void {
    if (this.#verdict.link.draining.aborted) this.#closeBehind?.(TUNNEL_LOST);
    else this.#socket.destroy();
  }
}

function webSocketHead(head: RequestHead): RequestHead {
  // The key proves to the visitor that we have read the handshake; the agent makes one of its own for the target.
  const headers: string[] = [];
  for (let at = 0; at + 1 < head.headers.length; at += 2) {
    const name = head.headers[at] as string;
    if (name !== 'sec-websocket-key') headers.push(name, head.headers[at + 1] as string);
  }
  return { ...head, method: 'CONNECT', protocol: 'websocket', headers };
}

function switchingProtocols(request: IncomingMessage, response: ResponseHead, { tunnel, rule }: Admitted): string {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${KEY_SUFFIX}`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  const head = { status: 101, headers: response.headers };
  const fields = responseHeaders(head, { host: tunnel.host, isGated: rule !== 'public', cookie: undefined });
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = (fields[at] as string).toLowerCase();
    // What only we can compute, and what means nothing here.
    if (name === 'sec-websocket-accept' || name === 'cache-control') continue;
    lines.push(`${fields[at]}: ${fields[at + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
