/** What a stream tells of itself, and what it asks of its connection. */
import type { Buffer } from 'node:buffer';
import type { Http2Error } from '../errors.js';
import type { FieldClassifier } from '../message/field-classifier.js';
import type { Head } from '../send/send-half.js';

/** Who reads a message. Field lists are flat, pseudo-fields first. */
export interface MessageReader {
  informational?(fields: string[]): void;
  headers?(fields: string[], endStream: boolean): void;
  /** Bytes of a received message; keeping them keeps all of that message. */
  data(chunk: Buffer): void;
  /** Comes after the last `data` and before `end`. */
  trailers(fields: string[]): void;
  /** The body has arrived whole. Never called for one that was cut short. */
  end(): void;
}

/**
 * Order: `informational`*, `headers` (both in the client role only: the server role is given the head with the stream),
 * `data`*, `trailers`?, `end`; `closed` is last, once, at any point. After `reset` nothing more is called.
 */
export interface StreamObserver extends MessageReader {
  /** After `write` returned false: write on. Also when the end has been handed below. */
  drain?(): void;
  /** Without an error when both directions ended as they should: a body that was cut short always has one. */
  closed(error: Http2Error | undefined): void;
}

/** What a stream, an `Http2Stream`, asks of its connection. */
export interface StreamOwner<Stream> {
  /** Judges the lists that leave. */
  readonly sentFields: FieldClassifier;
  sendHead(stream: Stream, head: Head): void;
  /** The stream has something to send. */
  wake(stream: Stream): void;
  /** Sends RST_STREAM, unless the peer has never heard of the stream, and forgets it. */
  reset(stream: Stream, code: number): void;
  /** The reader took bytes that were held. */
  released(stream: Stream, bytes: number): void;
  /** Both directions are over. */
  forget(stream: Stream): void;
}
