/**
 * The order of a received message (RFC 9113 section 8.1): informational heads, the final head, content, trailers. Decides
 * which of them a field list is, and how much content must follow (section 8.1.1).
 */
import { Http2ErrorCode, Http2StreamError } from '../errors.js';
import type { Role } from '../frame/settings.js';
import { FrameFlag } from '../frame/types.js';
import { type FieldClassifier, MalformedFields, RECEIVED } from './field-classifier.js';
import {
  checkRequest,
  checkRequestTrailers,
  checkResponse,
  checkTrailers,
  pseudoField,
  statusOf,
} from './message-fields.js';
import { UNKNOWN_LENGTH } from './regular-fields.js';

// Peers send a handful of 103 at most; more is a flood.
const MAX_INFORMATIONAL = 32;

export type ListKind = 'informational' | 'final' | 'trailers';

/** The message that one stream receives: the request in the server role, the response in the client role. */
export class ReceivedMessage {
  readonly #streamId: number;
  readonly #role: Role;
  readonly #method: string;
  #isHeadDone: boolean;
  #isConnected = false;
  #informational = 0;
  #expectedBytes = UNKNOWN_LENGTH;

  /**
   * `request` is the head of the request, whichever side sent it; `sent` classifies it in the client role. Throws
   * `MalformedFields`.
   */
  constructor(streamId: number, role: Role, request: readonly string[], sent: FieldClassifier) {
    const length = checkRequest(request, role === 'server' ? RECEIVED : sent);
    this.#streamId = streamId;
    this.#role = role;
    this.#method = pseudoField(request, ':method') ?? '';
    this.#isHeadDone = role === 'server';
    if (!this.#isHeadDone) return;
    this.#isConnected = this.#method === 'CONNECT';
    if (!this.#isConnected) this.#expectedBytes = length;
  }

  /** The length that the content must have; `UNKNOWN_LENGTH` if it may have any. */
  get expectedBytes(): number {
    return this.#expectedBytes;
  }

  /** Checks that DATA may come now. Throws `Http2StreamError`. */
  requireContent(): void {
    if (!this.#isHeadDone) throw this.#malformed('DATA before the head');
  }

  /** Checks a field list after the request, with the flags of its frame, and returns its kind. Throws `Http2StreamError`. */
  next(fields: readonly string[], flags: number): ListKind {
    try {
      const isEnd = (flags & FrameFlag.END_STREAM) !== 0;
      return this.#isHeadDone ? this.#trailers(fields, isEnd) : this.#head(fields, isEnd);
    } catch (error) {
      throw error instanceof MalformedFields ? this.#malformed(error.message) : error;
    }
  }

  #head(fields: readonly string[], isEnd: boolean): ListKind {
    const length = checkResponse(fields, RECEIVED);
    const status = statusOf(fields);
    if (status < 200) return this.#informationalHead(isEnd);
    this.#isHeadDone = true;
    this.#isConnected = this.#method === 'CONNECT' && status < 300;
    // A response without content may still carry the length that it would have had (RFC 9110 section 8.6).
    const isBare = this.#method === 'HEAD' || status === 204 || status === 304;
    if (isBare) this.#expectedBytes = 0;
    else if (!this.#isConnected) this.#expectedBytes = length;
    return 'final';
  }

  #informationalHead(isEnd: boolean): ListKind {
    if (isEnd) throw this.#malformed('an informational head that ends the stream');
    this.#informational += 1;
    if (this.#informational > MAX_INFORMATIONAL) {
      throw new Http2StreamError(this.#streamId, Http2ErrorCode.ENHANCE_YOUR_CALM, 'informational heads without end');
    }
    return 'informational';
  }

  #trailers(fields: readonly string[], isEnd: boolean): ListKind {
    if (!isEnd) throw this.#malformed('trailers that do not end the stream');
    if (this.#isConnected) throw this.#malformed('HEADERS on a connected stream (section 8.5)');
    if (this.#role === 'server') checkRequestTrailers(fields, RECEIVED);
    else checkTrailers(fields, RECEIVED);
    return 'trailers';
  }

  #malformed(reason: string): Http2StreamError {
    return new Http2StreamError(this.#streamId, Http2ErrorCode.PROTOCOL_ERROR, reason);
  }
}
