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
  readonly #stream: OutboundStream;
  readonly #exchange: UploadOwner;
  #trailers: RawHeaders | undefined;

  constructor(visit: Visit, stream: OutboundStream, exchange: UploadOwner) {
    this.#visit = visit;
    this.#stream = stream;
    this.#exchange = exchange;
  }

  data(chunk: Buffer): void {
    this.#exchange.received(chunk.length);
    if (!this.#stream.write(chunk)) this.#visit.pause();
  }

  trailers(trailers: RawHeaders): void {
    this.#trailers = filterTrailers(trailers);
  }

  end(): void {
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
