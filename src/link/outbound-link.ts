/**
 * The edge's end of a link: the HTTP/2 client. Opens a stream for each request. The agent is not trusted: the engine
 * validates its heads before an observer sees them.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { PosternError } from '../errors.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead } from '../http/exchange.js';
import { MalformedFields } from '../http2/message/field-classifier.js';
import type { Http2Stream } from '../http2/stream/stream.js';
import { ClientStream, NotProcessed } from './client-stream.js';
import { writeRequestHead } from './heads.js';
import { Link, linkLost, MAX_STREAMS } from './link.js';
import { PendingStream } from './pending-stream.js';
import { StreamShares } from './stream-shares.js';
import { WebSocketWire } from './websocket-wire.js';

export class OutboundLink extends Link {
  readonly #shares = new StreamShares();
  readonly #wire: Duplex & { readonly bytesRead?: number; readonly bytesWritten?: number };

  /** Takes over the WebSocket of an agent that was admitted; `wire` is the socket that it came on. */
  constructor(socket: WebSocket, wire: Duplex) {
    super(new WebSocketWire(socket, wire, 'server'), { role: 'client' });
    this.#wire = wire;
  }

  /** How many bytes have arrived from the agent, incomplete messages included. If it increases, the agent is alive. */
  get receivedBytes(): number {
    return this.#wire.bytesRead ?? 0;
  }

  /** How many bytes were given to the socket towards the agent. */
  get sentBytes(): number {
    return this.#wire.bytesWritten ?? 0;
  }

  /**
   * Opens a request. Throws `ERR_LINK_LOST` if the link is draining or lost, `ERR_TUNNEL_BUSY` if the link or the party has
   * as many requests as it may, and `ERR_BAD_REQUEST` if the head cannot be sent. Later errors go to the observer, and so do
   * all of a WebSocket that has to wait for the agent's SETTINGS.
   */
  open(head: RequestHead, options: OpenOptions, observer: OutboundObserver): OutboundStream {
    if (this.connection.isDraining) throw linkLost(new NotProcessed('the link is closing'));
    if (head.protocol !== undefined && this.connection.canConnect === undefined)
      return this.#openLater(head, options, observer);
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

  #openLater(head: RequestHead, options: OpenOptions, observer: OutboundObserver): OutboundStream {
    const pending = new PendingStream(observer);
    void this.whenAnnounced().then(() => pending.start(() => this.open(head, options, observer)));
    return pending;
  }

  #request(head: RequestHead, { endOfBody }: OpenOptions): Http2Stream {
    try {
      return this.connection.request(writeRequestHead(head), { endStream: endOfBody });
    } catch (error) {
      if (error instanceof MalformedFields) {
        throw new PosternError('ERR_BAD_REQUEST', `the head cannot be carried: ${error.message}`, { cause: error });
      }
      // The agent may permit fewer streams than the edge would open.
      throw new PosternError('ERR_TUNNEL_BUSY', 'the agent takes no more streams', { cause: error });
    }
  }
}
