/**
 * A Link is one HTTP/2 connection over a WebSocket: what both of its ends share. Binary messages are the bytes of the
 * connection, whose boundaries mean nothing. Liveness is PING, drain is GOAWAY; the roles (`OutboundLink` at the edge,
 * `InboundLink` at the agent) add how requests enter and leave.
 */
import type { WebSocket } from 'ws';
import { PosternError } from '../errors.js';
import { BytePool } from '../http2/byte-pool.js';
import { Connection } from '../http2/connection.js';
import type { ConnectionObserver } from '../http2/connection-options.js';
import { Http2ConnectionError, type Http2Error, Http2ErrorCode } from '../http2/errors.js';
import { type AbuseLimits, Budget, DEFAULT_ABUSE_LIMITS } from '../http2/flood-guard.js';
import { DEFAULT_FLOW_LIMITS } from '../http2/flow/flow-control.js';
import type { Role } from '../http2/frame/settings.js';
import { FRAME_HEADER_BYTES } from '../http2/frame/types.js';

// A dead link must be noticed within 15 s: a silence is seen at the first tick after DEAD_AFTER_MS, 14 s at the latest.
const PING_INTERVAL_MS = 5_000;
const DEAD_AFTER_MS = 9_000;

// A peer that keeps talking may answer late, behind a full queue on a slow line; past this it talks to nobody.
const PING_TIMEOUT_MS = 60_000;

// After it a peer that does not answer our close frame is cut off.
const CLOSE_TIMEOUT_MS = 1_000;

/** Most streams that one link carries at once, both as promise (SETTINGS) and as the edge's own cap. */
export const MAX_STREAMS = 1_000;

/** The largest header list in bytes (RFC 9113 section 6.5.2), either way. Visitors may send half of it. */
export const MAX_HEADER_LIST_BYTES = 131_072;
export const MAX_HEADER_FIELDS = 2_000;

/** What readers on all links of this process leave unread, together: as much as four links may, and ten thousand may not. */
export const UNREAD = new BytePool(268_435_456);
/**
 * What waits on all links of this process to be sent: at an agent the responses that visitors do not read, at an edge what
 * apps do not take of uploads. Up to here a stream may hold two reads of 64 KiB, past it one: 80 MiB for a thousand.
 */
export const UNSENT = new BytePool(16_777_216);
const FLOW_LIMITS = { ...DEFAULT_FLOW_LIMITS, pool: UNREAD };

// The fields whose values are secrets: literal, never indexed, so that no compression state depends on them
// (RFC 7541 section 7.1.3).
const NEVER_INDEXED: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie', 'x-postern-assertion']);

// Towards the edge, which resets a stream for each visitor who leaves and sends on what each of them types: visitors in
// a hurry must not cost the link, and with it all others. An agent at the edge has the engine's own budget.
const EDGE_ABUSE_LIMITS: AbuseLimits = {
  ...DEFAULT_ABUSE_LIMITS,
  resets: { burst: 50_000, perSecond: 10_000 },
  smallData: { burst: 2_000_000, perSecond: 500_000 },
};

// Messages in which not even the header of a frame has room, and the pings of the WebSocket, which `ws` answers: both
// cost as much as a message with frames in it. Whoever sends such headers and what follows them apart earns as much.
const EMPTY_MESSAGES = { burst: 1_000, perSecond: 200 };

export interface LinkOptions {
  readonly role: Role;
  /** Server role: takes a request that has come. */
  readonly stream?: Required<ConnectionObserver>['stream'];
}

/** Owns its WebSocket: when the connection ends the socket is closed, and the other way round. */
export abstract class Link {
  /** Resolves once when the link has ended: with an error when it was lost, without when it was closed on purpose. */
  readonly closed: Promise<PosternError | undefined>;
  protected readonly connection: Connection;
  readonly #socket: WebSocket;
  readonly #draining = new AbortController();
  readonly #emptyMessages = new Budget('WebSocket messages without frames', EMPTY_MESSAGES, () => performance.now());
  #timer: NodeJS.Timeout | undefined;
  #lastReceivedMs = performance.now();
  #lastTickMs = this.#lastReceivedMs;
  #ended: { readonly reason: PosternError | undefined } | undefined;
  #pendingPing: Promise<number> | undefined;
  #pingSentMs = 0;
  #resolveClosed: (reason: PosternError | undefined) => void = () => {};

