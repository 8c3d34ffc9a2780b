/** What one stream has to send: its heads, its DATA, its trailers, its end. The send queue decides when. */
import type { Buffer } from 'node:buffer';
import type { BytePool } from '../byte-pool.js';
import { SendWindow } from '../flow/window.js';
import { FrameFlag, FrameType } from '../frame/types.js';
import type { IntrusiveQueue, QueueNode } from './intrusive-queue.js';
import { SendBuffer } from './send-buffer.js';
import type { WriteBuffer } from './write-buffer.js';

/** A list of fields that waits to be a HEADERS frame. */
export interface Head {
  readonly fields: readonly string[];
  /** Informational heads are followed by another head and cannot end the stream. */
  readonly kind: 'informational' | 'final' | 'trailers';
}

export interface SendHalfOwner {
  /** The bytes that were written have left, down to a rest; or the end has. */
  drained(): void;
  /** END_STREAM has left. */
  endStreamSent(): void;
}

// What `write` takes before it asks to wait, and what is left when it may go on: enough to fill a turn.
export const MAX_PENDING_BYTES = 65_536;
const LOW_WATER_BYTES = 16_384;

export class SendHalf implements QueueNode<SendHalf> {
  readonly streamId: number;
  readonly window: SendWindow;
  readonly owner: SendHalfOwner;
  /** In the order in which they must leave; DATA waits for them. */
  readonly heads: Head[] = [];
  /** Where it waits for its turn; for `IntrusiveQueue` alone. */
  queue: IntrusiveQueue<SendHalf> | undefined;
  next: SendHalf | undefined;
  previous: SendHalf | undefined;
  #trailers: readonly string[] = [];
  // Only what has a body needs it.
  #buffer: SendBuffer | undefined;
  readonly #pool: BytePool | undefined;
  #sentBytes = 0;
  #state: 'open' | 'ending' | 'over' = 'open';
  #isWriterWaiting = false;
  #hasBegun = false;

  constructor(streamId: number, windowBytes: number, owner: SendHalfOwner, pool?: BytePool) {
    this.streamId = streamId;
    this.window = new SendWindow(windowBytes);
    this.owner = owner;
    this.#pool = pool;
  }

  /** See `SendBuffer`. */
  get retainedBytes(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.retainedBytes;
  }

  /** Bytes that wait. */
  get pendingBytes(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.bytes;
  }

  /** Bytes that have left. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Nothing more can be written: `end` was called, or the stream is gone. */
  get isEnding(): boolean {
    return this.#state !== 'open';
  }

  /** END_STREAM has left, or the stream was reset: nothing more will leave. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Whether a head has left: until then the peer knows nothing of a stream that we open. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether nothing of the body has left: a small response may then pass a large one. */
  get isNew(): boolean {
    return this.#sentBytes === 0;
  }

  /** Whether a DATA frame, trailers or the end can leave as far as this stream is concerned. */
  get isReady(): boolean {
    if (this.#state === 'over' || !this.#hasBegun || this.heads.length > 0) return false;
    return this.pendingBytes > 0 ? this.window.bytes > 0 : this.#state === 'ending';
  }

  /** Takes over a chunk. False when the writer should wait until it is told of `drained`. */
  write(chunk: Buffer): boolean {
    if (this.#state !== 'open') return false;
    this.#buffer ??= new SendBuffer();
    this.#buffer.add(chunk);
    this.#pool?.add(chunk.length);
    const maxBytes = this.#pool?.isExceeded ? 1 : MAX_PENDING_BYTES;
    // Once the writer was told to wait it does, whatever the others hold meanwhile.
    this.#isWriterWaiting ||= this.#buffer.bytes >= maxBytes;
    return !this.#isWriterWaiting;
  }

  end(trailers: readonly string[]): void {
    this.#state = 'ending';
    this.#trailers = trailers;
  }

  /** Forgets everything: the stream is reset or the connection is gone. */
  abort(): void {
    this.#state = 'over';
    this.heads.length = 0;
    this.#pool?.add(-this.pendingBytes);
    this.#buffer = undefined;
  }

  /** The flags of the next head, once it leaves: the end travels with it when nothing stands between. */
  headFlags(head: Head): number {
    this.#hasBegun = true;
    const endsHere = this.#state === 'ending' && this.pendingBytes === 0 && this.#trailers.length === 0;
    if (head.kind === 'trailers' || (head.kind === 'final' && endsHere)) {
      this.#state = 'over';
      return FrameFlag.END_STREAM;
    }
    return 0;
  }

  /**
   * Writes one DATA frame of at most `maxBytes`. The last one ends the stream, unless trailers do: those are then put
   * among the heads. Returns the bytes that flow control counts.
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

  /** Whether the writer waits and may go on; says so once. */
  takeDrained(): boolean {
    if (!this.#isWriterWaiting || this.pendingBytes > LOW_WATER_BYTES) return false;
    this.#isWriterWaiting = false;
    return true;
  }

  #move(output: WriteBuffer, count: number): void {
    this.#buffer?.moveTo(output, count);
    this.#pool?.add(-count);
    this.#sentBytes += count;
    this.window.bytes -= count;
  }
}
