/**
 * The body of a stream as a `Duplex`, for whoever pipes: read what the peer sends, write what it gets, with back-pressure
 * both ways. A body that was cut short is an error and never an end.
 */
import type { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { type Http2Error, Http2ErrorCode } from '../errors.js';
import type { StreamObserver } from './observer.js';
import type { Http2Stream } from './stream.js';

/** What a stream says beside its body; see `StreamObserver`. */
export interface HeadObserver {
  informational?(fields: string[]): void;
  headers?(fields: string[], endStream: boolean): void;
  /** Comes before the body emits `end`. */
  trailers?(fields: string[]): void;
  /** The stream is over and what it brought was given to the body. Not called after the body was destroyed. */
  closed?(error: Http2Error | undefined): void;
}

export interface StreamBodyOptions extends HeadObserver {
  /** Asked once for the fields that follow what was written. */
  readonly writeTrailers?: () => readonly string[];
  /** What was written waits for the peer, or does so no longer. */
  writeBlocked?(isBlocked: boolean): void;
}

type Done = (error?: Error | null) => void;

// What may wait to be written beside what the stream takes: one chunk of a socket does not stop its source.
const WRITE_AHEAD_BYTES = 131_072;

/**
 * Observes its stream, and must be made before anything can arrive on it. Destroying the body resets the stream: CANCEL,
 * or INTERNAL_ERROR with an error.
 */
export class StreamBody extends Duplex {
  readonly #stream: Http2Stream;
  readonly #options: StreamBodyOptions;
  #writeDone: Done | undefined;
  #isFinal = false;
  #isComplete = false;

  constructor(stream: Http2Stream, options: StreamBodyOptions = {}) {
    // Nothing is read ahead: what is unread waits in the stream, where small chunks are gathered.
    super({ readableHighWaterMark: 0, writableHighWaterMark: WRITE_AHEAD_BYTES });
    this.#stream = stream;
    this.#options = options;
    stream.pause();
    stream.observe(this.#observer());
    if (stream.sending.isEnding) this.end(); // a request without a body
  }

  /** All that the peer had to send has come, though it may not all be read yet. */
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

  /** Both directions that ended destroy the body by themselves, as those of any `Duplex` do. */
  #close(error: Http2Error | undefined): void {
    if (error === undefined && this.#stream.endSent) {
      if (this.readableFlowing === null) this.resume(); // nobody reads: its end would never be seen, and it never closed
      return;
    }
    const destroy = () => this.destroy(error);
    // A whole response may still be read to its end; a request whose response nobody waits for need not be.
    if (this.#isComplete && !this.readableEnded && this.#stream.role === 'client') this.once('end', destroy);
    else destroy();
  }
}
