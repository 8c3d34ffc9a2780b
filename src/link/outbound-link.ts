/**
 * The edge's role on a link: the HTTP/2 client. Opens a stream for each request and tells its observer what comes back.
 * The agent at the other end is not trusted: its heads are checked before anybody sees them, by the engine and here.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { PosternError } from '../errors.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead } from '../http/exchange.js';
import { Http2ErrorCode, Http2StreamError, PeerResetError } from '../http2/errors.js';
import { MalformedFields } from '../http2/message/field-classifier.js';
import type { Http2Stream } from '../http2/stream/stream.js';
import { readResponseHead, writeRequestHead } from './heads.js';
import { Link, linkLost, MAX_STREAMS } from './link.js';
import { LinkedStream, StreamListener } from './linked-stream.js';
import { type BlockedStream, type Holder, StreamShares } from './stream-shares.js';

export class OutboundLink extends Link {
  readonly #shares = new StreamShares();
  readonly #wire: Duplex & { readonly bytesRead?: number };

  /** Takes over the WebSocket of an agent that was admitted; `wire` is the socket that it came on. */
  constructor(socket: WebSocket, wire: Duplex) {
    super(socket, { role: 'client' });
    this.#wire = wire;
  }

  /** How many bytes have come from the agent, parts of a message included: more than before means that it lives. */
  get receivedBytes(): number {
    return this.#wire.bytesRead ?? 0;
  }

  /**
   * Opens a request. Throws `ERR_LINK_LOST` when the link takes no more, `ERR_TUNNEL_BUSY` when it, or the party whose
   * request it is, carries as many as it may and `ERR_BAD_REQUEST` when the head cannot be carried whole; the observer hears of everything later.
   */
  open(head: RequestHead, options: OpenOptions, observer: OutboundObserver): OutboundStream {
    if (this.connection.isDraining) throw linkLost('the link is closing');
    const { running } = this;
    if (running >= MAX_STREAMS) throw new PosternError('ERR_TUNNEL_BUSY');
    const maxStreams = Math.min(MAX_STREAMS, this.connection.maxStreams);
    const holder = this.#shares.acquire(options.party, running, maxStreams);
    try {
      return new ClientStream(this.#request(head, options), observer, holder);
    } catch (error) {
      holder.streams -= 1;
      throw error;
    }
  }

  #request(head: RequestHead, { endOfBody }: OpenOptions): Http2Stream {
    try {
      return this.connection.request(writeRequestHead(head), { endStream: endOfBody });
    } catch (error) {
      if (error instanceof MalformedFields) {
        throw new PosternError('ERR_BAD_REQUEST', `the head cannot be carried: ${error.message}`, { cause: error });
      }
      // The agent may promise fewer streams than the edge would open.
      throw new PosternError('ERR_TUNNEL_BUSY', 'the agent takes no more streams', { cause: error });
    }
  }
}

class ClientStream extends LinkedStream implements OutboundStream, BlockedStream {
  blockedSinceMs = 0;
  #sentBytes = 0;
  #holder: Holder | undefined;
  readonly #observer: OutboundObserver;

  constructor(stream: Http2Stream, observer: OutboundObserver, holder: Holder) {
    super(stream);
    this.#holder = holder;
    this.#observer = observer;
    this.listen(new ResponseListener(observer, this));
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

  /** The agent takes more. */
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

  /** The stream counts for nobody any more. */
  release(): void {
    this.markUnblocked();
    if (this.#holder !== undefined) this.#holder.streams -= 1;
    this.#holder = undefined;
  }

  /** The agent takes no more, for now. */
  markBlocked(): void {
    if (this.#holder === undefined || this.#holder.blocked.has(this)) return;
    this.blockedSinceMs = performance.now();
    this.#sentBytes = this.stream.sentBytes;
    this.#holder.blocked.add(this);
  }
}

/** Passes on what the agent answers. */
class ResponseListener extends StreamListener {
  readonly #observer: OutboundObserver;
  readonly #stream: ClientStream;

  constructor(observer: OutboundObserver, stream: ClientStream) {
    super(observer);
    this.#observer = observer;
    this.#stream = stream;
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
    if (error !== undefined && !this.isComplete) this.#observer.failed(asFailure(error));
  }
}

/** Whose fault it is: the agent resets a stream when its target breaks off, and what it sends malformed is its target's. */
function asFailure(error: Error): PosternError {
  if (!(error instanceof Http2StreamError)) return linkLost(error);
  if (error.code === Http2ErrorCode.REFUSED_STREAM)
    return error instanceof PeerResetError
      ? new PosternError('ERR_TUNNEL_BUSY', 'the agent takes no more requests', { cause: error })
      : linkLost(error); // the link was ended before the agent looked at the request
  if (error instanceof PeerResetError)
    return new PosternError('ERR_TARGET_REFUSED', `the target broke off: ${error.message}`, { cause: error });
  return new PosternError('ERR_TARGET_PROTOCOL', `the agent's response is malformed: ${error.message}`, {
    cause: error,
  });
}
