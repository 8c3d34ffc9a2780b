/**
 * A link: one HTTP/2 connection over a wire, which is a WebSocket between agent and edge. PING checks liveness, GOAWAY drains.
 * This is what both ends share; `OutboundLink` at the edge opens requests, `InboundLink` at the agent accepts them. Between two
 * nodes `PeerLink` and `PeerServerLink` do the same.
 */
import { PosternError } from '../errors.js';
import { BytePool } from '../http2/byte-pool.js';
import { Connection } from '../http2/connection.js';
import type { ConnectionObserver } from '../http2/connection-options.js';
import { Http2ConnectionError, type Http2Error, Http2ErrorCode } from '../http2/errors.js';
import { type AbuseLimits, DEFAULT_ABUSE_LIMITS } from '../http2/flood-guard.js';
import { DEFAULT_FLOW_LIMITS } from '../http2/flow/flow-control.js';
import type { Role } from '../http2/frame/settings.js';
import { Liveness } from './liveness.js';
import type { Wire } from './wire.js';

// A peer that does not close in this time is disconnected.
const CLOSE_TIMEOUT_MS = 1_000;

/** The most concurrent streams on a link: what we announce (SETTINGS), and the edge's own limit. */
export const MAX_STREAMS = 1_000;

/** The largest field list in bytes (RFC 9113 section 6.5.2), both ways. Visitors may send half of it. */
export const MAX_HEADER_LIST_BYTES = 131_072;
export const MAX_HEADER_FIELDS = 2_000;

/** What readers on all links of this process leave unread: together at most what four links may have by themselves. */
export const UNREAD = new BytePool(268_435_456);
/**
 * What waits to be sent on all links of this process: at an agent responses that visitors do not read, at an edge uploads
 * that apps do not read. Within the bound a stream may hold two reads of 64 KiB, above it one: 80 MiB for a thousand.
 */
export const UNSENT = new BytePool(16_777_216);
const FLOW_LIMITS = { ...DEFAULT_FLOW_LIMITS, pool: UNREAD };

// Fields with secret values: never-indexed literals, so that no compression state depends on them (RFC 7541 section 7.1.3).
const NEVER_INDEXED: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie', 'x-postern-assertion']);

// The agent's budgets for the edge, which resets a stream for each visitor who leaves and forwards each keystroke: impatient
// visitors must not cost the link, and with it all others. The edge's budgets for an agent are the engine's defaults.
const EDGE_ABUSE_LIMITS: AbuseLimits = {
  ...DEFAULT_ABUSE_LIMITS,
  resets: { burst: 50_000, perSecond: 10_000 },
  smallData: { burst: 2_000_000, perSecond: 500_000 },
};

export interface LinkOptions {
  readonly role: Role;
  /** Server role: receives a request. */
  readonly stream?: Required<ConnectionObserver>['stream'];
  /** The most concurrent streams; `MAX_STREAMS` unless given. */
  readonly maxStreams?: number;
  /** Both ends are nodes of one edge: neither floods the other. */
  readonly isPeer?: boolean;
}

/** Owns its wire: the end of the connection closes it, and the other way round. */
export abstract class Link {
  /** Resolves when the link has ended: with an error if it was lost, without if it was closed on purpose. */
  readonly closed: Promise<PosternError | undefined>;
  /** Called with each round trip that the checks of liveness measure, in milliseconds. */
  roundTrip: ((ms: number) => void) | undefined;
  protected readonly connection: Connection;
  readonly #wire: Wire;
  readonly #draining = new AbortController();
  readonly #liveness: Liveness;
  #requests = 0;
  #ended: { readonly reason: PosternError | undefined } | undefined;
  #whenAnnounced: Promise<void> | undefined;
  #announced: () => void = () => {};
  #resolveClosed: (reason: PosternError | undefined) => void = () => {};

  /** Takes over an open wire. */
  protected constructor(wire: Wire, { role, stream, maxStreams = MAX_STREAMS, isPeer = false }: LinkOptions) {
    this.#wire = wire;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.connection = new Connection({
      role,
      connectProtocol: role === 'server',
      neverIndexed: NEVER_INDEXED,
      limits: {
        maxStreams,
        maxHeaderListBytes: MAX_HEADER_LIST_BYTES,
        maxHeaderFields: MAX_HEADER_FIELDS,
        flow: FLOW_LIMITS,
        sendPool: UNSENT,
        abuse: role === 'server' || isPeer ? EDGE_ABUSE_LIMITS : DEFAULT_ABUSE_LIMITS,
      },
      send: (bytes) => this.#send(bytes),
      headroomBytes: wire.headroomBytes,
      observer: {
        ...(stream === undefined ? {} : { stream }),
        settings: () => this.#announced(),
        goaway: () => this.#draining.abort(),
        idsRunningLow: () => void this.drain(), // the agent dials another link; this one ends after its running requests
        closed: (error) => this.#end(error),
      },
    });
    this.#liveness = new Liveness({
      of: isPeer ? 'node' : role === 'client' ? 'edge' : 'agent',
      isUsed: () => this.#isUsed(),
      ping: () => this.connection.ping(),
      measured: (ms) => this.roundTrip?.(ms),
      dead: () => this.destroy(linkLost('no answer to PING')),
    });
    wire.observe({
      received: (bytes) => this.connection.receive(bytes),
      alive: () => this.#liveness.received(),
      failed: (error) => this.connection.destroy(error),
      closed: (reason) => this.destroy(linkLost(reason)),
    });
  }

  /** Aborted once no new request may use this link: either end drains it, or it has ended. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** How many requests run on this link. */
  get running(): number {
    return this.connection.running;
  }

  /** Measures a round trip in milliseconds. Rejects with `ERR_LINK_LOST` if the link ends first. */
  ping(): Promise<number> {
    return this.#liveness.ping().catch((error: unknown) => {
      throw linkLost(error);
    });
  }

  /** Asks the agent for another link. This one serves on. */
  notice(): void {
    this.connection.notice();
  }

  /** Sends GOAWAY; running requests finish, then the link closes. Resolves when it has closed. */
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

  /** To be called before the peer's SETTINGS have arrived: resolves when they have, or the link has ended. */
  protected whenAnnounced(): Promise<void> {
    this.#whenAnnounced ??= new Promise((resolve) => {
      this.#announced = resolve;
    });
    return this.#whenAnnounced;
  }

  #send(bytes: Buffer): void {
    this.#wire.send(bytes, () => this.connection.sent(bytes.length));
  }

  #end(error: Http2Error | undefined): void {
    const reason = error === undefined ? undefined : linkLost(error);
    this.#liveness.end();
    this.#draining.abort();
    this.#announced();
    this.#wire.close(error);
    setTimeout(() => this.#wire.destroy(), CLOSE_TIMEOUT_MS).unref();
    this.#resolveClosed(this.#ended === undefined ? reason : this.#ended.reason);
  }

  /** Whether requests run, or have run since it was last asked. */
  #isUsed(): boolean {
    const before = this.#requests;
    this.#requests = this.connection.requests;
    return this.running > 0 || this.#requests > before;
  }
}

/** `ERR_LINK_LOST` with its cause. */
export function linkLost(cause: unknown): PosternError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PosternError('ERR_LINK_LOST', `the link was lost: ${detail}`, cause instanceof Error ? { cause } : {});
}
