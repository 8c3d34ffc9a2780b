/**
 * How much the peer may send us (RFC 9113 section 5.2): the windows of the connection and of its streams, and how both
 * follow the path. Credit of the connection is returned as bytes arrive, so its window holds what the path needs and the
 * queue in the sockets stays short. Credit of a stream is returned as its bytes are read, so a slow reader blocks only its
 * own stream. `buffer-shares.ts` bounds what all slow readers together may hold.
 */
import type { Buffer } from 'node:buffer';
import type { BytePool } from '../byte-pool.js';
import { Http2ConnectionError, Http2ErrorCode } from '../errors.js';
import { DEFAULT_WINDOW_BYTES } from '../frame/types.js';
import { windowUpdateFrame } from '../frame/writer.js';
import type { Pings } from '../pings.js';
import { BufferShares, MIN_START_BYTES } from './buffer-shares.js';
import { PathEstimate } from './path-estimate.js';
import { ReceiveWindow, type ReceivingStream } from './window.js';

// The minimum window: enough for a path of 10 Mbit/s over 50 ms. A smaller estimate is a measurement error.
const MIN_WINDOW_BYTES = 65_536;
// Below this RTT a window grows to its full size before the delay is noticeable.
const HIGH_RTT_MS = 5;
// A WINDOW_UPDATE is sent once this share of a window can be returned. Half a window costs the fewest frames; with a high
// RTT, or a window above 256 KiB, the sender would run out of credit meanwhile, or need a window of twice the path's BDP.
const HIGH_RTT_THRESHOLD_SHARE = 1 / 16;
const THRESHOLD_SHARE = 1 / 8;
const LARGE_THRESHOLD_BYTES = 131_072;
// A new INITIAL_WINDOW_SIZE is announced when it is this much larger, or half of the last.
const ANNOUNCE_FACTOR = 1.25;

/** What the windows that we open start with, and how far they may grow. */
export interface FlowLimits {
  /** The window of a stream at first on a path with a short round trip, and at most: on a long path also at first. */
  readonly initialStreamBytes: number;
  readonly maxStreamBytes: number;
  /** The window of a connection at first, and the most that all its readers together may leave unread. */
  readonly initialConnectionBytes: number;
  readonly maxConnectionBytes: number;
  /** Counts unread bytes together with those of other connections. */
  readonly pool?: BytePool;
}

export const DEFAULT_FLOW_LIMITS: FlowLimits = {
  initialStreamBytes: 262_144,
  maxStreamBytes: 16_777_216,
  initialConnectionBytes: 1_048_576,
  maxConnectionBytes: 67_108_864,
};

export interface FlowControlOptions {
  readonly limits: FlowLimits;
  readonly pings: Pings;
  readonly send: (frame: Buffer) => void;
  /** Announces a new INITIAL_WINDOW_SIZE; not called again before `initialWindowApplied`. */
  readonly announce: (initialWindowBytes: number) => void;
  readonly now: () => number;
  /** The open streams. */
  readonly streams: Iterable<ReceivingStream>;
}

export class FlowControl {
  readonly #options: FlowControlOptions;
  readonly #path: PathEstimate;
  readonly #shares: BufferShares;
  readonly #window: ReceiveWindow;
  #bufferedBytes = 0;
  #initialBytes = DEFAULT_WINDOW_BYTES;
  #announcedBytes: number;
  #trafficBytes = 0;

