/**
 * The answer to one request on a link: the target's, or ours when the target fails. Before the head has left, a failure
 * is an answer with `postern-error`; after it, the stream is reset, so that nobody takes a part for the whole.
 */
import type { IncomingMessage } from 'node:http';
import { headerValue, type RawHeaders } from '../core/headers.js';
import type { Log } from '../core/log.js';
import { PosternError } from '../errors.js';
import type { ResponseHead } from '../link/stream.js';
import { answerHeaders, answerTrailers, isChunked } from './answer-headers.js';
import type { HostRefusals } from './host-refusals.js';
import type { OldInbound as InboundStream } from './old-inbound.js';
import { type RequestRecord, STATUS_LEFT, startRecord } from './request-record.js';
import type { TargetAddress } from './target-address.js';
import { asTargetError } from './target-errors.js';
import type { PublicPlace } from './target-headers.js';
import type { TargetPool } from './target-pool.js';

/** What all requests of one agent share. */
export interface TargetContext {
  readonly target: TargetAddress;
  readonly pool: TargetPool;
  readonly refusals: HostRefusals;
  readonly log: Log;
  readonly record: (record: RequestRecord) => void;
  /** Cuts one open WebSocket each. */
  readonly webSockets: Set<() => void>;
}

// More than any server has a use for; without a limit a target could send heads for ever.
const MOST_INFORMATIONAL = 32;

/** One answer. Exactly one of `relay`, `accept` and `fail` sends the head; the record is made once. */
export class Answer {
  readonly #context: TargetContext;
  readonly #stream: InboundStream;
  readonly #makeRecord: ReturnType<typeof startRecord>;
  #informational = 0;
  #status = 0;
  #settled = false;

  constructor(context: TargetContext, stream: InboundStream) {
    this.#context = context;
    this.#stream = stream;
    this.#makeRecord = startRecord(stream.head);
    // The link tells of a failure through `onCancelled`; the same failure on the body has nobody else to go to.
    stream.body.on('error', (error) => context.log.debug({ err: error }, 'the body of a request failed'));
  }

  /** Whether the head has left or nobody waits for it any more. */
  get begun(): boolean {
    return this.#status !== 0 || this.#settled;
  }

  /** Whether a head of any kind has left. */
  get heard(): boolean {
    return this.begun || this.#informational > 0;
  }

  /** Passes a 1xx head on. Throws `ERR_TARGET_PROTOCOL` when there are too many or one is malformed. */
  inform(status: number, raw: RawHeaders, place: PublicPlace): void {
    this.#informational += 1;
    if (this.#informational > MOST_INFORMATIONAL) {
      throw new PosternError('ERR_TARGET_PROTOCOL', 'The target sends 1xx heads without end.');
    }
    const headers = answerHeaders(raw, status, this.#context.target, place);
    if (!this.begun) this.#stream.informational({ status, headers });
  }

  /** Passes the target's answer on: head, body, trailers. Throws `ERR_TARGET_PROTOCOL` before anything has left. */
  relay(response: IncomingMessage, place: PublicPlace): void {
    const status = response.statusCode ?? 0;
    response.on('error', (error) => this.#context.log.debug({ err: error }, 'the answer of the target failed'));
    if (status < 200 || status > 599) throw new PosternError('ERR_TARGET_PROTOCOL', `The target answers ${status}.`);
    const headers = answerHeaders(response.rawHeaders, status, this.#context.target, place);
    if (this.begun) return;
    if (this.#isBodiless(status, headers)) this.#relayHead(response, { status, headers });
    else this.#relayBody(response, { status, headers }, place);
  }

  /** Accepts a WebSocket (RFC 8441 section 5). */
  accept(headers: RawHeaders): void {
    this.#stream.respond({ status: 200, headers }, { endOfBody: false });
    this.#status = 101;
    this.#settle({ aborted: false });
  }

  /** Ends the request with an error: as an answer while that is possible, else by a reset. */
  fail(thrown: unknown): void {
    if (this.begun) this.#breakOff(thrown);
    else this.#answerWith(asTargetError(thrown));
  }

  /** The visitor left or the link died: nothing more can be said. */
  abandon(): void {
    this.#settle({ aborted: true });
  }

  #isBodiless(status: number, headers: RawHeaders): boolean {
    if (this.#stream.head.method === 'HEAD' || status === 204 || status === 304) return true;
    return headerValue(headers, 'content-length') === '0';
  }

  #answerWith(error: PosternError): void {
    this.#context.log.warn({ err: error, code: error.code }, 'the target gave no answer');
    this.#stream.respond({ status: error.status, headers: ['postern-error', error.code] }, { endOfBody: true });
    this.#status = error.status;
    this.#stream.body.resume();
    this.#settle({ aborted: false });
  }

  #relayHead(response: IncomingMessage, head: ResponseHead): void {
    this.#stream.respond(head, { endOfBody: true });
    this.#status = head.status;
    response.resume();
    this.#settle({ aborted: false });
  }

  #relayBody(response: IncomingMessage, head: ResponseHead, place: PublicPlace): void {
    const trailers = () => answerTrailers(response.rawTrailers);
    this.#stream.respond(head, { endOfBody: false, ...(isChunked(response.rawHeaders) && { trailers }) });
    this.#status = head.status;
    this.#context.refusals.inspect(response, this.#stream.head, place);
    const { body } = this.#stream;
    // Not `pipeline`: for each answer it makes an abort controller and aborts it, which costs more than a small body.
    response.pipe(body);
    const brokenOff = (cause: unknown) => {
      if (!response.readableEnded) this.#breakOff(cause);
    };
    response.once('error', brokenOff);
    response.once('close', () => brokenOff('the target closed the connection'));
    // An HTTP/2 stream may close before it says `finish`. Once all is handed over, only `onCancelled` tells of a failure.
    const handedOver = () => {
      if (response.readableEnded) this.#settle({ aborted: false });
    };
    body.once('finish', handedOver);
    body.once('close', handedOver);
  }

  #breakOff(cause: unknown): void {
    if (this.#settled) return;
    this.#context.log.debug({ err: cause }, 'an answer ended before it was whole');
    this.#stream.cancel();
    this.#settle({ aborted: true });
  }

  #settle(end: { readonly aborted: boolean }): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#context.record(this.#makeRecord({ status: this.#status || STATUS_LEFT, aborted: end.aborted }));
  }
}
