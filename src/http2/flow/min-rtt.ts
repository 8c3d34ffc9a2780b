/**
 * The minimum RTT of a path: its round trip without a queue. Under load there is always some queue, so when no sample has
 * confirmed the minimum for a while, two rounds probe it as BBR's ProbeRTT does: the first drains the queue, the second
 * measures the empty path. A long queue takes more rounds to drain.
 */
import { SIGNIFICANTLY_LESS } from './shrink-trial.js';

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
  #lastProbeMs = Number.POSITIVE_INFINITY;
  // It was raised under load, perhaps by a queue, and would then be confirmed by that same queue: only a probe can tell.
  #isDoubtful = false;

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

  /** Raises the minimum to a sample that seems to have had no queue. */
  raiseTo(sampleMs: number): void {
    if (sampleMs <= this.#ms) return;
    this.#ms = sampleMs;
    this.#isDoubtful = true;
  }

  /** Adds a sample of a round trip with data. */
  onLoadedSample(sampleMs: number, nowMs: number): void {
    if (this.isProbing) this.#onProbeSample(sampleMs);
    this.#ms = Math.min(this.#ms, sampleMs);
    if (!this.#isDoubtful && this.#isConfirmedBy(sampleMs)) this.#confirm(nowMs);
    else this.#unconfirmedRounds += 1;
    if (this.#unconfirmedRounds < UNCONFIRMED_ROUNDS || nowMs - this.#confirmedMs < UNCONFIRMED_MS) return;
    this.#confirm(nowMs);
    this.#probeRoundsLeft = PROBE_RTT_ROUNDS;
    this.#lastProbeMs = Number.POSITIVE_INFINITY;
  }

  #onProbeSample(sampleMs: number): void {
    const isDraining = sampleMs < this.#lastProbeMs * SIGNIFICANTLY_LESS;
    this.#lastProbeMs = sampleMs;
    if (this.#probeRoundsLeft > 1 || !isDraining) this.#probeRoundsLeft -= 1;
    if (this.isProbing) return;
    this.#isDoubtful = !this.#isConfirmedBy(sampleMs);
    this.#ms = sampleMs;
  }

  #isConfirmedBy(sampleMs: number): boolean {
    return sampleMs <= this.#ms * (1 + CONFIRM_TOLERANCE_SHARE) + CONFIRM_TOLERANCE_MS;
  }

  #confirm(nowMs: number): void {
    this.#unconfirmedRounds = 0;
    this.#confirmedMs = nowMs;
  }
}
