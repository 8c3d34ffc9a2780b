/** What a stream of the engine reports, in the words of a visit. */

import type { RawHeaders } from '../../../http/fields.js';
import type { StreamObserver } from '../../../http2/stream/stream.js';

/** A visit as its stream sees it. */
export interface ReceivedRequest {
  received(chunk: Buffer): void;
  trailersReceived(trailers: RawHeaders): void;
  endReceived(): void;
  drained(): void;
  closed(): void;
}

/** The stream's observer: `end` means something else to it than to a visit. */
export class RequestReceiver implements StreamObserver {
  readonly #visit: ReceivedRequest;

  constructor(visit: ReceivedRequest) {
    this.#visit = visit;
  }

  data(chunk: Buffer): void {
    this.#visit.received(chunk);
  }

  trailers(fields: string[]): void {
    this.#visit.trailersReceived(fields);
  }

  end(): void {
    this.#visit.endReceived();
  }

  drain(): void {
    this.#visit.drained();
  }

  closed(): void {
    this.#visit.closed();
  }
}
