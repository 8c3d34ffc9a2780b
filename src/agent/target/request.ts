/**
 * One ordinary request to the target: sends its head on a connection of the pool, again on a fresh one when the first was
 * stale, and passes the response to the visitor's stream with back-pressure. Its body: upload.ts.
 */

import { PosternError } from '../../errors.js';
import type { InboundStream } from '../../http/exchange.js';
import type { RawHeaders } from '../../http/fields.js';
import { signsConnectionIn } from '../../http1/connection-auth.js';
import { writeFields, writeRequestLine } from '../../http1/request-writer.js';
import type { ResponseHead } from '../../http1/response-head.js';
import type { ConnectionUser } from './connect-queue.js';
import type { TargetConnection, TargetObserver, WireRequest } from './connection.js';
import { isStaleConnection } from './errors.js';
import type { Exchange, TargetContext } from './exchange.js';
import { writeHeader } from './header-names.js';
import { type PublicAddress, readPublicAddress } from './public-address.js';
import { declaredLength, framingHeaders } from './request-framing.js';
import { forEachTargetHeader } from './request-headers.js';
import { Upload, type UploadOwner } from './upload.js';

// Repeating one of these changes nothing (RFC 9110 section 9.2.2).
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

export class TargetRequest implements TargetObserver, ConnectionUser, UploadOwner {
  readonly #context: TargetContext;
  readonly #stream: InboundStream;
  readonly #exchange: Exchange;
  readonly #publicAddress: PublicAddress;
  readonly #upload: Upload;
  readonly #wireRequest: WireRequest;
  #isFresh = false;
  #signsConnectionIn = false;

  /** Throws when the request cannot be written for the target; nothing has been sent then. */
  constructor(context: TargetContext, stream: InboundStream, exchange: Exchange) {
    this.#context = context;
    this.#stream = stream;
    this.#exchange = exchange;
    const { head, endOfBody } = stream;
    this.#publicAddress = readPublicAddress(head);
    const lengthBytes = declaredLength(head, endOfBody);
    this.#upload = new Upload(stream, exchange, this, lengthBytes);
    this.#wireRequest = {
      method: head.method,
      head: this.#writeHead(lengthBytes),
      body: endOfBody ? 0 : (lengthBytes ?? 'chunked'),
      signsConnectionIn: this.#signsConnectionIn,
    };
  }

  send(): void {
    this.#stream.observe(this.#upload);
    // Any other request takes a fresh connection: of a stale one it is unknown whether the target has seen the request.
    if (IDEMPOTENT.has(this.#wireRequest.method) && this.#upload.isRepeatable) this.#context.pool.acquire(this);
    else this.#context.pool.acquireFresh(this);
  }

  ready(connection: TargetConnection, isFresh: boolean): void {
    this.#isFresh = isFresh;
    connection.send(this.#wireRequest, this);
    this.#upload.start(connection, { keepsCopy: !isFresh });
  }

  informational(head: ResponseHead): void {
    this.#exchange.sendInformational(head, this.#publicAddress);
  }

  head(head: ResponseHead): void {
    this.#upload.dropCopy();
    this.#exchange.respond(head, this.#publicAddress);
  }

  data(chunk: Buffer): void {
    if (!this.#exchange.write(chunk)) this.#upload.connection?.pause();
  }

  end(trailers: RawHeaders): void {
    this.#upload.stop();
    this.#exchange.end(trailers);
    this.#upload.resume();
  }

  drain(): void {
    this.#upload.resume();
  }

  failed(error: unknown): void {
    const isUnanswered = this.#upload.stop()?.hasReceived === false && !this.#isFresh;
    if (isUnanswered && isStaleConnection(error) && !this.#exchange.hasSentHead) this.#sendAgain();
    else this.#fail(error);
  }

  refuseLength(): void {
    this.discard();
    this.#fail(new PosternError('ERR_BAD_REQUEST', 'The body is not as long as announced.'));
  }

  discard(): void {
    this.#upload.dropCopy();
    this.#context.pool.forget(this);
    this.#upload.stop()?.destroy();
  }

  // A connection that the target closed between two requests is not a failure of the second (RFC 9112 section 9.3.1).
  #sendAgain(): void {
    this.#stream.pause();
    this.#context.pool.acquireFresh(this);
  }

  #fail(error: unknown): void {
    this.#exchange.fail(error);
    this.#upload.resume();
  }

  #writeHead(lengthBytes: number | undefined): string {
    const { head, endOfBody } = this.#stream;
    let text = writeRequestLine(head.method, head.path);
    forEachTargetHeader(head, this.#context.target, this.#publicAddress, (name, value) => {
      text += writeHeader(name, value);
      if (name.lower === 'authorization') this.#signsConnectionIn ||= signsConnectionIn(value);
    });
    text += writeFields(framingHeaders(head.method, endOfBody, lengthBytes));
    return `${text}Connection: keep-alive\r\n\r\n`;
  }
}
