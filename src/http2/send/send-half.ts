/** The sending half of a stream: its heads, DATA, trailers and end. The send queue decides when they leave. */
import type { Buffer } from 'node:buffer';
import type { BytePool } from '../byte-pool.js';
import { SendWindow } from '../flow/window.js';
import { FrameFlag, FrameType } from '../frame/types.js';
import { NO_PRIORITY } from '../message/priority.js';
import type { IntrusiveQueue, QueueNode } from './intrusive-queue.js';
import { SendBuffer } from './send-buffer.js';
import type { WriteBuffer } from './write-buffer.js';

/** A field list that waits to be sent in HEADERS. */
export interface Head {
  readonly fields: readonly string[];
  /** Informational heads are followed by another head and cannot end the stream. */
  readonly kind: 'informational' | 'final' | 'trailers';
}

/** What the streams of one connection share: how much they may hold that cannot be sent. */
export interface SendLimits {
  /** Counts pending bytes. While it is exceeded, a stream with any accepts no more. */
  readonly pool: BytePool | undefined;
  /** As many pending bytes may a stream have while its window, or the connection's, does not permit to send them. */
  readonly maxBlockedBytes: number;
  /** The window of the connection. */
  readonly window: SendWindow;
}

export interface SendHalfOwner {
  /** The pending bytes have left, down to the low-water mark. */
  drained(): void;
  /** END_STREAM has left. */
  endStreamSent(): void;
}

// The high-water mark, from which on `write` returns false, and the low-water mark, at which `drained` is called: still
// enough to fill a turn.
export const MAX_PENDING_BYTES = 65_536;
const LOW_WATER_BYTES = 16_384;

export class SendHalf implements QueueNode<SendHalf> {
  readonly streamId: number;
  readonly window: SendWindow;
  readonly owner: SendHalfOwner;
  /** In the order in which they must leave. DATA waits for them. */
  readonly heads: Head[] = [];
  /** See `message/priority.ts`. */
  priority = NO_PRIORITY;
  /** The queue that it is in; used by `IntrusiveQueue` only. */
  queue: IntrusiveQueue<SendHalf> | undefined;
  next: SendHalf | undefined;
  previous: SendHalf | undefined;
  #trailers: readonly string[] = [];
  // Created with the first content: many streams have none.
  #buffer: SendBuffer | undefined;
  readonly #limits: SendLimits;
  #sentBytes = 0;
  #state: 'open' | 'ending' | 'over' = 'open';
  #isWriterWaiting = false;
  #hasBegun = false;
  #isFinalHeadSent = false;

  constructor(streamId: number, windowBytes: number, owner: SendHalfOwner, limits: SendLimits) {
    this.streamId = streamId;
    this.window = new SendWindow(windowBytes);
    this.owner = owner;
    this.#limits = limits;
  }

  /** See `SendBuffer`. */
  get retainedBytes(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.retainedBytes;
  }

  /** Bytes that were written and not yet sent. */
  get pendingBytes(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.bytes;
  }

  /** Bytes that were sent. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Nothing more can be written: `end` was called, or the stream is closed. */
  get isEnding(): boolean {
    return this.#state !== 'open';
  }

  /** END_STREAM was sent or the stream was reset: nothing more will be sent. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Whether a head was sent: until then a stream that we open is idle at the peer. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether the final head was sent. */
  get isFinalHeadSent(): boolean {
    return this.#isFinalHeadSent;
  }

  /** Whether no content was sent: a small response may then overtake a large one. */
  get isNew(): boolean {
    return this.#sentBytes === 0;
  }

