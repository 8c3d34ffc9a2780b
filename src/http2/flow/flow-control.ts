/**
 * What the peer may send us (RFC 9113 section 5.2): the window of the connection, those of its streams, and how both
 * follow the path. The connection's window is given back as bytes arrive, so it holds what the path needs and keeps the
 * queue in the sockets short; a stream's is given back as they are read, so that a slow reader holds back only its own
 * stream. How much all slow readers may hold together is in `buffer-shares.ts`.
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

// A path slower than 10 Mbit/s needs no more, and one that measures less was measured wrong.
const MIN_WINDOW_BYTES = 65_536;
// On a path with a long round trip a connection may start with twice as much.
const HIGH_RTT_START_FACTOR = 2;
// On a shorter path a window has grown before anybody notices.
const HIGH_RTT_MS = 5;
// An update each half window costs least. On a long path, or past a quarter of a megabyte, that would let a sender run
// dry, or ask for a window of twice what the path holds.
const HIGH_RTT_THRESHOLD_SHARE = 1 / 16;
const THRESHOLD_SHARE = 1 / 8;
const LARGE_THRESHOLD_BYTES = 131_072;
// What is worth another announcement: so much more, or half.
const ANNOUNCE_FACTOR = 1.25;

/** What the windows that we open start with, and how far they may grow. */
export interface FlowLimits {
  /** The window of a stream at first, on a path with a short round trip, and at most. */
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
  /** Announces another INITIAL_WINDOW_SIZE; not called again before `initialWindowApplied`. */
  readonly announce: (initialWindowBytes: number) => void;
  readonly now: () => number;
  /** Those that are open. */
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
      maxStartBytes: Math.min(limits.initialConnectionBytes * HIGH_RTT_START_FACTOR, limits.maxStreamBytes),
      maxBytes: limits.maxStreamBytes,
    });
    this.#shares = new BufferShares(options.streams, limits.maxConnectionBytes);
    this.#window = new ReceiveWindow(DEFAULT_WINDOW_BYTES, limits.initialConnectionBytes);
    this.#announcedBytes = limits.initialStreamBytes;
  }

  /** What a stream that opens now starts with. Differs from what was announced until the peer has acknowledged it. */
  get initialWindowBytes(): number {
    return this.#initialBytes;
  }

  /** Counts everything that was received: the same before and after means that a round trip was idle. */
  get trafficBytes(): number {
    return this.#trafficBytes;
  }

  /** Opens the window of the connection at its start. */
  start(): void {
    this.#maybeUpdateConnection();
  }

  /** Counts the flow-controlled bytes of a DATA frame, of whatever stream. Throws `Http2ConnectionError`. */
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

  /** Bytes are held for a reader, or (below zero) were taken by one. */
  buffered(bytes: number): void {
    this.#bufferedBytes += bytes;
    this.#options.limits.pool?.add(bytes);
    if (bytes < 0) this.#maybeUpdateConnection();
    this.#adaptInitialWindow();
  }

  /** Tells the peer what it may send on a stream, after something of it was read. */
  maybeSendWindowUpdate(stream: ReceivingStream): void {
    const { window, bufferedBytes, isEnded } = stream.receiving;
    if (bufferedBytes === 0 && !isEnded) this.#adjustStreamWindow(window);
    this.#maybeUpdateStream(stream);
  }

  /** Notes a round trip without data. */
  onIdleRoundTrip(ms: number): void {
    this.#path.onIdleRoundTrip(ms);
    this.#applyPathEstimate();
    this.#maybeUpdateConnection();
  }

  /** The peer has acknowledged what was announced: from here on it counts, for open streams too (section 6.9.2). */
  initialWindowApplied(): void {
    const change = this.#announcedBytes - this.#initialBytes;
    this.#initialBytes = this.#announcedBytes;
    for (const stream of this.#options.streams) {
      stream.receiving.window.applySettingsDelta(change);
      this.#maybeUpdateStream(stream); // what was read and not yet given back may be all that the stream has
    }
    this.#adaptInitialWindow();
  }

  /** A reader that keeps up is given what the path needs, as far as there is something to give. */
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

  /** What all hold is too much: who holds something of it is left with the least window, and who holds nothing with all. */
  get #poolExcessBytes(): number {
    if (this.#options.limits.pool?.isExceeded !== true) return 0;
    return Math.min(this.#bufferedBytes, this.#window.sizeBytes - MIN_WINDOW_BYTES);
  }

  // Of a stream that the peer does not know nothing has arrived, and one that is over has ended.
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
   * New streams start with what the path needs, where it is long: a window that grew only once data came would cost each
   * of them a round trip. The less, the more is unread: streams that are open and not read lose what they had not used.
   */
  #adaptInitialWindow(): void {
    if (this.#announcedBytes !== this.#initialBytes) return; // one announcement at a time
    const { initialStreamBytes, maxConnectionBytes, pool } = this.#options.limits;
    const wanted = this.#isHighRtt ? Math.max(this.#path.windowBytes, initialStreamBytes) : initialStreamBytes;
    const next = this.#shares.initialWindowFor(wanted, pool?.isExceeded ? maxConnectionBytes : this.#bufferedBytes);
    // The least is announced whatever came before: twice of it, times all streams, is more than there is.
    const isSimilar = next > this.#announcedBytes / 2 && next < this.#announcedBytes * ANNOUNCE_FACTOR;
    if (next === this.#announcedBytes || (isSimilar && next > MIN_START_BYTES)) return;
    this.#announcedBytes = next;
    this.#options.announce(next);
  }
}
