/**
 * What both ends of a request on a link have in common: whoever holds an end writes it, and its `StreamListener` passes on what
 * the stream brings.
 */
import type { Duplex } from 'node:stream';
import type { BodyObserver, BodyStream } from '../http/exchange.js';
import type { RawHeaders } from '../http/header-rules.js';
import { Http2ErrorCode } from '../http2/errors.js';
import { StreamBody } from '../http2/stream/duplex.js';
import type { Http2Stream, StreamObserver } from '../http2/stream/stream.js';
import { writeTrailers } from './heads.js';

/** Hears a stream for the observer of one end. */
export abstract class StreamListener implements StreamObserver {
  /** All that the other end had to send was heard: it stays whole, whatever comes after it. */
  isWhole = false;
  readonly #observer: BodyObserver;

  protected constructor(observer: BodyObserver) {
    this.#observer = observer;
  }

  /** What was written waits for the other end, or does so no longer. */
  waits?(isWaiting: boolean): void;
  informational?(fields: string[]): void;
  headers?(fields: string[], endStream: boolean): void;

  data(chunk: Buffer): void {
    this.#observer.data(chunk);
  }

  trailers(fields: string[]): void {
    this.#observer.trailers(fields);
  }

  end(): void {
    this.isWhole = true;
    this.#observer.end();
  }

  /** The stream takes more, or our end has been handed below. */
  drain(): void {
    this.#observer.drain();
  }

  /** The stream is over; with an error when it was broken off. */
  abstract closed(error: Error | undefined): void;
}

/** Writes one end of a stream. */
export abstract class LinkedStream implements BodyStream {
  protected readonly stream: Http2Stream;
  #hearing: StreamListener | undefined;
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
      this.#hearing?.closed(error as Error);
    }
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  takeBody(): Duplex {
    const hearing = this.#hearing;
    const body = new StreamBody(this.stream, {
      waits: (isWaiting) => hearing?.waits?.(isWaiting),
      informational: (fields) => hearing?.informational?.(fields),
      headers: (fields, endStream) => hearing?.headers?.(fields, endStream),
      trailers: (fields) => hearing?.trailers(fields),
      closed: (error) => {
        if (hearing === undefined) return;
        hearing.isWhole ||= body.isWhole;
        hearing.closed(error);
      },
    });
    body.on('error', () => {}); // told by `closed`
    this.#body = body;
    return body;
  }

  protected hear(hearing: StreamListener): void {
    this.#hearing = hearing;
    this.stream.observe(hearing);
  }

  /** Resets the stream; its observer hears nothing more. */
  protected breakOff(code: number): void {
    this.#hearing = undefined;
    this.stream.reset(code);
    this.#body?.destroy();
  }
}
