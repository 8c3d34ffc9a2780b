/**
 * How a connection ends: graceful shutdown by GOAWAY, which lets open streams finish (RFC 9113 section 6.8), connection
 * errors (section 5.4.1), and an immediate end by the owner.
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
  /** How many streams the peer may have open. */
  readonly maxStreams: number;
  /** The peer accepts no new streams. */
  readonly goaway: (error: Http2Error | undefined) => void;
  /** The final GOAWAY was sent. */
  readonly finalGoaway: () => void;
  /** The connection has ended, and every stream was notified. */
  readonly closed: (error: Http2Error | undefined) => void;
}

export class Shutdown {
  readonly #options: ShutdownOptions;
  // `draining`: GOAWAY was sent, but new streams may be in flight; `final-goaway`: no new streams are accepted.
  #state: 'open' | 'draining' | 'final-goaway' | 'closed' = 'open';
  // The peer has sent GOAWAY. In the server role it may still open streams: what it must not do is to expect ours.
  #peerLeaves = false;
  #lateRequests = 0;
  #finalId: number | undefined;
  #peerLastId = MAX_31_BITS;
  #reason: Http2ConnectionError | undefined;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** One side has sent GOAWAY, or the connection is closed. */
  get hasStarted(): boolean {
    return this.#state !== 'open' || this.#peerLeaves;
  }

  /** The first of two GOAWAY was sent. */
  get isFirstGoaway(): boolean {
    return this.#state === 'draining';
  }

  /** We have sent GOAWAY, and open streams go on. */
  get isDraining(): boolean {
    return this.#state === 'draining' || this.#state === 'final-goaway';
  }

  /** The final GOAWAY was sent: requests that arrive after it are ignored. */
  get isFinal(): boolean {
    return this.#state === 'final-goaway';
  }

  /**
   * Opens and accepts no new streams, and ends after the open ones. In the server role the final GOAWAY follows the first
   * by a round trip, so that requests in flight are not lost.
   */
  drain(): void {
    const { role, queue, pings } = this.#options;
    if (this.#state !== 'open' || (role === 'client' && this.#peerLeaves)) return; // a client opens nothing after either GOAWAY
    this.#state = 'draining';
    if (role === 'server') {
      queue.control(goawayFrame(MAX_31_BITS, Http2ErrorCode.NO_ERROR));
      if (pings.send(() => this.sendFinalGoaway())) return;
    }
    this.sendFinalGoaway();
  }

  /**
   * Client role: tells the server that this connection is about to be left, by a GOAWAY with the highest identifier. Streams are
   * opened and go on as before until `drain`.
   */
  notice(): void {
    if (this.#options.role === 'client' && this.#state === 'open' && !this.#peerLeaves)
      this.#options.queue.control(goawayFrame(MAX_31_BITS, Http2ErrorCode.NO_ERROR));
  }

  /**
   * Counts a request that will be processed. After the first GOAWAY at most as many as the peer may have in flight are:
   * then the final one follows, though the PING after the first was not acknowledged.
   */
  countRequest(): void {
    if (this.#state !== 'draining') return;
    this.#lateRequests += 1;
    if (this.#lateRequests >= this.#options.maxStreams) this.sendFinalGoaway();
  }

  /** Processes a GOAWAY of the peer. Throws `Http2ConnectionError`. */
  receiveGoaway(lastId: number, code: number): void {
    if (lastId > this.#peerLastId) {
      throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'a GOAWAY that takes back another');
    }
    this.#peerLastId = lastId;
    if (this.#options.role === 'server' && lastId === MAX_31_BITS && code === Http2ErrorCode.NO_ERROR) {
      if (!this.#peerLeaves) this.#options.goaway(undefined); // a notice: requests go on to come until another GOAWAY
      return;
    }
    if (code !== Http2ErrorCode.NO_ERROR)
      this.#reason ??= new Http2ConnectionError(code, 'the peer ended the connection');
    this.#peerLeaves = true;
    this.#options.goaway(this.#reason); // before the streams fail, so that they are retried on another connection
    if (this.#options.role === 'client') this.#options.streams.failAbove(lastId);
    this.endIfIdle();
  }

  /** Ends the connection if it drains and its last stream has ended. */
  endIfIdle(): void {
    if ((this.#state === 'final-goaway' || this.#peerLeaves) && this.#options.streams.table.size === 0)
      this.#close(this.#reason, Http2ErrorCode.NO_ERROR);
  }

  /** Ends the connection now, for its owner. Every open stream fails. */
  destroy(error: Http2Error | undefined): void {
    if (!this.isClosed) this.#close(error, error?.code ?? Http2ErrorCode.NO_ERROR);
  }

  /** Ends the connection after a connection error, or anything else that was thrown: an internal error. */
  fail(error: unknown): void {
    if (this.isClosed) return;
    const reason = error instanceof Http2ConnectionError ? error : internalError(error);
    this.#close(reason, reason.code);
  }

  /** Sends the final GOAWAY if the first was sent. */
  sendFinalGoaway(): void {
    if (this.#state !== 'draining') return;
    this.#state = 'final-goaway';
    this.#finalId = this.#lastId();
    // Requests that wait go first: a GOAWAY would overtake them, and a server without open streams may end the connection at once.
    if (this.#options.role === 'client') this.#options.queue.flush();
    this.#options.queue.control(goawayFrame(this.#finalId, Http2ErrorCode.NO_ERROR));
    this.#options.finalGoaway();
    this.endIfIdle();
  }

  #close(error: Http2Error | undefined, code: number): void {
    this.#state = 'closed';
    this.#options.queue.close(goawayFrame(this.#lastId(), code));
    const reason = error ?? new Http2ConnectionError(Http2ErrorCode.CANCEL, 'the connection was closed');
    this.#options.streams.failAll(reason);
    this.#options.closed(error);
  }

  /** The highest stream of the peer that was processed. In the client role there are none. */
  #lastId(): number {
    if (this.#finalId !== undefined) return this.#finalId;
    return this.#options.role === 'server' ? this.#options.streams.table.highestId : 0;
  }
}

/** An error that is not the peer's. It ends this connection and no other. */
function internalError(thrown: unknown): Http2ConnectionError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Http2ConnectionError(Http2ErrorCode.INTERNAL_ERROR, message, { cause: thrown });
}
