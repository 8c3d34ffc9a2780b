/**
 * Runs simulations in a thread of their own: its clocks and timers are those of the thread, its memory ends with it, and promises there
 * are not followed by the test runner, which makes them several times slower.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Found } from './counts.js';
import type { Settings } from './settings.js';

// What Node gives a thread by itself depends on the machine, and is too little for what is thrown away here.
const LIMITS = { maxOldGenerationSizeMb: 16_000, maxYoungGenerationSizeMb: 192 };

interface Task {
  readonly series: readonly (readonly Settings[])[];
  readonly isTold: boolean;
}

/**
 * Runs each series up to the first run that finds a violation; resolves to what each run has found. `isTold`: prints each event as it
 * happens.
 */
export function simulateApart(series: readonly (readonly Settings[])[], isTold = false): Promise<Found[][]> {
  return new Promise((resolve, reject) => {
    const task: Task = { series, isTold };
    const worker = new Worker(new URL(import.meta.url), { workerData: task, resourceLimits: LIMITS });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (!isMainThread) {
  const { series, isTold } = workerData as Task;
  const all: Found[][] = [];
  for (const runs of series) all.push(await runSeries(runs, isTold));
  parentPort?.postMessage(all);
}

async function runSeries(runs: readonly Settings[], isTold: boolean): Promise<Found[]> {
  const { World } = await import('./world.js'); // not loaded by who only asks
  const found: Found[] = [];
  for (const settings of runs) {
    const world = new World(settings, isTold ? console.log : undefined);
    await world.run();
    found.push(world.counts.found);
    if (world.counts.violationCount > 0) break;
  }
  return found;
}
