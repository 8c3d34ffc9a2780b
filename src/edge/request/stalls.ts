/**
 * Whether a visitor still takes what is sent to them, or an app what it is sent. By rate, and not by any byte: one byte a
 * minute would hold a response, and what it holds at the agent, for ever. Where nothing waits nothing is asked: event
 * streams and WebSockets may be silent for days.
 */

/** The part of a socket, or of what is like one, that is looked at. */
export interface Outlet {
  /** Bytes that wait. */
  readonly writableLength: number;
  /** All bytes that were ever given to it, those that wait included. */
  readonly bytesWritten: number;
}

/** How much had been taken, and since when bytes wait for more. */
export interface Progress {
  readonly takenBytes: number;
  readonly sinceMs: number;
}

// A download may be paused for some minutes, a laptop closed on the way to a meeting. 64 KiB in ten minutes is a hundred
// bytes a second: no line that carries a page is so slow.
export const STALLED_AFTER_MS = 600_000;
export const MIN_TAKEN_BYTES = 65_536;
const MIN_BYTES_PER_MS = MIN_TAKEN_BYTES / STALLED_AFTER_MS;

/** What is to be remembered of an outlet until the next look; `stalled` when it takes too little for `limitMs`. */
export function progressOf(
  outlet: Outlet,
  before: Progress | undefined,
  nowMs: number,
  limitMs: number = STALLED_AFTER_MS,
): Progress | 'stalled' | undefined {
  if (outlet.writableLength === 0) return undefined;
  const takenBytes = outlet.bytesWritten - outlet.writableLength;
  if (before === undefined) return { takenBytes, sinceMs: nowMs };
  if (nowMs - before.sinceMs < limitMs) return before;
  return takenBytes - before.takenBytes < limitMs * MIN_BYTES_PER_MS ? 'stalled' : { takenBytes, sinceMs: nowMs };
}
