/** Writes frames (RFC 9113 section 6). A control frame is a small Buffer; `WriteBuffer` holds DATA and HEADERS. */
import { Buffer } from 'node:buffer';
import { FRAME_HEADER_BYTES, FrameFlag, FrameType } from './types.js';

/** Writes the header of a frame at `at`. */
export function writeFrameHeader(
  bytes: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  // Byte by byte: measured at a third of the time of the checked `writeUInt` methods.
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  bytes[at + 5] = streamId >>> 24;
  bytes[at + 6] = streamId >>> 16;
  bytes[at + 7] = streamId >>> 8;
  bytes[at + 8] = streamId;
}

function frame(length: number, type: number, flags: number, streamId: number): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  writeFrameHeader(bytes, 0, length, type, flags, streamId);
  return bytes;
}

export function resetFrame(streamId: number, code: number): Buffer {
  const bytes = frame(4, FrameType.RST_STREAM, 0, streamId);
  bytes.writeUInt32BE(code, FRAME_HEADER_BYTES);
  return bytes;
}

export function settingsFrame(payload: Buffer): Buffer {
  const bytes = frame(payload.length, FrameType.SETTINGS, 0, 0);
  payload.copy(bytes, FRAME_HEADER_BYTES);
  return bytes;
}

export function settingsAckFrame(): Buffer {
  return frame(0, FrameType.SETTINGS, FrameFlag.ACK, 0);
}

/** `flags` is 0 or `FrameFlag.ACK`; the opaque data is eight bytes of `opaque` from `start`. */
export function pingFrame(flags: number, opaque: Buffer, start: number): Buffer {
  const bytes = frame(8, FrameType.PING, flags, 0);
  opaque.copy(bytes, FRAME_HEADER_BYTES, start, start + 8);
  return bytes;
}

export function goawayFrame(lastStreamId: number, code: number): Buffer {
  const bytes = frame(8, FrameType.GOAWAY, 0, 0);
  bytes.writeUInt32BE(lastStreamId, FRAME_HEADER_BYTES);
  bytes.writeUInt32BE(code, FRAME_HEADER_BYTES + 4);
  return bytes;
}

export function windowUpdateFrame(streamId: number, increment: number): Buffer {
  const bytes = frame(4, FrameType.WINDOW_UPDATE, 0, streamId);
  bytes.writeUInt32BE(increment, FRAME_HEADER_BYTES);
  return bytes;
}
