/**
 * What one turn of a connection sends, gathered in as few Buffers as possible. Everything is copied into slabs: one copy
 * of a few kilobytes costs less than one more message, and below a WebSocket the pieces would be joined anyway.
 */
import { Buffer } from 'node:buffer';
import { FRAME_HEADER_BYTES, FrameFlag, FrameType } from '../frame/types.js';
import { writeFrameHeader } from '../frame/writer.js';

// One slab is one message: as much as a socket reads at once.
const SLAB_BYTES = 65_536;
// A DATA frame is cut short at the end of a slab, unless that would leave a crumb.
const MIN_DATA_BYTES = 1_024;

interface Slab {
  readonly bytes: Buffer;
  usedBytes: number;
}

// The rest of the last slab, for whichever connection sends next: what one turn of an idle connection sends is far less
// than a slab, and thousands of connections must not have one each. Bytes that were handed out are not touched again.
let spare: Slab | undefined;

/** Opened at the start of a turn, closed at its end. Holds nothing in between. */
export class WriteBuffer {
  #slab: Slab;
  #sentFrom: number;
  readonly #send: (bytes: Buffer) => void;

  constructor(send: (bytes: Buffer) => void) {
    this.#send = send;
    this.#slab = spare ?? newSlab(SLAB_BYTES);
    spare = undefined;
    this.#sentFrom = this.#slab.usedBytes;
  }

  /** Bytes that were written and not handed over. */
  get waitingBytes(): number {
    return this.#slab.usedBytes - this.#sentFrom;
  }

  append(frame: Buffer): void {
    this.#reserve(frame.length);
    frame.copy(this.#slab.bytes, this.#slab.usedBytes);
    this.#slab.usedBytes += frame.length;
  }

  /** How large the payload of a DATA frame may be, up to `wanted`, that fits where writing goes on. */
  dataRoom(wanted: number): number {
    const room = this.#slab.bytes.length - this.#slab.usedBytes - FRAME_HEADER_BYTES;
    return room >= MIN_DATA_BYTES ? Math.min(wanted, room) : wanted;
  }

  /** Begins a frame of `length` bytes; `fill` or `copyInto` of its payload follow. */
  frame(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(FRAME_HEADER_BYTES + length);
    writeFrameHeader(this.#slab.bytes, this.#slab.usedBytes, length, type, flags, streamId);
    this.#slab.usedBytes += FRAME_HEADER_BYTES;
  }

  /** Copies a part of the payload of the frame that was begun. */
  fill(bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#slab.bytes, this.#slab.usedBytes, start, end);
    this.#slab.usedBytes += end - start;
  }

  /** Writes a header block, the first `length` of `bytes`, as HEADERS and as many CONTINUATION frames as it needs (section 6.10). */
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

  /** Hands over what is left. */
  close(): void {
    this.#flush();
    if (this.#slab.bytes.length - this.#slab.usedBytes >= MIN_DATA_BYTES) spare = this.#slab;
  }

  #reserve(count: number): void {
    if (this.#slab.usedBytes + count <= this.#slab.bytes.length) return;
    this.#flush();
    this.#slab = newSlab(Math.max(SLAB_BYTES, count));
    this.#sentFrom = 0;
  }

  #flush(): void {
    const { bytes, usedBytes } = this.#slab;
    if (usedBytes === this.#sentFrom) return;
    const part = bytes.subarray(this.#sentFrom, usedBytes);
    this.#sentFrom = usedBytes;
    this.#send(part);
  }
}

function newSlab(size: number): Slab {
  return { bytes: Buffer.allocUnsafeSlow(size), usedBytes: 0 };
}
