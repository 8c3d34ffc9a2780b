/**
 * The rate of a path from how close together bytes arrive: what left together is drawn apart by the slowest part of the
 * way. Known within milliseconds where a round would take a round trip, and too high after a pause of our own event loop,
 * so it only widens a window, which the rounds then correct.
 */

// A pause in which a sender waited for its window, not one between two chunks of a slow path.
const MIN_PAUSE_MS = 4;
const PAUSE_SHARE = 0.25;
// So long is measured, and half of it left out before: less would measure single socket reads.
const MIN_SPAN_MS = 4;
const SPAN_SHARE = 0.05;
const MIN_BYTES = 65_536;

export class PacketTrain {
  #startMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #maxPauseMs = 0;
  // Without what came first: it may have waited for our event loop, and then came all at once.
  #fromMs = Number.NEGATIVE_INFINITY;
  #bytes = 0;

  /** The longest time without anything since the last call. */
  takeLongestPause(nowMs: number): number {
    const maxMs = Math.max(this.#maxPauseMs, nowMs - this.#lastMs);
    this.#maxPauseMs = 0;
    return maxMs;
  }

  /** Notes what arrived. Returns bytes a millisecond once the train is long enough to tell. */
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
