/**
 * One stream: a request and its response (RFC 9113 sections 5.1 and 8.1), the same class in both roles. It is light: a
 * `Duplex` for each request costs more than its frames, so content goes through an observer and `write`. `StreamBody` puts
 * a Duplex on top where one is needed.
 */
import type { Buffer } from 'node:buffer';
import { type Http2Error, Http2ErrorCode } from '../errors.js';
import type { Role } from '../frame/settings.js';
import { ReceivedMessage } from '../message/message.js';
import { checkResponse, checkTrailers } from '../message/message-fields.js';
import { SendHalf, type SendHalfOwner, type SendLimits } from '../send/send-half.js';
import type { StreamObserver, StreamOwner } from './observer.js';
import { ReceiveHalf, type ReceiveHalfOwner } from './receive-half.js';

export type { StreamObserver } from './observer.js';

export interface StreamStart {
  readonly id: number;
  readonly role: Role;
  readonly sendWindowBytes: number;
  readonly receiveWindowBytes: number;
  readonly sendLimits: SendLimits;
  /** The head of the request: the peer's in the server role, ours in the client role. */
  readonly request: readonly string[];
}

export class Http2Stream implements SendHalfOwner, ReceiveHalfOwner {
  readonly id: number;
  readonly role: Role;
  /** The two halves, for the connection only. */
  readonly sending: SendHalf;
  readonly receiving: ReceiveHalf;
  readonly #owner: StreamOwner<Http2Stream>;
  #observer: StreamObserver | undefined;
  #state: 'open' | 'over' | 'closed' = 'open';
  #error: Http2Error | undefined;
  #isHeadGiven = false;
  #isEndSent = false;
  #isDiscarding = false;

  /** Throws `MalformedFields` if the request is malformed. */
  constructor(owner: StreamOwner<Http2Stream>, start: StreamStart) {
    const message = new ReceivedMessage(start.id, start.role, start.request, owner.sentFields);
    this.#owner = owner;
    this.role = start.role;
    this.id = start.id;
    this.sending = new SendHalf(start.id, start.sendWindowBytes, this, start.sendLimits);
    this.receiving = new ReceiveHalf(this, start.id, start.receiveWindowBytes, message);
  }

  /** The stream is not idle at the peer: the peer has opened it, or our head was sent. Frames may name it. */
  get isKnownToPeer(): boolean {
    return this.role === 'server' || this.sending.hasBegun;
  }

  /** Nothing more is sent or received, though buffered content may still be read. */
  get isOver(): boolean {
    return this.#state !== 'open';
  }

  /** The final head was sent: `withdraw` can no longer take it back. */
  get isHeadSent(): boolean {
    return this.sending.isFinalHeadSent;
  }

  /** The peer's message has arrived completely, though it may not be read yet. */
  get endReceived(): boolean {
    return this.receiving.isEnded;
  }

  /** END_STREAM was sent: the peer receives everything unless the connection is lost. */
  get endSent(): boolean {
    return this.#isEndSent;
  }

  /** Bytes that were written and not yet sent. */
  get pendingBytes(): number {
    return this.sending.pendingBytes;
  }

  /** Bytes that were sent. */
  get sentBytes(): number {
    return this.sending.sentBytes;
  }

  /** All bytes that were written, sent or not. */
  get writtenBytes(): number {
    return this.sending.sentBytes + this.sending.pendingBytes;
  }

  observe(observer: StreamObserver): void {
    this.#observer = observer;
    this.receiving.reader = observer;
  }

  /** Server role: sends a 1xx head; a no-op after the final one. Throws `MalformedFields`. */
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

  /** Server role: takes back a final head that was not sent yet, and its content. False, as a no-op, once it was sent. */
  withdraw(): boolean {
    if (this.isHeadSent || this.isOver) return false;
    this.sending.withdraw();
    this.#isHeadGiven = false;
    return true;
  }

