/**
 * The one interface by which what passes between edge and target can be watched: each request and its response, as it happens.
 * Watching changes nothing: a tap neither waits nor throws, and a chunk is its to read during the call only.
 */
import type { RequestHead, ResponseHead } from '../../http/exchange.js';
import type { RawHeaders } from '../../http/fields.js';

/** Watches the requests of one target. */
export interface Tap {
  /** A request has arrived. Undefined to watch no more of it. */
  request(head: RequestHead): ExchangeTap | undefined;
}

/** Watches one exchange. Order: `responded`?, `responseBytes`*, `trailers`?, `ended`; bytes of the request at any time. */
export interface ExchangeTap {
  /** The next bytes of the visitor's body, or of an accepted WebSocket. */
  requestBytes(chunk: Buffer): void;
  /** The final head as it goes to the visitor: 101 for an accepted WebSocket, and the agent's own when the target fails. */
  responded(head: ResponseHead): void;
  /** The next bytes of the target's body, or of an accepted WebSocket. */
  responseBytes(chunk: Buffer): void;
  trailers(trailers: RawHeaders): void;
  /** Nothing more follows. `aborted`: the response is incomplete. `failure`: how the target failed, in a sentence. */
  ended(end: { readonly aborted: boolean; readonly failure: string | undefined }): void;
}
