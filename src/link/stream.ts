/**
 * One request and its answer on a link, as each end sees it: the edge opens an `OutboundStream`, the agent is given an
 * `InboundStream`. Bodies flow through `body` with back-pressure and are never buffered whole. Header names are
 * lower-case on both sides.
 */
import type { Duplex } from 'node:stream';
import type { RawHeaders } from '../core/headers.js';
import type { PosternError } from '../errors.js';

/** The head of a request (RFC 9113 section 8.3.1). */
export interface RequestHead {
  /** `CONNECT` together with `protocol` for a WebSocket (RFC 8441). */
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** The public host, without port. */
  readonly authority: string;
  /** Path and query, byte for byte as the visitor sent them. */
  readonly path: string;
  readonly protocol?: 'websocket';
  readonly headers: RawHeaders;
}

/** The head of an answer, final or informational. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: RawHeaders;
}

export interface SendOptions {
  /** No body follows the head. */
  readonly endOfBody: boolean;
  /** Asked once, when the written body has ended; absent means no trailers. */
  readonly trailers?: () => RawHeaders;
}

/** What the edge hears about a request that it opened. Order: informational*, response, trailers?; or failed, once. */
export interface OutboundObserver {
  informational(head: ResponseHead): void;
  response(head: ResponseHead, endOfBody: boolean): void;
  /** Comes before `body` ends. */
  trailers(trailers: RawHeaders): void;
  /**
   * The stream ended before the answer was whole: `ERR_LINK_LOST` when the link died or the agent reset the stream.
   * Nothing more is called after it. Not called after `cancel()`.
   */
  failed(error: PosternError): void;
}

/** The edge's end of one request. */
export interface OutboundStream {
  /** Written: the request's body. Read: the answer's body, from `response` on. */
  readonly body: Duplex;
  /** Ends the request at the agent and at the target (RST_STREAM). Safe at any time, more than once. */
  cancel(): void;
}

/** The agent's end of one request. */
export interface InboundStream {
  readonly head: RequestHead;
  /** The request has no body. */
  readonly endOfBody: boolean;
  /** Read: the request's body. Written: the answer's body, after `respond`. */
  readonly body: Duplex;
  /** Sends a 1xx head other than 101. Ignored once `respond` was called. */
  informational(head: ResponseHead): void;
  /** Sends the final head, once. For a WebSocket, 200 accepts and `body` carries its bytes both ways. */
  respond(head: ResponseHead, options: SendOptions): void;
  /** Resets the stream, so that the visitor sees a broken answer and never a short one. */
  cancel(): void;
  /** Called once, when the edge cancelled the request or the link died before the answer was whole. */
  onCancelled(listener: () => void): void;
  /** Called before `body` ends, when the visitor sent trailers. */
  onTrailers(listener: (trailers: RawHeaders) => void): void;
}
