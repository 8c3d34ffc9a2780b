/**
 * The rate of a path from the dispersion of a packet train: bytes that left together are spread by the bottleneck. Known
 * within milliseconds, where a round takes a round trip. Too high after a pause of our own event loop, so it only grows a
 * window, which the rounds then correct.
 */

// A pause ends a train if it is longer than these: the sender waited for credit. Shorter ones are gaps of a slow path.
const MIN_PAUSE_MS = 4;
const PAUSE_SHARE = 0.25;
// The span of a train that is measured; half as long is skipped before it. A shorter one would measure single socket reads.
const MIN_SPAN_MS = 4;
const SPAN_SHARE = 0.05;
const MIN_BYTES = 65_536;

export class PacketTrain {
  #startMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #maxPauseMs = 0;
  // The start of the measured span. The first bytes may have waited for our event loop and arrive all at once.
  #fromMs = Number.NEGATIVE_INFINITY;
  #bytes = 0;

  /** The longest time without bytes since the last call, in milliseconds. */
  takeLongestPause(nowMs: number): number {
    const maxMs = Math.max(this.#maxPauseMs, nowMs - this.#lastMs);
    this.#maxPauseMs = 0;
    return maxMs;
  }

  /** Starts the measurement again: over a long train it would go on to show a rate that the path had seconds ago. */
  restart(nowMs: number): void {
    this.#startMs = nowMs;
  }

  /** Counts bytes that arrived. Returns the rate in bytes per millisecond once the train is long enough. */
  received(bytes: number, nowMs: number, roundTripMs: number): number | undefined {
    const pausedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    this.#maxPauseMs = Math.max(this.#maxPauseMs, pausedMs);
    if (pausedMs > Math.max(MIN_PAUSE_MS, roundTripMs * PAUSE_SHARE)) this.#startMs = nowMs;
    const minMs = Math.max(MIN_SPAN_MS, roundTripMs * SPAN_SHARE);
    if (nowMs - this.#startMs < minMs / 2) {
      this.#fromMs = nowMs;
      this.#bytes = 0;
      return undefined;
    }
    this.#bytes += bytes;
    const spanMs = nowMs - this.#fromMs;
    return this.#bytes < MIN_BYTES || spanMs < minMs ? undefined : this.#bytes / spanMs;
  }
}
