/** The events of a stream, and what it needs from its connection. */
import type { Buffer } from 'node:buffer';
import type { Http2Error } from '../errors.js';
import type { FieldClassifier } from '../message/field-classifier.js';
import type { Head } from '../send/send-half.js';

/** Receives a message. Field lists are flat, pseudo-fields first. */
export interface MessageReader {
  informational?(fields: string[]): void;
  headers?(fields: string[], endStream: boolean): void;
  /** The next bytes of the content. They are part of the chunk they arrived in, and keep all of it alive. */
  data(chunk: Buffer): void;
  /** Comes after the last `data` and before `end`. */
  trailers(fields: string[]): void;
  /** The content has arrived completely. Never called if it is incomplete. */
  end(): void;
}

/**
 * Order: `informational`*, `headers` (both in the client role only: the server role gets the head with the stream),
 * `data`*, `trailers`?, `end`; `closed` comes last, once, at any point. Nothing is called after `reset`. If one of them
 * throws, its stream is reset with INTERNAL_ERROR, and only `closed` is still called.
 */
export interface StreamObserver extends MessageReader {
  /** After `write` returned false: writing may continue. Also called when END_STREAM was sent. */
  drain?(): void;
  /** Without an error if both directions ended regularly; incomplete content always has one. */
  closed(error: Http2Error | undefined): void;
}

/** What an `Http2Stream` needs from its connection. */
export interface StreamOwner<Stream> {
  /** Classifies the fields that are sent. */
  readonly sentFields: FieldClassifier;
  sendHead(stream: Stream, head: Head): void;
  /** The stream has something to send. */
  wake(stream: Stream): void;
  /** Sends RST_STREAM, unless the stream is idle at the peer, and removes the stream. */
  reset(stream: Stream, code: number): void;
  /** The reader has read buffered bytes. */
  released(stream: Stream, bytes: number): void;
  /** What observes the stream has thrown: the stream ends with INTERNAL_ERROR, unless it has ended. */
  observerThrew(stream: Stream, error: unknown): void;
  /** Both directions have ended. */
  forget(stream: Stream): void;
}
