/**
 * The shortest round trip of a path: what it takes when nothing waits. Under load something always waits, so when none
 * has been as short for a while, the connection is quiet for two rounds: the first empties the path, the second sees it.
 */

const UNCONFIRMED_MS = 5_000;
const UNCONFIRMED_ROUNDS = 48;
const PROBE_RTT_ROUNDS = 2;
// A round trip confirms the shortest when it is no more than this above it.
const CONFIRM_TOLERANCE_SHARE = 0.05;
const CONFIRM_TOLERANCE_MS = 0.5;
// How much of an idle round trip that got longer is believed at once.
const IDLE_SAMPLE_WEIGHT = 0.125;

export class MinRtt {
  #ms = Number.POSITIVE_INFINITY;
  #unconfirmedRounds = 0;
  #confirmedMs = 0;
  #probeRoundsLeft = 0;

  /** Infinite before the first. */
  get ms(): number {
    return this.#ms;
  }

  /** Whether less than the path holds should be under way. */
  get isProbing(): boolean {
    return this.#probeRoundsLeft > 0;
  }

  /** Notes a round trip that no data shared the path with. */
  onIdleSample(sampleMs: number): void {
    if (sampleMs < this.#ms) this.#ms = sampleMs;
    else this.#ms += (sampleMs - this.#ms) * IDLE_SAMPLE_WEIGHT;
  }

  /** Takes a longer one for the shortest: it is known that nothing waited. */
  raiseTo(sampleMs: number): void {
    this.#ms = Math.max(this.#ms, sampleMs);
  }

  /** Notes one that came with data. */
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
