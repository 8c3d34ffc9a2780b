/**
 * One request and its response on a link, as each end sees it: the edge opens an `OutboundStream`, the agent is given an
 * `InboundStream`. Each end hears of what arrives through its observer, and writes what it sends, both with
 * back-pressure; bodies are never buffered whole. Header names are lower-case on both sides.
 */
import type { Duplex } from 'node:stream';
import type { PosternError } from '../errors.js';
import type { RawHeaders } from './fields.js';

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
  /** Whose request it is: a visitor, or a network of those who are nobody. Each has a share of a link's streams. */
  readonly party: string;
}

/** What is heard of a body. Order: `data`*, `trailers`?, `end`; nothing more after the stream has failed. */
export interface BodyObserver {
  /** The next bytes that arrived. Whoever keeps them keeps the whole message that they came in. */
  data(chunk: Buffer): void;
  trailers(trailers: RawHeaders): void;
  /** The body has arrived whole. Never called for one that was cut short. */
  end(): void;
  /** After `write` returned false: write on. */
  drain(): void;
}

/** What both ends can do with the bodies of a stream. All of it is without effect on a stream that has ended. */
export interface BodyStream {
  /** Takes over the next bytes of our body: they must not change any more. False when to wait for `drain`. */
  write(chunk: Buffer): boolean;
  /**
   * Ends our body, with trailers if there are any, whose names may have capitals. Trailers that cannot be carried break
   * the stream, as if the body had been cut short.
   */
  end(trailers?: RawHeaders): void;
  /** Holds back what arrives: the other end may fill the stream's window, and no more. */
  pause(): void;
  resume(): void;
  /** The bodies as a Duplex, for whoever splices; `data`, `end` and `drain` are not called from here on. Once. */
  takeBody(): Duplex;
}

/** What the edge hears about a request that it opened. Order: informational*, response, the body; or failed, once. */
export interface OutboundObserver extends BodyObserver {
  informational(head: ResponseHead): void;
  /** With `endOfBody`, `end` follows at once. */
  response(head: ResponseHead, endOfBody: boolean): void;
  /**
   * The stream ended before the response was whole: `ERR_LINK_LOST` when the link died, `ERR_TARGET_REFUSED` when the agent
   * reset the stream because its target broke off, `ERR_TARGET_PROTOCOL` when what the agent sent is malformed,
   * `ERR_TUNNEL_BUSY` when the agent takes no more requests. Nothing more is called after it. Not called after `cancel()`.
   */
  failed(error: PosternError): void;
}

/** The edge's end of one request. */
export interface OutboundStream extends BodyStream {
  /** Bytes of our body that wait for the agent: at most what `write` takes before it asks to wait, and one chunk. */
  readonly writableLength: number;
  /** All bytes of our body that were ever written, those that wait included. */
  readonly bytesWritten: number;
  /** Ends the request at the agent and at the target (RST_STREAM). Safe at any time, more than once. */
  cancel(): void;
}

/** What the agent hears about a request. */
export interface InboundObserver extends BodyObserver {
  /** Our whole response was handed below: the edge has it, unless the link is lost. */
  sent(): void;
  /** The edge cancelled the request, or the link died before our answer was whole. Once; not after `cancel()`. */
  cancelled(): void;
}

/** The agent's end of one request. */
export interface InboundStream extends BodyStream {
  readonly head: RequestHead;
  /** The request has no body: `end` follows as soon as the stream was given. */
  readonly endOfBody: boolean;
  /** To be called in the turn in which the stream was given. What arrives is held until `resume` is called. */
  observe(observer: InboundObserver): void;
  /** Sends a 1xx head other than 101. Ignored once `respond` was called. */
  informational(head: ResponseHead): void;
  /** Sends the final head, once. For a WebSocket, 200 accepts and the bodies carry its bytes both ways. */
  respond(head: ResponseHead, options: SendOptions): void;
  /** Resets the stream, so that the visitor sees a broken response and never a short one. */
  cancel(): void;
}