  constructor(options: FlowControlOptions) {
    const { limits } = options;
    this.#options = options;
    this.#path = new PathEstimate({
      minBytes: Math.min(MIN_WINDOW_BYTES, limits.initialStreamBytes),
      startBytes: limits.initialStreamBytes,
      maxStartBytes: limits.maxStreamBytes,
      maxBytes: limits.maxStreamBytes,
    });
    this.#shares = new BufferShares(options.streams, limits.maxConnectionBytes);
    this.#window = new ReceiveWindow(DEFAULT_WINDOW_BYTES, limits.initialConnectionBytes);
    this.#announcedBytes = limits.initialStreamBytes;
  }

  /** The window of a stream that opens now: the INITIAL_WINDOW_SIZE that the peer has acknowledged. */
  get initialWindowBytes(): number {
    return this.#initialBytes;
  }

  /** All flow-controlled bytes received so far. If a PING does not change it, the round trip was idle. */
  get trafficBytes(): number {
    return this.#trafficBytes;
  }

  /** Opens the connection's window beyond the default (section 6.9.2). */
  start(): void {
    this.#maybeUpdateConnection();
  }

  /** Counts the flow-controlled bytes of a DATA frame of any stream. Throws `Http2ConnectionError`. */
  received(bytes: number): void {
    if (this.#window.consume(bytes) === 'exceeded') {
      throw new Http2ConnectionError(Http2ErrorCode.FLOW_CONTROL_ERROR, 'DATA past the window of the connection');
    }
    this.#trafficBytes += bytes;
    const before = this.#path.windowBytes;
    const isRoundDue = this.#path.received(bytes, this.#options.now);
    if (this.#path.windowBytes !== before) this.#applyPathEstimate();
    this.#maybeUpdateConnection();
    if (isRoundDue) this.#beginRound();
  }

  /** Counts bytes that are buffered for a reader or, below zero, that a reader has read. */
  buffered(bytes: number): void {
    this.#bufferedBytes += bytes;
    this.#options.limits.pool?.add(bytes);
    if (bytes < 0) this.#maybeUpdateConnection();
    this.#adaptInitialWindow();
  }

  /** Returns credit to the peer after bytes of a stream were read, once there is enough for a WINDOW_UPDATE. */
  maybeSendWindowUpdate(stream: ReceivingStream): void {
    const { window, bufferedBytes, isEnded } = stream.receiving;
    if (bufferedBytes === 0 && !isEnded) this.#adjustStreamWindow(window);
    this.#maybeUpdateStream(stream);
  }

  /** Adds an RTT sample of a round trip without data. */
  onIdleRoundTrip(ms: number): void {
    this.#path.onIdleRoundTrip(ms);
    this.#applyPathEstimate();
    this.#maybeUpdateConnection();
  }

  /** The peer has acknowledged the announced INITIAL_WINDOW_SIZE: it now applies, to open streams too (section 6.9.2). */
  initialWindowApplied(): void {
    const change = this.#announcedBytes - this.#initialBytes;
    this.#initialBytes = this.#announcedBytes;
    for (const stream of this.#options.streams) {
      stream.receiving.window.applySettingsDelta(change);
      this.#maybeUpdateStream(stream); // credit that was not returned yet may be all that the stream has
    }
    this.#adaptInitialWindow();
  }

  /** A reader that keeps up gets the window that the path needs, as far as the shares permit. */
  #adjustStreamWindow(window: ReceiveWindow): void {
    const needed = Math.max(this.#path.windowBytes, this.#initialBytes);
    if (needed !== window.sizeBytes) this.#shares.resize(window, needed, this.#initialBytes, this.#trafficBytes);
  }

  #beginRound(): void {
    const { pings, now } = this.#options;
    const isSent = pings.send(() => {
      this.#path.endRound(now());
      this.#applyPathEstimate();
      this.#maybeUpdateConnection();
    });
    if (isSent) this.#path.startRound(now());
  }

  #applyPathEstimate(): void {
    const { windowBytes, isMeasured } = this.#path;
    if (isMeasured || windowBytes > this.#window.sizeBytes) this.#window.resize(windowBytes);
    this.#adaptInitialWindow();
  }

  #maybeUpdateConnection(): void {
    const { maxConnectionBytes } = this.#options.limits;
    const excessBytes = Math.max(
      this.#bufferedBytes + this.#window.sizeBytes - maxConnectionBytes,
      this.#poolExcessBytes,
      0,
    );
    const increment = this.#window.grantCredit(excessBytes, this.#updateThreshold(this.#window));
    if (increment > 0) this.#options.send(windowUpdateFrame(0, increment));
  }

  /** While the pool is exceeded, a connection with unread bytes shrinks to the minimum window; one without keeps its own. */
  get #poolExcessBytes(): number {
    if (this.#options.limits.pool?.isExceeded !== true) return 0;
    return Math.min(this.#bufferedBytes, this.#window.sizeBytes - MIN_WINDOW_BYTES);
  }

  // Never names an idle stream, on which nothing has arrived, or a closed one, whose receive half has ended.
  #maybeUpdateStream({ id, receiving }: ReceivingStream): void {
    const { window, bufferedBytes, isEnded } = receiving;
    if (isEnded) return;
    const increment = window.grantCredit(bufferedBytes, this.#updateThreshold(window));
    if (increment > 0) this.#options.send(windowUpdateFrame(id, increment));
  }

  #updateThreshold({ sizeBytes }: ReceiveWindow): number {
    if (this.#isHighRtt) return sizeBytes * HIGH_RTT_THRESHOLD_SHARE;
    return Math.max(sizeBytes * THRESHOLD_SHARE, Math.min(sizeBytes / 2, LARGE_THRESHOLD_BYTES));
  }

  get #isHighRtt(): boolean {
    const { minRttMs } = this.#path;
    return minRttMs > HIGH_RTT_MS && minRttMs !== Number.POSITIVE_INFINITY;
  }

  /**
   * With a high RTT, new streams start with the window that the path needs: growing it after data has arrived would cost
   * each of them a round trip. The more bytes are unread, the smaller the window: open streams lose unused credit too.
   */
  #adaptInitialWindow(): void {
    if (this.#announcedBytes !== this.#initialBytes) return; // one announcement at a time
    const { initialStreamBytes, maxConnectionBytes, pool } = this.#options.limits;
    const wanted = this.#isHighRtt ? Math.max(this.#path.windowBytes, initialStreamBytes) : initialStreamBytes;
    const next = this.#shares.initialWindowFor(wanted, pool?.isExceeded ? maxConnectionBytes : this.#bufferedBytes);
    // The minimum is always announced: twice the minimum, times all streams, would exceed the bound.
    const isSimilar = next > this.#announcedBytes / 2 && next < this.#announcedBytes * ANNOUNCE_FACTOR;
    if (next === this.#announcedBytes || (isSimilar && next > MIN_START_BYTES)) return;
    this.#announcedBytes = next;
    this.#options.announce(next);
  }
}
