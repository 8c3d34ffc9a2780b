/** Numbers as a person reads them: sizes, durations, times of day. */

const SIZES = ['B', 'kB', 'MB', 'GB'] as const;

/** `834 B`, `1.2 kB`, `14 MB`: decimal, as the filter counts. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < SIZES.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? value : shortNumber(value)} ${SIZES[unit]}`;
}

/** `0.4 ms`, `12 ms`, `1.2 s`, `2 min 5 s`. */
export function durationText(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 999.5) return `${shortNumber(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 59.95) return `${shortNumber(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}

/** `3`, `1 message`, `2 messages`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** `14:03:07`, in the person's own time zone. */
export function clockText(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** `14:03:07.120`. */
export function preciseClockText(atMs: number): string {
  return `${clockText(atMs)}.${String(Math.floor(atMs % 1_000)).padStart(3, '0')}`;
}

// One decimal below ten: `9.5`, `12`.
function shortNumber(value: number): string {
  if (value >= 9.95) return String(Math.round(value));
  return String(Math.round(value * 10) / 10);
}
