/**
 * A Link is one HTTP/2 session over a byte stream: what both of its ends share. Liveness is PING, drain is GOAWAY; the
 * roles (`OutboundLink` at the edge, `InboundLink` at the agent) add how requests enter and leave.
 */
import { constants, type Http2Session, type Http2Stream, type Settings } from 'node:http2';
import type { Duplex } from 'node:stream';
import { PosternError } from '../errors.js';

// A dead link must be noticed within 15 s: a silence is seen at the first tick after DEAD_AFTER_MS, 14 s at the latest.
const PING_INTERVAL_MS = 5_000;
const DEAD_AFTER_MS = 9_000;

// A peer that keeps talking may answer late, behind a full window on a slow line; past this it talks to nobody: a session
// that was broken by a protocol error reads no more.
const UNANSWERED_AFTER_MS = 60_000;

// One slow reader holds at most this much of its own stream in memory; at 100 ms it still allows 10 MB/s a stream.
const STREAM_WINDOW_BYTES = 1_048_576;

/**
 * What a link may have in flight in all, in bytes. `node:http2` gives it back as bytes arrive, whoever reads them, so a
 * slow reader never holds back the others; it bounds what a peer can make us hold beside the streams' own windows.
 */
export const LINK_WINDOW_BYTES = 4_194_304;

/** Most streams that one link carries at once, both as promise (SETTINGS) and as the edge's own cap. */
export const MOST_STREAMS = 1_000;

/** The largest header list in bytes (RFC 9113 section 6.5.2), either way. Visitors may send half of it. */
export const MOST_HEADER_LIST_BYTES = 131_072;

/** The settings that both roles send. */
export const SETTINGS: Settings = {
  initialWindowSize: STREAM_WINDOW_BYTES,
  maxConcurrentStreams: MOST_STREAMS,
  maxHeaderListSize: MOST_HEADER_LIST_BYTES,
  enablePush: false,
};

/** The limits that both roles give `node:http2`, whose own are 128 header pairs, 64 KiB blocks and 10 MB a session. */
export const SESSION_LIMITS = {
  maxHeaderListPairs: 2_000,
  maxSendHeaderBlockLength: 2 * MOST_HEADER_LIST_BYTES,
  maxSessionMemory: 1_000,
  maxOutstandingPings: 3,
  settings: SETTINGS,
} as const;

/** One HTTP/2 session. Owns the byte stream: when the session ends the stream is destroyed, and the other way round. */
export abstract class Link {
  /** Resolves once when the link has ended: with an error when it was lost, without when it was closed on purpose. */
  readonly closed: Promise<PosternError | undefined>;
  protected readonly session: Http2Session;
  readonly #bytes: Duplex;
  readonly #timer: NodeJS.Timeout;
  readonly #draining = new AbortController();
  #lastHeardMs = performance.now();
  #reason: PosternError | undefined;
  #pinging: Promise<number> | undefined;
  #pingedMs = 0;

  protected constructor(session: Http2Session, bytes: Duplex) {
    this.session = session;
    this.#bytes = bytes;
    this.closed = new Promise((resolve) => {
      session.once('close', () => {
        clearInterval(this.#timer);
        this.#draining.abort();
        bytes.destroy();
        resolve(this.#reason);
      });
    });
    session.on('error', (error) => this.destroy(lost(error)));
    session.on('goaway', (code) => {
      if (code === constants.NGHTTP2_NO_ERROR) this.#draining.abort();
      else this.#reason ??= lost(`GOAWAY with code ${code}`);
    });
    // Before the session hears of it, which takes some errors behind a GOAWAY for the proper end of what is under way.
    bytes.prependListener('error', (error) => this.destroy(lost(error)));
    // A byte stream that ends under a session that nobody closed is a lost link, however politely it ended.
    bytes.once('close', () => this.destroy(session.closed ? undefined : lost('the WebSocket closed')));
    this.#timer = setInterval(() => this.#keepAlive(), PING_INTERVAL_MS);
    this.#timer.unref();
    if (session.connecting) session.once('connect', () => session.setLocalWindowSize(LINK_WINDOW_BYTES));
    else session.setLocalWindowSize(LINK_WINDOW_BYTES);
  }

  /** Aborted once no new request may use this link: either end drains it, or it is gone. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Notes a sign of life. The byte stream's owner calls it for each message. */
  heard(): void {
    this.#lastHeardMs = performance.now();
  }

  /**
   * Measures one round trip, in milliseconds; those who ask while one is under way share it, so that nobody can use up
   * the few that may be. Rejects with `ERR_LINK_LOST` when the link ends first.
   */
  ping(): Promise<number> {
    if (this.#pinging !== undefined) return this.#pinging;
    this.#pingedMs = performance.now();
    this.#pinging = this.#ping().finally(() => {
      this.#pinging = undefined;
    });
    return this.#pinging;
  }

  /** Says GOAWAY; running requests finish, then the link closes. Resolves when it has. */
  async drain(): Promise<void> {
    this.#draining.abort();
    if (!this.session.closed && !this.session.destroyed) {
      this.session.goaway(constants.NGHTTP2_NO_ERROR);
      this.session.close();
    }
    await this.closed;
  }

  /** Ends the link now. Every running request fails at both ends. */
  destroy(reason?: PosternError): void {
    if (this.session.destroyed) return;
    this.#reason ??= reason;
    // Always with an error: without one the bodies that are under way would end as if they were whole.
    this.session.destroy(reason ?? lost('it was ended'), constants.NGHTTP2_CANCEL);
    this.#bytes.destroy();
  }

  #ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown) => reject(lost(cause));
      if (this.session.destroyed) return failed('the link has ended');
      const sent = this.session.ping((error, durationMs) => (error === null ? resolve(durationMs) : failed(error)));
      if (!sent) failed('too many pings without an answer');
    });
  }

  #keepAlive(): void {
    const now = performance.now();
    const isUnanswered = this.#pinging !== undefined && now - this.#pingedMs > UNANSWERED_AFTER_MS;
    if (isUnanswered || now - this.#lastHeardMs > DEAD_AFTER_MS) {
      this.destroy(lost('no answer to PING'));
      return;
    }
    this.ping().then(
      () => this.heard(),
      () => {}, // a missing answer is noticed by the silence, at the next ticks
    );
  }
}

/**
 * Resets a stream at once. `close(code)` would not do: it ends the writable side first, and the peer would take a body
 * that was cut short for a whole one. A destroyed stream sends RST_STREAM alone (INTERNAL_ERROR, whatever the reason:
 * `node:http2` offers no other code on this way).
 */
export function reset(stream: Http2Stream): void {
  if (!stream.destroyed) stream.destroy(new Error('the stream was reset'));
}

/** `ERR_LINK_LOST` with what was seen. */
export function lost(cause: unknown): PosternError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PosternError('ERR_LINK_LOST', `the link was lost: ${detail}`, cause instanceof Error ? { cause } : {});
}
