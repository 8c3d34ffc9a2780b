/**
 * The receive window that the path needs, estimated as in BBR but at the receiver, in rounds: a PING leaves, and what
 * arrives until its acknowledgement is what the path delivered in one round trip. The delay above the minimum RTT is the
 * queue in the sockets, which every small response has to wait for. The window is the BDP (delivery rate times minimum RTT)
 * plus a little, so that the sender does not run out of credit between two updates.
 *
 * In startup, until the pipe is full, the window only grows; from then on it follows the estimate both ways.
 */
import { DeliveryRate, type RoundSample } from './delivery-rate.js';
import { MinRtt } from './min-rtt.js';
import { PacketTrain } from './packet-train.js';
import { type Baseline, ShrinkTrial, SIGNIFICANTLY_LESS } from './shrink-trial.js';

// The queue that is tolerated on top of the BDP: a seventh of it, or what two event loops under load add to the RTT.
const QUEUE_SHARE = 0.15;
const MIN_QUEUE_MS = 6;
// A round trip this many times longer than it should be is bufferbloat.
const BUFFERBLOAT_FACTOR = 1.5;
// The share of the BDP that is in flight while the minimum RTT is probed.
const PROBE_RTT_SHARE = 0.75;
// The window before any measurement: 800 Mbit/s times the RTT, within the limits. What it lacks of the BDP is lost once, since
// what it lets arrive first measures the path: 100 MB over 1 Gbit/s and 100 ms then take 3 % longer than they must (with 224
// Mbit/s it was 8 %, and where an end was busy the first bytes measured too little, which cost a second round trip). More than
// the path needs waits in the sender's socket, which takes 4 MB at most: on a path of 10 Mbit/s a small response that follows a
// first download at once may wait 3.5 seconds for it, once, if the sender's kernel takes that much.
const START_BYTES_PER_MS = 100_000;
// How much a window that limited the sender grows: the effect shows two round trips later.
const GROWTH_FACTOR = 2;
// A round measures the path only if it delivered most of a window; otherwise the sender was application-limited.
const MIN_ROUND_SHARE = 0.6;
// A round starts after this share of a window, and this long after the last one: on a local path PINGs would otherwise be
// most of the traffic.
const ROUND_GAP_SHARE = 1 / 16;
const MIN_ROUND_INTERVAL_MS = 20;
// A pause is a stall if this many bytes should have arrived in it; a shorter one is the gap between frames of a slow path.
const STALL_BYTES = 49_152;
// After this long without data the path may have changed, and TCP is back in slow start.
const IDLE_RESTART_MS = 1_000;

export interface PathLimits {
  readonly minBytes: number;
  readonly startBytes: number;
  /** The largest window before any measurement, on a path with a high RTT. */
  readonly maxStartBytes: number;
  readonly maxBytes: number;
}

interface Round {
  readonly startMs: number;
  readonly startBytes: number;
  /** The window that the sender has during the round: what was granted one round trip ago. */
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

  /** The window that the path needs, in bytes. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Whether `windowBytes` is measured, and may be below the initial window. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** The minimum RTT; infinite before the first sample. */
  get minRttMs(): number {
    return this.#minRtt.ms;
  }

  /** Adds an RTT sample of a round trip without data. */
  onIdleRoundTrip(ms: number): void {
    if (this.#round === undefined) this.#minRtt.onIdleSample(ms);
    if (this.#isMeasured) return;
    const { startBytes, maxStartBytes } = this.#limits;
    this.#windowBytes = Math.round(clamp(this.minRttMs * START_BYTES_PER_MS, startBytes, maxStartBytes));
    this.#previousWindowBytes = this.#windowBytes;
  }

  /**
   * Counts received bytes; `windowBytes` may have changed. True when a round is due: send a PING and call `startRound`,
   * then `endRound` when it is acknowledged.
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
    this.#packetTrain.restart(nowMs);
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
    else this.#onPartialRound(bytes / ms, ms);
  }

  /** The window for a delivery rate: the BDP and the tolerated queue. */
  #windowFor(rate: number): number {
    return rate * (this.minRttMs + this.#queueMs);
  }

  /** The queueing delay that is tolerated on top of the minimum RTT. */
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
    // A probe needs its small window: one that grew would keep the queue that the probe is to drain.
    if (this.#deliveryRate.isStartup && !this.#minRtt.isProbing)
      this.#resize(Math.max(this.#windowBytes, this.#windowFor(rate)));
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

  /**
   * Most of the window was not used: the sender had no more to send, or its socket took no more of a window that is far larger
   * than the path needs. Only the second leaves a long queue, and what the bytes arrived at is then the rate of the path.
   */
  #onPartialRound(pathRate: number, ms: number): void {
    const queue = this.#queueState(ms, pathRate);
    if (queue !== 'bufferbloat') return;
    const rate = Math.max(pathRate, this.#peakRate);
    this.#deliveryRate.addSample({ rate, peakRate: this.#peakRate, windowShare: 0, queue });
    this.#resize(Math.min(this.#windowBytes, this.#windowFor(this.#deliveryRate.rate)));
  }

  #fitWindow(baseline: Baseline): void {
    const needed = this.#windowFor(this.#deliveryRate.rate);
    if (needed < this.#windowBytes * SIGNIFICANTLY_LESS) this.#shrinkTrial.start(baseline);
    this.#resize(needed);
  }

  #checkShrinkTrial(rate: number, ms: number): void {
    const baseline = this.#shrinkTrial.check(rate, ms);
    if (baseline === undefined) return;
    this.#minRtt.raiseTo(Math.min(ms, baseline.ms));
    this.#resize(Math.max(baseline.windowBytes, this.#windowBytes));
  }

  /** Keeps less than the BDP in flight while the minimum RTT is probed. */
  #probeRtt(rate: number, ms: number): void {
    const queue = this.#queueState(ms, rate);
    this.#shrinkTrial.cancel();
    if (queue === 'bufferbloat') this.#deliveryRate.addRate({ rate, queue });
    const knownRate = this.#deliveryRate.rate;
    // What this round's bytes arrived at, if less: rates of a time with stalls stay known as long as no round fills the window.
    const probeRate = this.#peakRate > 0 ? Math.min(this.#peakRate, knownRate) : knownRate;
    const bytes = this.#minRtt.isProbing ? probeRate * this.minRttMs * PROBE_RTT_SHARE : this.#windowFor(knownRate);
    if (knownRate > 0) this.#resize(bytes);
  }

  #resize(bytes: number): void {
    this.#windowBytes = Math.round(clamp(bytes, this.#limits.minBytes, this.#limits.maxBytes));
    this.#isMeasured = true;
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
