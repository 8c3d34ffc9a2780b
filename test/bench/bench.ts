/**
 * Measures the tunnel against its peers, in one run and in interleaved rounds: `npm run bench -- [options]`.
 * Prints one table of medians and of ratios within the rounds, and writes every value as JSON. Other work on the machine
 * shows in the values; a ratio says more than a value, and a median more than a round.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT_ROOT } from '../support/project-root.js';
import { processorUs } from './children.js';
import { type Driver, findDriver, type Measured } from './driver.js';
import { measureIdleLinks } from './idle-links.js';
import { GATE_OFF, HTTP_PROXY, POSTERN, type System, startSystems, TARGET } from './systems.js';
import * as table from './table.js';
import { type BenchTarget, startBenchTarget } from './target.js';
import { HTTP1, HTTP2, measureVisitors } from './visitors.js';
import { WanLink, type Way } from './wan.js';
import { measureWan, type Place } from './wan-cases.js';

const USAGE = `npm run bench -- [options]
  --peer NAME=URL     another system that is already running; asked for /1k, /100k and /10m below its URL; repeatable
  --target-port N     where the target listens, for such peers to lead to
  --rounds N          15
  --seconds N         of each measurement of each round; 1
  --gate-rounds N     of a second each, with the gate on and off; 120
  --connections N     64
  --only WORDS        speed, gate, visitors, wan or links, separated by commas; all of them
  --wan-rounds N      5
  --wan-seconds N     after which a download over the long way is broken off; 6
  --links N           idle links on one edge; 3000, fewer measure what an edge takes by itself
  --hold-seconds N    how long they are held; 15
  --log-level LEVEL   of the edge; warn, since no peer logs requests
  --json FILE         .build/bench.json`;

const { values: flags } = parseArgs({
  options: {
    peer: { type: 'string', multiple: true, default: [] },
    'target-port': { type: 'string' },
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
    'gate-rounds': { type: 'string', default: '120' },
    connections: { type: 'string', default: '64' },
    only: { type: 'string', default: 'speed,gate,visitors,wan,links' },
    'wan-rounds': { type: 'string', default: '5' },
    'wan-seconds': { type: 'string', default: '6' },
    links: { type: 'string', default: '3000' },
    'hold-seconds': { type: 'string', default: '15' },
    'log-level': { type: 'string', default: 'warn' },
    json: { type: 'string', default: join(PROJECT_ROOT, '.build', 'bench.json') },
    help: { type: 'boolean', default: false },
  },
});

interface SpeedCase {
  readonly measure: string;
  readonly path: string;
  readonly connections: number;
  readonly value: (measured: Measured) => number;
}

const SPEED: readonly SpeedCase[] = [
  { measure: table.SMALL, path: '/1k', connections: Number(flags.connections), value: (m) => m.requestsPerSecond },
  { measure: table.ALONE, path: '/1k', connections: 1, value: (m) => m.p50Ms },
  { measure: table.MIDDLE, path: '/100k', connections: Number(flags.connections), value: (m) => m.requestsPerSecond },
  // Few, or none of them would be whole within a short measurement.
  { measure: table.LARGE, path: '/10m', connections: 4, value: (m) => m.bytesPerSecond / 1_000_000 },
];

// V8 goes on compiling for some ten seconds of load.
const WARM_UP_SECONDS = 12;
const WAN_WARM_UP_SECONDS = 5;
const RTT_MS = 100;
const RATES: Readonly<Record<(typeof table.WAYS)[number], number>> = { '200 Mbit/s': 2e8, '1 Gbit/s': 1e9 };

if (flags.help) console.log(USAGE);
else await main();
process.exit(); // peers and pools are ended by it

async function main(): Promise<void> {
  const wanted = new Set(flags.only.split(','));
  const samples = new table.Samples();
  const notes: string[] = [];
  const driver = findDriver();
  const target = await startBenchTarget(flags['target-port'] === undefined ? undefined : Number(flags['target-port']));
  const logLevel = flags['log-level'];
  const { systems, gate, absent, end } = await startSystems({ target, peers: flags.peer.map(readPeer), logLevel });
  const about = describe(driver, target);
  console.log(`${about}\n${absent.map((sentence) => `absent: ${sentence}`).join('\n')}`);
  if (wanted.has('speed')) await measureSpeed(driver, systems, samples, notes);
  if (wanted.has('gate')) await measureGate(driver, [gate.on, gate.off], samples, notes);
  if (wanted.has('visitors')) {
    const amount = { rounds: Number(flags.rounds), seconds: Number(flags.seconds), notes };
    const absence = await measureVisitors(systems[0] as System, amount, samples);
    if (absence !== undefined) notes.push(absence);
  }
  if (wanted.has('wan')) await measureWays(systems, target, samples);
  await end();
  await target.end();
  if (wanted.has('links')) await measureLinks(samples, notes);
  const [first = POSTERN, ...others] = systems.map(({ name }) => name);
  console.log(`\n${table.formatTable(samples, [first, GATE_OFF, HTTP2, HTTP1, ...others])}\n${notes.join('\n')}`);
  mkdirSync(dirname(flags.json), { recursive: true });
  writeFileSync(flags.json, `${JSON.stringify({ about, absent, notes, flags, samples }, undefined, 2)}\n`);
}

/**
 * All systems in turns, measure by measure. Many short turns and not a few long ones: on a shared machine the speed changes
 * by a quarter within a minute, and a ratio is worth only as much as its two turns are close to each other.
 */
