/** What is measured, by name, and what must be reached. */
import type { Samples } from './samples.js';
import { GATE_OFF, GO, HTTP_PROXY, NODE_HTTP2, POSTERN, TARGET } from './systems.js';
import {
  EYES_OFF,
  EYES_ON,
  HTTP1,
  HTTP2,
  INSPECTOR_OFF,
  INSPECTOR_ON,
  OTHER_WORKER,
  SAME_WORKER,
  VISITOR_CASES,
} from './variants.js';

export const PATHS = ['200 Mbit/s', '1 Gbit/s'] as const;
export const SMALL = '1 KB, requests/s';
export const GATE = '1 KB, on and off in turns, requests/s';
export const EDGE_TIME = '1 KB, on and off in turns, CPU of the edge, us a request';
export const ALONE = '1 KB alone, p50 ms';
export const MIDDLE = '100 KB, requests/s';
export const LARGE = '10 MB, MB/s';
export const EYES = '1 KB, CPU of the edge, us a request';
export const INSPECTED = '1 KB, inspector, requests/s';
export const INSPECTED_CPU = '1 KB, inspector, CPU of the agent, us a request';
export const RELAYED = '1 KB, agent at the same worker and at another, CPU of edge and agent, us a request';
export const RELAYED_EDGE = '1 KB, agent at the same worker and at another, CPU of the edge, us a request';
export const WORKERS = '1 KB, one process and two workers, requests/s';
export const WORKERS_CPU = '1 KB, one process and two workers, requests per CPU-second of edge and agent';
export const IDLE_LINK = 'idle link, KB';
export const IDLE_LINKS_CPU = '10,000 idle links, CPU of the edge, % of a core';
export const IDLE_TLS = 'idle TLS connection, KB';
export const download = (path: string) => `100 MB over 100 ms, ${path}, MB/s`;
export const small = (path: string) => `1 KB during that, ${path}, ms`;
export const idle = (path: string) => `1 KB on the idle link, ${path}, ms`;
export const cold = (path: string) => `the first 100 MB of a link over 100 ms, ${path}, MB/s`;

/** The rows of processor time beside one of requests per second. */
export const perCpuSecond = (measure: string, end: 'edge' | 'agent') =>
  `${measure.replace(/, requests\/s$/, '')}, requests per CPU-second of the ${end}`;

/** A row, and what must be reached in it; without a goal it shows the values alone. */
export interface Row {
  readonly measure: string;
  readonly goal?: Goal;
}

export interface Goal {
  /** What the ratio is taken against, in words. */
  readonly against: string;
  readonly value: (samples: Samples) => number;
  readonly form: 'ratio' | 'percent' | 'KB';
  readonly least: number;
  readonly aim: number;
  readonly better: 'more' | 'less';
}

const ratio = { form: 'ratio', better: 'more' } as const;
const shorter = { form: 'ratio', better: 'less' } as const;
const added = { form: 'percent', least: 0.05, aim: 0.02, better: 'less' } as const;

/** A goal for what Postern, or one of its variants, is beside another column of the same row. */
function beside(measure: string, other: string, bounds: Omit<Goal, 'against' | 'value'>, column = POSTERN): Row {
  const value = (samples: Samples) => samples.ratio([measure, column], [measure, other]);
  return { measure, goal: { ...bounds, against: other, value } };
}

function addedByGate(samples: Samples): number {
  return samples.ratio([GATE, GATE_OFF], [GATE, POSTERN]) - 1;
}

function addedTime(measure: string, on: string, off: string): Goal['value'] {
  return (samples) => samples.ratio([measure, on], [measure, off]) - 1;
}

/** What the gate has added so far. */
export function gateShare(samples: Samples): string {
  return `${(addedByGate(samples) * 100).toFixed(1)} %`;
}

const cpuRows = (measure: string): Row[] => [
  { measure: perCpuSecond(measure, 'edge') },
  { measure: perCpuSecond(measure, 'agent') },
];

const visitorRows = (measure: string): Row[] => [
  beside(measure, HTTP1, { ...ratio, least: 1.2, aim: 1.5 }, HTTP2),
  beside(measure, GO, { ...ratio, least: 1.5, aim: 2.5 }, HTTP2),
  beside(measure, NODE_HTTP2, { ...ratio, least: 2, aim: 3 }, HTTP2),
  beside(perCpuSecond(measure, 'edge'), HTTP1, { ...ratio, least: 1.25, aim: 2 }, HTTP2),
  { measure: perCpuSecond(measure, 'agent') },
];

const pathRows = (path: string): Row[] => [
  beside(cold(path), TARGET, { form: 'percent', least: 0.8, aim: 0.92, better: 'more' }),
  beside(download(path), TARGET, { form: 'percent', least: 0.9, aim: 0.97, better: 'more' }),
  {
    measure: small(path),
    goal: {
      against: 'idle RTT',
      value: (samples) => samples.ratio([small(path), POSTERN], [idle(path), TARGET]),
      ...{ ...shorter, least: 2, aim: 1.3 },
    },
  },
];

const kilobytes = (measure: string, least: number, aim: number): Row => {
  const value = (samples: Samples) => samples.median(measure, POSTERN);
  return { measure, goal: { against: '', value, form: 'KB', least, aim, better: 'less' } };
};

export const ROWS: readonly Row[] = [
  beside(SMALL, GO, { ...ratio, least: 2, aim: 3 }),
  beside(SMALL, HTTP_PROXY, { ...ratio, least: 1.2, aim: 1.7 }),
  ...cpuRows(SMALL),
  { measure: GATE, goal: { against: 'its gate off: added', value: addedByGate, ...added } },
  {
    measure: EDGE_TIME,
    goal: { against: 'its gate off: added', value: addedTime(EDGE_TIME, POSTERN, GATE_OFF), ...added },
  },
  { measure: EYES, goal: { against: 'its eyes off: added', value: addedTime(EYES, EYES_ON, EYES_OFF), ...added } },
  {
    measure: INSPECTED,
    goal: {
      against: 'its inspector off',
      value: (samples) => samples.ratio([INSPECTED, INSPECTOR_ON], [INSPECTED, INSPECTOR_OFF]),
      ...{ ...ratio, least: 0.9, aim: 0.95 },
    },
  },
  { measure: INSPECTED_CPU },
  beside(ALONE, GO, { ...shorter, least: 1, aim: 0.75 }),
  beside(MIDDLE, GO, { ...ratio, least: 1.5, aim: 2.5 }),
  ...cpuRows(MIDDLE),
  beside(LARGE, GO, { ...ratio, least: 1.5, aim: 2.5 }),
  ...VISITOR_CASES.flatMap(({ measure }) => visitorRows(measure)),
  ...PATHS.flatMap(pathRows),
  beside(RELAYED, SAME_WORKER, { ...shorter, least: 1.6, aim: 1.4 }, OTHER_WORKER),
  { measure: RELAYED_EDGE },
  { measure: WORKERS },
  { measure: WORKERS_CPU },
  kilobytes(IDLE_LINK, 30, 15),
  { measure: IDLE_LINKS_CPU },
  kilobytes(IDLE_TLS, 60, 40),
];
