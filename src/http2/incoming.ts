/**
 * Applies received frames to streams (RFC 9113 sections 5.1, 6.1, 6.2, 6.4, 6.9 and 6.10), and handles errors as stream or
 * connection errors (section 5.4): every error in a frame is thrown, and caught here.
 */
import type { Buffer } from 'node:buffer';
import type { ConnectionLimits, ConnectionObserver } from './connection-options.js';
import { decodeBlock } from './decode-block.js';
import { Http2ConnectionError, Http2ErrorCode, Http2StreamError, MalformedRequest } from './errors.js';
import type { FloodGuard } from './flood-guard.js';
import type { FlowControl } from './flow/flow-control.js';
import { FieldBlocks } from './frame/field-block.js';
import { type ControlFrames, readPayload, type StreamFrames } from './frame/payloads.js';
import type { FrameSink } from './frame/reader.js';
import type { Role } from './frame/settings.js';
import { FrameFlag } from './frame/types.js';
import type { HpackDecoder } from './hpack/decoder.js';
import { HeaderListTooLarge } from './hpack/hpack-error.js';
import type { SendQueue } from './send/send-queue.js';
import type { Shutdown } from './shutdown.js';
import type { Http2Stream } from './stream/stream.js';
import type { Streams } from './stream/streams.js';

// A DATA frame smaller than this counts against a budget: it costs us as much as a full one.
const MIN_FREE_DATA_BYTES = 64;

// Stands for a request that is malformed, or whose list was too large: what is checked of its content and trailers does not depend on the head.
const STAND_IN = [':method', 'GET', ':scheme', 'https', ':path', '/'];

export interface IncomingOptions {
  readonly role: Role;
  readonly streams: Streams;
  readonly queue: SendQueue;
  readonly flow: FlowControl;
  readonly shutdown: Shutdown;
  readonly floodGuard: FloodGuard;
  readonly decoder: HpackDecoder;
  readonly control: ControlFrames;
  readonly observer: ConnectionObserver;
  readonly limits: ConnectionLimits;
}

export class Incoming implements FrameSink, StreamFrames {
  readonly control: ControlFrames;
  readonly #options: IncomingOptions;
  readonly #blocks: FieldBlocks;

  constructor(options: IncomingOptions) {
    this.control = options.control;
    this.#options = options;
    const { maxHeaderListBytes, maxFieldBlockBytes = maxHeaderListBytes, unfinishedPool } = options.limits;
    const onBlock = (id: number, flags: number, block: Buffer) => this.#onBlock(id, flags, block);
    this.#blocks = new FieldBlocks(maxFieldBlockBytes, onBlock, unfinishedPool);
  }

  /** A number that stays the same while one field block is unfinished; undefined while none is. */
  get unfinishedBlock(): number | undefined {
    return this.#blocks.unfinished;
  }

  /** Drops what has arrived of an unfinished field block. */
  discard(): void {
    this.#blocks.discard();
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): 'stop' | undefined {
    const { shutdown, queue } = this.#options;
    try {
      this.#blocks.requireOrder(type, id);
      readPayload(this, type, flags, id, bytes, start, end);
      if (queue.isOverfull)
        throw new Http2ConnectionError(Http2ErrorCode.ENHANCE_YOUR_CALM, 'answers that are not read');
    } catch (error) {
      this.#fail(error);
    }
    return shutdown.isClosed ? 'stop' : undefined;
  }

  onData(id: number, flags: number, bytes: Buffer, start: number, end: number, flowBytes: number): void {
    const { flow, streams, floodGuard } = this.#options;
    if (end - start < MIN_FREE_DATA_BYTES && (flags & FrameFlag.END_STREAM) === 0) {
      if (start === end) floodGuard.controlFrames.spend();
      else floodGuard.smallData.spend();
    }
    flow.received(flowBytes);
    const stream = streams.table.get(id);
    if (stream === undefined) {
      this.#onClosedStream(id, start === end ? 'empty DATA' : 'DATA');
      return;
    }
    const bufferedBytes = stream.receiveData(bytes.subarray(start, end), flowBytes, flags);
    if (bufferedBytes > 0) flow.buffered(bufferedBytes);
    else flow.maybeSendWindowUpdate(stream);
  }

  onHeaders(id: number, flags: number, bytes: Buffer, start: number, end: number): void {
    this.#blocks.begin(id, flags, bytes, start, end);
  }

  onContinuation(_id: number, flags: number, bytes: Buffer, start: number, end: number): void {
    this.#blocks.continue(flags, bytes, start, end);
  }

  onReset(id: number, code: number): void {
    const { streams, floodGuard } = this.#options;
    const stream = streams.table.get(id);
    if (stream === undefined) {
      this.#requireNotIdle(id, 'RST_STREAM');
      floodGuard.controlFrames.spend();
      return;
    }
    streams.resetByPeer(stream, code);
    floodGuard.resets.spend();
  }

  onWindowUpdate(id: number, increment: number): void {
    const { floodGuard, queue, streams } = this.#options;
    floodGuard.windowUpdates.spend();
    if (id === 0) {
      if (queue.increaseWindow(increment) === 'overflow') {
        throw new Http2ConnectionError(Http2ErrorCode.FLOW_CONTROL_ERROR, 'the window of the connection passes 2^31-1');
      }
      return;
    }
    const stream = streams.table.get(id);
    if (stream === undefined) {
      this.#requireNotIdle(id, 'WINDOW_UPDATE');
      return; // sent before the peer knew that the stream had closed (section 5.1)
    }
    if (stream.sending.window.increase(increment) === 'overflow') {
      throw new Http2StreamError(id, Http2ErrorCode.FLOW_CONTROL_ERROR, 'the window passes 2^31-1');
    }
    queue.wake(stream.sending);
  }

