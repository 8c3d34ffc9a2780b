/**
 * Preloaded into a process that is soaked: at SIGUSR2 it collects garbage and prints what it still holds as one JSON line
 * `{ holdings: { heapMb, outsideMb, residentMb, resources } }`, `resources` counting what keeps an event loop alive.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  collect();
  collect(); // what the first pass made unreachable: finalizers and weak references
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const holdings = {
    heapMb: megabytes(heapUsed),
    outsideMb: megabytes(external),
    residentMb: megabytes(rss),
    resources,
  };
  process.stdout.write(`${JSON.stringify({ holdings })}\n`);
});

function megabytes(bytes: number): number {
  return Math.round(bytes / 104_857.6) / 10;
}
