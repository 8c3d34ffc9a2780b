/**
 * How large a receive window the path needs. The receiver measures in rounds: a PING leaves, and what arrives until its
 * answer is what the path delivered in one round trip; by how much the response is later than the shortest round trip tells
 * how much waits in sockets, in front of every small response. The window follows the delivery rate times the shortest
 * round trip, and a little more, so that the path does not run dry between two updates.
 *
 * Until the path is seen to be full the window only widens; from then on it follows both ways.
 */
import { DeliveryRate, type RoundSeen } from './delivery-rate.js';
import { MinRtt } from './min-rtt.js';
import { PacketTrain } from './packet-train.js';
import { type Baseline, MUCH_LESS, ShrinkTrial } from './shrink-trial.js';

// What may wait beside what the path holds: a seventh of it, or what the two event loops add to a round trip under load.
const QUEUE_SHARE = 0.15;
const MIN_QUEUE_MS = 6;
// A round trip so many times what it should be is late.
const LATE = 1.5;
// While the connection is quiet.
const QUIET_SHARE = 0.75;
// Before anything is measured: what 128 Mbit/s need over the round trip that was seen, within the limits.
const START_BYTES_A_MS = 16_000;
// By so much a window opens that was too small: it shows only two round trips later.
const WIDER = 2;
// A round tells of the path, and not of a sender with little to send, when it brought most of a window.
const MAX_SHARE = 0.6;
// A round begins after this share of a window; no closer than this, or on a local path rounds would be most of the traffic.
const BETWEEN_SHARE = 1 / 16;
const MIN_INTERVAL_MS = 20;
// Bytes that should have come in a pause, when it was more than that between two frames of a slow path.
const HELD_UP_BYTES = 49_152;
// After such a silence the path may be another, and TCP starts slowly again.
const SILENCE_MS = 1_000;

export interface PathLimits {
  readonly minBytes: number;
  readonly startBytes: number;
  /** The most to start with on a path with a long round trip. */
  readonly maxStartBytes: number;
  readonly maxBytes: number;
}

interface Round {
  readonly startMs: number;
  readonly startBytes: number;
  /** The window that the sender knows: what a round trip ago was granted. */
  readonly windowBytes: number;
}

export class PathEstimate {
  readonly #limits: PathLimits;
  readonly #roundTrip = new MinRtt();
  readonly #delivery = new DeliveryRate();
  readonly #train = new PacketTrain();
  readonly #narrowing = new ShrinkTrial();
  #windowBytes: number;
  #windowBytesBefore: number;
  #isMeasured = false;
  #receivedBytes = 0;
  #round: Round | undefined;
  #peakRate = 0;
  #pausedMs = 0;
  #startedMs = Number.NEGATIVE_INFINITY;
  #endedMs = Number.NEGATIVE_INFINITY;
  #endedBytes = 0;

  constructor(limits: PathLimits) {
    this.#limits = limits;
    this.#windowBytes = limits.startBytes;
    this.#windowBytesBefore = limits.startBytes;
  }

  /** The window that the path needs. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Whether `windowBytes` comes from what arrived, and may be below what a connection starts with. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** The shortest round trip seen; infinite before the first. */
  get roundTripMs(): number {
    return this.#roundTrip.shortestMs;
  }

