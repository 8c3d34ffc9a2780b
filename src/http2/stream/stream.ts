/**
 * One stream: a request and its response (RFC 9113 sections 5.1 and 8.1), the same object in both roles. Light on purpose:
 * a `Duplex` for each request costs more than its frames do, so bodies go through an observer and `write`; where a Duplex
 * is wanted, `StreamBody` puts one on top.
 */
import type { Buffer } from 'node:buffer';
import type { BytePool } from '../byte-pool.js';
import { type Http2Error, Http2ErrorCode } from '../errors.js';
import type { Role } from '../frame/settings.js';
import { ReceivedMessage } from '../message/message.js';
import { checkResponse, checkTrailers } from '../message/message-fields.js';
import { SendHalf, type SendHalfOwner } from '../send/send-half.js';
import type { StreamObserver, StreamOwner } from './observer.js';
import { ReceiveHalf } from './receive-half.js';

export type { StreamObserver } from './observer.js';

export interface StreamStart {
  readonly id: number;
  readonly role: Role;
  readonly sendWindowBytes: number;
  readonly receiveWindowBytes: number;
  readonly sendPool?: BytePool | undefined;
  /** The head of the request: the peer's in the server role, else ours. */
  readonly request: readonly string[];
}

export class Http2Stream implements SendHalfOwner {
  readonly id: number;
  readonly role: Role;
  /** The two directions, for the connection alone. */
  readonly sending: SendHalf;
  readonly receiving: ReceiveHalf;
  readonly #owner: StreamOwner<Http2Stream>;
  #observer: StreamObserver | undefined;
  #state: 'open' | 'over' | 'closed' = 'open';
  #error: Http2Error | undefined;
  #isHeadGiven = false;
  #isEndSent = false;
  #isDiscarding = false;

  /** Throws `MalformedFields` when the request is not one. */
  constructor(owner: StreamOwner<Http2Stream>, start: StreamStart) {
    const message = new ReceivedMessage(start.id, start.role, start.request, owner.sentFields);
    this.#owner = owner;
    this.role = start.role;
    this.id = start.id;
    this.sending = new SendHalf(start.id, start.sendWindowBytes, this, start.sendPool);
    this.receiving = new ReceiveHalf(start.id, start.receiveWindowBytes, message);
  }

  /** The peer has opened it, or our head has left: frames may name it. */
  get isKnownToPeer(): boolean {
    return this.role === 'server' || this.sending.hasBegun;
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

  /** Bytes that have left. */
  get sentBytes(): number {
    return this.sending.sentBytes;
  }

  /** Bytes that were ever written, those that have not left included. */
  get writtenBytes(): number {
    return this.sending.sentBytes + this.sending.pendingBytes;
  }

  observe(observer: StreamObserver): void {
    this.#observer = observer;
    this.receiving.reader = observer;
  }

  /** Server role: sends a 1xx head, until the final one was sent. Throws `MalformedFields`. */
  sendInformational(fields: readonly string[]): void {
    checkResponse(fields, this.#owner.sentFields);
    if (this.#isHeadGiven || this.isOver) return;
    this.#owner.sendHead(this, { fields, kind: 'informational' });
  }

  /** Server role: sends the final head, once. Throws `MalformedFields`. */
  sendHeaders(fields: readonly string[], options: { readonly endStream: boolean }): void {
    checkResponse(fields, this.#owner.sentFields);
    this.sendFinalHead(fields, options);
  }

  /** Takes over a chunk of the body. False when to wait for `drain`, or when the stream is over. */
  write(chunk: Buffer): boolean {
    const canWriteMore = this.sending.write(chunk);
    this.#owner.wake(this);
    return canWriteMore;
  }

  /** Ends the body, with trailers if there are any. Throws `MalformedFields`. */
  end(trailers: readonly string[] = []): void {
    checkTrailers(trailers, this.#owner.sentFields);
    if (this.sending.isEnding) return;
    this.sending.end(trailers);
    this.#owner.wake(this);
  }

  /** Resets the stream at both ends; the observer hears nothing more. Without effect on one that is over. */
  reset(code: number = Http2ErrorCode.CANCEL): void {
    const isOpen = this.#state === 'open';
    this.#observer = undefined;
    this.#state = 'closed';
    this.#abortReceiving();
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
   * Drops what still arrives. In the server role, once the response has left whole, the peer is asked to stop sending
   * (RST_STREAM with NO_ERROR, section 8.1).
   */
  discard(): void {
    this.#isDiscarding = true;
    this.#owner.released(this, this.receiving.discard());
    this.#close();
    this.#stopSender();
  }

  // What follows is for the connection and the send queue.

  /** Queues the final head: of a response, or of the request that the connection opens. */
  sendFinalHead(fields: readonly string[], options: { readonly endStream: boolean }): void {
    if (this.#isHeadGiven || this.isOver) return;
    this.#isHeadGiven = true;
    if (options.endStream) this.sending.end([]);
    this.#owner.sendHead(this, { fields, kind: 'final' });
  }

  /** Takes a list of fields that came after the request. Throws `Http2StreamError`. */
  receiveFields(fields: string[], flags: number): void {
    this.receiving.receiveFields(fields, flags);
    this.#close();
  }

  /** Takes DATA; returns how many bytes of it are held. Throws `Http2StreamError`. */
  receiveData(chunk: Buffer, flowBytes: number, flags: number): number {
    const bufferedBytes = this.receiving.receiveData(chunk, flowBytes, flags);
    this.#close();
    return bufferedBytes;
  }

  /** Ends a request that came without content. */
  receiveEnd(): void {
    this.receiving.end(undefined);
    this.#close();
  }

  drained(): void {
    this.#observer?.drain?.();
  }

  endStreamSent(): void {
    if (this.isOver) return;
    this.#isEndSent = true;
    this.#observer?.drain?.();
    this.#stopSender();
    this.#close();
  }

  /** The stream ended from outside: by the peer, by an error in what it received, or with its connection. */
  fail(error: Http2Error | undefined): void {
    if (this.isOver) return;
    this.#state = 'over';
    this.#error = error;
    // A response that has arrived whole stays whole, whatever came after it. A request is worth nothing any more, and who
    // works for it must hear so at once, though they have not read it to its end.
    if (this.role === 'server' || !this.receiving.isEnded) this.#abortReceiving();
    this.#close();
  }

  #stopSender(): void {
    if (!this.#isDiscarding || !this.#isEndSent || this.role === 'client') return;
    if (this.receiving.isEnded) return; // as it has in each stream that is over
    this.#state = 'over';
    this.#abortReceiving();
    this.#owner.reset(this, Http2ErrorCode.NO_ERROR);
    this.#close();
  }

  #abortReceiving(): void {
    this.#owner.released(this, this.receiving.abort());
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
