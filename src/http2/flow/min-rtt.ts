/**
 * The shortest round trip of a path: what it takes when nothing waits. Under load something always waits, so when none
 * has been as short for a while, the connection is quiet for two rounds: the first empties the path, the second sees it.
 */

const UNCONFIRMED_MS = 5_000;
const UNCONFIRMED_ROUNDS = 48;
const QUIET_ROUNDS = 2;
// A round trip confirms the shortest when it is no more than this above it.
const LONGER_SHARE = 0.05;
const LONGER_MS = 0.5;
// How much of an idle round trip that got longer is believed at once.
const BELIEVED_SHARE = 0.125;

export class MinRtt {
  #shortestMs = Number.POSITIVE_INFINITY;
  #rounds = 0;
  #confirmedMs = 0;
  #quietRounds = 0;

  /** Infinite before the first. */
  get shortestMs(): number {
    return this.#shortestMs;
  }

  /** Whether less than the path holds should be under way. */
  get isQuiet(): boolean {
    return this.#quietRounds > 0;
  }

  /** Notes a round trip that no data shared the path with. */
  idle(ms: number): void {
    if (ms < this.#shortestMs) this.#shortestMs = ms;
    else this.#shortestMs += (ms - this.#shortestMs) * BELIEVED_SHARE;
  }

  /** Takes a longer one for the shortest: it is known that nothing waited. */
  believe(ms: number): void {
    this.#shortestMs = Math.max(this.#shortestMs, ms);
  }

  /** Notes one that came with data. */
  busy(ms: number, nowMs: number): void {
    const isLastQuiet = this.#quietRounds === 1;
    if (this.#quietRounds > 0) this.#quietRounds -= 1;
    if (isLastQuiet || ms < this.#shortestMs) this.#shortestMs = ms;
    if (ms <= this.#shortestMs * (1 + LONGER_SHARE) + LONGER_MS) this.#confirm(nowMs);
    else this.#rounds += 1;
    if (this.#rounds < UNCONFIRMED_ROUNDS || nowMs - this.#confirmedMs < UNCONFIRMED_MS) return;
    this.#confirm(nowMs);
    this.#quietRounds = QUIET_ROUNDS;
  }

  #confirm(nowMs: number): void {
    this.#rounds = 0;
    this.#confirmedMs = nowMs;
  }
}
