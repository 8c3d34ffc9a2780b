/**
 * What a received frame does: to the stream it names (RFC 9113 sections 5.1 and 6) and to the connection. Everything a
 * frame does wrong is thrown here, and answered by the connection in the scope of the error.
 */
import type { Buffer } from 'node:buffer';
import type { Abuse } from './abuse.js';
import { Code, Http2ConnectionError, Http2StreamError } from './errors.js';
import type { Flow } from './flow.js';
import { type FrameHandler, readPayload } from './frame-payloads.js';
import type { FrameSink } from './frame-reader.js';
import { Flag } from './frame-types.js';
import { pingFrame, settingsAckFrame } from './frame-writer.js';
import { type HeaderBlock, HeaderBlocks } from './header-block.js';
import type { HpackDecoder } from './hpack/decoder.js';
import { HeaderListTooLarge, HpackError } from './hpack/hpack-error.js';
import type { Pings } from './pings.js';
import type { SendQueue } from './send-queue.js';
import { applySettings, type Role, type Settings } from './settings.js';
import type { Http2Stream } from './stream.js';
import type { StreamTable } from './stream-table.js';

export interface IncomingParts {
  readonly role: Role;
  readonly streams: StreamTable;
  readonly queue: SendQueue;
  readonly flow: Flow;
  readonly pings: Pings;
  readonly abuse: Abuse;
  readonly decoder: HpackDecoder;
  /** What the peer has announced. */
  readonly peer: Settings;
  readonly mostHeaderListBytes: number;
}

/** What frames do to the connection as a whole. */
export interface IncomingHost {
  /** Server role: a request has come. Throws `Http2StreamError` when it is malformed or one too many. */
  open(streamId: number, fields: string[], endStream: boolean): void;
  settingsReceived(): void;
  settingsAcknowledged(): void;
  goaway(lastStreamId: number, code: number): void;
  /** RST_STREAM has come. */
  streamReset(stream: Http2Stream, error: Http2StreamError): void;
  /** Answers an error of stream scope. */
  failStream(error: Http2StreamError): void;
  /** Answers an error of connection scope, and whatever else was thrown. */
  failConnection(error: unknown): void;
  readonly isClosed: boolean;
}

export class Incoming implements FrameSink, FrameHandler {
  readonly #parts: IncomingParts;
  readonly #host: IncomingHost;
  readonly #blocks: HeaderBlocks;
  #hasSettings = false;

