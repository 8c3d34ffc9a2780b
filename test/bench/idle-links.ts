/**
 * What an idle link costs the edge: its resident memory after a collection, with a fifth of the links and with all of
 * them, divided by the difference; so what an edge holds without links, or fills once, is not counted.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { compiled } from '../support/processes.js';
import { Child, residentBytes } from './children.js';
import { Postern } from './postern.js';

export interface IdleLinks {
  readonly links: number;
  readonly holdSeconds: number;
  readonly bytesPerLink: number;
  /** How many were still there at the end. */
  readonly alive: number;
}

// A collection of some hundred megabytes, and the pages going back to the system.
const COLLECTION_MS = 1_000;

/** Opens the links on an edge of its own, holds them and counts. Undefined where `/proc` tells no memory. */
export async function measureIdleLinks(links: number, holdSeconds: number): Promise<IdleLinks | undefined> {
  if (residentBytes(process.pid) === undefined) return undefined;
  const preload = new URL('./gc-on-signal.js', import.meta.url).href;
  const postern = await Postern.start({ edgeNodeArgs: ['--expose-gc', '--import', preload] });
  const agents: Child[] = [];
  const dial = async (prefix: string, count: number) => {
    const order = { edge: postern.base, token: await postern.token('idle-*'), prefix, count };
    const args = [compiled('../bench/idle-agents.js'), JSON.stringify(order)];
    agents.push(await Child.ready({ name: 'idle agents', args }, (line) => line.includes('dialled')));
    return settledBytes(postern.edge);
  };
  try {
    const few = Math.ceil(links / 5);
    const before = await dial('idle-a', few);
    const after = await dial('idle-b', links - few);
    await delay(holdSeconds * 1000);
    const alive = await Promise.all(agents.map(countAlive));
    const bytesPerLink = (after - before) / (links - few);
    return { links, holdSeconds, bytesPerLink, alive: alive.reduce((sum, count) => sum + count, 0) };
  } finally {
    await Promise.all(agents.map((child) => child.end()));
    await postern.end();
  }
}

async function settledBytes(edge: Child): Promise<number> {
  for (let times = 0; times < 2; times++) {
    edge.signal('SIGUSR2');
    await delay(COLLECTION_MS);
  }
  return residentBytes(edge.pid) ?? Number.NaN;
}

async function countAlive(agents: Child): Promise<number> {
  const said = agents.lineThat((line) => line.includes('alive'));
  agents.signal('SIGTERM');
  return (JSON.parse(await said) as { alive: number }).alive;
}
