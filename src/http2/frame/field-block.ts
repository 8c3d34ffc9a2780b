/**
 * Assembles field blocks (RFC 9113 sections 4.3 and 6.10) from HEADERS and its CONTINUATION frames, with no other frame in
 * between. Bounded in bytes and frames, so that an endless block is an error early (section 10.5.1).
 */
import { Buffer } from 'node:buffer';
import type { BytePool } from '../byte-pool.js';
import { Http2ConnectionError, Http2ErrorCode } from '../errors.js';
import { FrameFlag, FrameType } from './types.js';

/** Receives a complete field block; `flags` are those of its HEADERS frame. */
export type BlockSink = (streamId: number, flags: number, block: Buffer) => void;

interface OpenBlock {
  readonly streamId: number;
  readonly flags: number;
  readonly fragments: Buffer[];
  length: number;
}

// The largest list that a link accepts, 128 KiB, is eight full frames.
const MAX_FRAMES = 32;

export class FieldBlocks {
  readonly #maxBytes: number;
  readonly #sink: BlockSink;
  readonly #pool: BytePool | undefined;
  #blocks = 0;
  #open: OpenBlock | undefined;

  /** `maxBytes` bounds an encoded block; `pool` counts what is held of those that are unfinished. */
  constructor(maxBytes: number, sink: BlockSink, pool?: BytePool) {
    this.#maxBytes = maxBytes;
    this.#sink = sink;
    this.#pool = pool;
  }

  /** A number that stays the same while one block is unfinished; undefined while none is. */
  get unfinished(): number | undefined {
    return this.#open === undefined ? undefined : this.#blocks;
  }

  /** Drops the unfinished block. */
  discard(): void {
    if (this.#open === undefined) return;
    this.#pool?.add(-this.#open.length);
    this.#open = undefined;
  }

  /** Throws `Http2ConnectionError` if a frame interrupts a block. */
  requireOrder(type: number, streamId: number): void {
    const isContinuation = type === FrameType.CONTINUATION;
    if (this.#open === undefined ? !isContinuation : isContinuation && this.#open.streamId === streamId) return;
    throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'a header block that is not in one piece');
  }

  /** Processes a HEADERS frame, which may be a complete block. */
  begin(streamId: number, flags: number, bytes: Buffer, start: number, end: number): void {
    if ((flags & FrameFlag.END_HEADERS) !== 0) {
      this.#sink(streamId, flags, bytes.subarray(start, end));
      return;
    }
    this.#blocks += 1;
    this.#open = { streamId, flags, fragments: [], length: 0 };
    this.#add(this.#open, bytes, start, end);
  }

  /** Processes a CONTINUATION frame of the open block, which may be its last. */
  continue(flags: number, bytes: Buffer, start: number, end: number): void {
    const open = this.#open as OpenBlock; // `requireOrder` was called before
    this.#add(open, bytes, start, end);
    if ((flags & FrameFlag.END_HEADERS) === 0) return;
    this.discard();
    this.#sink(open.streamId, open.flags, Buffer.concat(open.fragments, open.length));
  }

  #add(open: OpenBlock, bytes: Buffer, start: number, end: number): void {
    open.length += end - start;
    this.#pool?.add(end - start);
    // A block cannot be skipped without losing the compression state, so a block too large to hold ends the connection.
    if (open.length > this.#maxBytes || open.fragments.length >= MAX_FRAMES || this.#pool?.isExceeded) {
      throw new Http2ConnectionError(Http2ErrorCode.ENHANCE_YOUR_CALM, 'a header block without end');
    }
    open.fragments.push(Buffer.from(bytes.subarray(start, end)));
  }
}