  /** Whether the stream itself permits a DATA frame, trailers or END_STREAM now. */
  get isReady(): boolean {
    if (this.#state === 'over' || !this.#hasBegun || this.heads.length > 0) return false;
    return this.pendingBytes > 0 ? this.window.bytes > 0 : this.#state === 'ending';
  }

  /** Takes over a chunk. False when the writer should wait for `drained`. */
  write(chunk: Buffer): boolean {
    if (this.#state !== 'open') return false;
    this.#buffer ??= new SendBuffer();
    this.#buffer.add(chunk);
    return this.#added(chunk.length);
  }

  /** As `write`, of bytes that may change once it has returned. */
  writeCopy(chunk: Buffer): boolean {
    if (this.#state !== 'open') return false;
    this.#buffer ??= new SendBuffer();
    this.#buffer.addCopy(chunk);
    return this.#added(chunk.length);
  }

  end(trailers: readonly string[]): void {
    this.#state = 'ending';
    this.#trailers = trailers;
  }

  /** Takes back a final head that was not sent, and all that was written behind it. */
  withdraw(): void {
    const interim = this.heads.filter(({ kind }) => kind === 'informational');
    this.heads.splice(0, this.heads.length, ...interim);
    this.#drop();
    this.#trailers = [];
    this.#isWriterWaiting = false;
    this.#state = 'open';
  }

  /** Drops everything: the stream was reset, or the connection has ended. */
  abort(): void {
    this.#state = 'over';
    this.heads.length = 0;
    this.#drop();
  }

  /** The flags of the next head, called when it is sent: END_STREAM goes with it if there is no content or trailers. */
  headFlags(head: Head): number {
    this.#hasBegun = true;
    if (head.kind === 'final') this.#isFinalHeadSent = true;
    const endsHere = this.#state === 'ending' && this.pendingBytes === 0 && this.#trailers.length === 0;
    if (head.kind === 'trailers' || (head.kind === 'final' && endsHere)) {
      this.#state = 'over';
      return FrameFlag.END_STREAM;
    }
    return 0;
  }

  /**
   * Writes one DATA frame of at most `maxBytes`. The last one ends the stream, unless there are trailers, which are then
   * added to the heads. Returns the flow-controlled bytes.
   */
  writeData(output: WriteBuffer, maxBytes: number): number {
    const wanted = Math.min(this.pendingBytes, this.window.bytes, maxBytes);
    const count = wanted > 0 ? output.dataRoom(wanted) : 0;
    const isLast = this.#state === 'ending' && count === this.pendingBytes;
    const hasTrailers = this.#trailers.length > 0;
    if (count > 0 || !hasTrailers) {
      const ends = isLast && !hasTrailers;
      output.frame(count, FrameType.DATA, ends ? FrameFlag.END_STREAM : 0, this.streamId);
      this.#move(output, count);
      if (ends) this.#state = 'over';
    }
    if (isLast && hasTrailers) this.heads.push({ fields: this.#trailers, kind: 'trailers' });
    return count;
  }

  /** Whether a waiting writer may continue; true once for each wait. */
  takeDrained(): boolean {
    if (!this.#isWriterWaiting || this.pendingBytes > Math.min(LOW_WATER_BYTES, this.#highWaterBytes - 1)) return false;
    this.#isWriterWaiting = false;
    return true;
  }

  #added(bytes: number): boolean {
    this.#limits.pool?.add(bytes);
    // A writer that was told to wait keeps waiting, whatever the pool holds meanwhile.
    this.#isWriterWaiting ||= this.pendingBytes >= this.#highWaterBytes;
    return !this.#isWriterWaiting;
  }

  /** From how many pending bytes on a writer waits. */
  get #highWaterBytes(): number {
    const { pool, maxBlockedBytes, window } = this.#limits;
    if (pool?.isExceeded) return 1;
    return window.bytes <= 0 || this.window.bytes < this.pendingBytes ? maxBlockedBytes : MAX_PENDING_BYTES;
  }

  #drop(): void {
    this.#limits.pool?.add(-this.pendingBytes);
    this.#buffer?.clear();
    this.#buffer = undefined;
  }

  #move(output: WriteBuffer, count: number): void {
    this.#buffer?.moveTo(output, count);
    this.#limits.pool?.add(-count);
    this.#sentBytes += count;
    this.window.bytes -= count;
  }
}