  /** Every block is decoded, whatever becomes of its stream, to keep the compression state (section 4.3). */
  #onBlock(id: number, flags: number, block: Buffer): void {
    const { streams, decoder, shutdown } = this.#options;
    const stream = streams.table.get(id);
    const isNew = stream === undefined && streams.table.mayOpen(id);
    const isIgnored = shutdown.isFinal; // after the final GOAWAY (section 6.8)
    if (isNew) this.#markUsed(id);
    const fields = decodeBlock(decoder, block);
    if (fields instanceof HeaderListTooLarge) this.#onOversized(id, flags, isNew && !isIgnored, fields);
    else if (stream === undefined && !isNew) this.#onClosedStream(id, 'HEADERS');
    else if (isNew && isIgnored) streams.table.markReset(id);
    else if (stream === undefined) this.#onRequest(id, fields, flags);
    else {
      this.#requireWellFormed(id);
      stream.receiveFields(fields, flags);
    }
  }

  /** Even if the list is rejected. */
  #markUsed(id: number): void {
    this.#options.streams.table.markUsed(id);
    this.#options.shutdown.countRequest();
  }

  #onOversized(id: number, flags: number, isRequest: boolean, { message, pseudoFields }: HeaderListTooLarge): void {
    const { streams, observer, decoder } = this.#options;
    if (!isRequest || observer.oversized === undefined || !decoder.isWellFormed)
      throw new Http2StreamError(id, Http2ErrorCode.ENHANCE_YOUR_CALM, message);
    const stream = streams.accept(id, STAND_IN, flags);
    this.#handOver(stream, flags, () => observer.oversized?.(stream, pseudoFields));
  }

  /** Gives the observer a stream to respond on. */
  #handOver(stream: Http2Stream, flags: number, give: () => void): void {
    try {
      give();
    } catch (error) {
      stream.observerThrew(error);
    }
    if ((flags & FrameFlag.END_STREAM) !== 0) stream.receiveEnd();
  }

  #onRequest(id: number, fields: string[], flags: number): void {
    const { streams, observer } = this.#options;
    let stream: Http2Stream;
    try {
      this.#requireWellFormed(id);
      stream = streams.accept(id, fields, flags);
    } catch (error) {
      this.#onMalformed(id, flags, error);
      return;
    }
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    try {
      observer.stream?.(stream, fields, endStream);
    } catch (error) {
      stream.observerThrew(error);
    }
    if (endStream) stream.receiveEnd();
  }

  #requireWellFormed(id: number): void {
    if (this.#options.decoder.isWellFormed) return;
    throw new MalformedRequest(id, Http2ErrorCode.PROTOCOL_ERROR, 'a name or a value that is none');
  }

  #onMalformed(id: number, flags: number, error: unknown): void {
    const { streams, observer, floodGuard } = this.#options;
    if (!(error instanceof MalformedRequest) || observer.malformed === undefined) throw error;
    const stream = streams.accept(id, STAND_IN, flags);
    this.#handOver(stream, flags, () => observer.malformed?.(stream, error.message));
    floodGuard.resets.spend(); // it costs us as much as one that is reset
  }

  /** Handles a frame for a stream that is idle or closed (section 5.1). */
  #onClosedStream(id: number, what: 'DATA' | 'empty DATA' | 'HEADERS'): void {
    const { streams, role } = this.#options;
    this.#requireNotIdle(id, what);
    if (streams.table.closedState(id) === 'reset') {
      if (what === 'DATA' || streams.table.countAfterReset(id) !== 'flood') return;
      throw new Http2ConnectionError(
        Http2ErrorCode.ENHANCE_YOUR_CALM,
        `${what} without end for a stream that was reset`,
      );
    }
    // In the server role HEADERS would open the stream, and an identifier cannot be reused (section 5.1.1).
    if (what === 'HEADERS' && role === 'server') {
      const code = id === streams.table.highestId ? Http2ErrorCode.STREAM_CLOSED : Http2ErrorCode.PROTOCOL_ERROR;
      throw new Http2ConnectionError(code, `HEADERS for stream ${id}, which is closed`);
    }
    throw new Http2StreamError(id, Http2ErrorCode.STREAM_CLOSED, `${what} for a stream that is closed`);
  }

  #requireNotIdle(id: number, what: string): void {
    if (this.#options.streams.table.closedState(id) !== 'idle') return;
    throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, `${what} for stream ${id}, which is idle`);
  }

  #fail(error: unknown): void {
    const { streams, floodGuard, shutdown } = this.#options;
    try {
      if (!(error instanceof Http2StreamError)) throw error;
      // RST_STREAM must not be sent for an idle stream (section 6.4).
      if (streams.table.closedState(error.streamId) === 'idle')
        throw new Http2ConnectionError(error.code, error.message);
      streams.fail(error);
      floodGuard.resets.spend();
    } catch (scoped) {
      shutdown.fail(scoped);
    }
  }
}