async function measureSpeed(driver: Driver, systems: readonly System[], samples: table.Samples, notes: string[]) {
  const seconds = Number(flags.seconds);
  for (const system of systems) await warmUp(driver, system);
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const { measure, path, connections, value } of SPEED) {
      for (const system of rotated(systems, round)) {
        const { origin, name } = system;
        const load = { url: `${origin}${path}`, headers: await system.headers(), connections, seconds };
        const measured = await driver.drive(load).catch((error: Error) => error);
        if (measured instanceof Error) {
          notes.push(`${name}, ${measure}: nothing in round ${round + 1}: ${measured.message}`);
          samples.add(measure, name, Number.NaN);
          continue;
        }
        progress(`round ${round + 1}: ${measure}, ${name}: ${value(measured).toFixed(2)}`);
        // What fails is often fast: a value with errors is no value.
        samples.add(measure, name, measured.errors === 0 ? value(measured) : Number.NaN);
        if (measured.errors > 0) notes.push(`${name}, ${measure}: ${measured.errors} errors in round ${round + 1}`);
      }
    }
  }
}

/**
 * The gate's share is a few percent, and the machine's speed wanders by more than that within seconds: so many more
 * turns, on and off, with no other system in between.
 */
async function measureGate(driver: Driver, both: readonly System[], samples: table.Samples, notes: string[]) {
  for (const system of both) await warmUp(driver, system);
  for (let round = 0; round < Number(flags['gate-rounds']); round++) {
    for (const system of round % 2 === 0 ? both : both.toReversed()) {
      const startedUs = edgeUs(system);
      const { requestsPerSecond, errors } = await driver.drive({ ...(await smallLoad(system)), seconds: 1 });
      if (errors > 0) notes.push(`${system.name}, ${table.GATE}: ${errors} errors in round ${round + 1}`);
      samples.add(table.GATE, system.name, errors === 0 ? requestsPerSecond : Number.NaN);
      samples.add(table.EDGE_TIME, system.name, (edgeUs(system) - startedUs) / requestsPerSecond);
    }
    progress(`round ${round + 1}: ${table.GATE}: ${table.gateShare(samples)}`);
  }
}

