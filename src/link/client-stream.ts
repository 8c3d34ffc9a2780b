/**
 * The edge's end of one request on a link: a stream of the client role. It counts against its party's share of the link's
 * streams, and reports what the agent sends to its observer.
 */
import { PosternError } from '../errors.js';
import type { OutboundObserver, OutboundStream } from '../http/exchange.js';
import { Http2ErrorCode, Http2StreamError, PeerResetError } from '../http2/errors.js';
import type { Http2Stream } from '../http2/stream/stream.js';
import { readResponseHead } from './heads.js';
import { linkLost } from './link.js';
import { LinkedStream, StreamListener } from './linked-stream.js';
import type { BlockedStream, Holder } from './stream-shares.js';

export class ClientStream extends LinkedStream implements OutboundStream, BlockedStream {
  blockedSinceMs = 0;
  #sentBytes = 0;
  #holder: Holder | undefined;
  readonly #observer: OutboundObserver;

  /** `explain` says why the stream has failed; unless given, for the stream of an agent. */
  constructor(
    stream: Http2Stream,
    observer: OutboundObserver,
    holder: Holder,
    explain: (error: Error) => PosternError = asFailure,
  ) {
    super(stream);
    this.#holder = holder;
    this.#observer = observer;
    this.listen(new ResponseListener(observer, this, explain));
  }

  get writableLength(): number {
    return this.stream.pendingBytes;
  }

  get bytesWritten(): number {
    return this.stream.writtenBytes;
  }

  override write(chunk: Buffer): boolean {
    const canWriteMore = super.write(chunk);
    if (!canWriteMore) this.markBlocked();
    return canWriteMore;
  }

  /** The agent's window permits more. */
  markUnblocked(): void {
    this.#holder?.blocked.delete(this);
  }

  hasProgressed(): boolean {
    if (this.stream.sentBytes === this.#sentBytes) return false;
    this.markUnblocked();
    this.markBlocked();
    return true;
  }

  evict(): void {
    this.cancel();
    this.#observer.failed(
      new PosternError('ERR_TUNNEL_BUSY', 'nobody takes the request, and its visitor needs the room'),
    );
  }

  cancel(): void {
    this.release();
    this.reset(Http2ErrorCode.CANCEL);
  }

  /** Stops counting the stream for its party. */
  release(): void {
    this.markUnblocked();
    if (this.#holder !== undefined) this.#holder.streams -= 1;
    this.#holder = undefined;
  }

  /** The agent's window permits no more, for now. */
  markBlocked(): void {
    if (this.#holder === undefined || this.#holder.blocked.has(this)) return;
    this.blockedSinceMs = performance.now();
    this.#sentBytes = this.stream.sentBytes;
    this.#holder.blocked.add(this);
  }
}

/** Passes the agent's response on to the observer. */
class ResponseListener extends StreamListener {
  readonly #observer: OutboundObserver;
  readonly #stream: ClientStream;
  readonly #explain: (error: Error) => PosternError;

  constructor(observer: OutboundObserver, stream: ClientStream, explain: (error: Error) => PosternError) {
    super(observer);
    this.#observer = observer;
    this.#stream = stream;
    this.#explain = explain;
  }

  override informational(fields: string[]): void {
    this.#observer.informational(readResponseHead(fields)); // the engine bounds how many
  }

  override headers(fields: string[], endStream: boolean): void {
    this.#observer.response(readResponseHead(fields), endStream);
  }

  override writeBlocked(isBlocked: boolean): void {
    if (isBlocked) this.#stream.markBlocked();
    else this.#stream.markUnblocked();
  }

  override drain(): void {
    this.#stream.markUnblocked();
    super.drain();
  }

  closed(error: Error | undefined): void {
    this.#stream.release();
    if (error === undefined || this.isComplete) this.#observer.closed?.();
    else this.#observer.failed(this.#explain(error));
  }
}

/** Whether a request that has failed did not reach its agent at all: it may be tried again elsewhere. */
export function wasNotProcessed(error: PosternError): boolean {
  return error.cause instanceof NotProcessed;
}

/** The cause of an error of a request that has not reached its agent. */
export class NotProcessed extends Error {
  override readonly name = 'NotProcessed';
}

/** The error by its cause: the agent resets a stream if its target fails, and a malformed response is its target's. */
function asFailure(error: Error): PosternError {
  if (!(error instanceof Http2StreamError)) return linkLost(error);
  if (error.code === Http2ErrorCode.REFUSED_STREAM)
    return error instanceof PeerResetError
      ? new PosternError('ERR_TUNNEL_BUSY', 'the agent takes no more requests', { cause: error })
      : linkLost(new NotProcessed(error.message)); // the link ended before the agent processed the request
  if (error instanceof PeerResetError)
    return new PosternError('ERR_TARGET_REFUSED', `the target broke off: ${error.message}`, { cause: error });
  return new PosternError('ERR_TARGET_PROTOCOL', `the agent's response is malformed: ${error.message}`, {
    cause: error,
  });
}
