/**
 * The edge's role on a link: the HTTP/2 client. Opens a stream for each request and tells its observer what comes back.
 * The agent at the other end is not trusted: its heads are checked here before anybody sees them.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  sensitiveHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { RawHeaders } from '../core/headers.js';
import { PosternError } from '../errors.js';
import { readFields, writeFields, writeRequestHead } from './http2-headers.js';
import { Link, lost, MOST_STREAMS, reset, SESSION_LIMITS } from './link.js';
import type { OutboundObserver, OutboundStream, RequestHead, ResponseHead, SendOptions } from './stream.js';

// What `node:http2` hands over with a head; its types leave out the flat list that comes third.
type HeadFields = IncomingHttpHeaders & IncomingHttpStatusHeader;

// A target sends a handful of 103 at most; more is an answer that never comes.
const MOST_INFORMATIONAL = 32;

export class OutboundLink extends Link {
  declare protected readonly session: ClientHttp2Session;
  #running = 0;

  /** Takes over the byte stream of an accepted WebSocket. `authority` is the tunnel's public host. */
  constructor(bytes: Duplex, authority: string) {
    super(connect(`http://${authority}`, { ...SESSION_LIMITS, createConnection: () => bytes }), bytes);
  }

  /** How many requests run on this link. */
  get running(): number {
    return this.#running;
  }

  /**
   * Opens a request. Throws `ERR_LINK_LOST` when the link takes no more, `ERR_TUNNEL_BUSY` when it carries as many as it
   * may and `ERR_BAD_REQUEST` when the head cannot be carried whole; the observer hears of everything later.
   */
  open(head: RequestHead, options: SendOptions, observer: OutboundObserver): OutboundStream {
    if (this.draining.aborted || this.session.closed) throw lost('the link is closing');
    if (this.#running >= MOST_STREAMS) throw new PosternError('ERR_TUNNEL_BUSY');
    const body = this.session.request(writeRequestHead(head, sensitiveHeaders), {
      endStream: options.endOfBody,
      waitForTrailers: options.trailers !== undefined,
    });
    this.#running++;
    body.once('close', () => this.#running--);
    sendTrailers(body, options.trailers);
    return observe(body, observer);
  }
}

function sendTrailers(body: ClientHttp2Stream, trailers: SendOptions['trailers']): void {
  if (trailers === undefined) return;
  body.once('wantTrailers', () => {
    try {
      body.sendTrailers(writeFields(trailers(), sensitiveHeaders, 'ERR_BAD_REQUEST'));
    } catch (error) {
      body.destroy(error as Error);
    }
  });
}

/** Joins a stream's events to its observer, so that the observer hears each thing once and nothing after the end. */
function observe(body: ClientHttp2Stream, observer: OutboundObserver): OutboundStream {
  let state: 'waiting' | 'answering' | 'over' = 'waiting';
  let informational = 0;
  refuseUnfinishedEnd(body);

  const fail = (error: PosternError) => {
    if (state === 'over') return;
    state = 'over';
    reset(body);
    observer.failed(error);
  };

  body.on('headers', (fields: HeadFields, _flags: number, raw: string[] = []) => {
    if (state !== 'waiting') return;
    const head = readResponseHead(fields[':status'], raw);
    if (++informational > MOST_INFORMATIONAL || head === undefined) return fail(invalidAnswer('informational heads'));
    if (head.status !== 101) observer.informational(head);
  });
  body.on('response', (fields: HeadFields, flags: number, raw: string[] = []) => {
    if (state !== 'waiting') return;
    const head = readResponseHead(fields[':status'], raw);
    if (head === undefined || head.status < 200) return fail(invalidAnswer('status'));
    const endOfBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    state = endOfBody ? 'over' : 'answering';
    observer.response(head, endOfBody);
  });
  body.on('trailers', (_fields: HeadFields, _flags: number, raw: string[] = []) => {
    if (state === 'answering') observer.trailers(readFields(raw));
  });
  body.on('end', () => {
    if (state === 'answering') state = 'over'; // all of it was read: what follows cannot spoil the answer
  });
  body.on('error', (error) => fail(lost(error)));
  body.on('close', () => {
    // Looked at first: an error with its stack for each request that went well would be felt.
    if (state !== 'over') fail(lost(`the stream closed with code ${body.rstCode}`));
  });

  const cancel = () => {
    if (state === 'over' && body.closed) return;
    state = 'over';
    reset(body);
  };
  return { body, cancel };
}

/**
 * Lets the body end only where the agent said so (END_STREAM). `node:http2` ends it behind RST_STREAM with NO_ERROR as
 * well, which would make a part look like the whole; it marks the stream as closed first, and that tells the two apart.
 */
function refuseUnfinishedEnd(body: ClientHttp2Stream): void {
  const push = body.push.bind(body);
  let isWhole = false;
  body.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null && !body.closed) isWhole = true;
    if (chunk !== null || isWhole) return push(chunk, encoding);
    process.nextTick(() => body.destroy(new Error('the agent reset the stream before its end')));
    return false;
  };
}

function readResponseHead(status: number | undefined, raw: RawHeaders): ResponseHead | undefined {
  if (status === undefined || !Number.isInteger(status) || status < 100 || status > 599) return undefined;
  return { status, headers: readFields(raw) };
}

function invalidAnswer(what: string): PosternError {
  return new PosternError('ERR_TARGET_PROTOCOL', `the agent sent invalid ${what}`);
}
