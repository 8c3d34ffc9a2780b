/** How long something may take. A process that stands still meanwhile reads what has arrived before it judges. */

// However long it has stood still, that uses up one of them.
const PARTS = 4;

/** Calls `passed` after a time in milliseconds, and later if this process has stood still. Returns what ends that. */
export function startDeadline(ms: number, passed: () => void): () => void {
  let left = PARTS;
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    left -= 1;
    timer = setTimeout(left === 0 ? passed : next, ms / PARTS);
  };
  next();
  return () => clearTimeout(timer);
}
