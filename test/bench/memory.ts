/**
 * Measures that memory stays flat: 1 GB up and 1 GB down through an edge and an agent in processes of their own, whose
 * resident memory is sampled from `/proc` all the while. Prints a table and exits with 1 when either grows by 60 MB or
 * more over what it held after a warm-up of a few megabytes. `node memory.js [megabytes]` measures another amount.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { SHIPPED_POSTERN } from '../support/processes.js';
import type { Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';

const MEGABYTE = 1_048_576;
const MAX_GROWTH_MB = 60;
const WARM_UP_MB = 16;
const SAMPLE_MS = 20;

const CHUNK = Buffer.alloc(65_536, 'postern ');

interface Flow {
  readonly name: string;
  /** Carries so many bytes through the tunnel and throws unless every one arrived. */
  carry(visitor: Visitor, world: World, bytes: number): Promise<void>;
}

const FLOWS: readonly Flow[] = [
  {
    name: 'up',
    async carry(visitor, world, bytes) {
      const headers = { 'content-length': String(bytes) };
      const response = await visitor.fetch(`${world.url}/discard`, { method: 'POST', headers, body: source(bytes) });
      if (response.text !== String(bytes)) throw new Error(`${response.text} bytes arrived of ${bytes}`);
    },
  },
  {
    name: 'down',
    async carry(visitor, world, bytes) {
      const { body } = await visitor.stream(`${world.url}/bytes?n=${bytes}`);
      let received = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) received += chunk.length;
      if (received !== bytes) throw new Error(`${received} bytes arrived of ${bytes}`);
    },
  },
];

function source(bytes: number): Readable {
  let left = bytes;
  return new Readable({
    highWaterMark: CHUNK.length,
    read() {
      const size = Math.min(left, CHUNK.length);
      left -= size;
      this.push(size === 0 ? null : CHUNK.subarray(0, size));
    },
  });
}

/** Watches the resident memory of a process. */
class Resident {
  readonly startMb: number;
  peakMb: number;
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#path = `/proc/${pid}/status`;
    this.startMb = this.#read();
    this.peakMb = this.startMb;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  get growthMb(): number {
    return this.peakMb - this.startMb;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#sample();
  }

  #sample(): void {
    this.peakMb = Math.max(this.peakMb, this.#read());
  }

  #read(): number {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(this.#path, 'latin1'))?.[1];
    if (kilobytes === undefined) throw new Error(`${this.#path} tells no VmRSS`);
    return Number(kilobytes) / 1024;
  }
}

/** One row per process; true when both stayed flat. */
async function measure(flow: Flow, world: World, visitor: Visitor, megabytes: number): Promise<boolean> {
  await flow.carry(visitor, world, WARM_UP_MB * MEGABYTE);
  const watched = [
    { name: 'edge', resident: new Resident(world.edge.pid) },
    { name: 'agent', resident: new Resident(world.agent.pid) },
  ];
  const startedMs = performance.now();
  await flow.carry(visitor, world, megabytes * MEGABYTE);
  const seconds = (performance.now() - startedMs) / 1000;
  for (const { name, resident } of watched) {
    resident.stop();
    const { startMb, peakMb, growthMb } = resident;
    row(flow.name, name, startMb.toFixed(1), peakMb.toFixed(1), growthMb.toFixed(1), (megabytes / seconds).toFixed(0));
  }
  return watched.every(({ resident }) => resident.growthMb < MAX_GROWTH_MB);
}

function row(...cells: readonly string[]): void {
  console.log(cells.map((cell, at) => (at < 2 ? cell.padEnd(10) : cell.padStart(10))).join(''));
}

async function run(megabytes: number): Promise<void> {
  const world = await startWorld({ command: SHIPPED_POSTERN });
  try {
    const visitor = await world.signedIn('ana');
    console.log(`${megabytes} MB each way, Node ${process.versions.node}`);
    row('direction', 'process', 'start MB', 'peak MB', 'growth MB', 'MB/s');
    let flat = true;
    for (const flow of FLOWS) flat = (await measure(flow, world, visitor, megabytes)) && flat;
    console.log(
      flat ? `flat: every growth is below ${MAX_GROWTH_MB} MB` : `NOT flat: the bound is ${MAX_GROWTH_MB} MB`,
    );
    process.exitCode = flat ? 0 : 1;
  } finally {
    await world.close();
  }
}

if (existsSync('/proc/self/status')) await run(Number(process.argv[2] ?? 1024));
else console.log('skipped: this system has no /proc/<pid>/status to read resident memory from');