  /** Takes over a chunk of the content. False to wait for `drain`, or if the stream has ended. */
  write(chunk: Buffer): boolean {
    const canWriteMore = this.sending.write(chunk);
    this.#owner.wake(this);
    return canWriteMore;
  }

  /** As `write`, of bytes that may change once it has returned. */
  writeCopy(chunk: Buffer): boolean {
    const canWriteMore = this.sending.writeCopy(chunk);
    this.#owner.wake(this);
    return canWriteMore;
  }

  /** Ends the content, with optional trailers. Throws `MalformedFields`. */
  end(trailers: readonly string[] = []): void {
    checkTrailers(trailers, this.#owner.sentFields);
    if (this.sending.isEnding) return;
    this.sending.end(trailers);
    this.#owner.wake(this);
  }

  /** Resets the stream at both ends; the observer is no longer called. Nothing is sent if the stream has ended. */
  reset(code: number = Http2ErrorCode.CANCEL): void {
    const isOpen = this.#state === 'open';
    this.#observer = undefined;
    this.#state = 'closed';
    this.#abortReceiving();
    if (isOpen) this.#owner.reset(this, code);
  }

  /** Buffers what arrives instead of delivering it; the peer can fill the stream's window and no more. */
  pause(): void {
    this.receiving.pause();
  }

  resume(): void {
    this.#owner.released(this, this.receiving.resume());
    this.#close();
  }

  /**
   * Drops what still arrives. In the server role, once the response was sent completely, asks the peer to stop sending
   * (RST_STREAM with NO_ERROR, section 8.1).
   */
  discard(): void {
    this.#isDiscarding = true;
    this.#owner.released(this, this.receiving.discard());
    this.#close();
    this.#stopSender();
  }

  // The rest of the public methods is for the connection and the send queue.

  /** Queues the final head: of a response, or of the request that the connection opens. */
  sendFinalHead(fields: readonly string[], options: { readonly endStream: boolean }): void {
    if (this.#isHeadGiven || this.isOver) return;
    this.#isHeadGiven = true;
    if (options.endStream) this.sending.end([]);
    this.#owner.sendHead(this, { fields, kind: 'final' });
  }

  /** Processes a field list after the request. Throws `Http2StreamError`. */
  receiveFields(fields: string[], flags: number): void {
    this.receiving.receiveFields(fields, flags);
    this.#close();
  }

  /** Processes DATA; returns how many bytes of it are buffered. Throws `Http2StreamError`. */
  receiveData(chunk: Buffer, flowBytes: number, flags: number): number {
    const bufferedBytes = this.receiving.receiveData(chunk, flowBytes, flags);
    this.#close();
    return bufferedBytes;
  }

  /** Ends a request without content. */
  receiveEnd(): void {
    this.receiving.end(undefined);
    this.#close();
  }

  drained(): void {
    try {
      this.#observer?.drain?.();
    } catch (error) {
      this.observerThrew(error);
    }
  }

  /** Ends this stream, and no other, because what observes it has thrown. */
  observerThrew(error: unknown): void {
    this.#abortReceiving();
    this.#owner.observerThrew(this, error);
  }

  endStreamSent(): void {
    if (this.isOver) return;
    this.#isEndSent = true;
    this.drained();
    this.#stopSender();
    this.#close();
  }

  /** Ends the stream because of the peer, of an error in what was received, or with its connection. */
  fail(error: Http2Error | undefined): void {
    if (this.isOver) return;
    this.#state = 'over';
    this.#error = error;
    // A complete response stays complete, whatever came after it. A request has lost its purpose, and its handler must
    // learn that at once, even if it has not read the request to its end.
    if (this.role === 'server' || !this.receiving.isEnded) this.#abortReceiving();
    this.#close();
  }

  #stopSender(): void {
    if (!this.#isDiscarding || !this.#isEndSent || this.role === 'client') return;
    if (this.receiving.isEnded) return; // as in every stream that has ended
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
    try {
      this.#observer?.closed(this.#error);
    } catch (error) {
      this.#owner.observerThrew(this, error);
    }
  }
}
