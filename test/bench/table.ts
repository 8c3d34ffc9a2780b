/** The one table of a measurement: a row for each measure, a column for each system, and what must be reached. */
import { type Goal, ROWS } from './goals.js';
import type { Samples } from './samples.js';
import { POSTERN } from './systems.js';

/** The table as Markdown. A second goal of one measure has a row of its own, without the values. */
export function formatTable(samples: Samples, systems: readonly string[]): string {
  const columns = systems.filter((system) => ROWS.some(({ measure }) => samples.of(measure, system).length > 0));
  const rows = ROWS.map(({ measure, goal }, at) => {
    const isSecond = ROWS.findIndex((row) => row.measure === measure) !== at;
    const values = columns.map((system) => (isSecond ? '' : formatValue(samples.median(measure, system))));
    return [isSecond ? '' : measure, ...values, ...formatGoal(goal, samples)];
  });
  const head = ['measure', ...columns, `${POSTERN} is`, 'against', 'at least', 'aim'];
  return align([head, ...rows.filter((row) => row.slice(1, columns.length + 2).some((cell) => cell !== ''))]);
}

function formatGoal(goal: Goal | undefined, samples: Samples): string[] {
  if (goal === undefined) return ['', '', '', ''];
  const { least, aim, form, against } = goal;
  const reached = goal.value(samples);
  const verdict = Number.isNaN(reached) ? '' : `${formatReached(reached, form)}${verdictOf(goal, reached)}`;
  return [verdict, against, formatReached(least, form), formatReached(aim, form)];
}

function verdictOf({ least, aim, better }: Goal, reached: number): string {
  const passes = (bound: number) => (better === 'more' ? reached >= bound : reached <= bound);
  if (passes(aim)) return ' (aim)';
  return passes(least) ? ' (ok)' : ' (MISSED)';
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return '';
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
}

function formatReached(value: number, form: Goal['form']): string {
  if (form === 'percent') return `${(value * 100).toFixed(1)} %`;
  return form === 'KB' ? `${value.toFixed(1)} KB` : `${value.toFixed(2)}x`;
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => `${'-'.repeat(width + 1)}${at === 0 ? '-' : ':'}`).join('|')}|`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}