/** Unmeasured: code that is not compiled yet runs at a third of its speed, and connections to the target are few. */
async function warmUp(driver: Driver, system: System): Promise<void> {
  await driver.drive({ ...(await smallLoad(system)), seconds: WARM_UP_SECONDS });
}

async function smallLoad({ origin, headers }: System) {
  return { url: `${origin}/1k`, headers: await headers(), connections: Number(flags.connections) };
}

async function measureWays(systems: readonly System[], target: BenchTarget, samples: table.Samples): Promise<void> {
  for (const name of table.WAYS) {
    const way = { rttMs: RTT_MS, rate: RATES[name] };
    const links: WanLink[] = [];
    const places = await enterAll(systems, target, way, links);
    // Unmeasured, as with the speed: an agent that has just started runs code that is not compiled yet.
    for (const [, place] of places) await measureWan(place, WAN_WARM_UP_SECONDS);
    for (let round = 0; round < Number(flags['wan-rounds']); round++) {
      for (const [system, place] of rotated(places, round)) {
        const { bytesPerSecond, idleMs, busyMs } = await measureWan(place, Number(flags['wan-seconds']));
        progress(`round ${round + 1}: 100 MB over ${name}, ${system}: ${(bytesPerSecond / 1e6).toFixed(1)} MB/s`);
        samples.add(table.download(name), system, bytesPerSecond / 1e6);
        samples.add(table.small(name), system, busyMs);
        samples.add(table.idle(name), system, idleMs);
      }
    }
    for (const link of links) link.close();
  }
}

function edgeUs({ edgePid }: System): number {
  return (edgePid === undefined ? undefined : processorUs(edgePid)) ?? Number.NaN;
}

/** The systems with a long way inside them, and the target behind one. */
async function enterAll(systems: readonly System[], target: BenchTarget, way: Way, links: WanLink[]) {
  const open = async (port: number) => {
    const link = await WanLink.open(way, port);
    links.push(link);
    return link.port;
  };
  const places: (readonly [string, Place])[] = [];
  for (const { name, overWan } of systems) if (overWan) places.push([name, await overWan(open)]);
  const raw = { origin: `http://127.0.0.1:${await open(target.port)}`, headers: async () => ({ host: '127.0.0.1' }) };
  return [...places, [TARGET, raw] as const];
}

async function measureLinks(samples: table.Samples, notes: string[]): Promise<void> {
  const measured = await measureIdleLinks(Number(flags.links), Number(flags['hold-seconds']));
  if (measured === undefined) return void notes.push('idle links: this system tells no resident memory');
  const { links, alive, holdSeconds, bytesPerLink, edgeShare } = measured;
  samples.add(table.IDLE_LINK, POSTERN, bytesPerLink / 1024);
  const percent = (100 * edgeShare).toFixed(1);
  notes.push(
    `idle links: ${alive} of ${links} alive after ${holdSeconds} s, for ${percent} % of a processor at the edge`,
  );
}

function describe(driver: Driver, target: BenchTarget): string {
  const [cpu] = cpus();
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} x ${cpu?.model.trim()}
commit ${commit()}; target: ${target.name} (${target.origin}); driver: ${driver.name}
${flags.rounds} rounds of ${flags.seconds} s, ${flags.connections} connections, 10 MB with 4; the edge logs from ${flags['log-level']} on
${POSTERN}: gate on, a signed-in session; ${GATE_OFF}: the same tunnel, agent and link, asked by nobody who is signed in; ${HTTP_PROXY}: single hop; ${TARGET}: alone, over the long way raw TCP`;
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

// Another first in each round, and every second round backwards: none always runs after the same neighbour.
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % list.length;
  const order = [...list.slice(at), ...list.slice(0, at)];
  return by % 2 === 0 ? order : order.reverse();
}

function readPeer(text: string): { name: string; url: string } {
  const [, name, url] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (name === undefined || url === undefined) throw new Error(`--peer ${text}: expected NAME=URL`);
  return { name, url };
}

function progress(text: string): void {
  console.error(text);
}
