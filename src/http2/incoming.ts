/**
 * Applies received frames to streams (RFC 9113 sections 5.1, 6.1, 6.2, 6.4, 6.9 and 6.10), and handles errors as stream or
 * connection errors (section 5.4): every error in a frame is thrown, and caught here.
 */
import type { Buffer } from 'node:buffer';
import type { ConnectionObserver } from './connection-options.js';
import { Http2ConnectionError, Http2ErrorCode, Http2StreamError } from './errors.js';
import type { FloodGuard } from './flood-guard.js';
import type { FlowControl } from './flow/flow-control.js';
import { FieldBlocks } from './frame/field-block.js';
import { type ControlFrames, readPayload, type StreamFrames } from './frame/payloads.js';
import type { FrameSink } from './frame/reader.js';
import type { Role } from './frame/settings.js';
import { FrameFlag } from './frame/types.js';
import type { HpackDecoder } from './hpack/decoder.js';
import { HeaderListTooLarge, HpackError } from './hpack/hpack-error.js';
import type { SendQueue } from './send/send-queue.js';
import type { Shutdown } from './shutdown.js';
import type { Streams } from './stream/streams.js';

// A DATA frame smaller than this counts against a budget: it costs us as much as a full one.
const MIN_FREE_DATA_BYTES = 64;

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
  readonly maxHeaderListBytes: number;
}

export class Incoming implements FrameSink, StreamFrames {
  readonly control: ControlFrames;
  readonly #options: IncomingOptions;
  readonly #blocks: FieldBlocks;

  constructor(options: IncomingOptions) {
    this.control = options.control;
    this.#options = options;
    this.#blocks = new FieldBlocks(options.maxHeaderListBytes, (id, flags, block) => this.#onBlock(id, flags, block));
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
    if (isNew) streams.table.markUsed(id); // even if the list is rejected
    const fields = decode(decoder, id, block);
    if (stream === undefined && !isNew) this.#onClosedStream(id, 'HEADERS');
    else if (isNew && shutdown.isFinal)
      streams.table.markReset(id); // after the final GOAWAY: ignored (section 6.8)
    else if (!decoder.isWellFormed)
      throw new Http2StreamError(id, Http2ErrorCode.PROTOCOL_ERROR, 'a name or a value that is none');
    else if (stream !== undefined) stream.receiveFields(fields, flags);
    else this.#onRequest(id, fields, flags);
  }

  #onRequest(id: number, fields: string[], flags: number): void {
    const { streams, observer } = this.#options;
    const stream = streams.accept(id, fields, flags);
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    observer.stream?.(stream, fields, endStream);
    if (endStream) stream.receiveEnd();
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

function decode(decoder: HpackDecoder, streamId: number, block: Buffer): string[] {
  try {
    return decoder.decode(block);
  } catch (error) {
    if (error instanceof HeaderListTooLarge)
      throw new Http2StreamError(streamId, Http2ErrorCode.ENHANCE_YOUR_CALM, error.message);
    if (error instanceof HpackError) throw new Http2ConnectionError(Http2ErrorCode.COMPRESSION_ERROR, error.message);
    throw error;
  }
}
