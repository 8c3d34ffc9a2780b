/**
 * How large a receive window the path needs. The receiver measures in rounds: a PING leaves, and what arrived until its
 * answer is what the path delivered in one round trip. The window follows the best delivery rate times the shortest round
 * trip: enough to keep the path full, and no more, since whatever is above it only waits in somebody's socket, in front
 * of every small answer.
 */

// What the two event loops may add to a round trip under load. On a local path it is all there is.
const SLACK_MS = 5;
// Before anything is measured: what 80 Mbit/s need over the round trip that was seen, within the limits.
const START_BYTES_A_MS = 10_000;
// A wider window shows only after two round trips, so while the path is not full it opens by much at once. Once it is
// full, a quarter above what it carries lets a faster path show.
const GAIN_WHILE_RISING = 4;
const GAIN_WHEN_STEADY = 1.25;
// A path is full when its round trips get longer by a quarter, or when two rounds bring no more than a quarter above.
const RISE = 1.25;
const FLAT_ROUNDS = 2;
// A rate is believed for this many full rounds.
const REMEMBERED_ROUNDS = 8;
// A round tells of the path, and not of a sender with little to send, when it filled most of the window.
const FULL_SHARE = 0.6;
// How much of an idle round trip that got longer is believed at once.
const LONGER_SHARE = 0.125;
// No closer than this: on a local path rounds would otherwise be most of the traffic.
const LEAST_INTERVAL_MS = 20;

export interface PathLimits {
  readonly leastBytes: number;
  readonly startBytes: number;
  /** The most to start with on a path with a long round trip. */
  readonly mostStartBytes: number;
  readonly mostBytes: number;
}

export class PathEstimate {
  readonly #limits: PathLimits;
  #windowBytes: number;
  #isMeasured = false;
  #shortestMs = Number.POSITIVE_INFINITY;
  #receivedBytes = 0;
  #round: { readonly startMs: number; readonly startBytes: number } | undefined;
  #lastRound = { startMs: Number.NEGATIVE_INFINITY, endBytes: 0 };
  readonly #fullRates: number[] = []; // bytes a millisecond
  #risenRate = 0;
  #flatRounds = 0;

  constructor(limits: PathLimits) {
    this.#limits = limits;
    this.#windowBytes = limits.startBytes;
  }

  /** The window that the path needs. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Whether `windowBytes` comes from a round that was full, and may be below what a connection starts with. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** The shortest round trip seen; infinite before the first. */
  get roundTripMs(): number {
    return this.#shortestMs;
  }

  /** Notes a round trip that no data shared the path with. */
  idleRoundTrip(ms: number): void {
    if (ms < this.#shortestMs) this.#shortestMs = ms;
    else if (this.#round === undefined) this.#shortestMs += (ms - this.#shortestMs) * LONGER_SHARE;
    if (this.#isMeasured) return;
    const { startBytes, mostStartBytes } = this.#limits;
    this.#windowBytes = Math.round(clamp(this.#shortestMs * START_BYTES_A_MS, startBytes, mostStartBytes));
  }

  /** Notes received bytes. True when a round should begin: send a PING, and call `began` and `ended`. */
  received(bytes: number, now: () => number): boolean {
    this.#receivedBytes += bytes;
    if (this.#round !== undefined) return false;
    if (this.#receivedBytes - this.#lastRound.endBytes < this.#windowBytes / 4) return false;
    return now() - this.#lastRound.startMs >= LEAST_INTERVAL_MS;
  }

  began(nowMs: number): void {
    this.#round = { startMs: nowMs, startBytes: this.#receivedBytes };
  }

  /** Ends the round; `windowBytes` may have changed. */
  ended(nowMs: number): void {
    const round = this.#round;
    if (round === undefined) return;
    this.#round = undefined;
    this.#lastRound = { startMs: round.startMs, endBytes: this.#receivedBytes };
    const ms = Math.max(nowMs - round.startMs, 0.01);
    const bytes = this.#receivedBytes - round.startBytes;
    this.#shortestMs = Math.min(this.#shortestMs, ms);
    const isFull = bytes >= this.#windowBytes * FULL_SHARE;
    if (isFull) this.#remember(bytes / ms, ms);
    this.#adapt(bytes / ms, isFull);
  }

  #adapt(rate: number, isFull: boolean): void {
    const gain = this.#flatRounds < FLAT_ROUNDS ? GAIN_WHILE_RISING : GAIN_WHEN_STEADY;
    const needed = gain * Math.max(rate, ...this.#fullRates) * (this.#shortestMs + SLACK_MS);
    const windowBytes = Math.round(clamp(needed, this.#limits.leastBytes, this.#limits.mostBytes));
    // A sender that had little to send says nothing of what the path could carry.
    if (isFull || windowBytes > this.#windowBytes) this.#windowBytes = windowBytes;
    this.#isMeasured ||= isFull;
  }

  #remember(rate: number, roundTripMs: number): void {
    this.#fullRates.push(rate);
    if (this.#fullRates.length > REMEMBERED_ROUNDS) this.#fullRates.shift();
    if (rate >= this.#risenRate * RISE) {
      this.#risenRate = rate;
      this.#flatRounds = 0;
    } else this.#flatRounds += 1;
    if (roundTripMs > this.#shortestMs * RISE + SLACK_MS) this.#flatRounds = FLAT_ROUNDS;
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
