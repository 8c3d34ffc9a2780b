/**
 * The edge's role on a link: the HTTP/2 client. Opens a stream for each request and tells its observer what comes back.
 * The agent at the other end is not trusted: its heads are checked before anybody sees them, by the engine and here.
 */
import type { WebSocket } from 'ws';
import { PosternError } from '../errors.js';
import { type Http2Error, StalledStreamError } from '../http2/errors.js';
import { MalformedFields } from '../http2/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import { StreamBody } from '../http2/stream-body.js';
import { readResponseHead, writeRequestHead, writeTrailers } from './heads.js';
import { Link, lost, MOST_STREAMS } from './link.js';
import type { OutboundObserver, OutboundStream, RequestHead, SendOptions } from './stream.js';

// A target sends a handful of 103 at most; more is an answer that never comes.
const MOST_INFORMATIONAL = 32;

// A body of which nothing can leave between two looks is given up, so after 30 to 60 s. Only here: a visitor may leave a
// download alone for hours, and what he holds at the agent is his window.
const STALL_INTERVAL_MS = 30_000;

export class OutboundLink extends Link {
  /** Takes over the WebSocket of an agent that was admitted. */
  constructor(socket: WebSocket) {
    super(socket, { role: 'client' });
    const stalls = setInterval(() => this.connection.resetStalled(), STALL_INTERVAL_MS).unref();
    void this.closed.then(() => clearInterval(stalls));
  }

  /**
   * Opens a request. Throws `ERR_LINK_LOST` when the link takes no more, `ERR_TUNNEL_BUSY` when it carries as many as it
   * may and `ERR_BAD_REQUEST` when the head cannot be carried whole; the observer hears of everything later.
   */
  open(head: RequestHead, options: SendOptions, observer: OutboundObserver): OutboundStream {
    if (this.connection.isDraining) throw lost('the link is closing');
    if (this.running >= MOST_STREAMS) throw new PosternError('ERR_TUNNEL_BUSY');
    const stream = this.#request(head, options);
    const { trailers } = options;
    return observe(stream, observer, trailers && (() => writeTrailers(trailers())));
  }

  #request(head: RequestHead, { endOfBody }: SendOptions): Http2Stream {
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

/** Joins a stream to its observer, so that the observer hears each thing once and nothing after the end. */
function observe(
  stream: Http2Stream,
  observer: OutboundObserver,
  trailers: (() => readonly string[]) | undefined,
): OutboundStream {
  let informational = 0;
  let isOver = false;

  const fail = (error: PosternError) => {
    if (isOver) return;
    isOver = true;
    body.destroy();
    observer.failed(error);
  };
  const body = new StreamBody(stream, {
    informational: (fields) => {
      if (++informational > MOST_INFORMATIONAL) {
        fail(new PosternError('ERR_TARGET_PROTOCOL', 'too many informational heads'));
      } else if (!isOver) observer.informational(readResponseHead(fields));
    },
    headers: (fields, endStream) => {
      if (!isOver) observer.response(readResponseHead(fields), endStream);
    },
    trailers: (fields) => {
      if (!isOver) observer.trailers(fields);
    },
    closed: (error) => {
      // An answer that has come whole stays whole, whatever came after it.
      if (error !== undefined && !body.isWhole) fail(asFailure(error));
    },
    ...(trailers === undefined ? {} : { writeTrailers: trailers }),
  });
  body.on('error', () => {}); // told by `closed`

  const cancel = () => {
    isOver = true;
    body.destroy();
  };
  return { body, cancel };
}

function asFailure(error: Http2Error): PosternError {
  if (!(error instanceof StalledStreamError)) return lost(error);
  return new PosternError('ERR_TARGET_TIMEOUT', 'nobody reads the request at the agent', { cause: error });
}
