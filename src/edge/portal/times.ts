/** Times as people say them, the same in every time zone. */

/** How long ago something was, in milliseconds before now. */
export function ago(ms: number): string {
  return ms < 60_000 ? 'just now' : `${span(ms)} ago`;
}

/** A time of at least a minute, in its largest unit. */
export function span(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
