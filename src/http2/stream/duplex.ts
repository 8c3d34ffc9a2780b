/**
 * The content of a stream as a `Duplex`, for piping: reads what the peer sends, writes what it receives, with back-pressure
 * both ways. Incomplete content is an error and never an end.
 */
import type { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { type Http2Error, Http2ErrorCode } from '../errors.js';
import type { StreamObserver } from './observer.js';
import type { Http2Stream } from './stream.js';

/** The events of a stream other than its content; see `StreamObserver`. */
export interface HeadObserver {
  informational?(fields: string[]): void;
  headers?(fields: string[], endStream: boolean): void;
  /** Comes before the body emits `end`. */
  trailers?(fields: string[]): void;
  /** The stream has closed and its content was given to the body. Not called after the body was destroyed. */
  closed?(error: Http2Error | undefined): void;
}

export interface StreamBodyOptions extends HeadObserver {
  /** Called once for the trailers, after all content was written. */
  readonly writeTrailers?: () => readonly string[];
  /** Writing is blocked by the peer's window, or no longer. */
  writeBlocked?(isBlocked: boolean): void;
}

type Done = (error?: Error | null) => void;

// The high-water mark on top of the stream's own: one chunk of a socket does not stop its source.
const WRITE_AHEAD_BYTES = 131_072;

/**
 * Observes its stream, and must be created before anything can arrive on it. Destroying the body resets the stream with
 * CANCEL, or INTERNAL_ERROR if destroyed with an error.
 */
export class StreamBody extends Duplex {
  readonly #stream: Http2Stream;
  readonly #options: StreamBodyOptions;
  #writeDone: Done | undefined;
  #isFinal = false;
  #isComplete = false;

  constructor(stream: Http2Stream, options: StreamBodyOptions = {}) {
    // Nothing is read ahead: unread content stays in the stream, which coalesces small chunks.
    super({ readableHighWaterMark: 0, writableHighWaterMark: WRITE_AHEAD_BYTES });
    this.#stream = stream;
    this.#options = options;
    stream.pause();
    stream.observe(this.#observer());
    if (stream.sending.isEnding) this.end(); // a request without a body
  }

  /** The peer's content has arrived completely, though it may not be read yet. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#stream.write(chunk)) done();
    else this.#wait(done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    let canWriteMore = true;
    for (const { chunk } of chunks) canWriteMore = this.#stream.write(chunk);
    if (canWriteMore) done();
    else this.#wait(done);
  }

  override _final(done: Done): void {
    this.#stream.end(this.#options.writeTrailers?.());
    this.#isFinal = true;
    this.#writeDone = done;
    if (this.#stream.endSent) this.#drain();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#stream.reset(error === null ? Http2ErrorCode.CANCEL : Http2ErrorCode.INTERNAL_ERROR);
    done(error);
  }

  #observer(): StreamObserver {
    return {
      ...this.#options,
      data: (chunk) => {
        if (!this.push(chunk)) this.#stream.pause();
      },
      trailers: (fields) => this.#options.trailers?.(fields),
      end: () => {
        this.#isComplete = true;
        this.push(null);
      },
      drain: () => this.#drain(),
      closed: (error) => {
        this.#options.closed?.(error);
        this.#close(error);
      },
    };
  }

  #wait(done: Done): void {
    this.#writeDone = done;
    this.#options.writeBlocked?.(true);
  }

  #drain(): void {
    if (this.#isFinal && !this.#stream.endSent) return;
    this.#options.writeBlocked?.(false);
    const done = this.#writeDone;
    this.#writeDone = undefined;
    done?.();
  }

  /** A body whose two directions have ended destroys itself, as any `Duplex` does. */
  #close(error: Http2Error | undefined): void {
    if (error === undefined && this.#stream.endSent) {
      if (this.readableFlowing === null) this.resume(); // without a reader `end` would never come, and the body never close
      return;
    }
    const destroy = () => this.destroy(error);
    // A complete response may still be read to its end; a request whose response is no longer awaited need not be.
    if (this.#isComplete && !this.readableEnded && this.#stream.role === 'client') this.once('end', destroy);
    else destroy();
  }
}
