/**
 * Reads the payload of each frame type and checks what a frame can violate by itself (RFC 9113 section 6): size, stream
 * identifier, padding. `incoming.ts` checks what depends on the state of a stream or of the connection.
 */
import type { Buffer } from 'node:buffer';
import { Http2ConnectionError, Http2ErrorCode, Http2StreamError } from '../errors.js';
import { FrameFlag, FrameType } from './types.js';

/** Receives the frames of streams. Every method may throw `Http2StreamError` or `Http2ConnectionError`. */
export interface StreamFrames {
  /** Receives all other frames. */
  readonly control: ControlFrames;
  /** `flowBytes` are the flow-controlled bytes: the payload including padding (section 6.1). */
  onData(streamId: number, flags: number, bytes: Buffer, start: number, end: number, flowBytes: number): void;
  /** A fragment of a field block; the last if `flags` has `FrameFlag.END_HEADERS`. */
  onHeaders(streamId: number, flags: number, bytes: Buffer, start: number, end: number): void;
  onContinuation(streamId: number, flags: number, bytes: Buffer, start: number, end: number): void;
  onReset(streamId: number, code: number): void;
  /** `increment` is never zero. Stream 0 is the connection. */
  onWindowUpdate(streamId: number, increment: number): void;
}

/** Receives the frames of the connection, and those that are ignored. The methods throw as above. */
export interface ControlFrames {
  onPriority(): void;
  onSettings(bytes: Buffer, start: number, end: number): void;
  onSettingsAck(): void;
  /** The eight bytes of opaque data begin at `start`. */
  onPing(flags: number, bytes: Buffer, start: number): void;
  onGoaway(lastStreamId: number, code: number): void;
  /** The priority field value (RFC 9218 section 7.1) is from `start` to `end`. */
  onPriorityUpdate(streamId: number, bytes: Buffer, start: number, end: number): void;
  /** A frame of a type that RFC 9113 does not define, which is ignored (section 4.1). */
  onUnknown(): void;
}

const MASK_31 = 0x7fff_ffff;

/** Reads one frame and calls the method for its type. */
export function readPayload(
  sink: StreamFrames,
  type: number,
  flags: number,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  switch (type) {
    case FrameType.DATA:
      readData(sink, flags, streamId, bytes, start, end);
      break;
    case FrameType.HEADERS:
      readHeaders(sink, flags, streamId, bytes, start, end);
      break;
    case FrameType.PRIORITY:
      readPriority(sink, streamId, bytes, start, end);
      break;
    case FrameType.RST_STREAM:
      requireStream(streamId, 'RST_STREAM');
      requireSize(end - start === 4, 'RST_STREAM');
      sink.onReset(streamId, bytes.readUInt32BE(start));
      break;
    case FrameType.SETTINGS:
      readSettings(sink, flags, streamId, bytes, start, end);
      break;
    case FrameType.PUSH_PROMISE:
      // Our SETTINGS disable it in the client role; a client must never send it (section 8.4).
      throw violation('PUSH_PROMISE, which was not permitted');
    case FrameType.PING:
      requireConnection(streamId, 'PING');
      requireSize(end - start === 8, 'PING');
      sink.control.onPing(flags, bytes, start);
      break;
    case FrameType.GOAWAY:
      requireConnection(streamId, 'GOAWAY');
      requireSize(end - start >= 8, 'GOAWAY');
      sink.control.onGoaway(bytes.readUInt32BE(start) & MASK_31, bytes.readUInt32BE(start + 4));
      break;
    case FrameType.WINDOW_UPDATE:
      readWindowUpdate(sink, streamId, bytes, start, end);
      break;
    case FrameType.CONTINUATION:
      requireStream(streamId, 'CONTINUATION');
      sink.onContinuation(streamId, flags, bytes, start, end);
      break;
    case FrameType.PRIORITY_UPDATE:
      requireConnection(streamId, 'PRIORITY_UPDATE');
      requireSize(end - start >= 4, 'PRIORITY_UPDATE');
      sink.control.onPriorityUpdate(bytes.readUInt32BE(start) & MASK_31, bytes, start + 4, end);
      break;
    default:
      sink.control.onUnknown();
      break;
  }
}

