/**
 * How a connection ends: GOAWAY that lets running streams finish (RFC 9113 section 6.8), errors of connection scope
 * (section 5.4.1), and the end that its owner wants at once.
 */
import { Http2ConnectionError, type Http2Error, Http2ErrorCode } from './errors.js';
import type { Role } from './frame/settings.js';
import { MAX_31_BITS } from './frame/types.js';
import { goawayFrame } from './frame/writer.js';
import type { Pings } from './pings.js';
import type { SendQueue } from './send/send-queue.js';
import type { Streams } from './stream/streams.js';

export interface ShutdownOptions {
  readonly role: Role;
  readonly streams: Streams;
  readonly queue: SendQueue;
  readonly pings: Pings;
  /** The peer takes no new streams. */
  readonly goaway: (error: Http2Error | undefined) => void;
  /** It is over, and every stream has been told. */
  readonly closed: (error: Http2Error | undefined) => void;
}

export class Shutdown {
  readonly #options: ShutdownOptions;
  // `leaving`: no new streams are wanted; `last`: and none can be on its way any more.
  #state: 'open' | 'draining' | 'final-goaway' | 'closed' = 'open';
  #peerLastId = MAX_31_BITS;
  #reason: Http2ConnectionError | undefined;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** One side has said GOAWAY, or the connection is closed. */
  get hasStarted(): boolean {
    return this.#state !== 'open';
  }

  /** The last GOAWAY was sent, or received: requests that come after it are ignored. */
  get isFinal(): boolean {
    return this.#state === 'final-goaway';
  }

  /**
   * Takes no new streams, and ends when the running ones have. In the server role the last GOAWAY comes a round trip
   * after the first, so that requests on their way are not lost.
   */
  drain(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    const { role, queue, pings } = this.#options;
    if (role === 'server') {
      queue.control(goawayFrame(MAX_31_BITS, Http2ErrorCode.NO_ERROR));
      if (pings.send(() => this.#sendFinalGoaway())) return;
    }
    this.#sendFinalGoaway();
  }

  /** Takes a GOAWAY of the peer's. Throws `Http2ConnectionError`. */
  receiveGoaway(lastId: number, code: number): void {
    if (lastId > this.#peerLastId) {
      throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'a GOAWAY that takes back another');
    }
    this.#peerLastId = lastId;
    if (code !== Http2ErrorCode.NO_ERROR)
      this.#reason ??= new Http2ConnectionError(code, 'the peer ended the connection');
    // Streams are opened by the client role alone: once it has said GOAWAY, or heard it, none is to come.
    this.#state = 'final-goaway';
    this.#options.goaway(this.#reason); // before the streams fail, which may then be tried on another connection
    if (this.#options.role === 'client') this.#options.streams.failAbove(lastId);
    this.endIfIdle();
  }

  /** Ends the connection when it drains and its last stream has ended. */
  endIfIdle(): void {
    if (this.#state === 'final-goaway' && this.#options.streams.table.size === 0)
      this.#close(this.#reason, Http2ErrorCode.NO_ERROR);
  }

  /** Ends the connection now, because its owner wants it. Every running stream fails. */
  destroy(error: Http2Error | undefined): void {
    if (!this.isClosed) this.#close(error, error?.code ?? Http2ErrorCode.NO_ERROR);
  }

  /** Answers an error of connection scope, and whatever else was thrown while the connection worked. */
  fail(error: unknown): void {
    if (this.isClosed) return;
    const reason = error instanceof Http2ConnectionError ? error : internalError(error);
    this.#close(reason, reason.code);
  }

  #sendFinalGoaway(): void {
    if (this.#state !== 'draining') return;
    this.#state = 'final-goaway';
    this.#options.queue.control(goawayFrame(this.#lastId(), Http2ErrorCode.NO_ERROR));
    this.endIfIdle();
  }

  #close(error: Http2Error | undefined, code: number): void {
    this.#state = 'closed';
    this.#options.queue.close(goawayFrame(this.#lastId(), code));
    const reason = error ?? new Http2ConnectionError(Http2ErrorCode.CANCEL, 'the connection was closed');
    const thrown = this.#options.streams.failAll(reason);
    this.#options.closed(error ?? (thrown === undefined ? undefined : internalError(thrown)));
  }

  /** The highest stream of the peer's that was looked at. In the client role there are none. */
  #lastId(): number {
    return this.#options.role === 'server' ? this.#options.streams.table.highestId : 0;
  }
}

/** What is not the peer's doing: an observer threw. It costs this connection, and no other. */
function internalError(thrown: unknown): Http2ConnectionError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Http2ConnectionError(Http2ErrorCode.INTERNAL_ERROR, message, { cause: thrown });
}
