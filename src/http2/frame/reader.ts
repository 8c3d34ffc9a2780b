/**
 * Splits a byte stream into frames (RFC 9113 section 4.1), however the bytes arrive. Checks only what must be known before
 * the payload: the connection preface (section 3.4) and the frame's size (section 4.2).
 */
import { Buffer } from 'node:buffer';
import type { BytePool } from '../byte-pool.js';
import { Http2ConnectionError, Http2ErrorCode } from '../errors.js';
import { DEFAULT_MAX_FRAME_BYTES, FRAME_HEADER_BYTES, FrameType } from './types.js';

/** What a client sends before its first frame (section 3.4). */
export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export interface FrameSink {
  /**
   * Receives a frame; its payload is `bytes` from `start` to `end`, not copied if the frame arrived in one piece. Returns
   * `'stop'` if no more frames are wanted.
   */
  frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): 'stop' | undefined;
}

export interface FrameReaderOptions {
  /** The peer begins with the client preface, which it does in the server role. */
  readonly preface: boolean;
  /** The preface has arrived. */
  readonly prefaceRead?: () => void;
  /** Counts the bytes of an unfinished frame. Exceeding it is a connection error. */
  readonly pool?: BytePool | undefined;
}

const NOTHING = Buffer.alloc(0);
// The room for an unfinished frame is at most this many times what has arrived of it: a peer that sends nine bytes does not
// make us hold sixteen kilobytes.
const GROWTH = 4;

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #options: FrameReaderOptions;
  #prefaceBytesLeft: number;
  // An incomplete frame: room for its header at first, then for more and more of it.
  #partial = NOTHING;
  #partialBytes = 0;
  #frames = 0;
  #reads = 0;

  constructor(sink: FrameSink, options: FrameReaderOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#prefaceBytesLeft = options.preface ? CLIENT_PREFACE.length : 0;
  }

  /** Reads the next bytes. Throws `Http2ConnectionError`, after which nothing may be read. */
  read(chunk: Buffer): void {
    this.#reads += 1;
    let at = this.#prefaceBytesLeft > 0 ? this.#readPreface(chunk) : 0;
    if (this.#partialBytes > 0) at = this.#complete(chunk, at);
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + this.#checkedLength(chunk, at);
      if (end > chunk.length) break;
      if (this.#emit(chunk, at, end) === 'stop') return;
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at);
  }

  /** A number that stays the same while one frame is unfinished; undefined while none is, and the preface was read. */
  get unfinished(): number | undefined {
    return this.#partialBytes > 0 || this.#prefaceBytesLeft > 0 ? this.#frames : undefined;
  }

  /** How often bytes have arrived. */
  get reads(): number {
    return this.#reads;
  }

  /** No frame has arrived: the peer has not sent its preface. */
  get isAwaitingPreface(): boolean {
    return this.#frames === 0;
  }

  /** Drops the unfinished frame. */
  discard(): void {
    this.#options.pool?.add(-this.#partial.length);
    this.#partial = NOTHING;
    this.#partialBytes = 0;
  }

  #readPreface(chunk: Buffer): number {
    const done = CLIENT_PREFACE.length - this.#prefaceBytesLeft;
    const count = Math.min(this.#prefaceBytesLeft, chunk.length);
    if (chunk.compare(CLIENT_PREFACE, done, done + count, 0, count) !== 0) {
      throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'the connection preface is not that of HTTP/2');
    }
    this.#prefaceBytesLeft -= count;
    if (this.#prefaceBytesLeft === 0) this.#options.prefaceRead?.();
    return count;
  }

  /** Adds to the incomplete frame, and passes it on when it is complete. Returns where the next frame begins. */
  #complete(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length) {
      const count = Math.min(this.#partial.length - this.#partialBytes, chunk.length - at);
      chunk.copy(this.#partial, this.#partialBytes, at, at + count);
      at += count;
      this.#partialBytes += count;
      if (this.#partialBytes < this.#partial.length) break;
      const frame = this.#partial;
      const frameBytes = FRAME_HEADER_BYTES + this.#checkedLength(frame, 0);
      if (frame.length < frameBytes) {
        frame.copy(this.#hold(frameBytes, frame.length + chunk.length - at));
        continue;
      }
      this.discard();
      return this.#emit(frame, 0, frameBytes) === 'stop' ? chunk.length : at;
    }
    return at;
  }

  #keep(chunk: Buffer, start: number): void {
    const count = chunk.length - start;
    const wanted =
      count < FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : FRAME_HEADER_BYTES + this.#checkedLength(chunk, start);
    this.#partialBytes = chunk.copy(this.#hold(wanted, count), 0, start);
  }

  /** Makes room for an incomplete frame, for all `wantedBytes` unless only a small part of them has arrived. */
  #hold(wantedBytes: number, arrivedBytes: number): Buffer {
    const { pool } = this.#options;
    const bytes = Math.min(wantedBytes, Math.max(arrivedBytes * GROWTH, FRAME_HEADER_BYTES));
    pool?.add(bytes - this.#partial.length);
    this.#partial = Buffer.allocUnsafe(bytes);
    if (pool?.isExceeded) {
      throw new Http2ConnectionError(Http2ErrorCode.ENHANCE_YOUR_CALM, 'too much in unfinished frames');
    }
    return this.#partial;
  }

  #checkedLength(bytes: Buffer, at: number): number {
    const length = bytes.readUIntBE(at, 3);
    if (this.#frames === 0 && bytes[at + 3] !== FrameType.SETTINGS) {
      throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'the first frame is not SETTINGS');
    }
    if (length > DEFAULT_MAX_FRAME_BYTES) {
      throw new Http2ConnectionError(Http2ErrorCode.FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
    }
    return length;
  }

  #emit(bytes: Buffer, at: number, end: number): 'stop' | undefined {
    this.#frames += 1;
    const streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff; // the reserved bit is ignored
    return this.#sink.frame(
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      streamId,
      bytes,
      at + FRAME_HEADER_BYTES,
      end,
    );
  }
}
