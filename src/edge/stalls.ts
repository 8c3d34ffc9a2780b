/**
 * Whether a visitor still takes what is sent to them. By rate, and not by any byte: one byte a minute would hold a
 * response, and what it holds at the agent, for ever. Where nothing waits nothing is asked: event streams and WebSockets
 * may be silent for days.
 */

/** The part of a socket that is looked at. */
export interface Outlet {
  /** Bytes that wait for the visitor. */
  readonly writableLength: number;
  /** All bytes that were ever given to the socket, those that wait included. */
  readonly bytesWritten: number;
}

/** How much a visitor had taken, and since when bytes wait for more. */
export interface Progress {
  readonly takenBytes: number;
  readonly sinceMs: number;
}

// A download may be paused for some minutes, a laptop closed on the way to a meeting. 64 KiB in ten minutes is a hundred
// bytes a second: no line that carries a page is so slow.
export const STALLED_AFTER_MS = 600_000;
const MIN_TAKEN_BYTES = 65_536;

/** What is to be remembered of an outlet until the next look; `stalled` when it takes too little for too long. */
export function progressOf(
  outlet: Outlet,
  before: Progress | undefined,
  nowMs: number,
): Progress | 'stalled' | undefined {
  if (outlet.writableLength === 0) return undefined;
  const takenBytes = outlet.bytesWritten - outlet.writableLength;
  if (before === undefined) return { takenBytes, sinceMs: nowMs };
  if (nowMs - before.sinceMs < STALLED_AFTER_MS) return before;
  return takenBytes - before.takenBytes < MIN_TAKEN_BYTES ? 'stalled' : { takenBytes, sinceMs: nowMs };
}
