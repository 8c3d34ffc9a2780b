/**
 * What the peer may send us (RFC 9113 section 5.2): the window of the connection, those of its streams, and how both
 * follow the path. The connection's window is given back as bytes arrive, a stream's as they are read, so that a slow
 * reader holds back only its own stream; what all slow readers hold together is bounded, and long before the bound new
 * streams get a window so small that they cannot reach it.
 */
import type { Buffer } from 'node:buffer';
import { Code, Http2ConnectionError } from './errors.js';
import { DEFAULT_WINDOW_BYTES } from './frame-types.js';
import { windowUpdateFrame } from './frame-writer.js';
import { PathEstimate } from './path-estimate.js';
import type { Pings } from './pings.js';
import type { Http2Stream } from './stream.js';
import { ReceiveWindow } from './window.js';

export interface FlowLimits {
  /** What a stream starts with, and the most it grows to. */
  readonly streamStartBytes: number;
  readonly streamMostBytes: number;
  /** What a connection starts with, and the most that all its readers together may leave unread. */
  readonly connectionStartBytes: number;
  readonly connectionMostBytes: number;
}

export const DEFAULT_FLOW_LIMITS: FlowLimits = {
  streamStartBytes: 262_144,
  streamMostBytes: 16_777_216,
  connectionStartBytes: 1_048_576,
  connectionMostBytes: 67_108_864,
};

// A path slower than 10 Mbit/s needs no more, and one that measures less was measured wrong.
const LEAST_WINDOW_BYTES = 65_536;
// What new streams start with while much is unread: a thousand of them hold 16 MiB.
const SCARCE_WINDOW_BYTES = 16_384;
// Shares of the bound: above the one windows get scarce, below the other no longer.
const SCARCE_ABOVE = 0.5;
const PLENTY_BELOW = 0.125;
// On a shorter path a stream's window has grown before anybody notices.
const FAR_MS = 5;

export interface FlowOptions {
  readonly limits: FlowLimits;
  readonly pings: Pings;
  readonly send: (frame: Buffer) => void;
  /** Announces another INITIAL_WINDOW_SIZE; not called again before `initialWindowApplied`. */
  readonly announce: (initialWindowBytes: number) => void;
  readonly now: () => number;
  /** How many streams are open. */
  readonly running: () => number;
}

export class Flow {
  readonly #options: FlowOptions;
  readonly #path: PathEstimate;
  readonly #window: ReceiveWindow;
  #heldBytes = 0;
  #initialBytes = DEFAULT_WINDOW_BYTES;
  #announcedBytes: number;
  #isScarce = false;
  #trafficBytes = 0;

  constructor(options: FlowOptions) {
    const { limits } = options;
    this.#options = options;
    this.#path = new PathEstimate({
      leastBytes: Math.min(LEAST_WINDOW_BYTES, limits.streamStartBytes),
      startBytes: limits.streamStartBytes,
      mostStartBytes: limits.connectionStartBytes,
      mostBytes: limits.streamMostBytes,
    });
    this.#window = new ReceiveWindow(DEFAULT_WINDOW_BYTES, limits.connectionStartBytes);
    this.#announcedBytes = limits.streamStartBytes;
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
    this.#grantConnection();
  }

  /** Counts the flow-controlled bytes of a DATA frame, of whatever stream. Throws `Http2ConnectionError`. */
  received(bytes: number): void {
    if (this.#window.take(bytes) === 'exceeded') {
      throw new Http2ConnectionError(Code.FLOW_CONTROL_ERROR, 'DATA past the window of the connection');
    }
    this.#trafficBytes += bytes;
    this.#grantConnection();
    if (this.#path.received(bytes, this.#options.now)) this.#beginRound();
  }

  /** Bytes are held for a reader, or (below zero) were taken by one. */
  held(bytes: number): void {
    this.#heldBytes += bytes;
    if (bytes < 0) this.#grantConnection();
    this.#adaptInitialWindow();
  }

  /** Tells the peer what it may send on a stream, after something of it was read. */
  replenish(stream: Http2Stream): void {
    const { window, heldBytes, isEnded } = stream.receiving;
    if (isEnded || stream.isOver) return;
    // Only a reader that keeps up is given more than a new stream has.
    if (heldBytes === 0 && !this.#isScarce) {
      const wanted = Math.min(this.#path.windowBytes, this.#fairShareBytes());
      if (wanted > window.sizeBytes) window.resize(wanted);
    }
    const increment = window.grant(heldBytes);
    if (increment > 0) this.#options.send(windowUpdateFrame(stream.id, increment));
  }

  /** Notes a round trip without data. */
  idleRoundTrip(ms: number): void {
    this.#path.idleRoundTrip(ms);
    this.#adaptInitialWindow();
  }

  /** The peer has acknowledged what was announced: from here on it counts (section 6.9.2). */
  initialWindowApplied(streams: Iterable<Http2Stream>): void {
    const change = this.#announcedBytes - this.#initialBytes;
    this.#initialBytes = this.#announcedBytes;
    for (const stream of streams) {
      const { window } = stream.receiving;
      window.shift(change);
      if (change < 0 || window.sizeBytes < this.#initialBytes) window.resize(this.#initialBytes);
      this.replenish(stream); // a window that went below zero brings no DATA that would do it
    }
    this.#adaptInitialWindow();
  }

  /**
   * The most that one of the running streams may grow to. A reader that kept up may stop at any time, and then holds its
   * whole window: if the streams that run together could reach the bound, they would hold back all others.
   */
  #fairShareBytes(): number {
    return this.#options.limits.connectionMostBytes / (4 * Math.max(1, this.#options.running()));
  }

  #beginRound(): void {
    const { pings, now } = this.#options;
    const isSent = pings.send(() => {
      this.#path.ended(now());
      if (this.#path.isMeasured) this.#window.resize(this.#path.windowBytes);
      this.#adaptInitialWindow();
    });
    if (isSent) this.#path.began(now());
  }

  #grantConnection(): void {
    const { connectionMostBytes } = this.#options.limits;
    const tooMuch = Math.max(this.#heldBytes + this.#window.sizeBytes - connectionMostBytes, 0);
    const increment = this.#window.grant(tooMuch);
    if (increment > 0) this.#options.send(windowUpdateFrame(0, increment));
  }

  /**
   * New streams start with what the path needs, where it is long: a window that grew only once data came would cost each
   * of them a round trip.
   */
  #adaptInitialWindow(): void {
    if (this.#announcedBytes !== this.#initialBytes) return; // one announcement at a time
    const { connectionMostBytes, streamStartBytes } = this.#options.limits;
    this.#isScarce = this.#heldBytes > connectionMostBytes * (this.#isScarce ? PLENTY_BELOW : SCARCE_ABOVE);
    const isFar = this.#path.roundTripMs > FAR_MS;
    const wanted = isFar ? Math.max(this.#path.windowBytes, streamStartBytes) : streamStartBytes;
    const next = this.#isScarce ? Math.min(SCARCE_WINDOW_BYTES, streamStartBytes) : wanted;
    if (next === this.#announcedBytes || (next > this.#announcedBytes / 2 && next < this.#announcedBytes * 2)) return;
    this.#announcedBytes = next;
    this.#options.announce(next);
  }
}
