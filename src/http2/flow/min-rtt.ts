/**
 * The minimum RTT of a path: its round trip without a queue. Under load there is always some queue, so when no sample has
 * confirmed the minimum for a while, two rounds probe it as BBR's ProbeRTT does: the first drains the queue, the second
 * measures the empty path.
 */

// The minimum is probed after this long, and this many rounds, without a sample that confirms it.
const UNCONFIRMED_MS = 5_000;
const UNCONFIRMED_ROUNDS = 48;
const PROBE_RTT_ROUNDS = 2;
// A sample confirms the minimum when it is at most this much above it.
const CONFIRM_TOLERANCE_SHARE = 0.05;
const CONFIRM_TOLERANCE_MS = 0.5;
// How far a longer idle sample raises the minimum: its weight in a moving average.
const IDLE_SAMPLE_WEIGHT = 0.125;

export class MinRtt {
  #ms = Number.POSITIVE_INFINITY;
  #unconfirmedRounds = 0;
  #confirmedMs = 0;
  #probeRoundsLeft = 0;

  /** In milliseconds; infinite before the first sample. */
  get ms(): number {
    return this.#ms;
  }

  /** Whether less than the BDP should be in flight, so that the queue drains. */
  get isProbing(): boolean {
    return this.#probeRoundsLeft > 0;
  }

  /** Adds a sample of a round trip without data. */
  onIdleSample(sampleMs: number): void {
    if (sampleMs < this.#ms) this.#ms = sampleMs;
    else this.#ms += (sampleMs - this.#ms) * IDLE_SAMPLE_WEIGHT;
  }

  /** Raises the minimum to a sample that is known to have had no queue. */
  raiseTo(sampleMs: number): void {
    this.#ms = Math.max(this.#ms, sampleMs);
  }

  /** Adds a sample of a round trip with data. */
  onLoadedSample(sampleMs: number, nowMs: number): void {
    const isLastProbeRound = this.#probeRoundsLeft === 1;
    if (this.#probeRoundsLeft > 0) this.#probeRoundsLeft -= 1;
    if (isLastProbeRound || sampleMs < this.#ms) this.#ms = sampleMs;
    if (sampleMs <= this.#ms * (1 + CONFIRM_TOLERANCE_SHARE) + CONFIRM_TOLERANCE_MS) this.#confirm(nowMs);
    else this.#unconfirmedRounds += 1;
    if (this.#unconfirmedRounds < UNCONFIRMED_ROUNDS || nowMs - this.#confirmedMs < UNCONFIRMED_MS) return;
    this.#confirm(nowMs);
    this.#probeRoundsLeft = PROBE_RTT_ROUNDS;
  }

  #confirm(nowMs: number): void {
    this.#unconfirmedRounds = 0;
    this.#confirmedMs = nowMs;
  }
}