  /** Notes a round trip that no data shared the path with. */
  idleRoundTrip(ms: number): void {
    if (this.#round === undefined) this.#roundTrip.idle(ms);
    if (this.#isMeasured) return;
    const { startBytes, maxStartBytes } = this.#limits;
    this.#windowBytes = Math.round(clamp(this.roundTripMs * START_BYTES_A_MS, startBytes, maxStartBytes));
    this.#windowBytesBefore = this.#windowBytes;
  }

  /**
   * Notes received bytes; `windowBytes` may have changed. True when a round should begin: send a PING, and call `began`
   * and `ended`.
   */
  received(bytes: number, now: () => number): boolean {
    this.#receivedBytes += bytes;
    if (this.roundTripMs !== Number.POSITIVE_INFINITY) this.#followTrain(bytes, now());
    if (this.#round !== undefined) return false;
    if (this.#receivedBytes - this.#endedBytes < this.#windowBytes * BETWEEN_SHARE) return false;
    return this.#roundTrip.isQuiet || now() - this.#startedMs >= MIN_INTERVAL_MS;
  }

  began(nowMs: number): void {
    if (nowMs - this.#endedMs > SILENCE_MS) {
      this.#delivery.rise();
      this.#narrowing.forget();
    }
    const windowBytes = Math.min(this.#windowBytesBefore, this.#windowBytes);
    this.#round = { startMs: nowMs, startBytes: this.#receivedBytes, windowBytes };
    this.#windowBytesBefore = this.#windowBytes;
    this.#startedMs = nowMs;
    this.#peakRate = 0;
    this.#train.takeLongestPause(nowMs);
  }

  /** Ends the round; `windowBytes` may have changed. */
  ended(nowMs: number): void {
    const round = this.#round;
    if (round === undefined) return;
    this.#round = undefined;
    this.#endedMs = nowMs;
    this.#endedBytes = this.#receivedBytes;
    const ms = Math.max(nowMs - round.startMs, 0.01);
    const bytes = this.#receivedBytes - round.startBytes;
    this.#pausedMs = this.#train.takeLongestPause(nowMs);
    const wasQuiet = this.#roundTrip.isQuiet;
    this.#roundTrip.busy(ms, nowMs);
    if (wasQuiet || this.#roundTrip.isQuiet) this.#quieten(bytes / ms, ms);
    else if (bytes >= round.windowBytes * MAX_SHARE) this.#adapt(round, bytes / ms, ms);
  }

  /** What a path of a rate holds when as much waits as may. */
  #filledBy(rate: number): number {
    return rate * (this.roundTripMs + this.#queueMs);
  }

  /** How long bytes may wait on the way, beside the shortest round trip. */
  get #queueMs(): number {
    return Math.max(this.roundTripMs * QUEUE_SHARE, MIN_QUEUE_MS);
  }

  #queueAfter(ms: number, rate: number): RoundSeen['queue'] {
    const isEmpty = ms <= this.roundTripMs + this.#queueMs / 2;
    const isHeldUp = this.#pausedMs > this.#queueMs && this.#pausedMs * rate > HELD_UP_BYTES;
    if (isHeldUp && !isEmpty) return 'unknown';
    if (ms > LATE * (this.roundTripMs + this.#queueMs)) return 'late';
    return isEmpty ? 'empty' : 'waiting';
  }

  #followTrain(bytes: number, nowMs: number): void {
    const rate = this.#train.received(bytes, nowMs, this.roundTripMs);
    if (rate === undefined) return;
    this.#peakRate = Math.max(this.#peakRate, rate);
    if (this.#delivery.isRising) this.#resize(Math.max(this.#windowBytes, this.#filledBy(rate)));
  }

  #adapt({ windowBytes }: Round, rate: number, ms: number): void {
    const windowShare = (rate * this.roundTripMs) / windowBytes;
    const queue = this.#queueAfter(ms, rate);
    const isTight = this.#delivery.note({ rate, peakRate: this.#peakRate, windowShare, queue }) === 'tight';
    if (isTight) this.#resize(Math.max(this.#windowBytes, windowBytes * WIDER));
    else if (this.#narrowing.isOpen) this.#check(rate, ms);
    else if (queue !== 'unknown' && !this.#delivery.isRising) this.#fit({ windowBytes, rate, ms });
  }

  #fit(before: Baseline): void {
    const needed = this.#filledBy(this.#delivery.rate);
    if (needed < this.#windowBytes * MUCH_LESS) this.#narrowing.begin(before);
    this.#resize(needed);
  }

  #check(rate: number, ms: number): void {
    const before = this.#narrowing.check(rate, ms);
    if (before === undefined) return;
    this.#roundTrip.believe(Math.min(ms, before.ms));
    this.#resize(Math.max(before.windowBytes, this.#windowBytes));
  }

  /** Leaves room in the path for as long as its round trip is looked at. */
  #quieten(rate: number, ms: number): void {
    const queue = this.#queueAfter(ms, rate);
    this.#narrowing.forget();
    if (queue === 'late') this.#delivery.believe({ rate, queue });
    const known = this.#delivery.rate;
    const needed = this.#roundTrip.isQuiet ? known * this.roundTripMs * QUIET_SHARE : this.#filledBy(known);
    if (known > 0) this.#resize(needed);
  }

  #resize(bytes: number): void {
    this.#windowBytes = Math.round(clamp(bytes, this.#limits.minBytes, this.#limits.maxBytes));
    this.#isMeasured = true;
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
