/**
 * The receiving half of a stream: heads, DATA in order, buffered while the reader is paused, counted against
 * `content-length` (RFC 9113 section 8.1.1) and the stream's window. The reader gets the end after all content.
 */
import type { Buffer } from 'node:buffer';
import { Http2ErrorCode, Http2StreamError } from '../errors.js';
import { ReceiveWindow } from '../flow/window.js';
import { FrameFlag } from '../frame/types.js';
import type { ReceivedMessage } from '../message/message.js';
import { UNKNOWN_LENGTH } from '../message/regular-fields.js';
import type { MessageReader } from './observer.js';
import { ReceiveBuffer } from './receive-buffer.js';

/** The stream. */
export interface ReceiveHalfOwner {
  /** The reader has thrown; it is not called again. */
  observerThrew(error: unknown): void;
}

export class ReceiveHalf {
  readonly window: ReceiveWindow;
  reader: MessageReader | undefined;
  readonly #owner: ReceiveHalfOwner;
  readonly #streamId: number;
  readonly #message: ReceivedMessage;
  #expectedBytes: number;
  #state: 'open' | 'ended' | 'delivered' = 'open';
  #trailers: string[] | undefined;
  #isPaused = false;
  #isDiscarding = false;
  #buffer: ReceiveBuffer | undefined;

  constructor(owner: ReceiveHalfOwner, streamId: number, windowBytes: number, message: ReceivedMessage) {
    this.#owner = owner;
    this.#streamId = streamId;
    this.window = new ReceiveWindow(windowBytes, windowBytes);
    this.#message = message;
    this.#expectedBytes = message.expectedBytes;
  }

  /** Bytes that are buffered for the reader. */
  get bufferedBytes(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.bytes;
  }

  /** END_STREAM has arrived. */
  get isEnded(): boolean {
    return this.#state !== 'open';
  }

  /** The reader has received the end, or receives nothing more. */
  get isDelivered(): boolean {
    return this.#state === 'delivered';
  }

  /** Processes a field list after the request: a head of the response, or trailers. Throws `Http2StreamError`. */
  receiveFields(fields: string[], flags: number): void {
    this.#requireOpen();
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    const kind = this.#message.next(fields, flags);
    if (kind === 'informational') this.#call((reader) => reader.informational?.(fields));
    else if (kind === 'trailers') this.end(fields);
    else {
      this.#expectedBytes = this.#message.expectedBytes;
      if (endStream) this.requireComplete();
      this.#call((reader) => reader.headers?.(fields, endStream));
      if (endStream) this.end(undefined);
    }
  }

  /**
   * Processes the content of a DATA frame and returns how much of it is buffered; `flowBytes` includes padding. Throws
   * `Http2StreamError`, before the reader gets the content, if there is more, or at the end less, than `content-length`.
   */
  receiveData(chunk: Buffer, flowBytes: number, flags: number): number {
    this.#requireOpen();
    this.#message.requireContent();
    if (this.window.consume(flowBytes) === 'exceeded') {
      throw new Http2StreamError(
        this.#streamId,
        Http2ErrorCode.FLOW_CONTROL_ERROR,
        'DATA past the window of the stream',
      );
    }
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    this.#count(chunk.length);
    if (endStream) this.requireComplete();
    const bufferedBytes = chunk.length > 0 ? this.#deliver(chunk) : 0;
    if (endStream) this.end(undefined);
    return bufferedBytes;
  }

  /** Throws `Http2StreamError` if the content, now that it ends, is shorter than its `content-length`. */
  requireComplete(): void {
    if (this.#expectedBytes > 0) throw this.#wrongLength();
  }

  /** Processes END_STREAM. A no-op if the reader has just reset the stream. */
  end(trailers: string[] | undefined): void {
    if (this.#state !== 'open') return;
    this.requireComplete();
    this.#state = 'ended';
    this.#trailers = trailers;
    this.#deliverEnd();
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Delivers what is buffered, until the reader pauses again. Returns how many bytes were read. */
  resume(): number {
    this.#isPaused = false;
    let count = 0;
    // The reader may call `resume` again within `data`: each call takes the chunk that is then the oldest.
    while (!this.#isPaused) {
      const chunk = this.#buffer?.shift();
      if (chunk === undefined) break;
      count += chunk.length;
      this.#read(chunk);
    }
    this.#deliverEnd();
    return count;
  }

  /** Drops what is buffered and what still arrives. Returns how many bytes were buffered. */
  discard(): number {
    this.#isDiscarding = true;
    return this.resume();
  }

  /** Delivers nothing more. Returns how many bytes were buffered. */
  abort(): number {
    const count = this.bufferedBytes;
    this.#state = 'delivered';
    this.reader = undefined;
    this.#buffer = undefined;
    return count;
  }

  #call(event: (reader: MessageReader) => void): void {
    try {
      if (this.reader !== undefined) event(this.reader);
    } catch (error) {
      this.#owner.observerThrew(error);
    }
  }

  #count(bytes: number): void {
    if (this.#expectedBytes === UNKNOWN_LENGTH) return;
    this.#expectedBytes -= bytes;
    if (this.#expectedBytes < 0) throw this.#wrongLength();
  }

  #deliver(chunk: Buffer): number {
    if (this.#isPaused || this.bufferedBytes > 0) {
      this.#buffer ??= new ReceiveBuffer();
      this.#buffer.add(chunk);
      return chunk.length;
    }
    this.#read(chunk);
    return 0;
  }

  #read(chunk: Buffer): void {
    if (this.#isDiscarding) return;
    // Not `#call`: a closure for each chunk costs more than the call.
    try {
      this.reader?.data(chunk);
    } catch (error) {
      this.#owner.observerThrew(error);
    }
  }

  #deliverEnd(): void {
    if (this.#state !== 'ended' || this.bufferedBytes > 0) return;
    this.#state = 'delivered';
    const reader = this.#isDiscarding ? undefined : this.reader;
    this.reader = undefined;
    try {
      if (this.#trailers !== undefined) reader?.trailers(this.#trailers);
      reader?.end();
    } catch (error) {
      this.#owner.observerThrew(error);
    }
  }

  #requireOpen(): void {
    if (this.isEnded)
      throw new Http2StreamError(this.#streamId, Http2ErrorCode.STREAM_CLOSED, 'a frame after END_STREAM');
  }

  #wrongLength(): Http2StreamError {
    return new Http2StreamError(
      this.#streamId,
      Http2ErrorCode.PROTOCOL_ERROR,
      'a body not as long as its content-length',
    );
  }
}
