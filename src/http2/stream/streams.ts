/**
 * Opens, accepts and ends the streams of a connection (RFC 9113 sections 5.1 and 5.4.2), and connects each stream to the
 * send queue and flow control.
 */
import { type Http2Error, Http2ErrorCode, Http2StreamError, MalformedRequest, PeerResetError } from '../errors.js';
import type { FlowControl } from '../flow/flow-control.js';
import type { Role, Settings } from '../frame/settings.js';
import { FrameFlag } from '../frame/types.js';
import { resetFrame } from '../frame/writer.js';
import { type FieldClassifier, MalformedFields } from '../message/field-classifier.js';
import { pseudoField } from '../message/message-fields.js';
import type { Head, SendLimits } from '../send/send-half.js';
import type { SendQueue } from '../send/send-queue.js';
import type { StreamOwner } from './observer.js';
import type { Priorities } from './priorities.js';
import { Http2Stream } from './stream.js';
import type { StreamTable } from './stream-table.js';

export interface StreamsOptions {
  readonly role: Role;
  readonly table: StreamTable;
  readonly queue: SendQueue;
  readonly flow: FlowControl;
  readonly sendLimits: SendLimits;
  readonly sentFields: FieldClassifier;
  /** What the peer has announced. */
  readonly peer: Settings;
  /** What we have announced: how many streams the peer may open, and whether extended CONNECT is permitted. */
  readonly maxStreams: number;
  readonly connectProtocol: boolean;
  /** Server role: absent if all streams have the same. */
  readonly priorities: Priorities | undefined;
  /** The last open stream has ended. */
  readonly emptied: () => void;
  /** Receives what an observer of a stream has thrown. */
  readonly observerThrew: (error: unknown) => void;
  /** Few identifiers are left. Called once. */
  readonly idsRunningLow: () => void;
}