  /** Takes over an open WebSocket. */
  protected constructor(socket: WebSocket, { role, stream }: LinkOptions) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.connection = new Connection({
      role,
      connectProtocol: role === 'server',
      neverIndexed: NEVER_INDEXED,
      limits: {
        maxStreams: MAX_STREAMS,
        maxHeaderListBytes: MAX_HEADER_LIST_BYTES,
        maxHeaderFields: MAX_HEADER_FIELDS,
        flow: FLOW_LIMITS,
        sendPool: UNSENT,
        abuse: role === 'server' ? EDGE_ABUSE_LIMITS : DEFAULT_ABUSE_LIMITS,
      },
      send: (bytes) => this.#send(bytes),
      observer: {
        ...(stream === undefined ? {} : { stream }),
        goaway: () => this.#draining.abort(),
        idsRunningLow: () => void this.drain(), // the agent dials another link, and this one ends with what runs on it
        closed: (error) => this.#end(error),
      },
    });
    socket.on('message', (message, isBinary) => this.#receive(message as Buffer, isBinary));
    socket.on('ping', () => this.#chargeEmptyMessage());
    socket.on('pong', () => this.#chargeEmptyMessage());
    socket.on('close', () => this.destroy(linkLost('the WebSocket closed')));
    socket.on('error', (error) => this.destroy(linkLost(error)));
    this.#timer = setInterval(() => this.#keepAlive(), PING_INTERVAL_MS).unref();
  }

  /** Aborted once no new request may use this link: either end drains it, or it is gone. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** How many requests run on this link. */
  get running(): number {
    return this.connection.running;
  }

  /**
   * Measures one round trip, in milliseconds; those who ask while one is under way share it, so that nobody can use up
   * the few that may be. Rejects with `ERR_LINK_LOST` when the link ends first.
   */
  ping(): Promise<number> {
    if (this.#pendingPing !== undefined) return this.#pendingPing;
    this.#pingSentMs = performance.now();
    this.#pendingPing = this.connection
      .ping()
      .catch((error: unknown) => {
        throw linkLost(error);
      })
      .finally(() => {
        this.#pendingPing = undefined;
      });
    return this.#pendingPing;
  }

  /** Says GOAWAY; running requests finish, then the link closes. Resolves when it has. */
  async drain(): Promise<void> {
    this.#draining.abort();
    this.connection.drain();
    await this.closed;
  }

  /** Ends the link now. Every running request fails at both ends. */
  destroy(reason?: PosternError): void {
    if (this.connection.isClosed) return;
    this.#ended ??= { reason };
    this.connection.destroy(new Http2ConnectionError(Http2ErrorCode.CANCEL, reason?.message ?? 'the link was ended'));
  }

  #send(bytes: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return; // its `close` follows, and ends the connection
    this.#socket.send(bytes, () => this.connection.sent(bytes.length));
  }

  // `message` is one Buffer: the `binaryType` that `ws` starts with.
  #receive(message: Buffer, isBinary: boolean): void {
    this.#lastReceivedMs = performance.now();
    if (message.length < FRAME_HEADER_BYTES) this.#chargeEmptyMessage();
    else this.#emptyMessages.earn(1);
    if (isBinary) this.connection.receive(message);
    else this.#socket.close(1003); // a text message is a protocol error (RFC 6455 section 7.4.1)
  }

  /** For a message that carries nothing, or hardly anything. */
  #chargeEmptyMessage(): void {
    try {
      this.#emptyMessages.spend();
    } catch (error) {
      this.connection.destroy(error as Http2Error); // `spend` throws no other
    }
  }

  #end(error: Http2Error | undefined): void {
    const reason = error === undefined ? undefined : linkLost(error);
    clearInterval(this.#timer);
    this.#draining.abort();
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.close(closeCode(error));
    setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
    this.#resolveClosed(this.#ended === undefined ? reason : this.#ended.reason);
  }

  #keepAlive(): void {
    const now = performance.now();
    // While this process stood still nothing was read: that is no silence of the peer. What came meanwhile is read after
    // this, and a peer that is gone is noticed so much later.
    const stoodStillMs = Math.max(now - this.#lastTickMs - PING_INTERVAL_MS, 0);
    this.#lastReceivedMs = Math.min(this.#lastReceivedMs + stoodStillMs, now);
    this.#pingSentMs = Math.min(this.#pingSentMs + stoodStillMs, now);
    this.#lastTickMs = now;
    const isOverdue = this.#pendingPing !== undefined && now - this.#pingSentMs > PING_TIMEOUT_MS;
    if (isOverdue || now - this.#lastReceivedMs > DEAD_AFTER_MS) {
      this.destroy(linkLost('no answer to PING'));
      return;
    }
    this.ping().catch(() => {}); // a missing answer is noticed by the silence, at the next ticks
  }
}

/** The status of our close frame (RFC 6455 section 7.4.1): what the peer did wrong in HTTP/2 is a protocol error here. */
function closeCode(error: Http2Error | undefined): number {
  switch (error?.code) {
    case undefined:
    case Http2ErrorCode.NO_ERROR:
    case Http2ErrorCode.CANCEL:
      return 1000;
    case Http2ErrorCode.INTERNAL_ERROR:
      return 1011;
    case Http2ErrorCode.ENHANCE_YOUR_CALM:
      return 1008;
    case Http2ErrorCode.FRAME_SIZE_ERROR:
      return 1009;
    default:
      return 1002;
  }
}

/** `ERR_LINK_LOST` with what was seen. */
export function linkLost(cause: unknown): PosternError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PosternError('ERR_LINK_LOST', `the link was lost: ${detail}`, cause instanceof Error ? { cause } : {});
}
