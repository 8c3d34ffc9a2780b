/**
 * The time limits of a connection. It has no timer: its owner calls `tick`, and every limit is the age of something that has
 * not changed since, as of the last ticks. Time in which the process stood still does not count: what the peer sent meanwhile
 * has not been read.
 */
import { Http2ConnectionError, Http2ErrorCode, Http2StreamError } from './errors.js';
import type { FrameReader } from './frame/reader.js';
import type { Incoming } from './incoming.js';
import type { LocalSettings } from './local-settings.js';
import type { Pings } from './pings.js';
import type { SendQueue } from './send/send-queue.js';
import type { Shutdown } from './shutdown.js';
import { Stalls } from './stalls.js';
import type { Streams } from './stream/streams.js';
import type { TimeLimits } from './time-limits.js';

/** The owner should tick more often than this: a longer step counts as this long. */
export const MAX_TICK_MS = 5_000;

export interface ClocksOptions {
  readonly limits: TimeLimits;
  readonly now: () => number;
  readonly reader: FrameReader;
  readonly incoming: Incoming;
  readonly local: LocalSettings;
  readonly streams: Streams;
  readonly queue: SendQueue;
  readonly pings: Pings;
  readonly shutdown: Shutdown;
  /** The transport should be closed now, whatever is still in it. Once. */
  readonly overdue: () => void;
}

/** How long a value has been what it is. */
class Age {
  #value: number | undefined;
  #sinceMs = 0;

  /** In milliseconds; 0 if the value has changed since the last call, or is undefined: there is nothing to wait for. */
  of(value: number | undefined, nowMs: number): number {
    if (value !== undefined && value === this.#value) return nowMs - this.#sinceMs;
    this.#value = value;
    this.#sinceMs = nowMs;
    return 0;
  }
}

export class Clocks {
  readonly #options: ClocksOptions;
  readonly #stalls: Stalls;
  readonly #preface = new Age();
  readonly #frame = new Age();
  readonly #settings = new Age();
  readonly #idle = new Age();
  readonly #silence = new Age();
  readonly #firstGoaway = new Age();
  readonly #drain = new Age();
  readonly #close = new Age();
  #lastMs: number;
  #ms = 0;
  #hasPinged = false;
  #isOverdue = false;

  constructor(options: ClocksOptions) {
    this.#options = options;
    this.#lastMs = options.now();
    this.#stalls = new Stalls(options.limits.stall, 0);
    this.tick(); // every age begins now
  }

  tick(): void {
    const nowMs = this.#options.now();
    this.#ms += Math.min(nowMs - this.#lastMs, MAX_TICK_MS);
    this.#lastMs = nowMs;
    const { shutdown, limits } = this.#options;
    if (!shutdown.isClosed) {
      try {
        this.#requireProgress();
        this.#keepAlive();
        this.#endSlowly();
        this.#endStalled();
      } catch (error) {
        shutdown.fail(error);
      }
    }
    if (this.#close.of(shutdown.isClosed ? 0 : undefined, this.#ms) >= limits.closeMs) this.#reportOverdue();
  }

  /** What the peer has begun, or has to begin with. Throws `Http2ConnectionError`. */
  #requireProgress(): void {
    const { limits, reader, incoming, local } = this.#options;
    if (this.#preface.of(reader.isAwaitingPreface ? 0 : undefined, this.#ms) >= limits.prefaceMs)
      throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'no connection preface in time');
    const { unfinishedBlock } = incoming;
    const unfinished = unfinishedBlock === undefined ? reader.unfinished : -unfinishedBlock; // blocks count from 1
    if (this.#frame.of(unfinished, this.#ms) >= limits.frameMs)
      throw new Http2ConnectionError(
        Http2ErrorCode.ENHANCE_YOUR_CALM,
        'a frame or a header block not complete in time',
      );
    if (this.#settings.of(local.isAcknowledged ? undefined : 0, this.#ms) >= limits.settingsAckMs)
      throw new Http2ConnectionError(Http2ErrorCode.SETTINGS_TIMEOUT, 'our SETTINGS were not acknowledged');
  }

  /** A peer that is silent gets a PING. One that does not read what was sent cannot respond: it is judged by `Stalls`. */
  #keepAlive(): void {
    const { limits, reader, queue, pings } = this.#options;
    const silentMs = this.#silence.of(queue.unsentBytes > 0 ? undefined : reader.reads, this.#ms);
    if (silentMs < limits.keepAliveMs) this.#hasPinged = false;
    else if (silentMs >= limits.keepAliveMs + limits.pingMs)
      throw new Http2ConnectionError(Http2ErrorCode.NO_ERROR, 'the peer does not respond to PING');
    else if (!this.#hasPinged) this.#hasPinged = pings.send(() => {});
  }

  #endSlowly(): void {
    const { limits, shutdown, streams } = this.#options;
    const { size, highestId } = streams.table;
    if (this.#idle.of(size === 0 ? highestId : undefined, this.#ms) >= limits.idleMs) shutdown.drain();
    if (this.#firstGoaway.of(shutdown.isFirstGoaway ? 0 : undefined, this.#ms) >= limits.finalGoawayMs)
      shutdown.sendFinalGoaway();
    if (this.#drain.of(shutdown.isDraining ? 0 : undefined, this.#ms) >= limits.drainMs)
      throw new Http2ConnectionError(Http2ErrorCode.NO_ERROR, 'streams that ran past the end of a drain');
  }

  #endStalled(): void {
    const { shutdown, streams, queue } = this.#options;
    if (shutdown.isClosed) return;
    const stalled = this.#stalls.check(streams.table, queue, this.#ms);
    if (stalled === 'connection')
      throw new Http2ConnectionError(Http2ErrorCode.ENHANCE_YOUR_CALM, 'what was sent is not read');
    for (const { id } of stalled) {
      streams.fail(new Http2StreamError(id, Http2ErrorCode.CANCEL, 'what was sent on the stream is not taken'));
    }
  }

  #reportOverdue(): void {
    if (this.#isOverdue) return;
    this.#isOverdue = true;
    this.#options.overdue();
  }
}
