/**
 * A WebSocket as the wire of a link: binary messages carry the bytes of the connection, and their boundaries have no meaning.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type Http2Error, Http2ErrorCode } from '../http2/errors.js';
import { Budget } from '../http2/flood-guard.js';
import { FRAME_HEADER_BYTES } from '../http2/frame/types.js';
import { frameInPlace, MAX_HEADER_BYTES } from './message-frame.js';
import { TurnLimit } from './turn-limit.js';
import type { Wire, WireObserver } from './wire.js';

// Messages too small for a frame header, and WebSocket pings, which `ws` answers: both cost as much as a message with frames.
// A peer that sends headers and payloads in separate messages refills the budget with every larger message.
const EMPTY_MESSAGES = { burst: 1_000, perSecond: 200 };

export class WebSocketWire implements Wire {
  readonly headroomBytes = MAX_HEADER_BYTES;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #isClient: boolean;
  readonly #turn: TurnLimit;
  readonly #emptyMessages = new Budget('WebSocket messages without frames', EMPTY_MESSAGES, () => performance.now());
  #observer: WireObserver | undefined;

  /**
   * Takes over an open WebSocket without extensions, and the socket below it. `role` is ours in its handshake: the client, which is
   * the agent, masks what it sends (RFC 6455 section 5.3). In HTTP/2 the roles are the other way round.
   */
  constructor(webSocket: WebSocket, socket: Duplex, role: 'client' | 'server') {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#isClient = role === 'client';
    this.#turn = new TurnLimit(webSocket);
  }

  observe(observer: WireObserver): void {
    const socket = this.#webSocket;
    this.#observer = observer;
    socket.on('message', (message, isBinary) => this.#receive(message as Buffer, isBinary));
    socket.on('ping', () => this.#chargeEmptyMessage());
    socket.on('pong', () => this.#chargeEmptyMessage());
    socket.on('close', () => observer.closed('the WebSocket closed'));
    socket.on('error', (error) => observer.closed(error));
  }

  send(bytes: Buffer, sent: () => void): void {
    if (!this.#isOpen) return; // its `close` follows, and ends the connection
    // After an error it is not known what has left, and `close` follows. What `ws` itself sends goes the same way, frame by frame.
    this.#socket.write(frameInPlace(bytes, this.#isClient), (error) => {
      if (!error) sent();
    });
  }

  close(error: Http2Error | undefined): void {
    if (this.#isOpen) this.#webSocket.close(closeCode(error));
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  // `message` is a Buffer: the default `binaryType` of `ws`.
  #receive(message: Buffer, isBinary: boolean): void {
    this.#observer?.alive();
    this.#turn.read(message.length);
    if (message.length < FRAME_HEADER_BYTES) this.#chargeEmptyMessage();
    else this.#emptyMessages.earn(1);
    if (isBinary) this.#observer?.received(message);
    else this.#webSocket.close(1003); // a text message is a protocol error (RFC 6455 section 7.4.1)
  }

  /** Charges a message that carries hardly anything. */
  #chargeEmptyMessage(): void {
    try {
      this.#emptyMessages.spend();
    } catch (error) {
      this.#observer?.failed(error as Http2Error); // `spend` throws no other
    }
  }
}

/** The status of our close frame (RFC 6455 section 7.4.1). An HTTP/2 error of the peer is a protocol error. */
function closeCode(error: Http2Error | undefined): number {
  switch (error?.code) {
    case undefined:
    case Http2ErrorCode.NO_ERROR:
    case Http2ErrorCode.CANCEL:
      return 1000;
    case Http2ErrorCode.INTERNAL_ERROR:
      return 1011;
    case Http2ErrorCode.ENHANCE_YOUR_CALM:
      return 1008;
    case Http2ErrorCode.FRAME_SIZE_ERROR:
      return 1009;
    default:
      return 1002;
  }
}
