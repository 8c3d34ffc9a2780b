/**
 * Measures the tunnel against its peers, in one run and in interleaved rounds: `npm run bench -- [options]`.
 * Prints one table of medians and of ratios within the rounds, and writes every value as JSON. Other work on the machine
 * shows in the values; a ratio says more than a value, and a median more than a round.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { PROJECT_ROOT } from '../support/project-root.js';
import { flags, USAGE } from './bench-options.js';
import { type Driver, findDriver, type Measured } from './driver.js';
import { measureEyes } from './eyes.js';
import * as goals from './goals.js';
import { measureIdleLinks } from './idle-links.js';
import { measureIdleTls } from './idle-tls.js';
import { measureInspector } from './inspector.js';
import { measureCold, measurePaths } from './paths.js';
import { ProcessorTime } from './processor.js';
import { rotated } from './rounds.js';
import { Samples } from './samples.js';
import { GATE_OFF, HTTP_PROXY, POSTERN, type System, startSystems, TARGET } from './systems.js';
import { formatTable } from './table.js';
import { type BenchTarget, startBenchTarget } from './target.js';
import {
  EYES_OFF,
  EYES_ON,
  HTTP1,
  HTTP2,
  INSPECTOR_OFF,
  INSPECTOR_ON,
  ONE_PROCESS,
  OTHER_WORKER,
  SAME_WORKER,
  TWO_WORKERS,
} from './variants.js';
import { measureVisitors } from './visitors.js';
import { measureWorkers } from './workers.js';

interface SpeedCase {
  readonly measure: string;
  readonly path: string;
  readonly connections: number;
  readonly value: (measured: Measured) => number;
}

const SPEED: readonly SpeedCase[] = [
  { measure: goals.SMALL, path: '/1k', connections: Number(flags.connections), value: (m) => m.requestsPerSecond },
  { measure: goals.ALONE, path: '/1k', connections: 1, value: (m) => m.p50Ms },
  { measure: goals.MIDDLE, path: '/100k', connections: Number(flags.connections), value: (m) => m.requestsPerSecond },
  // Few, or none of them would be whole within a short measurement.
  { measure: goals.LARGE, path: '/10m', connections: 4, value: (m) => m.bytesPerSecond / 1_000_000 },
];

// V8 goes on compiling for some ten seconds of load.
const WARM_UP_SECONDS = 12;

if (flags.help) console.log(USAGE);
else await main();
process.exit(); // peers and pools are ended by it

async function main(): Promise<void> {
  const wanted = new Set(flags.only.split(','));
  const samples = new Samples();
  const notes: string[] = [];
  const driver = findDriver();
  const target = await startBenchTarget(flags['target-port'] === undefined ? undefined : Number(flags['target-port']));
  const logLevel = flags['log-level'];
  const { systems, gate, absent, end } = await startSystems({ target, peers: flags.peer.map(readPeer), logLevel });
  const about = describe(driver, target);
  console.log(`${about}\n${absent.map((sentence) => `absent: ${sentence}`).join('\n')}`);
  if (wanted.has('speed')) await measureSpeed(driver, systems, samples, notes);
  if (wanted.has('gate')) await measureGate(driver, [gate.on, gate.off], samples, notes);
  if (wanted.has('eyes')) await measureEyes(driver, target, eyesAmount(), samples);
  if (wanted.has('inspector')) await measureInspector(driver, target, eyesAmount(), samples);
  if (wanted.has('workers')) await measureWorkers(driver, target, workersAmount(), samples);
  if (wanted.has('visitors')) {
    const amount = { rounds: Number(flags.rounds), seconds: Number(flags.seconds), notes };
    const absence = await measureVisitors(driver, systems, amount, samples);
    if (absence !== undefined) notes.push(absence);
  }
  const amount = { rounds: Number(flags['wan-rounds']), maxSeconds: Number(flags['wan-seconds']) };
  if (wanted.has('cold')) await measureCold(systems, target, amount, samples);
  if (wanted.has('wan')) await measurePaths(systems, target, amount, samples);
  await end();
  await target.end();
  if (wanted.has('links')) await measureLinks(samples, notes);
  if (wanted.has('tls')) await measureTls(samples, notes);
  const [first = POSTERN, ...others] = systems.map(({ name }) => name);
  const columns = [first, GATE_OFF, EYES_ON, EYES_OFF, INSPECTOR_ON, INSPECTOR_OFF, HTTP2, HTTP1];
  const workers = [SAME_WORKER, OTHER_WORKER, ONE_PROCESS, TWO_WORKERS];
  console.log(`\n${formatTable(samples, [...columns, ...workers, ...others])}\n${notes.join('\n')}`);
  mkdirSync(dirname(flags.json), { recursive: true });
  writeFileSync(flags.json, `${JSON.stringify({ about, absent, notes, flags, samples }, undefined, 2)}\n`);
}

/**
 * All systems in turns, measure by measure. Many short turns and not a few long ones: on a shared machine the speed changes
 * by a quarter within a minute, and a ratio is worth only as much as its two turns are close to each other.
 */
