/**
 * Runs a simulation in a thread of its own: its clocks and timers are those of the thread, and promises there are not followed by
 * the test runner, which makes them several times slower.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Counts } from './counts.js';
import type { Settings } from './world.js';

/** What a run has found. */
export type Found = Pick<Counts, 'violations' | 'events' | 'outcomes' | 'commands' | 'times'>;

/** Runs each series up to the first run that finds a violation; resolves to what each run has found. */
export function simulateApart(series: readonly (readonly Settings[])[]): Promise<Found[][]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: series });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (!isMainThread) {
  const all: Found[][] = [];
  for (const runs of workerData as Settings[][]) all.push(await runSeries(runs));
  parentPort?.postMessage(all);
}

async function runSeries(runs: readonly Settings[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const settings of runs) {
    const world = new (await import('./world.js')).World(settings); // not loaded by who only asks

    await world.run();
    const { violations, events, outcomes, commands, times } = world.counts;
    found.push({ violations, events, outcomes, commands, times });
    if (violations.length > 0) break;
  }
  return found;
}
