/**
 * How large a receive window the path needs. The receiver measures in rounds: a PING leaves, and what arrives until its
 * answer is what the path delivered in one round trip; by how much the answer is later than the shortest round trip tells
 * how much waits in sockets, in front of every small answer. The window follows the delivery rate times the shortest
 * round trip, and a little more, so that the path does not run dry between two updates.
 *
 * Until the path is seen to be full the window only widens; from then on it follows both ways.
 */
import { RoundTrip } from './round-trip.js';
import { Train } from './train.js';

// What may wait beside what the path holds: a seventh of it, or what the two event loops add to a round trip under load.
const QUEUE_SHARE = 0.15;
const LEAST_QUEUE_MS = 6;
// While the connection is quiet.
const QUIET_SHARE = 0.75;
// Before anything is measured: what 128 Mbit/s need over the round trip that was seen, within the limits.
const START_BYTES_A_MS = 16_000;
// A path is full when bytes wait in it and two rounds bring no more than a quarter above the best before. That bytes wait
// is not enough: in the slow start of the TCP below they do too, and each round brings more.
const RISE = 1.25;
const FLAT_ROUNDS = 2;
// A rate is believed for this many rounds; when an answer is later than so many times what it should be, only the last:
// the path got slower.
const REMEMBERED_ROUNDS = 4;
const LATE = 1.5;
// A round tells of the path, and not of a sender with little to send, when it brought most of a window. The window is too
// small when a round brought nearly all of it and nothing waits.
const MOST_SHARE = 0.6;
const NEARLY_ALL_SHARE = 0.92;
// A round begins after this share of a window; no closer than this, or on a local path rounds would be most of the traffic.
const BETWEEN_SHARE = 1 / 16;
const LEAST_INTERVAL_MS = 20;
// After such a silence the path may be another, and TCP starts slowly again.
const SILENCE_MS = 1_000;

export interface PathLimits {
  readonly leastBytes: number;
  readonly startBytes: number;
  /** The most to start with on a path with a long round trip. */
  readonly mostStartBytes: number;
  readonly mostBytes: number;
}

interface Round {
  readonly startMs: number;
  readonly startBytes: number;
  /** The window that the sender knows: what a round trip ago was granted. */
  readonly windowBytes: number;
}

export class PathEstimate {
  readonly #limits: PathLimits;
  readonly #roundTrip = new RoundTrip();
  readonly #train = new Train();
  #windowBytes: number;
  #isMeasured = false;
  #receivedBytes = 0;
  #round: Round | undefined;
  #startedMs = Number.NEGATIVE_INFINITY;
  #endedMs = Number.NEGATIVE_INFINITY;
  #endedBytes = 0;
  #windowBytesBefore: number;
  readonly #rates: number[] = []; // bytes a millisecond
  #bestRate = 0;
  #flatRounds = 0;

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
    const { startBytes, mostStartBytes } = this.#limits;
    this.#windowBytes = Math.round(clamp(this.roundTripMs * START_BYTES_A_MS, startBytes, mostStartBytes));
    this.#windowBytesBefore = this.#windowBytes;
  }

  /**
   * Notes received bytes; `windowBytes` may have changed. True when a round should begin: send a PING, and call `began`
   * and `ended`.
   */
  received(bytes: number, now: () => number): boolean {
    this.#receivedBytes += bytes;
    if (this.#isRising) this.#followTrain(bytes, now);
    if (this.#round !== undefined) return false;
    if (this.#receivedBytes - this.#endedBytes < this.#windowBytes * BETWEEN_SHARE) return false;
    if (this.#roundTrip.isQuiet) return true;
    return now() - this.#startedMs >= LEAST_INTERVAL_MS;
  }

  began(nowMs: number): void {
    if (nowMs - this.#endedMs > SILENCE_MS) this.#rise();
    const windowBytes = Math.min(this.#windowBytesBefore, this.#windowBytes);
    this.#round = { startMs: nowMs, startBytes: this.#receivedBytes, windowBytes };
    this.#windowBytesBefore = this.#windowBytes;
    this.#startedMs = nowMs;
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
    const wasQuiet = this.#roundTrip.isQuiet;
    this.#roundTrip.busy(ms, nowMs);
    if (wasQuiet || this.#roundTrip.isQuiet) this.#quieten(bytes / ms, ms);
    else if (bytes >= round.windowBytes * MOST_SHARE) this.#adapt(round, bytes / ms, ms);
  }

  get #isRising(): boolean {
    return this.#flatRounds < FLAT_ROUNDS;
  }

  /** How long bytes may wait on the way, beside the shortest round trip. */
  get #queueMs(): number {
    return Math.max(this.roundTripMs * QUEUE_SHARE, LEAST_QUEUE_MS);
  }

  #followTrain(bytes: number, now: () => number): void {
    const rate = this.#train.received(bytes, now(), this.roundTripMs);
    if (rate === undefined || this.roundTripMs === Number.POSITIVE_INFINITY) return;
    this.#resize(Math.max(this.#windowBytes, rate * (this.roundTripMs + this.#queueMs)));
  }

  #adapt(round: Round, rate: number, ms: number): void {
    const isWaiting = ms > this.roundTripMs + this.#queueMs / 2;
    const isLate = ms > LATE * (this.roundTripMs + this.#queueMs);
    this.#remember(rate, isLate ? FLAT_ROUNDS : isWaiting ? 1 : 0);
    if (isLate) this.#rates.splice(0, this.#rates.length - 1);
    if (!isWaiting && rate * this.roundTripMs >= round.windowBytes * NEARLY_ALL_SHARE) {
      this.#rise();
      this.#resize(Math.max(this.#windowBytes, round.windowBytes * 2));
    } else if (!this.#isRising) this.#resize(Math.max(...this.#rates) * (this.roundTripMs + this.#queueMs));
  }

  /** Leaves room in the path for as long as its round trip is looked at. */
  #quieten(rate: number, ms: number): void {
    const { isQuiet, shortestMs } = this.#roundTrip;
    if (ms > LATE * (shortestMs + this.#queueMs)) this.#rates.splice(0, REMEMBERED_ROUNDS, rate);
    const holdsMs = isQuiet ? shortestMs * QUIET_SHARE : shortestMs + this.#queueMs;
    if (this.#rates.length > 0) this.#resize(Math.max(...this.#rates) * holdsMs);
  }

  /** A rate that is no rise counts as so many flat rounds. */
  #remember(rate: number, flatRounds: number): void {
    this.#rates.push(rate);
    if (this.#rates.length > REMEMBERED_ROUNDS) this.#rates.shift();
    if (rate >= this.#bestRate * RISE) {
      this.#bestRate = rate;
      this.#flatRounds = 0;
    } else this.#flatRounds += flatRounds;
  }

  #rise(): void {
    this.#bestRate = 0;
    this.#flatRounds = 0;
  }

  #resize(bytes: number): void {
    this.#windowBytes = Math.round(clamp(bytes, this.#limits.leastBytes, this.#limits.mostBytes));
    this.#isMeasured = true;
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
