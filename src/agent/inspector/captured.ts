/**
 * One exchange as it is captured: it watches request and response, and keeps what the inspector shows of them. Rows and details
 * are made of it when they are asked for (`describe.ts`), not while the exchange runs.
 */
import type { RequestHead, ResponseHead } from '../../http/exchange.js';
import { fieldValue, type RawHeaders } from '../../http/fields.js';
import { readEmail } from '../target/request-record.js';
import type { ExchangeTap } from '../target/tap.js';
import { BodyCopy } from './body-copy.js';
import type { TunnelName } from './inspected-tunnels.js';
import { KeptFields } from './kept-fields.js';
import { MessageLog } from './message-log.js';
import { ServerEventReader } from './server-event-reader.js';
import { WebSocketReader } from './websocket-reader.js';

/** What keeps the exchange. */
export interface Keeper {
  readonly bodyBytes: number;
  /** Makes room for more of an exchange (or less); false when the exchange itself is not kept any more. */
  reserve(captured: Captured, bytes: number): boolean;
  /** Its row has changed. */
  changed(captured: Captured): void;
  /** It has another message. */
  messaged(captured: Captured): void;
}

export interface CapturedFields {
  readonly id: string;
  readonly seq: number;
  readonly tunnel: TunnelName;
  readonly head: RequestHead;
  readonly replayOf: string | undefined;
  /** The round trip between edge and agent, as far as it is known. */
  readonly linkMs: number | undefined;
}

// The objects of an exchange without headers and bodies; measured with 10,000 of them.
const BASE_BYTES = 1_500;

export class Captured implements ExchangeTap {
  readonly id: string;
  readonly seq: number;
  readonly tunnel: TunnelName;
  readonly replayOf: string | undefined;
  readonly linkMs: number | undefined;
  /** Who has made the request. Apart from the headers, which take long to read for all exchanges. */
  readonly person: string | undefined;
  readonly startedAtMs = Date.now();
  readonly requestBody: BodyCopy;
  readonly responseBody: BodyCopy;
  /** Of a WebSocket, or of an event stream. */
  messages: MessageLog | undefined;
  failure: string | undefined;
  isAborted = false;
  isPinned = false;
  note = '';
  /** What it takes up, as accounted. */
  cost: number;
  /** Milliseconds since its arrival. */
  firstByteMs: number | undefined;
  endedMs: number | undefined;
  readonly #keeper: Keeper;
  readonly #head: Omit<RequestHead, 'headers'>;
  readonly #requestHeaders: KeptFields;
  #status: number | undefined;
  #responseHeaders: KeptFields | undefined;
  #trailers: KeptFields | undefined;
  readonly #startedMs = performance.now();
  #events: ServerEventReader | undefined;
  #frames: { readonly visitor: WebSocketReader; readonly target: WebSocketReader } | undefined;

  constructor(keeper: Keeper, { id, seq, tunnel, head, replayOf, linkMs }: CapturedFields) {
    this.id = id;
    this.seq = seq;
    this.tunnel = tunnel;
    const { headers, ...rest } = head;
    this.#head = rest;
    this.#requestHeaders = new KeptFields(headers);
    this.replayOf = replayOf;
    this.linkMs = linkMs;
    this.person = readEmail(fieldValue(headers, 'x-forwarded-email'));
    this.cost = BASE_BYTES + head.path.length + this.#requestHeaders.length + (this.person?.length ?? 0);
    this.#keeper = keeper;
    const reserve = (bytes: number) => keeper.reserve(this, bytes);
    this.requestBody = new BodyCopy(keeper.bodyBytes, reserve);
    this.responseBody = new BodyCopy(keeper.bodyBytes, reserve);
  }

  get isWebSocket(): boolean {
    return this.#head.protocol === 'websocket';
  }

  get head(): RequestHead {
    return { ...this.#head, headers: this.#requestHeaders.read() };
  }

  get response(): ResponseHead | undefined {
    return this.#status === undefined
      ? undefined
      : { status: this.#status, headers: this.#responseHeaders?.read() ?? [] };
  }

  get responseTrailers(): RawHeaders {
    return this.#trailers?.read() ?? [];
  }

  requestBytes(chunk: Buffer): void {
    if (this.#frames === undefined) return void this.requestBody.add(chunk);
    this.requestBody.pass(chunk);
    this.#frames.visitor.read(chunk);
  }

  responded(head: ResponseHead): void {
    this.#status = head.status;
    this.#responseHeaders = new KeptFields(head.headers);
    this.firstByteMs = performance.now() - this.#startedMs;
    this.#keeper.reserve(this, this.#responseHeaders.length);
    if (head.status === 101) this.#readFrames(head);
    else if (isPlainEventStream(head)) this.#events = new ServerEventReader(this.#openLog());
    this.#keeper.changed(this);
  }

  responseBytes(chunk: Buffer): void {
    if (this.#frames === undefined) {
      this.responseBody.add(chunk);
      this.#events?.read(chunk);
    } else {
      this.responseBody.pass(chunk);
      this.#frames.target.read(chunk);
    }
  }

  trailers(trailers: RawHeaders): void {
    if (trailers.length > 0) this.#trailers = new KeptFields(trailers);
  }

  ended({ aborted, failure }: { readonly aborted: boolean; readonly failure: string | undefined }): void {
    this.endedMs = performance.now() - this.#startedMs;
    this.isAborted = aborted;
    this.failure = failure;
    this.#closeFrames();
    this.#keeper.changed(this);
  }

  /** It is not kept any more, and neither is what has passed. */
  release(): void {
    this.requestBody.release();
    this.responseBody.release();
    this.messages?.release();
    this.#closeFrames();
  }

  #closeFrames(): void {
    this.#frames?.visitor.close();
    this.#frames?.target.close();
  }

  #readFrames({ headers }: ResponseHead): void {
    const inflates = fieldValue(headers, 'sec-websocket-extensions')?.includes('permessage-deflate') === true;
    const log = this.#openLog();
    this.#frames = {
      visitor: new WebSocketReader(log, 'visitor', { inflates }),
      target: new WebSocketReader(log, 'target', { inflates }),
    };
  }

  #openLog(): MessageLog {
    const reserve = (bytes: number) => this.#keeper.reserve(this, bytes);
    this.messages = new MessageLog(this.#keeper.bodyBytes, reserve, () => this.#keeper.messaged(this));
    return this.messages;
  }
}

/** Whether a response is an event stream, by its media type. */
export function isEventStream({ headers }: ResponseHead): boolean {
  return fieldValue(headers, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true;
}

// Hardly any server compresses one, since each event would wait in the compressor.
function isPlainEventStream(head: ResponseHead): boolean {
  return isEventStream(head) && fieldValue(head.headers, 'content-encoding') === undefined;
}
