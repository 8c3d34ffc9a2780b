/**
 * The half of a relayed request at the node where it came in: the client end of an exchange whose agent is at another node. The
 * body waits until that node has a link for it, so that a request which finds none has lost nothing and may be tried elsewhere.
 */
import type { Duplex } from 'node:stream';
import { asPosternError, type PosternError } from '../errors.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead, ResponseHead } from '../http/exchange.js';
import type { RawHeaders } from '../http/fields.js';
import { wasNotProcessed } from '../link/client-stream.js';
import type { PeerLink } from './peer-link.js';

/**
 * What has become of a relayed request: `responded` when a response has begun, `not-here` when the other node has no such link or
 * cannot be reached, which may be tried again, `failed` when it broke off before a response, `cancelled` when the visitor left.
 */
export type RelayOutcome = 'responded' | 'not-here' | 'failed' | 'cancelled';

export class RelayedStream implements OutboundStream {
  readonly #observer: OutboundObserver;
  #tell: ((outcome: RelayOutcome) => void) | undefined;
  #stream: OutboundStream | undefined;
  #state: 'waiting' | 'accepted' | 'over' = 'waiting';
  #isAccepted = false;
  #isPaused = false;
  #held: Buffer[] = [];
  #heldEnd: { readonly trailers: RawHeaders | undefined } | undefined;

  /** `tell` is called once. */
  constructor(observer: OutboundObserver, tell?: (outcome: RelayOutcome) => void) {
    this.#observer = observer;
    this.#tell = tell;
  }

  /** Opens it on a link, once that is there. */
  start(link: PeerLink | Promise<PeerLink>, head: RequestHead, options: OpenOptions): void {
    const fail = (error: unknown) => this.failed(asPosternError(error));
    if (link instanceof Promise) link.then((opened) => this.#open(opened, head, options)).catch(fail);
    else {
      try {
        this.#open(link, head, options);
      } catch (error) {
        queueMicrotask(() => fail(error)); // the caller has no stream yet
      }
    }
  }

  get unsent(): readonly Buffer[] | undefined {
    return this.#isAccepted ? undefined : this.#held;
  }

  get writableLength(): number {
    return this.#stream?.writableLength ?? this.#heldBytes;
  }

  get bytesWritten(): number {
    return (this.#stream?.bytesWritten ?? 0) + this.#heldBytes;
  }

  write(chunk: Buffer): boolean {
    if (this.#state === 'accepted') return this.#stream?.write(chunk) ?? false;
    this.#held.push(chunk);
    return false;
  }

  end(trailers?: RawHeaders): void {
    if (this.#state === 'accepted') this.#stream?.end(trailers);
    else this.#heldEnd = { trailers };
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream?.resume();
  }

  takeBody(): Duplex {
    if (this.#stream === undefined) throw new TypeError('a body before its response');
    return this.#stream.takeBody();
  }

  cancel(): void {
    this.#state = 'over';
    this.#told('cancelled');
    this.#held = [];
    this.#stream?.cancel();
  }

  /** The other node has a link for it. */
  accepted(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'accepted';
    this.#isAccepted = true;
    const held = this.#held;
    this.#held = [];
    let canWriteMore = true;
    for (const chunk of held) canWriteMore = this.#stream?.write(chunk) === true;
    if (this.#heldEnd !== undefined) this.#stream?.end(this.#heldEnd.trailers);
    else if (canWriteMore) this.#observer.drain();
  }

  /** The other node passes the head of a response on. */
  responded(): void {
    this.accepted();
    this.#told('responded');
  }

  failed(error: PosternError): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#told(wasNotProcessed(error) ? 'not-here' : 'failed');
    this.#observer.failed(error);
  }

  #told(outcome: RelayOutcome): void {
    this.#tell?.(outcome);
    this.#tell = undefined;
  }

  get #heldBytes(): number {
    return this.#held.reduce((bytes, { length }) => bytes + length, 0);
  }

  #open(link: PeerLink, head: RequestHead, options: OpenOptions): void {
    if (this.#state === 'over') return;
    this.#stream = link.open(head, options, new Responses(this, this.#observer));
    if (this.#isPaused) this.#stream.pause();
    if (options.endOfBody) this.#state = 'accepted'; // there is no body to keep
  }
}

/** What arrives from the other node. */
class Responses implements OutboundObserver {
  readonly #stream: RelayedStream;
  readonly #observer: OutboundObserver;

  constructor(stream: RelayedStream, observer: OutboundObserver) {
    this.#stream = stream;
    this.#observer = observer;
  }

  informational(head: ResponseHead): void {
    if (head.status === 100) this.#stream.accepted();
    else this.#observer.informational(head);
  }

  response(head: ResponseHead, endOfBody: boolean): void {
    this.#stream.responded();
    this.#observer.response(head, endOfBody);
  }

  data(chunk: Buffer): void {
    this.#observer.data(chunk);
  }

  trailers(trailers: RawHeaders): void {
    this.#observer.trailers(trailers);
  }

  end(): void {
    this.#observer.end();
  }

  drain(): void {
    this.#observer.drain();
  }

  failed(error: PosternError): void {
    this.#stream.failed(error);
  }

  closed(): void {
    this.#observer.closed?.();
  }
}
