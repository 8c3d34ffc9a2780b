/**
 * `npm run simulate -- NODES TUNNELS MINUTES [SEED]`: a cluster in virtual time. The real directory, its rules, `Places` and the
 * registry of each node run over a modelled store, while agents, nodes, network, clocks and the store fail. Prints what has
 * happened, how long it took to come to all nodes, and what visitors got; ends with 1 when something was wrong.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { commandOf, simulateGroups } from './groups.js';
import { missing, report } from './report.js';
import type { Settings } from './settings.js';

const USAGE = `Usage: npm run simulate -- NODES TUNNELS MINUTES [SEED] [--groups N] [--threads N] [--events]

  NODES TUNNELS MINUTES   How many, and how long in virtual time: at least two minutes, of which the last one is for what was begun
                          before. All nodes know all tunnels: about 2 KB of memory for each pair of them.
  SEED                    The same one gives the same run, until the code changes. One at random unless given; it is printed.
  --groups N              Nodes and tunnels are N clusters that know nothing of each other, each with a store and a seed of its own
                          (SEED, SEED + 1, …): cells, as in docs/scale.md. They run one after the other, each in the memory that the
                          one before has given back. This is how a million tunnels fit: 2000 1000000 4 --groups 50.
  --threads N             So many groups at once, with so many times the memory.
  --events                Prints each event as it happens.`;

interface Asked {
  readonly settings: Settings;
  readonly groups: number;
  readonly threads: number;
  readonly isTold: boolean;
}

function asked(args: readonly string[]): Asked | undefined {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      groups: { type: 'string', default: '1' },
      threads: { type: 'string', default: '1' },
      events: { type: 'boolean', default: false },
    },
  });
  const [nodes = 0, tunnels = 0, minutes = 0, seed = randomInt(2 ** 32)] = positionals.map(Number);
  const [groups, threads] = [Number(values.groups), Number(values.threads)];
  const isWhole = [nodes, tunnels, seed, groups, threads].every((value) => Number.isInteger(value) && value >= 0);
  if (!isWhole || positionals.length > 4 || groups < 1 || threads < 1 || !(minutes >= 2)) return undefined;
  if (nodes < groups || tunnels < groups) return undefined;
  return { settings: { nodes, tunnels, minutes, seed }, groups, threads, isTold: values.events };
}

const wanted = asked(process.argv.slice(2));
if (wanted === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const { settings, groups } = wanted;
  let count = 0;
  const found = await simulateGroups(settings, {
    ...wanted,
    ended: (group, { violationCount }) => {
      count += 1;
      if (groups > 1) console.error(`${count} of ${groups}: ${violationCount} violations, ${commandOf(group)}`);
    },
  });
  console.log(report(settings, groups, found));
  process.exitCode = found.violationCount === 0 && missing(settings, groups, found).length === 0 ? 0 : 1;
}
