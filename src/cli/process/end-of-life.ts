/**
 * When each release line of Node ends, by its release schedule: after that day vulnerabilities are not fixed, and an edge that
 * faces the internet should not run on it.
 */

/** The last day of the long-term lines, and of the short-lived ones between them. */
const LAST_DAYS: Readonly<Record<number, string>> = {
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01',
  26: '2029-04-30',
};

/** What to run instead: a long-term line. */
const RECOMMENDED = 24;

/** The warning for a Node that has reached its end of life; undefined for one that is supported or newer than the table. */
export function endOfLifeWarning(version: string, now: Date): string | undefined {
  const major = Number.parseInt(version, 10);
  const oldest = Math.min(...Object.keys(LAST_DAYS).map(Number));
  const lastDay = major < oldest ? 'years ago' : LAST_DAYS[major];
  if (lastDay === undefined || (major >= oldest && now < endOf(lastDay))) return undefined;
  return `Node ${major} gets no security fixes any more (its last day: ${lastDay}): run the edge on Node ${RECOMMENDED}`;
}

function endOf(day: string): Date {
  return new Date(`${day}T23:59:59Z`);
}
