/**
 * A WebSocket of the target: extended CONNECT on the link (RFC 8441) becomes an HTTP/1.1 upgrade (RFC 6455 section 4),
 * after which bytes are spliced unread, so that subprotocols, extensions and close codes pass as they are.
 */
import type { Duplex } from 'node:stream';
import { splice } from '../../core/splice.js';
import type { InboundObserver, InboundStream } from '../../http/exchange.js';
import { newKey } from '../../http/websocket.js';
import type { FieldList } from '../../http1/fields.js';
import { writeRequestHead } from '../../http1/request-writer.js';
import type { ResponseHead } from '../../http1/response-head.js';
import type { ConnectionUser } from './connect-queue.js';
import type { TargetConnection, TargetObserver } from './connection.js';
import type { Exchange, TargetContext } from './exchange.js';
import { type PublicAddress, readPublicAddress } from './public-address.js';
import { targetHeaders } from './request-headers.js';
import type { ExchangeTap } from './tap.js';
import { acceptedHeaders, rejectSuccess, upgradeHeaders } from './websocket-handshake.js';

/** One WebSocket. A response other than 101 is passed on with its status and body. */
export class TargetWebSocket implements TargetObserver, ConnectionUser {
  readonly #context: TargetContext;
  readonly #stream: InboundStream;
  readonly #exchange: Exchange;
  readonly #publicAddress: PublicAddress;
  readonly #key = newKey();
  #head = '';
  #connection: TargetConnection | undefined;
  #socket: Duplex | undefined;

  constructor(context: TargetContext, stream: InboundStream, exchange: Exchange) {
    this.#context = context;
    this.#stream = stream;
    this.#exchange = exchange;
    this.#publicAddress = readPublicAddress(stream.head);
  }

  /** Throws when the request cannot be written for the target; nothing has been sent then. */
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
    this.#stream.resume(); // what the visitor still sends is discarded
  }

  upgraded(head: ResponseHead, rest: Buffer): void {
    const accepted = acceptedHeaders(head, this.#key, this.#context.target, this.#publicAddress);
    const socket = (this.#connection as TargetConnection).detach(rest); // it has just responded
    this.#connection = undefined;
    this.#socket = socket;
    socket.on('error', (error) => this.#context.log.debug({ err: error }, 'the WebSocket of the target failed'));
    try {
      this.#exchange.accept(accepted);
      join(this.#context, this.#stream, socket, this.#exchange.tap);
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

/** Splices the two byte streams; the agent cuts them when it closes. */
function join(context: TargetContext, stream: InboundStream, socket: Duplex, tap: ExchangeTap | undefined): void {
  const cut = () => socket.destroy();
  context.webSockets.add(cut);
  socket.once('close', () => {
    if (!socket.readableEnded) stream.cancel();
  });
  const body = stream.takeBody();
  splice(socket, body, () => {
    context.webSockets.delete(cut);
    tap?.ended({ aborted: !body.readableEnded || !socket.readableEnded, failure: undefined });
  });
  if (tap === undefined) return;
  body.on('data', (chunk: Buffer) => tap.requestBytes(chunk));
  socket.on('data', (chunk: Buffer) => tap.responseBytes(chunk));
}
