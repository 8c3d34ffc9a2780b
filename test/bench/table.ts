/** The one table of a measurement: a row for each measure, a column for each system, and what must be reached. */
import { GATE_OFF, GO, HTTP_PROXY, POSTERN, TARGET } from './systems.js';
import { HTTP1, HTTP2, VISITOR_CASES } from './visitors.js';
import { median } from './wan-cases.js';

/** One value for each round in which the system was measured, by measure and system. */
export class Samples {
  readonly #values = new Map<string, Map<string, number[]>>();

  add(measure: string, system: string, value: number): void {
    const bySystem = this.#values.get(measure) ?? new Map<string, number[]>();
    this.#values.set(measure, bySystem.set(system, [...(bySystem.get(system) ?? []), value]));
  }

  of(measure: string, system: string): readonly number[] {
    return this.#values.get(measure)?.get(system) ?? [];
  }

  median(measure: string, system: string): number {
    return median(this.of(measure, system));
  }

  /** The median of the ratios within each round: what slows one round down slows all of it. */
  ratio([measure, system]: readonly [string, string], [other, base]: readonly [string, string]): number {
    const bases = this.of(other, base);
    return median(
      this.of(measure, system).flatMap((value, at) => (bases[at] === undefined ? [] : [value / bases[at]])),
    );
  }

  toJSON(): object {
    return Object.fromEntries([...this.#values].map(([name, bySystem]) => [name, Object.fromEntries(bySystem)]));
  }
}

export const WAYS = ['200 Mbit/s', '1 Gbit/s'] as const;
export const SMALL = '1 KB, requests/s';
export const GATE = '1 KB, on and off in turns, requests/s';
export const EDGE_TIME = '1 KB, on and off in turns, CPU of the edge, us a request';
export const ALONE = '1 KB alone, p50 ms';
export const MIDDLE = '100 KB, requests/s';
export const LARGE = '10 MB, MB/s';
export const IDLE_LINK = 'idle link, KB';
export const download = (way: string) => `100 MB over 100 ms, ${way}, MB/s`;
export const small = (way: string) => `1 KB during that, ${way}, ms`;
export const idle = (way: string) => `1 KB on the idle link, ${way}, ms`;

interface Goal {
  readonly measure: string;
  /** What the ratio is taken against, in words. */
  readonly against: string;
  readonly value: (samples: Samples) => number;
  readonly form: 'ratio' | 'percent' | 'KB';
  readonly least: number;
  readonly aim: number;
  readonly better: 'more' | 'less';
}

const against = (measure: string, system: string) => (samples: Samples) =>
  samples.ratio([measure, POSTERN], [measure, system]);

function addedByGate(samples: Samples): number {
  return samples.ratio([GATE, GATE_OFF], [GATE, POSTERN]) - 1;
}

/** What the gate has added so far, as text. */
export function gateShare(samples: Samples): string {
  return formatGoal(addedByGate(samples), 'percent');
}

const GOALS: readonly Goal[] = [
  { measure: SMALL, against: GO, value: against(SMALL, GO), form: 'ratio', least: 2, aim: 3, better: 'more' },
  {
    measure: SMALL,
    against: HTTP_PROXY,
    value: against(SMALL, HTTP_PROXY),
    form: 'ratio',
    least: 1.2,
    aim: 1.7,
    better: 'more',
  },
  {
    measure: GATE,
    against: 'its gate off: added',
    value: addedByGate,
    form: 'percent',
    least: 0.05,
    aim: 0.02,
    better: 'less',
  },
  {
    measure: EDGE_TIME,
    against: 'its gate off: added',
    value: (samples) => samples.ratio([EDGE_TIME, POSTERN], [EDGE_TIME, GATE_OFF]) - 1,
    form: 'percent',
    least: 0.05,
    aim: 0.02,
    better: 'less',
  },
  { measure: ALONE, against: GO, value: against(ALONE, GO), form: 'ratio', least: 1, aim: 0.75, better: 'less' },
  { measure: MIDDLE, against: GO, value: against(MIDDLE, GO), form: 'ratio', least: 1.5, aim: 2.5, better: 'more' },
  { measure: LARGE, against: GO, value: against(LARGE, GO), form: 'ratio', least: 1.5, aim: 2.5, better: 'more' },
  ...VISITOR_CASES.flatMap(({ speed, time }): Goal[] => [
    {
      measure: speed,
      against: 'HTTP/1.1',
      value: (samples) => samples.ratio([speed, HTTP2], [speed, HTTP1]),
      form: 'ratio',
      least: 1.2,
      aim: 1.5,
      better: 'more',
    },
    {
      measure: time,
      against: 'HTTP/1.1',
      value: (samples) => samples.ratio([time, HTTP2], [time, HTTP1]),
      form: 'ratio',
      least: 0.8,
      aim: 0.5,
      better: 'less',
    },
  ]),
  ...WAYS.flatMap((way): Goal[] => [
    {
      measure: download(way),
      against: 'raw TCP',
      value: against(download(way), TARGET),
      form: 'percent',
      least: 0.9,
      aim: 0.97,
      better: 'more',
    },
    {
      measure: small(way),
      against: 'idle RTT',
      value: (samples) => samples.ratio([small(way), POSTERN], [idle(way), TARGET]),
      form: 'ratio',
      least: 2,
      aim: 1.3,
      better: 'less',
    },
  ]),
  {
    measure: IDLE_LINK,
    against: '',
    value: (samples) => samples.median(IDLE_LINK, POSTERN),
    form: 'KB',
    least: 30,
    aim: 15,
    better: 'less',
  },
];

/** The table as Markdown. A second goal of one measure has a row of its own, without the values. */
export function formatTable(samples: Samples, systems: readonly string[]): string {
  const rows = GOALS.map((goal, at) => {
    const isSecond = GOALS.findIndex(({ measure }) => measure === goal.measure) !== at;
    const values = systems.map((system) => (isSecond ? '' : formatValue(samples.median(goal.measure, system))));
    const { least, aim, form, against: base } = goal;
    const reached = goal.value(samples);
    const verdict = Number.isNaN(reached) ? '' : `${formatGoal(reached, form)}${verdictOf(goal, reached)}`;
    return [isSecond ? '' : goal.measure, ...values, verdict, base, formatGoal(least, form), formatGoal(aim, form)];
  });
  const head = ['measure', ...systems, `${POSTERN} is`, 'against', 'at least', 'aim'];
  return align([head, ...rows.filter((row) => row.slice(1, systems.length + 2).some((cell) => cell !== ''))]);
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

function formatGoal(value: number, form: Goal['form']): string {
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
