/**
 * The exchange contract: one request and its response, as each end sees it. The client end opens an `OutboundStream`, the
 * server end receives an `InboundStream`. Each end receives through its observer and sends through its stream, both with
 * back-pressure; bodies are never buffered completely. Header names are lower-case on both sides.
 */
import type { Duplex } from 'node:stream';
import type { PosternError } from '../errors.js';
import type { RawHeaders } from './fields.js';

/** The head of a request (RFC 9113 section 8.3.1). */
export interface RequestHead {
  /** `CONNECT` with `protocol` for a WebSocket (RFC 8441). */
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** The public host, without port. */
  readonly authority: string;
  /** Path and query, byte for byte as the visitor sent them. */
  readonly path: string;
  readonly protocol?: 'websocket';
  readonly headers: RawHeaders;
}

/** The head of a response, final or informational. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: RawHeaders;
}

export interface SendOptions {
  /** No body follows the head. */
  readonly endOfBody: boolean;
}

export interface OpenOptions extends SendOptions {
  /** Who causes the request: a visitor, or a network of anonymous visitors. Each has a share of a link's streams. */
  readonly party: string;
}

/** Receives a body. Order: `data`*, `trailers`?, `end`; nothing more after the stream has failed. */
export interface BodyObserver {
  /** The next bytes. They are part of the WebSocket message that they arrived in, and keep all of it alive. */
  data(chunk: Buffer): void;
  trailers(trailers: RawHeaders): void;
  /** The body is complete. Never called for an incomplete one. */
  end(): void;
  /** After `write` returned false: writing may continue. */
  drain(): void;
}

/** The bodies of a stream, at both ends. All methods are no-ops once the stream has ended. */
export interface BodyStream {
  /** Sends the next bytes of our body, which must not change any more. False to wait for `drain`. */
  write(chunk: Buffer): boolean;
  /**
   * Ends our body, with optional trailers, whose names may have capitals. Trailers that cannot be sent reset the stream,
   * like an incomplete body.
   */
  end(trailers?: RawHeaders): void;
  /** Buffers what arrives instead of delivering it: the other end can fill the stream's window, and no more. */
  pause(): void;
  resume(): void;
  /** The bodies as a Duplex, for splicing; `data`, `end` and `drain` are not called from then on. Once. */
  takeBody(): Duplex;
}

/** Receives the response at the client end. Order: informational*, response, the body; or failed, once. */
export interface OutboundObserver extends BodyObserver {
  informational(head: ResponseHead): void;
  /** With `endOfBody`, `end` follows at once. */
  response(head: ResponseHead, endOfBody: boolean): void;
  /**
   * The stream has ended before the response was complete: `ERR_LINK_LOST` if the link was lost, `ERR_TARGET_REFUSED` if the
   * agent reset the stream because its target failed, `ERR_TARGET_PROTOCOL` if what the agent sent is malformed,
   * `ERR_TUNNEL_BUSY` if the agent accepts no more requests. The last call. Not called after `cancel()`.
   */
  failed(error: PosternError): void;
  /** The stream has ended behind a complete response: nothing more of our body is read. */
  closed?(): void;
}

/** The client end of one request. */
export interface OutboundStream extends BodyStream {
  /** Bytes of our body that are not sent yet: at most the high-water mark of `write`, and one chunk. */
  readonly writableLength: number;
  /** All bytes of our body that were written, sent or not. */
  readonly bytesWritten: number;
  /** What of our body is held here, if nothing of it has left: it can be sent on another stream instead. */
  readonly unsent?: readonly Buffer[] | undefined;
  /** Cancels the request at the agent and at the target (RST_STREAM). Safe at any time, more than once. */
  cancel(): void;
}

/** Receives the request at the server end. */
export interface InboundObserver extends BodyObserver {
  /** Our complete response was sent: the client receives it unless the link is lost. */
  sent(): void;
  /** The client cancelled the request, or the link was lost before our response was complete. Once; not after `cancel()`. */
  cancelled(): void;
  /** Behind our complete response the client gave up the rest of its body, or the link was lost: no `end` comes. */
  abandoned?(): void;
}

/** The server end of one request. */
export interface InboundStream extends BodyStream {
  readonly head: RequestHead;
  /** The request has no body: `end` follows at once. */
  readonly endOfBody: boolean;
  /** Must be called in the turn of the event loop in which the stream was received. Nothing is delivered before `resume`. */
  observe(observer: InboundObserver): void;
  /** Sends a 1xx head other than 101. Ignored once `respond` was called. */
  informational(head: ResponseHead): void;
  /** Sends the final head, once. For a WebSocket, 200 accepts it, and the bodies carry its bytes both ways. */
  respond(head: ResponseHead, options: SendOptions): void;
  /** As `write`, of bytes that may change once it has returned. */
  writeCopy(chunk: Buffer): boolean;
  /** Resets the stream, so that the visitor sees an aborted response and never a short one. */
  cancel(): void;
}