  constructor(parts: IncomingParts, host: IncomingHost) {
    this.#parts = parts;
    this.#host = host;
    this.#blocks = new HeaderBlocks(parts.mostHeaderListBytes);
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): 'stop' | undefined {
    try {
      this.#blocks.requireOrder(type, id);
      readPayload(this, type, flags, id, bytes, start, end);
      if (this.#parts.queue.isOverfull) throw calm('answers that are not read');
    } catch (error) {
      this.#fail(error);
    }
    return this.#host.isClosed ? 'stop' : undefined;
  }

  onData(id: number, flags: number, bytes: Buffer, start: number, end: number, flowBytes: number): void {
    const { flow, streams, abuse } = this.#parts;
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if (start === end && !endStream) abuse.idleFrames.spend();
    flow.received(flowBytes);
    const stream = streams.get(id);
    if (stream === undefined) {
      this.#onGone(id, 'DATA');
      return;
    }
    const held = stream.receiveData(bytes.subarray(start, end), flowBytes, endStream);
    if (held > 0) flow.held(held);
    else flow.replenish(stream);
  }

  onHeaders(id: number, flags: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#blocks.begin(id, flags, bytes, start, end);
    if (block !== undefined) this.#onBlock(block);
  }

  onContinuation(_id: number, flags: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#blocks.continue(flags, bytes, start, end);
    if (block !== undefined) this.#onBlock(block);
  }

  onPriority(): void {
    this.#parts.abuse.idleFrames.spend();
  }

  onReset(id: number, code: number): void {
    const { streams, abuse } = this.#parts;
    const stream = streams.get(id);
    if (stream === undefined) {
      if (streams.gone(id) === 'idle') throw violation(`RST_STREAM for stream ${id}, which is idle`);
      abuse.idleFrames.spend();
      return;
    }
    this.#host.streamReset(stream, new Http2StreamError(id, code, 'the peer reset the stream'));
    abuse.resets.spend();
  }

  onSettings(bytes: Buffer, start: number, end: number): void {
    const { abuse, queue, streams, peer, role } = this.#parts;
    // A change of the initial window touches every stream, so a frame costs more than its header.
    abuse.idleFrames.spend(1 + streams.size / 100);
    const before = peer.initialWindowBytes;
    applySettings(peer, role === 'client' ? 'server' : 'client', bytes, start, end);
    this.#widenStreams(peer.initialWindowBytes - before);
    queue.control(settingsAckFrame());
    this.#hasSettings = true;
    this.#host.settingsReceived();
  }

  onSettingsAck(): void {
    if (!this.#hasSettings) throw violation('an acknowledgement before any SETTINGS');
    this.#host.settingsAcknowledged();
  }

  onPing(flags: number, bytes: Buffer, start: number): void {
    const { abuse, queue, pings } = this.#parts;
    abuse.idleFrames.spend();
    if ((flags & Flag.ACK) === 0) queue.control(pingFrame(Flag.ACK, bytes, start));
    else pings.receive(bytes, start);
  }

  onGoaway(lastStreamId: number, code: number): void {
    this.#parts.abuse.idleFrames.spend();
    this.#host.goaway(lastStreamId, code);
  }

  onWindowUpdate(id: number, increment: number): void {
    const { abuse, queue, streams } = this.#parts;
    abuse.windowUpdates.spend();
    if (id === 0) {
      if (queue.widen(increment) === 'overflow') throw overflow('the connection');
      return;
    }
    const stream = streams.get(id);
    if (stream === undefined) {
      if (streams.gone(id) === 'idle') throw violation(`WINDOW_UPDATE for stream ${id}, which is idle`);
      return; // sent before the peer knew (section 5.1, closed)
    }
    if (stream.sending.window.widen(increment) === 'overflow') {
      throw new Http2StreamError(id, Code.FLOW_CONTROL_ERROR, 'a window past 2^31-1');
    }
    queue.wake(stream.sending);
  }

  onUnknown(): void {
    this.#parts.abuse.idleFrames.spend();
  }

  /** Every block is decoded, whatever becomes of its stream: the header table is the connection's (section 4.3). */
  #onBlock({ streamId, flags, bytes }: HeaderBlock): void {
    const { streams, decoder } = this.#parts;
    const endStream = (flags & Flag.END_STREAM) !== 0;
    const stream = streams.get(streamId);
    const isNew = stream === undefined && streams.mayOpen(streamId);
    if (isNew) streams.use(streamId); // even when the list is refused
    const fields = decode(decoder, streamId, bytes);
    if (stream !== undefined) stream.receiveFields(fields, endStream);
    else if (isNew) this.#host.open(streamId, fields, endStream);
    else this.#onGone(streamId, 'HEADERS');
  }

  /** A frame for a stream that is not live (section 5.1, idle and closed). */
  #onGone(id: number, what: 'DATA' | 'HEADERS'): void {
    const { streams, role } = this.#parts;
    const gone = streams.gone(id);
    if (gone === 'reset') return;
    if (gone === 'idle') throw violation(`${what} for stream ${id}, which is idle`);
    // In the server role HEADERS want to open the stream, and one number may not come twice (section 5.1.1).
    if (what === 'HEADERS' && role === 'server') {
      const code = id === streams.highestId ? Code.STREAM_CLOSED : Code.PROTOCOL_ERROR;
      throw new Http2ConnectionError(code, `HEADERS for stream ${id}, which is closed`);
    }
    throw new Http2StreamError(id, Code.STREAM_CLOSED, `${what} for a stream that is closed`);
  }

  #widenStreams(change: number): void {
    if (change === 0) return;
    for (const { sending } of this.#parts.streams) {
      if (sending.window.widen(change) === 'overflow') throw overflow('a stream, by INITIAL_WINDOW_SIZE,');
      this.#parts.queue.wake(sending);
    }
  }

  #fail(error: unknown): void {
    try {
      if (!(error instanceof Http2StreamError)) throw error;
      // Nothing can be said of a stream that does not exist (section 6.4).
      if (this.#parts.streams.gone(error.streamId) === 'idle')
        throw new Http2ConnectionError(error.code, error.message);
      this.#host.failStream(error);
      this.#parts.abuse.resets.spend();
    } catch (scoped) {
      this.#host.failConnection(scoped);
    }
  }
}

function decode(decoder: HpackDecoder, streamId: number, block: Buffer): string[] {
  try {
    return decoder.decode(block);
  } catch (error) {
    if (error instanceof HeaderListTooLarge)
      throw new Http2StreamError(streamId, Code.ENHANCE_YOUR_CALM, error.message);
    if (error instanceof HpackError) throw new Http2ConnectionError(Code.COMPRESSION_ERROR, error.message);
    throw error;
  }
}

function violation(what: string): Http2ConnectionError {
  return new Http2ConnectionError(Code.PROTOCOL_ERROR, what);
}

function calm(what: string): Http2ConnectionError {
  return new Http2ConnectionError(Code.ENHANCE_YOUR_CALM, what);
}

function overflow(what: string): Http2ConnectionError {
  return new Http2ConnectionError(Code.FLOW_CONTROL_ERROR, `the window of ${what} passes 2^31-1`);
}
