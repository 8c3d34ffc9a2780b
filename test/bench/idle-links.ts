/**
 * What an idle link costs the edge: its resident memory after a collection, with a fifth of the links and with all of
 * them, divided by the difference; so what an edge holds without links, or fills once, is not counted.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { compiled } from '../support/processes.js';
import { Child, processorUs, residentBytes } from './children.js';
import { Postern } from './postern.js';

export interface IdleLinks {
  readonly links: number;
  readonly holdSeconds: number;
  readonly bytesPerLink: number;
  /** How much of a processor the edge used while it held them. */
  readonly edgeShare: number;
  /** How many were still there at the end. */
  readonly alive: number;
}

// A collection of some hundred megabytes, and the pages going back to the system.
const COLLECTION_MS = 1_000;
// Few enough that the process that holds them is never what is late; and on a busy machine they take their time.
const MAX_AN_AGENT = 1_000;
const DIALLED_MS = 300_000;
const MIN_COLLECTIONS = 2;
const MAX_COLLECTIONS = 10;
const SETTLED_SHARE = 0.995;

/** Arguments of Node for an edge whose memory is measured. */
export const COLLECTABLE = ['--expose-gc', '--import', new URL('./gc-on-signal.js', import.meta.url).href];

/** One owner for each hundred names, which is what an owner may hold. */
const ownersOf = (names: number) => Array.from({ length: Math.ceil(names / 100) }, (_, at) => at);

/** Opens the links on an edge of its own, holds them and counts. Undefined where `/proc` tells no memory. */
export async function measureIdleLinks(links: number, holdSeconds: number): Promise<IdleLinks | undefined> {
  if (residentBytes(process.pid) === undefined) return undefined;
  const postern = await Postern.start({ edgeNodeArgs: COLLECTABLE });
  const agents: Child[] = [];
  const dial = async (prefix: string, count: number) => {
    for (let at = 0; at < count; at += MAX_AN_AGENT) {
      const part = Math.min(count - at, MAX_AN_AGENT);
      const order = {
        edge: postern.base,
        from: `127.0.1.${agents.length + 1}`,
        tokens: await Promise.all(
          ownersOf(part).map((owner) => postern.token('idle-*', `${prefix}${at}-${owner}@acme.com`)),
        ),
        prefix: `${prefix}${at}-`,
        count: part,
      };
      const args = [compiled('../bench/idle-agents.js'), JSON.stringify(order)];
      agents.push(
        await Child.ready({ name: 'idle agents', args, readyMs: DIALLED_MS }, (line) => line.includes('dialled')),
      );
    }
  };
  try {
    const few = Math.ceil(links / 5);
    await dial('idle-a', few);
    const before = await settledBytes(postern.edge);
    await dial('idle-b', links - few);
    const startedUs = processorUs(postern.edge.pid) ?? Number.NaN;
    await delay(holdSeconds * 1000);
    const edgeShare = ((processorUs(postern.edge.pid) ?? Number.NaN) - startedUs) / (holdSeconds * 1_000_000);
    const bytesPerLink = ((await settledBytes(postern.edge)) - before) / (links - few);
    const alive = await Promise.all(agents.map(countAlive));
    return { links, holdSeconds, bytesPerLink, edgeShare, alive: alive.reduce((sum, count) => sum + count, 0) };
  } finally {
    await Promise.all(agents.map((child) => child.end()));
    await postern.end();
  }
}

/**
 * The resident memory of an edge that was started with `COLLECTABLE`. Collects until that brings no more: pages go back to the
 * system late, and later on a busy machine.
 */
export async function settledBytes(edge: Child): Promise<number> {
  let before = Number.POSITIVE_INFINITY;
  for (let times = 0; times < MAX_COLLECTIONS; times++) {
    edge.signal('SIGUSR2');
    await delay(COLLECTION_MS);
    const bytes = residentBytes(edge.pid) ?? Number.NaN;
    if (times >= MIN_COLLECTIONS && bytes > before * SETTLED_SHARE) return bytes;
    before = bytes;
  }
  return before;
}

async function countAlive(agents: Child): Promise<number> {
  const said = agents.lineThat((line) => line.includes('alive'));
  agents.signal('SIGTERM');
  return (JSON.parse(await said) as { alive: number }).alive;
}
