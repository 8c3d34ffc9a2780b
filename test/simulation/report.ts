/** A run, as text. */
import type { Found } from './counts.js';
import type { Disturbance } from './disturbance.js';
import { DISTURBANCES } from './disturbances.js';
import { EFFECTS } from './effects.js';
import { commandOf } from './groups.js';
import type { Settings } from './settings.js';
import { OF_STORE } from './store-disturbances.js';

const LEAST_NODES = 3;

export function report(settings: Settings, groups: number, found: Found): string {
  const { tunnels, minutes } = settings;
  const ops = [...found.commands].filter(([command]) => command.endsWith(' tunnel'));
  const perTunnel = sum(ops.map(([, count]) => count)) / tunnels / (minutes / 60);
  const { userCPUTime, maxRSS } = process.resourceUsage();
  return [
    `${commandOf(settings)}${groups > 1 ? ` --groups ${groups}` : ''}`,
    `${(userCPUTime / 1e6).toFixed(1)} s of processor time, ${Math.round(maxRSS / 2 ** 10)} MB at most`,
    '',
    'what happened',
    ...lines(found.events),
    '',
    'what that brought about',
    ...lines(found.effects),
    '',
    'until every node that can know it knows (milliseconds)',
    row('', 'count', 'p50', 'p99', 'max'),
    ...[...found.times].sort(byName).map(([cause, times]) => timesRow(cause, times)),
    '',
    'what visitors got',
    ...lines(found.outcomes),
    '',
    `commands to the store (${perTunnel.toFixed(1)} for each tunnel and hour)`,
    ...lines(found.commands),
    '',
    ...missing(settings, groups, found).map((what) => `NEVER HAPPENED: ${what}`),
    found.violationCount === 0 ? 'no violation' : `${found.violationCount} VIOLATIONS`,
    ...found.violations.map((text) => `  ${text}`),
  ].join('\n');
}

/** What a run of this length has to have had, and has not: it has tested less than it says. */
export function missing({ nodes }: Settings, groups: number, { events, effects }: Found): string[] {
  if (nodes < LEAST_NODES * groups) return []; // not all of it can happen
  const isLong = (of: readonly Disturbance[]) =>
    sum(of.map(([kind]) => events.get(kind) ?? 0)) >= roundsFor(of, groups) * of.length;
  const wanted = DISTURBANCES.filter(isLong).flatMap((of) => of.map(([kind]) => kind));
  const all = [...wanted, ...(DISTURBANCES.every(isLong) ? EFFECTS : [])];
  return all.filter((what) => !events.has(what) && !effects.has(what));
}

/** After how many times as many disturbances as there are kinds each kind has had its turn, and could be done. */
function roundsFor(of: readonly Disturbance[], groups: number): number {
  if (groups > 1) return 4; // each has had a part of them, and has begun with another one
  return of === OF_STORE ? 1 : 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function lines(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort(byName).map(([name, count]) => row(name, count));
}

function timesRow(cause: string, times: readonly number[]): string {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return row(cause, sorted.length, at(0.5), at(0.99), sorted.at(-1) ?? 0);
}

function row(name: string, ...values: readonly (string | number)[]): string {
  return `  ${name.padEnd(34)}${values.map((value) => `${value}`.padStart(10)).join('')}`;
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
