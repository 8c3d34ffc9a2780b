/**
 * The rate of a path from how close together bytes arrive: what left together is drawn apart by the slowest part of the
 * way. Known within milliseconds where a round would take a round trip, and too high after a pause of our own event loop,
 * so it only widens a window, which the rounds then correct.
 */

// A pause in which a sender waited for its window, not one between two chunks of a slow path.
const LEAST_PAUSE_MS = 4;
const PAUSE_SHARE = 0.25;
// Less would measure the event loop, or a single socket read.
const LEAST_SPAN_MS = 4;
const SPAN_SHARE = 0.05;
const LEAST_BYTES = 65_536;

export class Train {
  #startMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  // Without what came first, for nothing says when that began to arrive.
  #bytes = 0;

  /** Notes what arrived. Returns bytes a millisecond once the train is long enough to tell. */
  received(bytes: number, nowMs: number, roundTripMs: number): number | undefined {
    const pausedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (pausedMs > Math.max(LEAST_PAUSE_MS, roundTripMs * PAUSE_SHARE)) {
      this.#startMs = nowMs;
      this.#bytes = 0;
      return undefined;
    }
    this.#bytes += bytes;
    const spanMs = nowMs - this.#startMs;
    if (this.#bytes < LEAST_BYTES || spanMs < Math.max(LEAST_SPAN_MS, roundTripMs * SPAN_SHARE)) return undefined;
    return this.#bytes / spanMs;
  }
}
