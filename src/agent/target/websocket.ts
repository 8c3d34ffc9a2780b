/**
 * A WebSocket of the target: extended CONNECT on the link (RFC 8441) becomes an HTTP/1.1 upgrade (RFC 6455 section 4),
 * after which bytes are spliced unread, so that subprotocols, extensions and close codes pass as they are.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { splice } from '../../core/splice.js';
import { PosternError } from '../../errors.js';
import type { InboundObserver, InboundStream } from '../../http/exchange.js';
import { usualCase } from '../../http/header-case.js';
import { headerValue, headerValues, type RawHeaders } from '../../http/header-rules.js';
import type { FieldList } from '../../http1/fields.js';
import { writeRequestHead } from '../../http1/request-writer.js';
import type { ResponseHead } from '../../http1/response-head.js';
import type { ConnectionUser } from './connect-queue.js';
import type { TargetConnection, TargetObserver } from './connection.js';
import type { Exchange, TargetContext } from './exchange.js';
import { type PublicAddress, readPublicAddress, targetHeaders } from './request-headers.js';
import { responseHeaders } from './response-headers.js';

// RFC 6455 section 1.3.
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** One WebSocket. A response other than 101 is passed on with its status and body. */
export class TargetWebSocket implements TargetObserver, ConnectionUser {
  readonly #context: TargetContext;
  readonly #stream: InboundStream;
  readonly #exchange: Exchange;
  readonly #publicAddress: PublicAddress;
  readonly #key = randomBytes(16).toString('base64');
  #head = '';
  #connection: TargetConnection | undefined;
  #socket: Duplex | undefined;

  constructor(context: TargetContext, stream: InboundStream, exchange: Exchange) {
    this.#context = context;
    this.#stream = stream;
    this.#exchange = exchange;
    this.#publicAddress = readPublicAddress(stream.head);
  }

  /** Throws when the request cannot be said to the target; nothing has left then. */
  open(): void {
    const { head } = this.#stream;
    const headers = upgradeHeaders(targetHeaders(head, this.#context.target, this.#publicAddress), this.#key);
    this.#head = writeRequestHead('GET', head.path, headers);
    this.#stream.observe(new WaitingVisitor(this.#exchange, this));
    this.#context.pool.acquireDetachable(this);
  }

  ready(connection: TargetConnection): void {
    this.#connection = connection;
    connection.send({ method: 'GET', head: this.#head, body: 0, signsConnectionIn: true }, this);
  }

  /** The visitor takes more of the response. */
  resume(): void {
    this.#connection?.resume();
  }

  /** The visitor is gone. */
  discard(): void {
    this.#context.pool.forget(this);
    this.#connection?.destroy();
    this.#socket?.destroy();
  }

  informational(head: ResponseHead): void {
    this.#exchange.sendInformational(head, this.#publicAddress);
  }

  head(head: ResponseHead): void {
    rejectSuccess(head);
    this.#stream.resume();
    this.#exchange.respond(head, this.#publicAddress);
  }

  data(chunk: Buffer): void {
    if (!this.#exchange.write(chunk)) this.#connection?.pause();
  }

  end(trailers: FieldList): void {
    this.#exchange.end(trailers);
  }

  drain(): void {}

  failed(error: unknown): void {
    this.#exchange.fail(error);
    this.#stream.resume(); // nobody is there for what the visitor still sends
  }

  upgraded(head: ResponseHead, rest: Buffer): void {
    const accepted = acceptedHeaders(head, this.#key, this.#context, this.#publicAddress);
    const socket = (this.#connection as TargetConnection).detach(rest); // it was there to answer
    this.#connection = undefined;
    this.#socket = socket;
    socket.on('error', (error) => this.#context.log.debug({ err: error }, 'the WebSocket of the target failed'));
    try {
      this.#exchange.accept(accepted);
      join(this.#context, this.#stream, socket);
    } catch (thrown) {
      this.#exchange.fail(thrown);
      socket.destroy();
    }
  }
}

/** The visitor's side until the WebSocket is accepted. What arrives before that stays in the stream. */
class WaitingVisitor implements InboundObserver {
  readonly #exchange: Exchange;
  readonly #webSocket: TargetWebSocket;

  constructor(exchange: Exchange, webSocket: TargetWebSocket) {
    this.#exchange = exchange;
    this.#webSocket = webSocket;
  }

  data(): void {}

  trailers(): void {}

  end(): void {}

  drain(): void {
    this.#webSocket.resume();
  }

  sent(): void {
    this.#exchange.sent();
  }

  cancelled(): void {
    this.#exchange.discard();
    this.#webSocket.discard();
  }
}

function upgradeHeaders(headers: readonly string[], key: string): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    if (name === 'sec-websocket-key' || name === 'sec-websocket-accept') continue;
    kept.push(usualCase(name), headers[at + 1] as string);
  }
  if (headerValue(kept, 'sec-websocket-version') === undefined) kept.push('Sec-WebSocket-Version', '13');
  return [...kept, 'Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', key];
}

// The visitor's key is the edge's to answer: ours and its proof end here.
function acceptedHeaders(
  head: ResponseHead,
  key: string,
  context: TargetContext,
  publicAddress: PublicAddress,
): string[] {
  const raw = head.fields;
  const accept = headerValues(raw, 'sec-websocket-accept');
  const expected = createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
  const upgrade = headerValue(raw, 'upgrade')?.toLowerCase();
  if (upgrade !== 'websocket' || accept.length !== 1 || accept[0] !== expected) {
    throw new PosternError('ERR_TARGET_PROTOCOL', 'The target does not complete the WebSocket handshake.');
  }
  return withoutField(responseHeaders(raw, 101, context.target, publicAddress), 'sec-websocket-accept');
}

function withoutField(headers: RawHeaders, unwanted: string): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at] !== unwanted) kept.push(headers[at] as string, headers[at + 1] as string);
  }
  return kept;
}

// On the link any 2xx would accept the WebSocket (RFC 8441 section 5); from the target it does not.
function rejectSuccess({ status }: ResponseHead): void {
  if (status >= 300) return;
  throw new PosternError('ERR_TARGET_PROTOCOL', `The target answers ${status} to a WebSocket handshake.`);
}

/** Joins the two byte streams, and lets the agent's close cut them. */
function join(context: TargetContext, stream: InboundStream, socket: Duplex): void {
  const cut = () => socket.destroy();
  context.webSockets.add(cut);
  socket.once('close', () => {
    if (!socket.readableEnded) stream.cancel();
  });
  splice(socket, stream.takeBody(), () => context.webSockets.delete(cut));
}
