/** A run, as text. */
import type { World } from './world.js';

export function report({ settings, counts }: World, cpuSeconds: number): string {
  const { nodes, tunnels, minutes, seed, groups = 1 } = settings;
  const hours = minutes / 60;
  const ops = [...counts.commands].filter(([command]) => command.endsWith(' tunnel'));
  const perTunnel = ops.reduce((all, [, count]) => all + count, 0) / tunnels / hours;
  const followed = groups > 1 ? `, each followed by ${Math.ceil(nodes / groups)} of them and by its own` : '';
  return [
    `${nodes} nodes, ${tunnels} tunnels${followed}, ${minutes} minutes, seed ${seed}`,
    `${cpuSeconds.toFixed(1)} s of processor time, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MB`,
    '',
    'what happened',
    ...lines(counts.events),
    '',
    'until every node that can know it knows (milliseconds)',
    row('', 'count', 'p50', 'p99', 'max'),
    ...[...counts.times].sort(byName).map(([cause, times]) => timesRow(cause, times)),
    '',
    'what visitors got',
    ...lines(counts.outcomes),
    '',
    `commands to the store (${perTunnel.toFixed(1)} for each tunnel and hour)`,
    ...lines(counts.commands),
    '',
    counts.violationCount === 0 ? 'no violation' : `${counts.violationCount} VIOLATIONS, with seed ${seed}`,
    ...counts.violations.map((text) => `  ${text}`),
  ].join('\n');
}

function lines(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort(byName).map(([name, count]) => row(name, count));
}

function timesRow(cause: string, times: readonly number[]): string {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return row(cause, sorted.length, at(0.5), at(0.99), sorted.at(-1) ?? 0);
}

function row(name: string, ...values: readonly (string | number)[]): string {
  return `  ${name.padEnd(28)}${values.map((value) => `${value}`.padStart(10)).join('')}`;
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
