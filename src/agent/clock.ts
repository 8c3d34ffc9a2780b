/** Time, as a test may replace it. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
}

/**
 * A link that lives shorter than this counts as a failed attempt; otherwise an edge that accepts and drops would be dialled without
 * pause.
 */
export const STABLE_MS = 5_000;

/** The clock of this process. */
export const SYSTEM_CLOCK: Clock = {
  wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined), // rejects only because of the signal
  now: () => performance.now(),
};
