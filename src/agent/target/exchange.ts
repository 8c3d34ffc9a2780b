/**
 * The response to one request on a link: the target's, or the agent's own when the target fails. Before the head is sent, a
 * failure becomes a response with `postern-error`; after it, the stream is reset, so that no client takes a part for the whole.
 */

import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import type { InboundStream } from '../../http/exchange.js';
import { fieldValue, type RawHeaders } from '../../http/fields.js';
import type { ResponseHead } from '../../http1/response-head.js';
import type { TargetAddress } from './address.js';
import type { DevServerHints } from './dev-server-hints.js';
import { asTargetError } from './errors.js';
import type { TargetPool } from './pool.js';
import type { PublicAddress } from './public-address.js';
import { type RequestRecord, STATUS_CLIENT_CLOSED, startRecord } from './request-record.js';
import { responseHeaders, responseTrailers } from './response-headers.js';
import type { ExchangeTap, Tap } from './tap.js';

/** What all requests of one agent share. */
export interface TargetContext {
  readonly target: TargetAddress;
  readonly pool: TargetPool;
  readonly hints: DevServerHints;
  readonly log: Log;
  readonly record: (record: RequestRecord) => void;
  /** Watches what passes; undefined where none of it is watched. */
  readonly tap: Tap | undefined;
  /** Each function cuts one open WebSocket. */
  readonly webSockets: Set<() => void>;
  /** Responses without an end (`text/event-stream`). */
  readonly eventStreams: Set<Exchange>;
}

// More than any server needs; without a limit a target could send 1xx heads forever.
const MAX_INFORMATIONAL = 32;

const EMPTY = Buffer.alloc(0);

/** One response. Exactly one of `respond`, `accept` and `fail` sends the head; the record is made once. */
export class Exchange {
  readonly tap: ExchangeTap | undefined;
  readonly #context: TargetContext;
  readonly #stream: InboundStream;
  readonly #makeRecord: ReturnType<typeof startRecord>;
  #sniff: ((piece: Buffer) => void) | undefined;
  #failure: string | undefined;
  #informational = 0;
  #status = 0;
  #isEnded = false;
  #isSettled = false;

  constructor(context: TargetContext, stream: InboundStream) {
    this.#context = context;
    this.#stream = stream;
    this.#makeRecord = startRecord(stream.head);
    this.tap = context.tap?.request(stream.head);
  }

  /** Whether the final head was sent or the visitor has disconnected. */
  get hasResponded(): boolean {
    return this.#status !== 0 || this.#isSettled;
  }

  /** Whether any head was sent, 1xx included, or the visitor has disconnected. */
  get hasSentHead(): boolean {
    return this.hasResponded || this.#informational > 0;
  }

  /** Passes a 1xx head on. Throws `ERR_TARGET_PROTOCOL` when there are too many or one is malformed. */
  sendInformational({ status, fields }: ResponseHead, publicAddress: PublicAddress): void {
    this.#informational += 1;
    if (this.#informational > MAX_INFORMATIONAL) {
      throw new PosternError('ERR_TARGET_PROTOCOL', 'The target sends 1xx heads without end.');
    }
    const headers = responseHeaders(fields, status, this.#context.target, publicAddress);
    if (!this.hasResponded) this.#stream.informational({ status, headers });
  }

  /** Passes the target's head on; its body follows. Throws `ERR_TARGET_PROTOCOL` before anything is sent. */
  respond({ status, fields, framing }: ResponseHead, publicAddress: PublicAddress): void {
    const head = { status, headers: responseHeaders(fields, status, this.#context.target, publicAddress) };
    if (this.hasResponded) return;
    this.#isEnded = framing === 0;
    this.#sniff = this.#context.hints.sniffer(head, this.#stream.head, publicAddress);
    if (this.#isEnded) this.#sniff?.(EMPTY);
    // An event stream has no length.
    if (typeof framing !== 'number' && isEventStream(head.headers)) this.#context.eventStreams.add(this);
    this.#stream.respond(head, { endOfBody: this.#isEnded });
    this.#status = status;
    this.tap?.responded(head);
  }

  /** Passes the next bytes of the target's body on, which may change afterwards. False when to wait until the stream drains. */
  write(piece: Buffer): boolean {
    this.#sniff?.(piece);
    this.#sniff = undefined;
    this.tap?.responseBytes(piece);
    return this.#stream.writeCopy(piece);
  }

  /** Ends the body, which is complete. */
  end(trailers: RawHeaders): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sniff?.(EMPTY);
    const permitted = trailers.length === 0 ? undefined : responseTrailers(trailers);
    if (permitted !== undefined) this.tap?.trailers(permitted);
    this.#stream.end(permitted);
  }

  /** Accepts a WebSocket (RFC 8441 section 5). */
  accept(headers: RawHeaders): void {
    this.#stream.respond({ status: 200, headers }, { endOfBody: false });
    this.#status = 101;
    this.tap?.responded({ status: 101, headers });
    this.#settle({ aborted: false });
  }

  /** Ends the request with an error: with a response if possible, else by a reset. */
  fail(thrown: unknown): void {
    if (this.hasResponded) this.#abortResponse(thrown);
    else this.#respondWith(asTargetError(thrown, this.#context.target));
  }

  /** The agent closes. Browsers reconnect an event stream that breaks. */
  cut(): void {
    this.#abortResponse(new PosternError('ERR_LINK_LOST', 'the agent closes'));
  }

  /** The visitor disconnected or the link was lost: no response is possible. To leave is how an event stream ends. */
  discard(): void {
    this.#settle({ aborted: !this.#context.eventStreams.has(this) });
  }

  /** The whole response was handed to the link. */
  sent(): void {
    this.#settle({ aborted: false });
  }

  #respondWith(error: PosternError): void {
    this.#context.log.warn({ err: error, code: error.code }, 'the target gave no answer');
    this.#failure = error.message;
    this.#isEnded = true;
    this.#status = error.status;
    const head = { status: error.status, headers: ['postern-error', error.code] };
    this.#stream.respond(head, { endOfBody: true });
    this.tap?.responded(head);
    this.#settle({ aborted: false });
  }

  #abortResponse(cause: unknown): void {
    if (this.#isSettled || this.#isEnded) return;
    this.#failure = asTargetError(cause, this.#context.target).message;
    this.#context.log.debug({ err: cause }, 'an answer ended before it was whole');
    this.#stream.cancel();
    this.#settle({ aborted: true });
  }

  #settle(end: { readonly aborted: boolean }): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (this.#context.eventStreams.size > 0) this.#context.eventStreams.delete(this);
    this.#context.record(
      this.#makeRecord({ status: this.#status || STATUS_CLIENT_CLOSED, aborted: end.aborted, failure: this.#failure }),
    );
    if (this.#status !== 101) this.tap?.ended({ aborted: end.aborted, failure: this.#failure });
  }
}

function isEventStream(headers: RawHeaders): boolean {
  return fieldValue(headers, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true;
}
