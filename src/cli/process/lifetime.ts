/** The end of a tunnel that lives for a time (`--for 2h`). */

// The longest wait of a timer in Node.
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves once this time is over; never without one. */
export function lifetimeOver(forMs: number | undefined, now: () => number = Date.now): Promise<'over'> {
  return new Promise((resolve) => {
    if (forMs === undefined) return;
    const endMs = now() + forMs;
    const wait = () => {
      const leftMs = endMs - now();
      if (leftMs <= 0) resolve('over');
      else setTimeout(wait, Math.min(leftMs, MAX_TIMER_MS)).unref(); // the agent keeps the process, or nothing does
    };
    wait();
  });
}

/** A time as people read it: of today without the date. */
export function clockTime(atMs: number, nowMs: number = Date.now()): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const at = new Date(atMs);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === new Date(nowMs).toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}
