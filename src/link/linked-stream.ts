/**
 * What both ends of a request on a link have in common: `LinkedStream` sends, `StreamListener` passes what is received on to
 * the observer.
 */
import type { Duplex } from 'node:stream';
import type { BodyObserver, BodyStream } from '../http/exchange.js';
import type { RawHeaders } from '../http/fields.js';
import { Http2ErrorCode } from '../http2/errors.js';
import { StreamBody } from '../http2/stream/duplex.js';
import type { Http2Stream, StreamObserver } from '../http2/stream/stream.js';
import { writeTrailers } from './heads.js';

/** Observes a stream for the observer of one end. */
export abstract class StreamListener implements StreamObserver {
  /** The other end's message was received completely, whatever comes after it. */
  isComplete = false;
  readonly #observer: BodyObserver;

  protected constructor(observer: BodyObserver) {
    this.#observer = observer;
  }

  /** Writing is blocked by the other end's window, or no longer. */
  writeBlocked?(isBlocked: boolean): void;
  informational?(fields: string[]): void;
  headers?(fields: string[], endStream: boolean): void;

  data(chunk: Buffer): void {
    this.#observer.data(chunk);
  }

  trailers(fields: string[]): void {
    this.#observer.trailers(fields);
  }

  end(): void {
    this.isComplete = true;
    this.#observer.end();
  }

  /** Writing may continue, or END_STREAM was sent. */
  drain(): void {
    this.#observer.drain();
  }

  /** The stream has closed; with an error if it was reset or incomplete. */
  abstract closed(error: Error | undefined): void;
}

/** Sends at one end of a stream. */
export abstract class LinkedStream implements BodyStream {
  protected readonly stream: Http2Stream;
  #listener: StreamListener | undefined;
  #body: StreamBody | undefined;

  protected constructor(stream: Http2Stream) {
    this.stream = stream;
  }

  write(chunk: Buffer): boolean {
    return this.stream.write(chunk);
  }

  end(trailers?: RawHeaders): void {
    try {
      this.stream.end(trailers && writeTrailers(trailers));
    } catch (error) {
      this.stream.reset(Http2ErrorCode.INTERNAL_ERROR);
      this.#listener?.closed(error as Error);
    }
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  takeBody(): Duplex {
    const listener = this.#listener;
    const body = new StreamBody(this.stream, {
      writeBlocked: (isBlocked) => listener?.writeBlocked?.(isBlocked),
      informational: (fields) => listener?.informational?.(fields),
      headers: (fields, endStream) => listener?.headers?.(fields, endStream),
      trailers: (fields) => listener?.trailers(fields),
      closed: (error) => {
        if (listener === undefined) return;
        listener.isComplete ||= body.isComplete;
        listener.closed(error);
      },
    });
    body.on('error', () => {}); // `closed` reports it
    this.#body = body;
    return body;
  }

  protected listen(listener: StreamListener): void {
    this.#listener = listener;
    this.stream.observe(listener);
  }

  /** Resets the stream; its observer is no longer called. */
  protected reset(code: number): void {
    this.#listener = undefined;
    this.stream.reset(code);
    this.#body?.destroy();
  }
}
