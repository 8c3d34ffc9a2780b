/** A request of our own, as a link would bring it, and the beginning of its response. */
import type { Duplex } from 'node:stream';
import { PosternError } from '../../errors.js';
import type { InboundObserver, InboundStream, RequestHead, ResponseHead, SendOptions } from '../../http/exchange.js';
import type { RawHeaders } from '../../http/fields.js';

/** The head, and the first characters of the body. */
export interface TrialResponse {
  readonly status: number;
  readonly headers: RawHeaders;
  /** As latin1. */
  readonly text: string;
}

// A refusal and its reason are at the beginning; a dev server's page may be endless.
const MAX_BYTES = 65_536;

/** Without a body. The rest of a long response is not read: for the target the visitor has left. */
export class TrialStream implements InboundStream {
  readonly endOfBody = true;
  readonly head: RequestHead;
  /** Rejects when the response breaks off. */
  readonly response: Promise<TrialResponse>;
  readonly #chunks: Buffer[] = [];
  #observer: InboundObserver | undefined;
  #responded: ResponseHead | undefined;
  #receivedBytes = 0;
  #resolve: (response: TrialResponse) => void = () => {};
  #reject: (error: PosternError) => void = () => {};

  constructor(head: RequestHead) {
    this.head = head;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The visitor leaves: what has arrived is the response. */
  leave(): void {
    this.#settle();
    this.#observer?.cancelled();
    this.#observer = undefined;
  }

  observe(observer: InboundObserver): void {
    this.#observer = observer;
  }

  respond(head: ResponseHead, { endOfBody }: SendOptions): void {
    this.#responded = head;
    if (endOfBody) this.end();
  }

  write(chunk: Buffer): boolean {
    return this.writeCopy(chunk);
  }

  writeCopy(chunk: Buffer): boolean {
    this.#chunks.push(Buffer.from(chunk));
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes >= MAX_BYTES) queueMicrotask(() => this.leave()); // in no call of the one who writes
    return true;
  }

  end(): void {
    this.#settle();
    this.#observer?.sent();
    this.#observer = undefined;
  }

  cancel(): void {
    this.#reject(new PosternError('ERR_TARGET_REFUSED', 'the response broke off before its end'));
    this.#observer = undefined;
  }

  takeBody(): Duplex {
    throw new PosternError('ERR_INTERNAL', 'a trial is no WebSocket');
  }

  informational(): void {}
  pause(): void {}
  resume(): void {}

  #settle(): void {
    if (this.#responded === undefined) {
      this.#reject(new PosternError('ERR_TARGET_TIMEOUT', 'there was no response in time'));
      return;
    }
    const { status, headers } = this.#responded;
    this.#resolve({ status, headers, text: Buffer.concat(this.#chunks).toString('latin1', 0, MAX_BYTES) });
  }
}
