/** A request that comes from the inspector instead of a link. The agent serves it like those of a link; its response is only captured. */
import type { Duplex } from 'node:stream';
import { PosternError } from '../../errors.js';
import type { InboundObserver, InboundStream, RequestHead, SendOptions } from '../../http/exchange.js';
import type { ReplayedRequest } from './replay-request.js';

// An event stream has no end, and a person who repeats a request waits no longer.
const MAX_MS = 120_000;

export class ReplayStream implements InboundStream {
  readonly head: RequestHead;
  readonly endOfBody: boolean;
  /** Resolves when the exchange is over, whole or not. */
  readonly ended: Promise<void>;
  #body: Buffer | undefined;
  #observer: InboundObserver | undefined;
  #isFlowing = false;
  #isOver = false;
  #hasEnded: boolean;
  readonly #timer: NodeJS.Timeout;
  #resolve: () => void = () => {};

  constructor({ head, body }: ReplayedRequest) {
    this.head = head;
    this.endOfBody = body.length === 0;
    this.#hasEnded = this.endOfBody;
    this.#body = this.endOfBody ? undefined : body;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = setTimeout(() => this.leave(), MAX_MS).unref();
  }

  observe(observer: InboundObserver): void {
    this.#observer = observer;
  }

  informational(): void {}

  respond(_head: unknown, { endOfBody }: SendOptions): void {
    if (endOfBody) this.end();
  }

  write(): boolean {
    return true;
  }

  writeCopy(): boolean {
    return true;
  }

  end(): void {
    if (!this.#isOver) this.#finish((observer) => observer.sent());
  }

  pause(): void {
    this.#isFlowing = false;
  }

  resume(): void {
    if (this.#isFlowing) return;
    this.#isFlowing = true;
    setImmediate(() => this.#deliver());
  }

  takeBody(): Duplex {
    throw new PosternError('ERR_INTERNAL', 'a replay is no WebSocket');
  }

  cancel(): void {
    this.#finish(() => {});
  }

  /** As a visitor who disconnects. */
  leave(): void {
    if (!this.#isOver) this.#finish((observer) => observer.cancelled());
  }

  #deliver(): void {
    const body = this.#body;
    this.#body = undefined;
    if (body !== undefined && this.#isFlowing && !this.#isOver) this.#observer?.data(body);
    else if (body !== undefined) this.#body = body;
    if (this.#hasEnded || !this.#isFlowing || this.#isOver || this.#body !== undefined) return;
    this.#hasEnded = true;
    this.#observer?.end();
  }

  /** Tells the observer in the next turn, as a link would. */
  #finish(tell: (observer: InboundObserver) => void): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const observer = this.#observer;
    setImmediate(() => {
      if (observer !== undefined) tell(observer);
      this.#resolve();
    });
  }
}
