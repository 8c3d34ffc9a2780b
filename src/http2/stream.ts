/**
 * One stream: a request and its answer (RFC 9113 sections 5.1 and 8.1), the same object in both roles. Light on purpose:
 * a `Duplex` for each request costs more than its frames do, so bodies go through an observer and `write`; where a Duplex
 * is wanted, `StreamBody` puts one on top.
 */
import type { Buffer } from 'node:buffer';
import { Code, type Http2Error, Http2StreamError } from './errors.js';
import { checkResponse, checkTrailers } from './header-fields.js';
import { ReceivedMessage } from './message.js';
import { type BodyReader, ReceiveSide } from './receive-side.js';
import { type Head, SendSide, type SendSideOwner } from './send-side.js';
import type { Role } from './settings.js';
import { ReceiveWindow } from './window.js';

/**
 * What a stream tells of itself. Order: `informational`*, `headers` (both in the client role only: the server role is
 * given the head with the stream), `data`*, `trailers`?, `end`; `closed` is last, once, at any point. Field lists are
 * flat, pseudo-fields first. After `reset` nothing more is called.
 */
export interface StreamObserver extends BodyReader {
  informational?(fields: string[]): void;
  headers?(fields: string[], endStream: boolean): void;
  /** After `write` returned false: write on. Also when the end has been handed below. */
  drain?(): void;
  /** Without an error when both directions ended as they should: a body that was cut short always has one. */
  closed(error: Http2Error | undefined): void;
}

/** What a stream asks of its connection. */
export interface StreamOwner {
  sendHead(stream: Http2Stream, head: Head): void;
  /** The stream has something to send. */
  wake(stream: Http2Stream): void;
  /** Sends RST_STREAM, unless the peer has never heard of the stream, and forgets it. */
  reset(stream: Http2Stream, code: number): void;
  /** The reader took bytes that were held. */
  released(stream: Http2Stream, bytes: number): void;
  /** Both directions are over. */
  forget(stream: Http2Stream): void;
}

export interface StreamStart {
  readonly id: number;
  readonly role: Role;
  readonly sendWindowBytes: number;
  readonly receiveWindowBytes: number;
  /** The head of the request: the peer's in the server role, else ours. */
  readonly request: readonly string[];
}

const NOBODY: BodyReader = { data: () => {}, trailers: () => {}, end: () => {} };

export class Http2Stream implements SendSideOwner {
  readonly id: number;
  /** The two directions, for the connection alone. */
  readonly sending: SendSide;
  readonly receiving: ReceiveSide;
  readonly #owner: StreamOwner;
  readonly #role: Role;
  readonly #message: ReceivedMessage;
  #observer: StreamObserver | undefined;
  #state: 'open' | 'over' | 'closed' = 'open';
  #error: Http2Error | undefined;
  #isHeadGiven = false;
  #isEndSent = false;
  #isDiscarding = false;