export class Streams implements StreamOwner<Http2Stream> {
  readonly table: StreamTable;
  readonly sentFields: FieldClassifier;
  readonly #options: StreamsOptions;
  #hasReportedLowIds = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.table = options.table;
    this.sentFields = options.sentFields;
  }

  /**
   * Client role: opens a stream with the head of its request. Throws `MalformedFields`, or `Http2StreamError` with
   * REFUSED_STREAM if no stream can be opened.
   */
  open(fields: readonly string[], options: { readonly endStream: boolean }): Http2Stream {
    const stream = this.#create(this.#openableId(fields), fields);
    this.table.markUsed(stream.id);
    this.#add(stream);
    stream.sendFinalHead(fields, options);
    return stream;
  }

  /** Server role: accepts a request. Throws `Http2StreamError` if it is malformed or exceeds the limit (section 5.1.2). */
  accept(id: number, fields: readonly string[], flags: number): Http2Stream {
    const { maxStreams, connectProtocol, priorities } = this.#options;
    if (this.table.size >= maxStreams)
      throw new Http2StreamError(id, Http2ErrorCode.REFUSED_STREAM, 'one stream too many');
    if (!connectProtocol && pseudoField(fields, ':protocol') !== undefined) {
      throw new Http2StreamError(id, Http2ErrorCode.PROTOCOL_ERROR, ':protocol, which was not announced');
    }
    try {
      const stream = this.#create(id, fields);
      if ((flags & FrameFlag.END_STREAM) !== 0) stream.receiving.requireComplete();
      if (priorities !== undefined) stream.sending.priority = priorities.ofRequest(id, fields);
      this.#add(stream);
      return stream;
    } catch (error) {
      throw error instanceof MalformedFields
        ? new MalformedRequest(id, Http2ErrorCode.PROTOCOL_ERROR, error.message)
        : error;
    }
  }

  /** Ends a stream for which RST_STREAM has arrived (section 6.4). */
  resetByPeer(stream: Http2Stream, code: number): void {
    const error = new PeerResetError(stream.id, code, 'the peer reset the stream');
    // Section 8.1: a complete response stays complete if the server does not want the rest of the request.
    const isComplete = code === Http2ErrorCode.NO_ERROR && this.#options.role === 'client' && stream.receiving.isEnded;
    this.#options.queue.drop(stream.sending);
    this.table.markClosed(stream.id);
    stream.fail(isComplete ? undefined : error);
    this.#ended();
  }

  /** Ends a stream after a stream error, with RST_STREAM (section 5.4.2). */
  fail(error: Http2StreamError): void {
    const stream = this.table.get(error.streamId);
    this.table.markReset(error.streamId);
    this.#options.queue.control(resetFrame(error.streamId, error.code));
    if (stream === undefined) return;
    this.#options.queue.drop(stream.sending);
    stream.fail(error);
    this.#ended();
  }

  /** Fails the streams that the peer has not processed and will not: they may be retried elsewhere (section 6.8). */
  failAbove(lastId: number): void {
    for (const stream of [...this.table]) {
      if (stream.id <= lastId) continue;
      this.#options.queue.drop(stream.sending);
      this.table.markReset(stream.id);
      stream.fail(new Http2StreamError(stream.id, Http2ErrorCode.REFUSED_STREAM, 'the peer did not take the stream'));
    }
    this.#ended();
  }

  /** Fails all streams with the connection. */
  failAll(error: Http2Error): void {
    for (const stream of [...this.table]) {
      stream.sending.abort();
      this.table.markClosed(stream.id);
      stream.fail(error);
    }
  }

  // For the streams (`StreamOwner`).

  sendHead(stream: Http2Stream, head: Head): void {
    this.#options.queue.head(stream.sending, head);
  }

  wake(stream: Http2Stream): void {
    this.#options.queue.wake(stream.sending);
  }

  reset(stream: Http2Stream, code: number): void {
    this.#options.queue.drop(stream.sending);
    this.table.markReset(stream.id);
    if (stream.isKnownToPeer) this.#options.queue.control(resetFrame(stream.id, code));
    this.#ended();
  }

  released(stream: Http2Stream, bytes: number): void {
    if (bytes === 0) return;
    this.#options.flow.buffered(-bytes);
    this.#options.flow.maybeSendWindowUpdate(stream);
  }

  observerThrew(stream: Http2Stream, error: unknown): void {
    this.#options.observerThrew(error);
    if (!stream.isOver) this.fail(new Http2StreamError(stream.id, Http2ErrorCode.INTERNAL_ERROR, 'an observer threw'));
  }

  forget(stream: Http2Stream): void {
    this.table.markClosed(stream.id);
    this.#ended();
  }

  #ended(): void {
    if (this.table.size === 0) this.#options.emptied();
  }

  #openableId(fields: readonly string[]): number {
    const { role, peer } = this.#options;
    const id = this.table.nextId();
    const refuse = (why: string) => new Http2StreamError(id ?? 0, Http2ErrorCode.REFUSED_STREAM, why);
    if (role === 'server') throw refuse('only the client role opens streams');
    if (id === undefined) throw refuse('all stream identifiers are used');
    if (this.table.size >= peer.maxConcurrentStreams) throw refuse('the peer takes no more streams');
    if (!peer.connectProtocol && pseudoField(fields, ':protocol') !== undefined) {
      throw refuse('the peer has not announced extended CONNECT');
    }
    return id;
  }

  #create(id: number, request: readonly string[]): Http2Stream {
    const { role, peer, flow, sendLimits } = this.#options;
    const sendWindowBytes = peer.initialWindowBytes;
    const receiveWindowBytes = flow.initialWindowBytes;
    return new Http2Stream(this, { id, role, sendWindowBytes, receiveWindowBytes, sendLimits, request });
  }

  #add(stream: Http2Stream): void {
    this.table.add(stream);
    if (this.#hasReportedLowIds || !this.table.idsRunningLow) return;
    this.#hasReportedLowIds = true;
    this.#options.idsRunningLow();
  }
}
