/**
 * What one turn of a connection sends, in as few Buffers as possible. Everything is copied into slabs: a copy of a few
 * kilobytes costs less than another call of `send`, and a WebSocket would join the pieces anyway.
 */
import type { Buffer } from 'node:buffer';
import { FRAME_HEADER_BYTES, FrameFlag, FrameType } from '../frame/types.js';
import { writeFrameHeader } from '../frame/writer.js';
import { leaveSlab, MIN_ROOM_BYTES, type Slab, takeEmptySlab, takeSlab } from './slab.js';

/** Takes a part of a slab, which only its sender may change before it has left. */
export type SendPart = (bytes: Buffer, slab: Slab) => void;

/** Opened at the start of a turn, closed at its end. Holds nothing in between. */
export class WriteBuffer {
  #slab: Slab;
  #sentFrom: number;
  readonly #send: SendPart;
  readonly #headroomBytes: number;

  /** In front of each part are so many bytes of its slab that nothing else uses. */
  constructor(send: SendPart, headroomBytes: number) {
    this.#send = send;
    this.#headroomBytes = headroomBytes;
    this.#slab = takeSlab();
    this.#sentFrom = this.#beginPart();
  }

  /** Bytes that were written and not yet given to `send`. */
  get waitingBytes(): number {
    return this.#slab.usedBytes - this.#sentFrom;
  }

  append(frame: Buffer): void {
    this.#reserve(frame.length);
    frame.copy(this.#slab.bytes, this.#slab.usedBytes);
    this.#slab.usedBytes += frame.length;
  }

  /** How large the payload of a DATA frame should be, at most `wanted`, to fit into the current slab. */
  dataRoom(wanted: number): number {
    const room = this.#slab.roomBytes - FRAME_HEADER_BYTES;
    return room >= MIN_ROOM_BYTES ? Math.min(wanted, room) : wanted;
  }

  /** Begins a frame with a payload of `length` bytes; calls of `fill` follow. */
  frame(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(FRAME_HEADER_BYTES + length);
    writeFrameHeader(this.#slab.bytes, this.#slab.usedBytes, length, type, flags, streamId);
    this.#slab.usedBytes += FRAME_HEADER_BYTES;
  }

  /** Copies a part of the payload of the current frame. */
  fill(bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#slab.bytes, this.#slab.usedBytes, start, end);
    this.#slab.usedBytes += end - start;
  }

  /** Writes the first `length` of `bytes`, a field block, as HEADERS and CONTINUATION frames (section 6.10). */
  headers(streamId: number, flags: number, bytes: Buffer, length: number, maxFrameBytes: number): void {
    let type: number = FrameType.HEADERS;
    let at = 0;
    do {
      const end = Math.min(at + maxFrameBytes, length);
      const last = end === length ? FrameFlag.END_HEADERS : 0;
      this.frame(end - at, type, (type === FrameType.HEADERS ? flags : 0) | last, streamId);
      this.fill(bytes, at, end);
      type = FrameType.CONTINUATION;
      at = end;
    } while (at < length);
  }

  /** Sends the rest. */
  close(): void {
    if (this.waitingBytes > 0) this.#flush();
    else this.#slab.usedBytes -= this.#headroomBytes;
    leaveSlab(this.#slab);
  }

  #reserve(count: number): void {
    if (count <= this.#slab.roomBytes) return;
    if (this.waitingBytes > 0) this.#flush();
    this.#slab.fill();
    this.#slab = takeEmptySlab(this.#headroomBytes + count);
    this.#sentFrom = this.#beginPart();
  }

  #beginPart(): number {
    this.#slab.usedBytes += this.#headroomBytes;
    return this.#slab.usedBytes;
  }

  #flush(): void {
    const { bytes, usedBytes } = this.#slab;
    const part = bytes.subarray(this.#sentFrom, usedBytes);
    this.#sentFrom = usedBytes;
    this.#slab.partGiven();
    this.#send(part, this.#slab);
  }
}
