/**
 * A simulation of several clusters that know nothing of each other, as the cells of `docs/scale.md`: each with its share of the nodes
 * and tunnels, a store of its own and a seed of its own. They run one after the other, or a few at once.
 */
import { simulateApart } from './apart.js';
import { type Found, merged } from './counts.js';
import type { Settings } from './settings.js';

export interface GroupsOptions {
  readonly groups: number;
  /** At once. */
  readonly threads: number;
  /** Prints each event as it happens. */
  readonly isTold: boolean;
  /** Called when a group is over. */
  readonly ended: (settings: Settings, found: Found) => void;
}

export async function simulateGroups(all: Settings, options: GroupsOptions): Promise<Found> {
  const { groups, threads, isTold, ended } = options;
  const waiting = Array.from({ length: groups }, (_, at) => groupOf(all, groups, at));
  const runs: (Found & { readonly name: string })[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [[found] = []] = await simulateApart([[next]], isTold);
      if (found === undefined) throw new Error('a thread of the simulation has ended without a result');
      ended(next, found);
      runs.push({ name: commandOf(next), ...found });
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return merged(runs);
}

/** How to run one cluster again. */
export function commandOf({ nodes, tunnels, minutes, seed }: Settings): string {
  return `npm run simulate -- ${nodes} ${tunnels} ${minutes} ${seed}`;
}

function groupOf(all: Settings, groups: number, at: number): Settings {
  const share = (count: number) => Math.floor((count * (at + 1)) / groups) - Math.floor((count * at) / groups);
  return { ...all, nodes: share(all.nodes), tunnels: share(all.tunnels), seed: (all.seed + at) % 2 ** 32 };
}
