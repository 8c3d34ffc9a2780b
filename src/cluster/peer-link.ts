/**
 * The two ends of a link between nodes: the one that has dialled opens requests, the other one responds. Requests of all tunnels
 * share it; what a party may have is counted at the link of the agent.
 */
import type { Duplex } from 'node:stream';
import { PosternError } from '../errors.js';
import type { OutboundObserver, OutboundStream, RequestHead, SendOptions } from '../http/exchange.js';
import { Http2ErrorCode } from '../http2/errors.js';
import { MalformedFields } from '../http2/message/field-classifier.js';
import { ClientStream } from '../link/client-stream.js';
import { readRequestHead, writeRequestHead } from '../link/heads.js';
import { Link } from '../link/link.js';
import { ServerStream } from '../link/server-stream.js';
import { SocketWire } from '../link/socket-wire.js';
import type { Holder } from '../link/stream-shares.js';
import { notHere, relayFailure } from './relay-protocol.js';

// Of all tunnels: each of some hundred may have its thousand.
const MAX_STREAMS = 100_000;

/** The end of the node whose visitors cause the requests. */
export class PeerLink extends Link {
  readonly #holder: Holder = { streams: 0, blocked: new Set() };

  /** Takes over a socket whose other end has proved itself. */
  constructor(socket: Duplex) {
    super(new SocketWire(socket), { role: 'client', maxStreams: MAX_STREAMS, isPeer: true });
  }

  /** Opens a request. Throws `ERR_LINK_LOST` if the link is draining or lost, or takes no more. */
  open(head: RequestHead, { endOfBody }: SendOptions, observer: OutboundObserver): OutboundStream {
    try {
      const stream = this.connection.request(writeRequestHead(head), { endStream: endOfBody });
      this.#holder.streams += 1;
      return new ClientStream(stream, observer, this.#holder, relayFailure);
    } catch (error) {
      if (error instanceof MalformedFields) throw new PosternError('ERR_BAD_REQUEST', error.message, { cause: error });
      throw notHere(error instanceof Error ? error.message : String(error));
    }
  }
}

/** The end of the node that has the agents. */
export class PeerServerLink extends Link {
  constructor(socket: Duplex, onStream: (stream: ServerStream) => void) {
    super(new SocketWire(socket), {
      role: 'server',
      maxStreams: MAX_STREAMS,
      isPeer: true,
      stream: (stream, fields, endStream) => {
        const head = readRequestHead(fields);
        if (head === undefined) stream.reset(Http2ErrorCode.PROTOCOL_ERROR);
        else onStream(new ServerStream(stream, head, endStream));
      },
    });
  }
}