/** Section 6.1. */
function readData(sink: StreamFrames, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
  requireStream(id, 'DATA');
  if ((flags & FrameFlag.PADDED) === 0) sink.onData(id, flags, bytes, start, end, end - start);
  else sink.onData(id, flags, bytes, start + 1, withoutPadding(bytes, start, end), end - start);
}

/** Section 6.2. The priority fields are skipped: their scheme is deprecated (section 5.3.2). */
function readHeaders(sink: StreamFrames, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
  requireStream(id, 'HEADERS');
  let from = start;
  let until = end;
  if ((flags & FrameFlag.PADDED) !== 0) {
    until = withoutPadding(bytes, start, end);
    from += 1;
  }
  if ((flags & FrameFlag.PRIORITY) !== 0) {
    requireSize(until - from >= 5, 'HEADERS');
    requireNoSelfDependency(id, bytes.readUInt32BE(from) & MASK_31);
    from += 5;
  }
  sink.onHeaders(id, flags, bytes, from, until);
}

/** Section 6.3. */
function readPriority(sink: StreamFrames, id: number, bytes: Buffer, start: number, end: number): void {
  requireStream(id, 'PRIORITY');
  sink.control.onPriority();
  if (end - start !== 5) throw new Http2StreamError(id, Http2ErrorCode.FRAME_SIZE_ERROR, 'PRIORITY of a wrong size');
  requireNoSelfDependency(id, bytes.readUInt32BE(start) & MASK_31);
}

/** Section 6.5. */
function readSettings(sink: StreamFrames, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
  requireConnection(id, 'SETTINGS');
  const isAck = (flags & FrameFlag.ACK) !== 0;
  requireSize(isAck ? end === start : (end - start) % 6 === 0, 'SETTINGS');
  if (isAck) sink.control.onSettingsAck();
  else sink.control.onSettings(bytes, start, end);
}

/** Section 6.9. */
function readWindowUpdate(sink: StreamFrames, id: number, bytes: Buffer, start: number, end: number): void {
  requireSize(end - start === 4, 'WINDOW_UPDATE');
  const increment = bytes.readUInt32BE(start) & MASK_31;
  if (increment > 0) sink.onWindowUpdate(id, increment);
  else if (id === 0) throw violation('WINDOW_UPDATE by nothing');
  else throw new Http2StreamError(id, Http2ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE by nothing');
}

/** The end of the payload without padding; the byte at `start` is the pad length. */
function withoutPadding(bytes: Buffer, start: number, end: number): number {
  requireSize(end > start, 'a padded frame');
  const dataEnd = end - (bytes[start] as number);
  if (dataEnd < start + 1) throw violation('padding longer than its frame');
  return dataEnd;
}

function requireStream(streamId: number, what: string): void {
  if (streamId === 0) throw violation(`${what} on stream 0`);
}

function requireConnection(streamId: number, what: string): void {
  if (streamId !== 0) throw violation(`${what} on stream ${streamId}`);
}

/**
 * A stream cannot depend on itself (RFC 7540 section 5.3.1). A stream error there; a connection error here, so that it
 * cannot be used to make us reset streams.
 */
function requireNoSelfDependency(streamId: number, dependsOn: number): void {
  if (streamId === dependsOn) throw violation('a stream that depends on itself');
}

/** A wrong size in a frame that can alter the state of the connection is a connection error (section 4.2). */
function requireSize(isRight: boolean, what: string): void {
  if (!isRight) throw new Http2ConnectionError(Http2ErrorCode.FRAME_SIZE_ERROR, `${what} of a wrong size`);
}

function violation(what: string): Http2ConnectionError {
  return new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, what);
}