  /** Throws `MalformedFields` when the request is not one. */
  constructor(owner: StreamOwner, start: StreamStart) {
    this.#message = new ReceivedMessage(start.id, start.role, start.request);
    this.#owner = owner;
    this.#role = start.role;
    this.id = start.id;
    this.sending = new SendSide(start.id, start.sendWindowBytes, this);
    const window = new ReceiveWindow(start.receiveWindowBytes, start.receiveWindowBytes);
    this.receiving = new ReceiveSide(start.id, window, this.#message.expectedBytes);
  }

  /** Nothing more goes out or comes in, though what is held may still be read. */
  get isOver(): boolean {
    return this.#state !== 'open';
  }

  /** The final head was given. */
  get headersSent(): boolean {
    return this.#isHeadGiven;
  }

  /** Everything up to our end has been handed below: the peer gets it unless the connection is lost. */
  get endSent(): boolean {
    return this.#isEndSent;
  }

  /** Bytes that were written and have not left. */
  get pendingBytes(): number {
    return this.sending.pendingBytes;
  }

  observe(observer: StreamObserver): void {
    this.#observer = observer;
    this.receiving.reader = observer;
  }

  /** Server role: sends a 1xx head, until the final one was sent. Throws `MalformedFields`. */
  sendInformational(fields: readonly string[]): void {
    checkResponse(fields);
    if (this.#isHeadGiven || this.isOver) return;
    this.#owner.sendHead(this, { fields, kind: 'informational' });
  }

  /** Server role: sends the final head, once. Throws `MalformedFields`. */
  sendHeaders(fields: readonly string[], options: { readonly endStream: boolean }): void {
    checkResponse(fields);
    this.sendFinalHead(fields, options);
  }

  /** Takes over a chunk of the body. False when to wait for `drain`, or when the stream is over. */
  write(chunk: Buffer): boolean {
    const isWelcome = this.sending.write(chunk);
    this.#owner.wake(this);
    return isWelcome;
  }

  /** Ends the body, with trailers if there are any. Throws `MalformedFields`. */
  end(trailers: readonly string[] = []): void {
    checkTrailers(trailers);
    if (this.sending.isEnding) return;
    this.sending.end(trailers);
    this.#owner.wake(this);
  }

  /** Resets the stream at both ends; the observer hears nothing more. Without effect on one that is over. */
  reset(code: number = Code.CANCEL): void {
    const isOpen = this.#state === 'open';
    this.#observer = undefined;
    this.#state = 'closed';
    this.#abandon();
    if (isOpen) this.#owner.reset(this, code);
  }

  /** Holds what arrives back from the observer; the peer may fill the stream's window and no more. */
  pause(): void {
    this.receiving.pause();
  }

  resume(): void {
    this.#owner.released(this, this.receiving.resume());
    this.#close();
  }

  /**
   * Drops what still arrives. In the server role, once the answer has left whole, the peer is asked to stop sending
   * (RST_STREAM with NO_ERROR, section 8.1).
   */
  discard(): void {
    this.#isDiscarding = true;
    if (!this.receiving.isDelivered) this.receiving.reader = NOBODY;
    this.resume();
    this.#stopPeer();
  }

  // What follows is for the connection and the send queue.

  /** Queues the final head: of an answer, or of the request that the connection opens. */
  sendFinalHead(fields: readonly string[], options: { readonly endStream: boolean }): void {
    if (this.#isHeadGiven || this.isOver) return;
    this.#isHeadGiven = true;
    if (options.endStream) this.sending.end([]);
    this.#owner.sendHead(this, { fields, kind: 'final' });
  }

  /** Takes a field list that came after the request: a head of the answer, or trailers. */
  receiveFields(fields: string[], endStream: boolean): void {
    this.#requireUnended();
    const kind = this.#message.next(fields, { endStream });
    if (kind === 'informational') this.#observer?.informational?.(fields);
    else if (kind === 'trailers') this.#endReceiving(fields);
    else {
      this.receiving.expect(this.#message.expectedBytes, { endStream });
      this.#observer?.headers?.(fields, endStream);
      if (endStream && !this.isOver) this.#endReceiving(undefined);
    }
  }

  /** Takes DATA; returns how many bytes of it are held. `flowBytes` counts its padding too. */
  receiveData(chunk: Buffer, flowBytes: number, endStream: boolean): number {
    this.#requireUnended();
    this.#message.requireContent();
    if (this.receiving.window.take(flowBytes) === 'exceeded') {
      throw new Http2StreamError(this.id, Code.FLOW_CONTROL_ERROR, 'DATA past the window of the stream');
    }
    const held = chunk.length > 0 ? this.receiving.take(chunk, { endStream }) : 0;
    if (endStream && !this.isOver) this.#endReceiving(undefined);
    return held;
  }

  /** Ends a request that came without content. */
  receiveEnd(): void {
    if (!this.isOver) this.#endReceiving(undefined);
  }

  drained(): void {
    this.#observer?.drain?.();
  }

  endLeft(): void {
    if (this.isOver) return;
    this.#isEndSent = true;
    this.#observer?.drain?.();
    this.#stopPeer();
    this.#close();
  }

  /** The stream ended from outside: by the peer, by an error in what it received, or with its connection. */
  fail(error: Http2Error | undefined): void {
    if (this.isOver) return;
    this.#state = 'over';
    this.#error = error;
    // A body that has arrived whole stays whole, whatever came after it.
    if (!this.receiving.isEnded) this.#abandon();
    this.#close();
  }

  #endReceiving(trailers: string[] | undefined): void {
    this.receiving.end(trailers);
    this.#close();
  }

  #requireUnended(): void {
    if (this.receiving.isEnded) throw new Http2StreamError(this.id, Code.STREAM_CLOSED, 'a frame after END_STREAM');
  }

  #stopPeer(): void {
    if (!this.#isDiscarding || !this.#isEndSent || this.#role === 'client') return;
    if (this.isOver || this.receiving.isEnded) return;
    this.#state = 'over';
    this.#abandon();
    this.#owner.reset(this, Code.NO_ERROR);
    this.#close();
  }

  #abandon(): void {
    this.#owner.released(this, this.receiving.abandon());
  }

  #close(): void {
    if (this.#state === 'open' && this.receiving.isEnded && this.sending.isOver) {
      this.#state = 'over';
      this.#owner.forget(this);
    }
    if (this.#state !== 'over' || !this.receiving.isDelivered) return;
    this.#state = 'closed';
    this.#observer?.closed(this.#error);
  }
}
