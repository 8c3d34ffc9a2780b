/** One connection of visitors: an HTTP/2 connection of the engine in the server role (RFC 9113) over a socket. */
import type { Duplex } from 'node:stream';
import { PosternError } from '../../../errors.js';
import { Connection } from '../../../http2/connection.js';
import { Http2ConnectionError, type Http2Error, Http2ErrorCode } from '../../../http2/errors.js';
import { STRANGER_TIME_LIMITS } from '../../../http2/stranger-limits.js';
import type { Http2Stream } from '../../../http2/stream/stream.js';
import { ConnectionCache } from '../../request/connection-cache.js';
import { endSocketWithLinger } from '../http1/lingering-close.js';
import { CookieCrumbs } from './cookie-crumbs.js';
import type { NetworkBudgets } from './network-budgets.js';

/** What is known of a connection before its first byte. */
export interface Http2SocketInfo {
  /** The address of the other end, as `AddressReader` takes it. */
  readonly peer: string;
  /** TLS ends here: the only scheme of its requests is `https`. */
  readonly isSecure: boolean;
  /** What was read of the socket already, the preface included. */
  readonly early?: Buffer;
}

export interface Http2ConnectionOwner {
  request(connection: Http2VisitorConnection, stream: Http2Stream, fields: string[], endOfBody: boolean): void;
  /** A request that has no head to judge. */
  refused(connection: Http2VisitorConnection, stream: Http2Stream, error: PosternError): void;
  /** Once, when its socket is closed. */
  left(connection: Http2VisitorConnection): void;
  /** The connection has ended with an error, not because either side has closed it; or something of ours has thrown. */
  failed(connection: Http2VisitorConnection, error: Http2Error): void;
}

export class Http2VisitorConnection {
  readonly peer: string;
  readonly isSecure: boolean;
  readonly budgets: NetworkBudgets;
  readonly cache = new ConnectionCache();
  readonly crumbs = new CookieCrumbs();
  readonly #socket: Duplex;
  readonly #connection: Connection;
  #isClosing = false;
  #hasLastRequest = false;
  #lastRequestHere: (() => void) | undefined;

  /** Takes over the socket. */
  constructor(
    socket: Duplex,
    { peer, isSecure, early, budgets }: Http2SocketInfo & { readonly budgets: NetworkBudgets },
    owner: Http2ConnectionOwner,
  ) {
    this.peer = peer;
    this.budgets = budgets;
    this.isSecure = isSecure;
    this.#socket = socket;
    this.#connection = new Connection({
      role: 'server',
      connectProtocol: true,
      awaitsPreface: true,
      limits: budgets.limits,
      sharedBudgets: budgets.frames,
      priorities: true,
      timeLimits: STRANGER_TIME_LIMITS,
      send: (bytes) => void socket.write(bytes, (error) => this.#left(bytes, error)),
      observer: {
        stream: (stream, fields, endStream) => owner.request(this, stream, fields, endStream),
        oversized: (stream) => owner.refused(this, stream, new PosternError('ERR_HEADERS_TOO_LARGE')),
        malformed: (stream, reason) => owner.refused(this, stream, new PosternError('ERR_BAD_REQUEST', reason)),
        overdue: () => void socket.destroy(),
        finalGoaway: () => this.#endRequests(),
        closed: (error) => {
          this.#endRequests();
          endSocketWithLinger(socket, '');
          if (error !== undefined && !this.#isClosing) owner.failed(this, error);
        },
        threw: (error) => owner.failed(this, faultOf(error)),
      },
    });
    if (early !== undefined) this.#connection.receive(early);
    socket.on('data', (chunk: Buffer) => this.#connection.receive(chunk));
    socket.on('error', () => socket.destroy()); // `close` follows
    socket.once('end', () => this.destroy());
    socket.once('close', () => {
      this.destroy();
      owner.left(this);
    });
  }

  // After an error it is not known what has left, and `close` follows.
  #left(bytes: Buffer, error: Error | null | undefined): void {
    if (!error) this.#connection.sent(bytes.length);
  }

  /** Checks the time limits; to be called every few seconds. */
  tick(): void {
    this.#connection.tick();
  }

  /** Accepts no new requests (RFC 9113 section 6.8), and ends after the running ones. */
  drain(): void {
    this.#connection.drain();
  }

  /** Resolves once its last request has arrived: a round trip after `drain`, or at its end. */
  lastRequest(): Promise<void> {
    return new Promise((resolve) => {
      this.#lastRequestHere = resolve;
      if (this.#hasLastRequest) resolve();
    });
  }

  #endRequests(): void {
    this.#hasLastRequest = true;
    this.#lastRequestHere?.();
  }

  /** Ends the connection now; running requests break. */
  destroy(): void {
    this.#isClosing = true;
    this.#connection.destroy(new Http2ConnectionError(Http2ErrorCode.CANCEL, 'the connection was closed'));
  }

  /** Ends it without waiting for the client to read. */
  cut(): void {
    this.destroy();
    this.#socket.destroy();
  }
}

function faultOf(thrown: unknown): Http2Error {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Http2ConnectionError(Http2ErrorCode.INTERNAL_ERROR, message, { cause: thrown });
}
