/** What the visitor of an exchange sends and does: the body of the request on its way to the agent, and the end of it all. */
import type { InboundObserver, OutboundStream } from '../../http/exchange.js';
import type { RawHeaders } from '../../http/fields.js';
import { filterTrailers } from '../../http/header-rules.js';
import type { Visit } from '../request/visit.js';

export interface UploadOwner {
  received(bytes: number): void;
  /** It has ended, whole or not. */
  ended(): void;
}

export class Upload implements InboundObserver {
  readonly #visit: Visit;
  #stream: OutboundStream;
  readonly #exchange: UploadOwner;
  #trailers: RawHeaders | undefined;
  #hasBegun = false;
  #hasEnded = false;

  constructor(visit: Visit, stream: OutboundStream, exchange: UploadOwner) {
    this.#visit = visit;
    this.#stream = stream;
    this.#exchange = exchange;
  }

  /** Whether all of the body can go to another stream. */
  get isMovable(): boolean {
    return !this.#hasBegun || this.#stream.unsent !== undefined;
  }

  /** Sends the body on another stream, from its first byte on. */
  moveTo(stream: OutboundStream): void {
    const unsent = this.#stream.unsent ?? [];
    this.#stream = stream;
    let canWriteMore = true;
    for (const chunk of unsent) canWriteMore = stream.write(chunk);
    if (this.#hasEnded) stream.end(this.#trailers);
    else if (canWriteMore) this.#visit.resume();
  }

  data(chunk: Buffer): void {
    this.#hasBegun = true;
    this.#exchange.received(chunk.length);
    if (!this.#stream.write(chunk)) this.#visit.pause();
  }

  trailers(trailers: RawHeaders): void {
    this.#trailers = filterTrailers(trailers);
  }

  end(): void {
    this.#hasBegun = true;
    this.#hasEnded = true;
    this.#stream.end(this.#trailers);
  }

  /** The visitor takes more of the response. */
  drain(): void {
    this.#stream.resume();
  }

  sent(): void {
    this.#exchange.ended();
  }

  cancelled(): void {
    this.#stream.cancel();
    this.#exchange.ended();
  }
}
