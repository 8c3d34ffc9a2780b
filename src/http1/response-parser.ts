/**
 * Parses the responses on one connection, one request at a time (RFC 9112): bytes in, calls out. It knows no socket. Only
 * `end` reports a complete response; an incomplete one (section 8) never looks like one.
 */
import { Buffer } from 'node:buffer';
import { ChunkedBody, readTrailers } from './chunked-body.js';
import { MalformedResponse, quoted, TlsResponse } from './errors.js';
import type { FieldList } from './fields.js';
import { HeadBuffer } from './head-buffer.js';
import { type ResponseHead, readResponseHead } from './response-head.js';

/** Observes one response. Order: informational*, head, data*, end; or informational*, upgraded. May throw to reject it. */
export interface ResponseObserver {
  /** A 1xx head other than 101. */
  informational(head: ResponseHead): void;
  head(head: ResponseHead): void;
  /** The next bytes of the body, which are the observer's to read during the call only. */
  data(chunk: Buffer): void;
  /** The response is complete. */
  end(trailers: FieldList): void;
  /** 101, if the request asked for it. What follows is no longer HTTP, including `rest`. */
  upgraded?(head: ResponseHead, rest: Buffer): void;
}

// Four times the limit of `node:http`, because applications set many cookies.
const MAX_HEAD_BYTES = 64 * 1024;

const NO_FIELDS: FieldList = [];

const START = 'HTTP/1.';
const LF = 10;
const CR = 13;
const TLS_ALERT = 21;

export class ResponseParser {
  readonly #lines = new HeadBuffer(MAX_HEAD_BYTES);
  #observer: ResponseObserver | undefined;
  #method = '';
  #part: 'nothing' | 'head' | 'content' | 'chunks' | 'trailers' | 'all' = 'nothing';
  #contentBytes = 0;
  #chunks = new ChunkedBody();
  #persistent = true;
  #isEndCertain = true;

  /** No response is expected. */
  get isIdle(): boolean {
    return this.#part === 'nothing';
  }

  /** The last response permits another request on the connection. */
  get isReusable(): boolean {
    return this.isIdle && this.#persistent;
  }

  /** The last response defined its end by a length or a last chunk, not by a status or method without a body. */
  get isEndCertain(): boolean {
    return this.#isEndCertain;
  }

  /** Expects the response to a request with this method. Only when idle. */
  expect(method: string, observer: ResponseObserver): void {
    this.#method = method;
    this.#observer = observer;
    this.#part = 'head';
    this.#persistent = true;
  }

  /**
   * Reads bytes that arrived; they may be overwritten afterwards. Throws `MalformedResponse`, or what the observer throws,
   * after which nothing may be read.
   */
  receive(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      // An unsolicited response, which the next request must never get.
      if (this.isIdle) this.#persistent = false;
      if (this.isIdle) return;
      at = this.#read(bytes, at);
    }
  }

  /** The connection has ended. True if that completes the response; `end` was called then. */
  finish(): boolean {
    this.#persistent = false;
    if (this.#part !== 'all') return false;
    this.#end(NO_FIELDS);
    return true;
  }

  /** Discards the response: its observer is no longer called. */
  discard(): void {
    this.#observer = undefined;
    this.#part = 'nothing';
    this.#persistent = false;
  }

  #read(bytes: Buffer, at: number): number {
    switch (this.#part) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'chunks':
        return this.#readChunks(bytes, at);
      case 'trailers':
        return this.#readTrailers(bytes, at);
      default:
        return this.#readContent(bytes, at);
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const next = this.#lines.read(bytes, at);
    if (next === -1) {
      if (!mayBecomeHead(this.#lines.buffered)) throw noHead(this.#lines.buffered);
      return bytes.length;
    }
    const head = readResponseHead(this.#lines.text, this.#method);
    if (head.status === 101) return this.#upgrade(head, bytes, next);
    if (head.status < 200) this.#observer?.informational(head);
    else this.#begin(head);
    return next;
  }

  #begin({ framing, ...head }: ResponseHead): void {
    this.#persistent = head.persistent;
    this.#isEndCertain = head.isEndCertain;
    this.#part = framing === 'chunked' ? 'chunks' : framing === 'close' ? 'all' : 'content';
    if (framing === 'chunked') this.#chunks = new ChunkedBody();
    else this.#contentBytes = framing === 'close' ? Number.POSITIVE_INFINITY : framing;
    this.#observer?.head({ framing, ...head });
    if (framing === 0) this.#end(NO_FIELDS);
  }

  #upgrade(head: ResponseHead, bytes: Buffer, at: number): number {
    const observer = this.#observer;
    if (observer?.upgraded === undefined) throw new MalformedResponse('the protocol is switched unasked');
    this.discard();
    observer.upgraded(head, Buffer.from(bytes.subarray(at)));
    return bytes.length;
  }

  #readContent(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#contentBytes);
    this.#contentBytes -= end - at;
    this.#give(bytes, at, end);
    if (this.#contentBytes === 0) this.#end(NO_FIELDS);
    return end;
  }

  #readChunks(bytes: Buffer, at: number): number {
    const next = this.#chunks.read(bytes, at, this.#give);
    if (this.#chunks.isOver) this.#part = 'trailers';
    return next;
  }

  // Begins with the CR LF of the last chunk's line, so that the text is empty if there are no trailers.
  #readTrailers(bytes: Buffer, at: number): number {
    const next = this.#lines.read(bytes, at);
    if (next === -1) return bytes.length;
    this.#end(readTrailers(this.#lines.text));
    return next;
  }

  readonly #give = (bytes: Buffer, start: number, end: number): void => {
    this.#observer?.data(bytes.subarray(start, end));
  };

  #end(trailers: FieldList): void {
    const observer = this.#observer;
    this.#observer = undefined;
    this.#part = 'nothing';
    observer?.end(trailers);
  }
}

/**
 * Whether more bytes can complete a head. A server that greets in another protocol, or ends lines differently, may wait for
 * a reply, and the visitor would wait too.
 */
function mayBecomeHead(beginning: Buffer): boolean {
  const lineEnd = beginning.indexOf(LF);
  return (
    START.startsWith(beginning.toString('latin1', 0, START.length)) && (lineEnd < 1 || beginning[lineEnd - 1] === CR)
  );
}

function noHead(beginning: Buffer): MalformedResponse {
  if (beginning[0] === TLS_ALERT)
    return new TlsResponse('it speaks TLS and no plain HTTP: https:// may be what is meant');
  return new MalformedResponse(`this is not HTTP: it begins with ${quoted(beginning.toString('latin1', 0, 100))}`);
}
