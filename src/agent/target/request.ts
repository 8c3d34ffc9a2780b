/**
 * One ordinary request on its way to the target and back. Hears both sides, the visitor's on the link and the target's
 * on its connection, and hands what each says to the other, with back-pressure.
 */

import { PosternError } from '../../errors.js';
import type { InboundObserver, InboundStream } from '../../http/exchange.js';
import { usualCase } from '../../http/header-case.js';
import { filterTrailers, isFieldValue, type RawHeaders } from '../../http/header-rules.js';
import { signsConnectionIn } from '../../http1/connection-auth.js';
import { writeFields, writeRequestLine } from '../../http1/request-writer.js';
import type { ResponseHead } from '../../http1/response-head.js';
import type { ConnectionUser } from './connect-queue.js';
import type { CallObserver, TargetConnection, WireRequest } from './connection.js';
import { isStaleConnection } from './errors.js';
import type { Exchange, TargetContext } from './exchange.js';
import { writeHeader } from './header-names.js';
import { declaredLength, framingHeaders, type PublicPlace, readPublicPlace, tellHeaders } from './request-headers.js';

// A call that may be sent again, because repeating it changes nothing (RFC 9110 section 9.2.2).
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
const NOTHING = Buffer.alloc(0);
// The largest body that is kept until the target responds, to be sent again: 1,000 streams of a link hold 16 MiB.
const MAX_REPEATABLE_BYTES = 16_384;

export class TargetRequest implements InboundObserver, CallObserver, ConnectionUser {
  readonly #context: TargetContext;
  readonly #stream: InboundStream;
  readonly #answer: Exchange;
  readonly #place: PublicPlace;
  readonly #call: WireRequest;
  readonly #lengthBytes: number | undefined;
  /** Undefined while the request waits for one, and once the target has answered or failed. */
  #connection: TargetConnection | undefined;
  #isFresh = false;
  #signsConnectionIn = false;
  /** A copy of the body as far as it has come, while the request may have to be sent again. */
  #copy: Buffer | undefined;
  #receivedBytes = 0;
  #trailers: RawHeaders = [];

  /** Throws when the request cannot be said to the target; nothing has left then. */
  constructor(context: TargetContext, stream: InboundStream, response: Exchange) {
    this.#context = context;
    this.#stream = stream;
    this.#answer = response;
    const { head, endOfBody } = stream;
    this.#place = readPublicPlace(head);
    this.#lengthBytes = declaredLength(head, endOfBody);
    this.#call = {
      method: head.method,
      head: this.#writeHead(),
      body: endOfBody ? 0 : (this.#lengthBytes ?? 'chunked'),
      signsConnectionIn: this.#signsConnectionIn,
    };
  }

  send(): void {
    this.#stream.observe(this);
    if (this.#isRepeatable()) this.#context.pool.take(this);
    else this.#context.pool.takeFresh(this);
  }

  ready(connection: TargetConnection, isFresh: boolean): void {
    this.#connection = connection;
    this.#isFresh = isFresh;
    connection.begin(this.#call, this);
    if (this.#receivedBytes > 0) connection.write(this.#takeCopy()); // once more: the connection before was stale
    this.#readOn();
  }

  // The visitor.

  data(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (this.#connection === undefined) return; // the target has answered, or failed: the rest is discarded
    // The target would take the excess for a second request.
    if (this.#lengthBytes !== undefined && this.#receivedBytes > this.#lengthBytes) this.#refuseLength();
    else this.#sendOn(this.#connection, chunk);
  }

  trailers(trailers: RawHeaders): void {
    this.#trailers = trailers;
  }

  end(): void {
    if (this.#stream.endOfBody || this.#connection === undefined) return;
    if (this.#lengthBytes !== undefined && this.#receivedBytes !== this.#lengthBytes) this.#refuseLength();
    else this.#connection.end(carriedTrailers(this.#trailers));
  }

  drain(): void {
    this.#connection?.resume();
  }

  sent(): void {
    this.#answer.sent();
  }

  cancelled(): void {
    this.#answer.abandon();
    this.#drop();
  }

  // The target.

  informational(head: ResponseHead): void {
    this.#answer.inform(head, this.#place);
  }

  head(head: ResponseHead): void {
    this.#copy = undefined;
    this.#answer.relay(head, this.#place);
  }

  content(piece: Buffer): void {
    if (!this.#answer.write(piece)) this.#connection?.pause();
  }

  whole(trailers: RawHeaders): void {
    this.#connection = undefined;
    this.#answer.end(trailers);
    this.#readOn();
  }

  writable(): void {
    this.#readOn();
  }

  failed(error: unknown): void {
    const isUnheard = this.#connection?.hasHeard === false && !this.#isFresh;
    this.#connection = undefined;
    if (isUnheard && isStaleConnection(error) && !this.#answer.heard) this.#sendAgain();
    else this.#fail(error);
  }

  /** A connection that the target has closed between two requests is no failure of the second (RFC 9112 section 9.3.1). */
  #sendAgain(): void {
    this.#stream.pause();
    this.#context.pool.takeFresh(this);
  }

  #sendOn(connection: TargetConnection, chunk: Buffer): void {
    if (!this.#isFresh) {
      this.#copy ??= Buffer.allocUnsafe(this.#lengthBytes ?? 0);
      chunk.copy(this.#copy, this.#receivedBytes - chunk.length);
    }
    if (!connection.write(chunk)) this.#stream.pause();
  }

  #takeCopy(): Buffer {
    const copy = this.#copy?.subarray(0, this.#receivedBytes) ?? NOTHING;
    this.#copy = undefined;
    return copy;
  }

  #writeHead(): string {
    const { head, endOfBody } = this.#stream;
    let text = writeRequestLine(head.method, head.path);
    tellHeaders(head, this.#context.target, this.#place, (name, value) => {
      text += writeHeader(name, value);
      if (name.lower === 'authorization') this.#signsConnectionIn ||= signsConnectionIn(value);
    });
    text += writeFields(framingHeaders(head.method, endOfBody, this.#lengthBytes));
    return `${text}Connection: keep-alive\r\n\r\n`;
  }

  // Anything else takes a fresh connection, since nobody could tell whether the target has seen it in a stale one.
  #isRepeatable(): boolean {
    return IDEMPOTENT.has(this.#stream.head.method) && (this.#stream.endOfBody || this.#isSmall);
  }

  get #isSmall(): boolean {
    return this.#lengthBytes !== undefined && this.#lengthBytes <= MAX_REPEATABLE_BYTES;
  }

  #refuseLength(): void {
    this.#drop();
    this.#fail(new PosternError('ERR_BAD_REQUEST', 'The body is not as long as announced.'));
  }

  #fail(error: unknown): void {
    this.#answer.fail(error);
    this.#readOn();
  }

  #readOn(): void {
    if (!this.#stream.endOfBody) this.#stream.resume();
  }

  #drop(): void {
    this.#copy = undefined;
    this.#context.pool.forget(this);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.destroy();
  }
}

function carriedTrailers(trailers: RawHeaders): string[] {
  const kept = filterTrailers(trailers);
  const list: string[] = [];
  for (let at = 0; at + 1 < kept.length; at += 2) {
    const value = kept[at + 1] as string;
    if (isFieldValue(value)) list.push(usualCase((kept[at] as string).toLowerCase()), value);
  }
  return list;
}
