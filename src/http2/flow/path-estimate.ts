/**
 * How large a receive window the path needs. The receiver measures in rounds: a PING leaves, and what arrives until its
 * answer is what the path delivered in one round trip; by how much the response is later than the shortest round trip tells
 * how much waits in sockets, in front of every small response. The window follows the delivery rate times the shortest
 * round trip, and a little more, so that the path does not run dry between two updates.
 *
 * Until the path is seen to be full the window only widens; from then on it follows both ways.
 */
import { DeliveryRate, type RoundSample } from './delivery-rate.js';
import { MinRtt } from './min-rtt.js';
import { PacketTrain } from './packet-train.js';
import { type Baseline, ShrinkTrial, SIGNIFICANTLY_LESS } from './shrink-trial.js';

// What may wait beside what the path holds: a seventh of it, or what the two event loops add to a round trip under load.
const QUEUE_SHARE = 0.15;
const MIN_QUEUE_MS = 6;
// A round trip so many times what it should be is late.
const BUFFERBLOAT_FACTOR = 1.5;
// While the connection is quiet.
const PROBE_RTT_SHARE = 0.75;
// Before anything is measured: what 128 Mbit/s need over the round trip that was seen, within the limits.
const START_BYTES_PER_MS = 16_000;
// By so much a window opens that was too small: it shows only two round trips later.
const GROWTH_FACTOR = 2;
// A round tells of the path, and not of a sender with little to send, when it brought most of a window.
const MIN_ROUND_SHARE = 0.6;
// A round begins after this share of a window; no closer than this, or on a local path rounds would be most of the traffic.
const ROUND_GAP_SHARE = 1 / 16;
const MIN_ROUND_INTERVAL_MS = 20;
// Bytes that should have come in a pause, when it was more than that between two frames of a slow path.
const STALL_BYTES = 49_152;
// After such a silence the path may be another, and TCP starts slowly again.
const IDLE_RESTART_MS = 1_000;

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
  readonly #minRtt = new MinRtt();
  readonly #deliveryRate = new DeliveryRate();
  readonly #packetTrain = new PacketTrain();
  readonly #shrinkTrial = new ShrinkTrial();
  #windowBytes: number;
  #previousWindowBytes: number;
  #isMeasured = false;
  #receivedBytes = 0;
  #round: Round | undefined;
  #peakRate = 0;
  #pausedMs = 0;
  #roundStartMs = Number.NEGATIVE_INFINITY;
  #roundEndMs = Number.NEGATIVE_INFINITY;
  #roundEndBytes = 0;

  constructor(limits: PathLimits) {
    this.#limits = limits;
    this.#windowBytes = limits.startBytes;
    this.#previousWindowBytes = limits.startBytes;
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
  get minRttMs(): number {
    return this.#minRtt.ms;
  }

  /** Notes a round trip that no data shared the path with. */
  onIdleRoundTrip(ms: number): void {
    if (this.#round === undefined) this.#minRtt.onIdleSample(ms);
    if (this.#isMeasured) return;
    const { startBytes, maxStartBytes } = this.#limits;
    this.#windowBytes = Math.round(clamp(this.minRttMs * START_BYTES_PER_MS, startBytes, maxStartBytes));
    this.#previousWindowBytes = this.#windowBytes;
  }

  /**
   * Notes received bytes; `windowBytes` may have changed. True when a round should begin: send a PING, and call `began`
   * and `ended`.
   */
  received(bytes: number, now: () => number): boolean {
    this.#receivedBytes += bytes;
    if (this.minRttMs !== Number.POSITIVE_INFINITY) this.#onPacketTrain(bytes, now());
    if (this.#round !== undefined) return false;
    if (this.#receivedBytes - this.#roundEndBytes < this.#windowBytes * ROUND_GAP_SHARE) return false;
    return this.#minRtt.isProbing || now() - this.#roundStartMs >= MIN_ROUND_INTERVAL_MS;
  }

  startRound(nowMs: number): void {
    if (nowMs - this.#roundEndMs > IDLE_RESTART_MS) {
      this.#deliveryRate.restart();
      this.#shrinkTrial.cancel();
    }
    const windowBytes = Math.min(this.#previousWindowBytes, this.#windowBytes);
    this.#round = { startMs: nowMs, startBytes: this.#receivedBytes, windowBytes };
    this.#previousWindowBytes = this.#windowBytes;
    this.#roundStartMs = nowMs;
    this.#peakRate = 0;
    this.#packetTrain.takeLongestPause(nowMs);
  }

  /** Ends the round; `windowBytes` may have changed. */
  endRound(nowMs: number): void {
    const round = this.#round;
    if (round === undefined) return;
    this.#round = undefined;
    this.#roundEndMs = nowMs;
    this.#roundEndBytes = this.#receivedBytes;
    const ms = Math.max(nowMs - round.startMs, 0.01);
    const bytes = this.#receivedBytes - round.startBytes;
    this.#pausedMs = this.#packetTrain.takeLongestPause(nowMs);
    const wasProbing = this.#minRtt.isProbing;
    this.#minRtt.onLoadedSample(ms, nowMs);
    if (wasProbing || this.#minRtt.isProbing) this.#probeRtt(bytes / ms, ms);
    else if (bytes >= round.windowBytes * MIN_ROUND_SHARE) this.#onRound(round, bytes / ms, ms);
  }

  /** What a path of a rate holds when as much waits as may. */
  #windowFor(rate: number): number {
    return rate * (this.minRttMs + this.#queueMs);
  }

  /** How long bytes may wait on the way, beside the shortest round trip. */
  get #queueMs(): number {
    return Math.max(this.minRttMs * QUEUE_SHARE, MIN_QUEUE_MS);
  }

  #queueState(ms: number, rate: number): RoundSample['queue'] {
    const isEmpty = ms <= this.minRttMs + this.#queueMs / 2;
    const isStalled = this.#pausedMs > this.#queueMs && this.#pausedMs * rate > STALL_BYTES;
    if (isStalled && !isEmpty) return 'unknown';
    if (ms > BUFFERBLOAT_FACTOR * (this.minRttMs + this.#queueMs)) return 'bufferbloat';
    return isEmpty ? 'empty' : 'standing';
  }

  #onPacketTrain(bytes: number, nowMs: number): void {
    const rate = this.#packetTrain.received(bytes, nowMs, this.minRttMs);
    if (rate === undefined) return;
    this.#peakRate = Math.max(this.#peakRate, rate);
    if (this.#deliveryRate.isStartup) this.#resize(Math.max(this.#windowBytes, this.#windowFor(rate)));
  }

  #onRound({ windowBytes }: Round, rate: number, ms: number): void {
    const windowShare = (rate * this.minRttMs) / windowBytes;
    const queue = this.#queueState(ms, rate);
    const isWindowLimited =
      this.#deliveryRate.addSample({ rate, peakRate: this.#peakRate, windowShare, queue }) === 'window-limited';
    if (isWindowLimited) this.#resize(Math.max(this.#windowBytes, windowBytes * GROWTH_FACTOR));
    else if (this.#shrinkTrial.isOpen) this.#checkShrinkTrial(rate, ms);
    else if (queue !== 'unknown' && !this.#deliveryRate.isStartup) this.#fitWindow({ windowBytes, rate, ms });
  }

  #fitWindow(before: Baseline): void {
    const needed = this.#windowFor(this.#deliveryRate.rate);
    if (needed < this.#windowBytes * SIGNIFICANTLY_LESS) this.#shrinkTrial.start(before);
    this.#resize(needed);
  }

  #checkShrinkTrial(rate: number, ms: number): void {
    const before = this.#shrinkTrial.check(rate, ms);
    if (before === undefined) return;
    this.#minRtt.raiseTo(Math.min(ms, before.ms));
    this.#resize(Math.max(before.windowBytes, this.#windowBytes));
  }

  /** Leaves room in the path for as long as its round trip is looked at. */
  #probeRtt(rate: number, ms: number): void {
    const queue = this.#queueState(ms, rate);
    this.#shrinkTrial.cancel();
    if (queue === 'bufferbloat') this.#deliveryRate.addRate({ rate, queue });
    const known = this.#deliveryRate.rate;
    const needed = this.#minRtt.isProbing ? known * this.minRttMs * PROBE_RTT_SHARE : this.#windowFor(known);
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
