/**
 * What one stream receives: DATA in order to whoever reads it, held while the reader is paused, counted against
 * `content-length` (RFC 9113 section 8.1.1) and the stream's window. The end is told when all of it was delivered.
 */
import { Buffer } from 'node:buffer';
import { Code, Http2StreamError } from './errors.js';
import { UNKNOWN_LENGTH } from './header-fields.js';
import type { ReceiveWindow } from './window.js';

/** Who reads a body. */
export interface BodyReader {
  /** Bytes of a received message; keeping them keeps all of that message. */
  data(chunk: Buffer): void;
  /** Comes after the last `data` and before `end`. */
  trailers(fields: string[]): void;
  /** The body has arrived whole. Never called for one that was cut short. */
  end(): void;
}

// Smaller chunks are gathered while they are held: each would otherwise pin the message that it came in.
const SMALL_CHUNK_BYTES = 4_096;
const BLOCK_BYTES = 8_192;
// A held chunk that is less of its message than one in this is copied.
const LEAST_SHARE = 4;

export class ReceiveSide {
  readonly window: ReceiveWindow;
  reader: BodyReader | undefined;
  readonly #streamId: number;
  #expectedBytes: number;
  #state: 'open' | 'ended' | 'delivered' = 'open';
  #trailers: string[] | undefined;
  #isPaused = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #block: { readonly bytes: Buffer; used: number } | undefined;

  constructor(streamId: number, window: ReceiveWindow, expectedBytes: number) {
    this.#streamId = streamId;
    this.window = window;
    this.#expectedBytes = expectedBytes;
  }

  /** Bytes that wait for the reader. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** END_STREAM has arrived. */
  get isEnded(): boolean {
    return this.#state !== 'open';
  }

  /** The reader has been told of the end, or will be told of nothing more. */
  get isDelivered(): boolean {
    return this.#state === 'delivered';
  }

  /** Sets how long the body must be. Throws `Http2StreamError` when it ended already, and is not. */
  expect(bytes: number, options: { readonly endStream: boolean }): void {
    this.#expectedBytes = bytes;
    if (options.endStream) this.requireAll();
  }

  /**
   * Takes the content of a DATA frame and returns how much of it is held. Throws `Http2StreamError`, before anybody sees
   * the content, when the body is longer or, at its end, shorter than it must be.
   */
  take(chunk: Buffer, options: { readonly endStream: boolean }): number {
    if (this.#expectedBytes !== UNKNOWN_LENGTH) {
      this.#expectedBytes -= chunk.length;
      if (this.#expectedBytes < 0) throw this.#wrongLength();
      if (options.endStream) this.requireAll();
    }
    if (this.#isPaused || this.#held.length > 0) return this.#hold(chunk);
    this.reader?.data(chunk);
    return 0;
  }

  /** Throws `Http2StreamError` when the body, now that it ends, is shorter than it must be. */
  requireAll(): void {
    if (this.#expectedBytes > 0) throw this.#wrongLength();
  }

  /** Takes END_STREAM. Throws `Http2StreamError` when the body is shorter than it must be. */
  end(trailers: string[] | undefined): void {
    this.requireAll();
    this.#state = 'ended';
    this.#trailers = trailers;
    this.#deliverEnd();
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Delivers what is held, until the reader pauses again. Returns how many bytes it took. */
  resume(): number {
    this.#isPaused = false;
    let count = 0;
    while (!this.#isPaused) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      if (this.#held.length === 0) this.#block = undefined;
      this.#heldBytes -= chunk.length;
      count += chunk.length;
      this.reader?.data(chunk);
    }
    this.#deliverEnd();
    return count;
  }

  /** Delivers nothing more. Returns how many bytes were held. */
  abandon(): number {
    const count = this.#heldBytes;
    this.#state = 'delivered';
    this.reader = undefined;
    this.#held = [];
    this.#block = undefined;
    this.#heldBytes = 0;
    return count;
  }

  #deliverEnd(): void {
    if (this.#state !== 'ended' || this.#held.length > 0) return;
    this.#state = 'delivered';
    const reader = this.reader;
    this.reader = undefined;
    if (this.#trailers !== undefined) reader?.trailers(this.#trailers);
    reader?.end();
  }

  #hold(chunk: Buffer): number {
    this.#heldBytes += chunk.length;
    if (chunk.length < SMALL_CHUNK_BYTES) this.#gather(chunk);
    else {
      this.#block = undefined;
      this.#held.push(chunk.length * LEAST_SHARE >= chunk.buffer.byteLength ? chunk : Buffer.from(chunk));
    }
    return chunk.length;
  }

  #gather(chunk: Buffer): void {
    let block = this.#block;
    if (block === undefined || block.used + chunk.length > BLOCK_BYTES) {
      block = { bytes: Buffer.allocUnsafeSlow(BLOCK_BYTES), used: 0 };
      this.#block = block;
      this.#held.push(block.bytes);
    }
    chunk.copy(block.bytes, block.used);
    block.used += chunk.length;
    this.#held[this.#held.length - 1] = block.bytes.subarray(0, block.used);
  }

  #wrongLength(): Http2StreamError {
    return new Http2StreamError(this.#streamId, Code.PROTOCOL_ERROR, 'a body not as long as its content-length');
  }
}