async function measureSpeed(driver: Driver, systems: readonly System[], samples: Samples, notes: string[]) {
  const seconds = Number(flags.seconds);
  for (const system of systems) await warmUp(driver, system);
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const { measure, path, connections, value } of SPEED) {
      for (const system of rotated(systems, round)) {
        const { origin, name } = system;
        const load = { url: `${origin}${path}`, headers: await system.headers(), connections, seconds };
        const time = new ProcessorTime(system);
        const measured = await driver.drive(load).catch((error: Error) => error);
        if (measured instanceof Error) {
          notes.push(`${name}, ${measure}: nothing in round ${round + 1}: ${measured.message}`);
          samples.add(measure, name, Number.NaN);
          continue;
        }
        progress(`round ${round + 1}: ${measure}, ${name}: ${value(measured).toFixed(2)}`);
        // What fails is often fast: a value with errors is no value.
        samples.add(measure, name, measured.errors === 0 ? value(measured) : Number.NaN);
        if (measured.errors === 0 && measure.endsWith('requests/s'))
          time.add(samples, measure, name, measured.requestsPerSecond * seconds);
        if (measured.errors > 0) notes.push(`${name}, ${measure}: ${measured.errors} errors in round ${round + 1}`);
      }
    }
  }
}

/**
 * The gate's share is a few percent, and the machine's speed wanders by more than that within seconds: so many more
 * turns, on and off, with no other system in between.
 */
async function measureGate(driver: Driver, both: readonly System[], samples: Samples, notes: string[]) {
  for (const system of both) await warmUp(driver, system);
  for (let round = 0; round < Number(flags['gate-rounds']); round++) {
    for (const system of round % 2 === 0 ? both : both.toReversed()) {
      const load = await smallLoad(system);
      const time = new ProcessorTime(system);
      const { requestsPerSecond, errors } = await driver.drive({ ...load, seconds: 1 });
      if (errors > 0) notes.push(`${system.name}, ${goals.GATE}: ${errors} errors in round ${round + 1}`);
      samples.add(goals.GATE, system.name, errors === 0 ? requestsPerSecond : Number.NaN);
      samples.add(goals.EDGE_TIME, system.name, time.edgeUs / requestsPerSecond);
    }
    progress(`round ${round + 1}: ${goals.GATE}: ${goals.gateShare(samples)}`);
  }
}

/** Unmeasured: code that is not compiled yet runs at a third of its speed, and connections to the target are few. */
async function warmUp(driver: Driver, system: System): Promise<void> {
  await driver.drive({ ...(await smallLoad(system)), seconds: WARM_UP_SECONDS });
}

async function smallLoad({ origin, headers }: System) {
  return { url: `${origin}/1k`, headers: await headers(), connections: Number(flags.connections) };
}

function eyesAmount() {
  const [pairs, rounds] = [Number(flags['eyes-pairs']), Number(flags['eyes-rounds'])];
  return { pairs, rounds, seconds: 3, connections: Number(flags.connections), warmUpSeconds: WARM_UP_SECONDS };
}

function workersAmount() {
  const connections = Number(flags.connections);
  return { rounds: Number(flags['workers-rounds']), connections, warmUpSeconds: WARM_UP_SECONDS };
}

async function measureLinks(samples: Samples, notes: string[]): Promise<void> {
  const measured = await measureIdleLinks(Number(flags.links), Number(flags['hold-seconds']));
  if (measured === undefined) return void notes.push('idle links: this system tells no resident memory');
  const { links, alive, holdSeconds, bytesPerLink, edgeShare } = measured;
  samples.add(goals.IDLE_LINK, POSTERN, bytesPerLink / 1024);
  samples.add(goals.IDLE_LINKS_CPU, POSTERN, (100 * edgeShare * 10_000) / links);
  const percent = (100 * edgeShare).toFixed(1);
  notes.push(
    `idle links: ${alive} of ${links} alive after ${holdSeconds} s, for ${percent} % of a processor at the edge`,
  );
}

async function measureTls(samples: Samples, notes: string[]): Promise<void> {
  const bytes = await measureIdleTls(Number(flags['idle-visitors']));
  if (bytes === undefined) notes.push('idle TLS connections: this system tells no resident memory');
  else samples.add(goals.IDLE_TLS, POSTERN, bytes / 1024);
}

function describe(driver: Driver, target: BenchTarget): string {
  const [cpu] = cpus();
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} x ${cpu?.model.trim()}
commit ${commit()}; target: ${target.name} (${target.origin}); driver: ${driver.name}
${flags.rounds} rounds of ${flags.seconds} s, ${flags.connections} connections, 10 MB with 4; the edge logs from ${flags['log-level']} on
${POSTERN}: gate on, a signed-in session; ${GATE_OFF}: the same tunnel, agent and link, asked by nobody who is signed in; ${HTTP_PROXY}: single hop; ${TARGET}: alone, over the long path raw TCP`;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: PROJECT_ROOT,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  } catch {
    return 'unknown'; // no checkout, or no git
  }
}

function readPeer(text: string): { name: string; url: string } {
  const [, name, url] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (name === undefined || url === undefined) throw new Error(`--peer ${text}: expected NAME=URL`);
  return { name, url };
}

function progress(text: string): void {
  console.error(text);
}
