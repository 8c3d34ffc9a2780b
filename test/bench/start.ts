/**
 * Measures what a developer waits for and what an agent costs at rest: `postern --version`, the time from the start of
 * `postern http` to its URL on a loopback edge, and the resident memory of an agent that has idled for a minute. Prints a
 * table; exits with 1 when a goal is missed. `node start.js [rounds] [idle seconds]` measures otherwise than ten rounds
 * and a minute. CPU time (user and system) is beside the wall clock, since another load on the machine changes it less.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { loadedModules } from '../support/loaded-modules.js';
import { type Program, SHIPPED_POSTERN } from '../support/processes.js';
import { startWorld, type World } from '../support/world.js';
import { median } from './wan-cases.js';

const [rounds = 10, idleSeconds = 60] = process.argv.slice(2).map(Number);

interface Sample {
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Row {
  readonly measure: string;
  readonly value: number;
  /** What is to be reached; a row without one is for comparison. */
  readonly goal?: number;
  readonly unit: 'ms' | 'MB';
  /** Figures that a busy machine changes little. */
  readonly notes: readonly string[];
}

// The shell prints the CPU time of its children last: `0m0.071s 0m0.012s`.
const TIMED = 'start=$(date +%s%N); "$@" > /dev/null; end=$(date +%s%N); echo $(((end - start) / 1000)); times';

/** One run of a command to its end. */
function runTimed(command: readonly string[]): Sample {
  const lines = execFileSync('bash', ['-c', TIMED, 'bash', ...command], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const seconds = [...(lines.at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return { wallMs: Number(lines[0]) / 1_000, cpuMs: seconds.reduce((sum, time) => sum + time, 0) * 1_000 };
}

/** The CPU time of all threads of a process so far. */
function cpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return times.reduce((sum, ns) => sum + ns, 0) / 1_000_000;
}

function residentMbOf(pid: number): number {
  return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

/** Starts an agent of its own name and waits for its URL. */
async function startTimed(world: World, name: string): Promise<{ sample: Sample; agent: Program }> {
  const startedMs = performance.now();
  const agent = await world.startAgent({ name });
  return { sample: { wallMs: performance.now() - startedMs, cpuMs: cpuMsOf(agent.pid) }, agent };
}

async function measureAgents(world: World): Promise<{ samples: Sample[]; residentMb: number }> {
  const samples: Sample[] = [];
  let idle: Program | undefined;
  for (let round = 0; round < rounds; round++) {
    const { sample, agent } = await startTimed(world, `dev-${round}`);
    samples.push(sample);
    if (round === 0) idle = agent;
    else await agent.kill();
  }
  await delay(idleSeconds * 1_000);
  return { samples, residentMb: residentMbOf(idle?.pid ?? 0) };
}

interface RowOptions {
  readonly goal?: number;
  readonly modules?: number;
}

function rowOf(measure: string, samples: readonly Sample[], { goal, modules }: RowOptions = {}): Row {
  const of = (key: keyof Sample) => median(samples.map((sample) => sample[key]));
  const notes = [`CPU ${of('cpuMs').toFixed(0)} ms`, ...(modules === undefined ? [] : [`${modules} modules`])];
  return { measure, value: of('wallMs'), unit: 'ms', notes, ...(goal !== undefined && { goal }) };
}

function print({ measure, value, goal, unit, notes }: Row): void {
  const aim = goal === undefined ? '' : `goal ${goal} ${unit}`;
  console.log([measure.padEnd(28), `${value.toFixed(0)} ${unit}`.padStart(8), aim.padEnd(12), ...notes].join('  '));
}

const repeat = (command: readonly string[]) => Array.from({ length: rounds }, () => runTimed(command));

const node = repeat([process.execPath, '-e', '0']);
const version = repeat([process.execPath, SHIPPED_POSTERN, '--version']);
const world = await startWorld({ command: SHIPPED_POSTERN });
const { samples, residentMb } = await measureAgents(world).finally(() => world.close());
const unreachable = { POSTERN_EDGE: 'http://127.0.0.1:9', POSTERN_TOKEN: 'x' };
const rows: Row[] = [
  rowOf('node alone', node),
  rowOf('postern --version', version, { goal: 120, modules: (await loadedModules(['--version'])).length }),
  rowOf('postern http, to its URL', samples, {
    goal: 400,
    modules: (await loadedModules(['http', '5173'], unreachable)).length,
  }),
  { measure: `agent after ${idleSeconds} s at rest`, value: residentMb, goal: 60, unit: 'MB', notes: [] },
];
rows.forEach(print);
process.exit(rows.some(({ value, goal = Number.POSITIVE_INFINITY }) => value > goal) ? 1 : 0);
