/** Warns the developer a day before the token expires, and an hour before, while there is time to ask for another one. */
import { readTokenText } from './token-text.js';

const HOUR_MS = 3_600_000;
const WARNINGS_MS = [24 * HOUR_MS, HOUR_MS];

// The longest wait of a timer in Node.
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls `warn` at once when the token has less than a day left, and again when it has less than an hour. */
export function warnBeforeExpiry(token: string, warn: (text: string) => void, now: () => number = Date.now): void {
  const expiresAtMs = readTokenText(token)?.expiresAtMs;
  if (expiresAtMs === undefined || expiresAtMs <= now()) return; // the edge will refuse it
  const leftMs = expiresAtMs - now();
  // Only the last of several that are due.
  const due = WARNINGS_MS.filter((beforeMs) => leftMs <= beforeMs);
  if (due.length > 0) warn(sentence(expiresAtMs, leftMs));
  const next = WARNINGS_MS.find((beforeMs) => leftMs > beforeMs);
  if (next === undefined) return;
  const wait = Math.min(leftMs - next, MAX_TIMER_MS);
  setTimeout(() => warnBeforeExpiry(token, warn, now), wait).unref();
}

function sentence(expiresAtMs: number, leftMs: number): string {
  const left =
    leftMs >= 2 * HOUR_MS ? `${Math.floor(leftMs / HOUR_MS)} hours` : `${Math.ceil(leftMs / 60_000)} minutes`;
  const at = new Date(expiresAtMs).toISOString().slice(0, 16).replace('T', ' ');
  return `the token expires in ${left} (${at} UTC): ask the operator of the edge for a new one.`;
}
