/** What a stream of the engine reports, in the words of a visit. */
import { PosternError } from '../../../errors.js';
import type { RawHeaders } from '../../../http/fields.js';
import { type Http2Error, Http2ErrorCode, Http2StreamError, PeerResetError } from '../../../http2/errors.js';
import type { StreamObserver } from '../../../http2/stream/stream.js';

/** A visit as its stream sees it. */
export interface ReceivedRequest {
  received(chunk: Buffer): void;
  trailersReceived(trailers: RawHeaders): void;
  endReceived(): void;
  drained(): void;
  /** `fault`: what the client did wrong on the stream, if that ended it. */
  closed(fault: PosternError | undefined): void;
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

  closed(error: Http2Error | undefined): void {
    this.#visit.closed(faultOf(error));
  }
}

/** The client has cancelled the stream, did not read it, or the connection ended: only the rest is a fault. */
function faultOf(error: Http2Error | undefined): PosternError | undefined {
  const isFault = error instanceof Http2StreamError && !(error instanceof PeerResetError);
  if (!isFault || error.code === Http2ErrorCode.CANCEL || error.code === Http2ErrorCode.INTERNAL_ERROR)
    return undefined;
  return new PosternError('ERR_BAD_REQUEST', error.message);
}
