/**
 * One exchange while it runs: it watches request and response, and keeps what the inspector shows of them. When it has ended, all
 * of it is written to where it is kept (`exchange-record.ts`), and the object goes as young as it came: ten thousand
 * objects that live for seconds would cost the garbage collector more than all else that capture does. Those with
 * messages stay. Rows and details are made when they are asked for (`describe.ts`).
 */
import type { RequestHead, ResponseHead } from '../../http/exchange.js';
import { fieldValue, type RawHeaders } from '../../http/fields.js';
import { readEmail } from '../target/request-record.js';
import type { ExchangeTap } from '../target/tap.js';
import { BodyCopy, type BodyKeeper } from './body-copy.js';
import type { TunnelName } from './inspected-tunnels.js';
import type { KeptExchange } from './kept-exchange.js';
import { MessageLog } from './message-log.js';
import { ServerEventReader } from './server-event-reader.js';
import { WebSocketReader } from './websocket-reader.js';

/** What keeps the exchange. */
export interface Keeper {
  readonly bodyBytes: number;
  /** Where the next byte of all exchanges will be. */
  readonly position: number;
  /** Makes room for more bytes of an exchange and writes them there; false when it is not kept any more. */
  write(captured: Captured, bytes: Uint8Array): boolean;
  read(position: number, target: Buffer): boolean;
  /**
   * Makes room for more of an exchange (or less), which is accounted for; false when the exchange itself is not kept any more, and
   * when it is pinned and all that is pinned takes up too much.
   */
  reserve(captured: Captured, bytes: number): boolean;
  idOf(seq: number): string;
  isPinned(seq: number): boolean;
  noteOf(seq: number): string;
  /** Its row has changed. */
  changed(captured: Captured): void;
  /** It has another message. */
  messaged(captured: Captured): void;
  /** The response is over. */
  ended(captured: Captured): void;
  /** The visitor sends on after that. */
  resumed(captured: Captured): void;
}

export interface CapturedFields {
  readonly tunnel: TunnelName;
  readonly head: RequestHead;
  readonly replayOf: string | undefined;
  /** The round trip between edge and agent, as far as it is known. */
  readonly linkMs: number | undefined;
}

// The objects of an exchange while it runs; its head is held by its stream as well.
const BASE_BYTES = 1_500;

export class Captured implements ExchangeTap, KeptExchange, BodyKeeper {
  readonly seq: number;
  readonly tunnel: TunnelName;
  readonly replayOf: string | undefined;
  readonly linkMs: number | undefined;
  readonly head: RequestHead;
  readonly startedAtMs = Date.now();
  readonly requestBody = new BodyCopy(this);
  readonly responseBody = new BodyCopy(this);
  response: ResponseHead | undefined;
  responseTrailers: RawHeaders = NO_FIELDS;
  /** Of a WebSocket, or of an event stream. */
  messages: MessageLog | undefined;
  failure: string | undefined;
  isAborted = false;
  /** Milliseconds since its arrival. */
  firstByteMs: number | undefined;
  endedMs: number | undefined;
  /** What it takes up as an object, as accounted. */
  heldBytes = BASE_BYTES;
  isKept = true;
  readonly #keeper: Keeper;
  readonly #startedMs = performance.now();
  #events: ServerEventReader | undefined;
  #frames: { readonly visitor: WebSocketReader; readonly target: WebSocketReader } | undefined;

  constructor(keeper: Keeper, seq: number, { tunnel, head, replayOf, linkMs }: CapturedFields) {
    this.#keeper = keeper;
    this.seq = seq;
    this.tunnel = tunnel;
    this.head = head;
    this.replayOf = replayOf;
    this.linkMs = linkMs;
  }

  get id(): string {
    return this.#keeper.idOf(this.seq);
  }

  get isWebSocket(): boolean {
    return this.head.protocol === 'websocket';
  }

  get person(): string | undefined {
    return readEmail(fieldValue(this.head.headers, PERSON));
  }

  get isPinned(): boolean {
    return this.#keeper.isPinned(this.seq);
  }

  get note(): string {
    return this.#keeper.noteOf(this.seq);
  }

  get cost(): number {
    return this.heldBytes + this.requestBody.passing + this.responseBody.passing;
  }

  /** What its head and that of its response take up, once nothing else holds them. */
  get headBytes(): number {
    const { head, response } = this;
    return BASE_BYTES + head.path.length + bytesOf(head.headers) + bytesOf(response?.headers ?? NO_FIELDS);
  }

  get bodyBytes(): number {
    return this.#keeper.bodyBytes;
  }

  get position(): number {
    return this.#keeper.position;
  }

  write(bytes: Uint8Array): boolean {
    return this.#keeper.write(this, bytes);
  }

  read(position: number, target: Buffer): boolean {
    return this.#keeper.read(position, target);
  }

  reserve(bytes: number): boolean {
    return this.#keeper.reserve(this, bytes);
  }

  requestBytes(chunk: Buffer): void {
    if (this.endedMs !== undefined) this.#keeper.resumed(this);
    if (this.#frames === undefined) return void this.requestBody.add(chunk);
    this.requestBody.pass(chunk);
    this.#frames.visitor.read(chunk);
  }

  responded(head: ResponseHead): void {
    this.response = head;
    this.firstByteMs = performance.now() - this.#startedMs;
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
    this.responseTrailers = trailers;
  }

  ended({ aborted, failure }: { readonly aborted: boolean; readonly failure: string | undefined }): void {
    this.endedMs = performance.now() - this.#startedMs;
    this.isAborted = aborted;
    this.failure = failure;
    this.#closeFrames();
    this.#keeper.ended(this);
    this.#keeper.changed(this);
  }

  /** Keeps its bodies apart from what goes. Returns what they take up there. */
  hold(): number {
    const bytes = this.requestBody.passing + this.responseBody.passing;
    this.requestBody.hold();
    this.responseBody.hold();
    return bytes;
  }

  /** It is not kept any more, and neither is what has passed. */
  release(): void {
    this.isKept = false;
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
    const reserve = (bytes: number) => this.reserve(bytes);
    this.messages = new MessageLog(this.bodyBytes, reserve, () => this.#keeper.messaged(this));
    return this.messages;
  }
}

/** The field that names who has made a request. */
export const PERSON = 'x-forwarded-email';

const NO_FIELDS: RawHeaders = [];

// Of a text as an object of its own.
const TEXT_BYTES = 24;

function bytesOf(fields: RawHeaders): number {
  return fields.reduce((sum, text) => sum + TEXT_BYTES + text.length, 0);
}

/** Whether a response is an event stream, by its media type. */
export function isEventStream({ headers }: ResponseHead): boolean {
  return fieldValue(headers, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true;
}

// Hardly any server compresses one, since each event would wait in the compressor.
function isPlainEventStream(head: ResponseHead): boolean {
  return isEventStream(head) && fieldValue(head.headers, 'content-encoding') === undefined;
}
