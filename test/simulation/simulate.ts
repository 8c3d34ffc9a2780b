/**
 * `npm run simulate -- NODES TUNNELS MINUTES [SEED]`: a cluster in virtual time. The real directory, its rules, `Places` and the
 * registry of each node run over a modelled store, while agents, nodes, network, clocks and the store fail. Prints what has
 * happened, how long it took to come to all nodes, and what visitors got; ends with 1 when something was wrong.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { report } from './report.js';
import { type Settings, World } from './world.js';

const USAGE = 'Usage: npm run simulate -- NODES TUNNELS MINUTES [SEED] [--groups N] [--events]';

function settingsOf(args: readonly string[]): Settings | undefined {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { groups: { type: 'string', default: '1' }, events: { type: 'boolean', default: false } },
  });
  const [nodes = 0, tunnels = 0, minutes = 0, seed = randomInt(2 ** 32)] = positionals.map(Number);
  const groups = Number(values.groups);
  const isWhole = [nodes, tunnels, seed, groups].every(Number.isInteger);
  if (!isWhole || positionals.length > 4 || nodes < 1 || tunnels < 1 || groups < 1 || !(minutes >= 2)) return undefined;
  return { nodes, tunnels, minutes, seed, groups, ...(values.events && { told: console.log }) };
}

const settings = settingsOf(process.argv.slice(2));
if (settings === undefined) {
  console.error(`${USAGE}\nAt least two minutes: the last one is for what was begun before.`);
  process.exitCode = 2;
} else {
  const world = new World(settings);
  await world.run();
  console.log(report(world, process.cpuUsage().user / 1e6));
  process.exitCode = world.counts.violationCount === 0 ? 0 : 1;
}
