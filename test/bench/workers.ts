/**
 * Several workers as one edge: what a request costs whose agent is at the other worker beside one whose agent is at the same, and two
 * workers, to each of which the agent of a busy tunnel has a link, beside one process. By processor time: where a machine has few cores, load, target and agent need them too.
 */
import { childrenOf } from './children.js';
import type { Driver } from './driver.js';
import * as goals from './goals.js';
import { driveInTurns } from './pair.js';
import { Postern } from './postern.js';
import { ProcessorTime } from './processor.js';
import type { Samples } from './samples.js';
import { type Entrance, enter } from './systems.js';
import type { BenchTarget } from './target.js';
import { ONE_PROCESS, OTHER_WORKER, SAME_WORKER, TWO_WORKERS } from './variants.js';
import { holderOf, Lane, portsTo } from './worker-lane.js';

export interface WorkersAmount {
  /** Of two seconds each. */
  readonly rounds: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
}

const SECONDS = 2;

// Twice as many paths as in one process; by requests, since a busy machine serves few in a second.
const WARM_UP_REQUESTS = 30_000;
const MAX_WARM_UP_STEPS = 30;

export async function measureWorkers(
  driver: Driver,
  target: BenchTarget,
  amount: WorkersAmount,
  samples: Samples,
): Promise<void> {
  const [one, two] = [await Postern.start(), await Postern.start({ edgeEnv: { POSTERN_WORKERS: '2' } })];
  try {
    const [alone, shared] = [await enter(one, target.origin), await enter(two, target.origin)];
    await measureRelay(two, await enter(two, target.origin, 'single', { links: 1 }), amount, samples);
    await measureBoth(driver, [alone, shared], amount, samples);
  } finally {
    await Promise.all([one.end(), two.end()]);
  }
}

async function measureRelay(
  { port, edge }: Postern,
  entrance: Entrance,
  { rounds, connections }: WorkersAmount,
  samples: Samples,
): Promise<void> {
  const workers = childrenOf(edge.pid);
  const [link = 0] = portsTo(port, entrance.agentPid ?? 0);
  const own = holderOf(port, link, workers);
  const other = workers.find((pid) => pid !== own);
  if (own === undefined || other === undefined) throw new Error('the worker of the link is not known');
  const turns = [
    [SAME_WORKER, await Lane.open(port, connections, own, workers)],
    [OTHER_WORKER, await Lane.open(port, connections, other, workers)],
  ] as const;
  for (const [, lane] of turns) {
    let requests = 0;
    for (let step = 0; step < MAX_WARM_UP_STEPS && requests < WARM_UP_REQUESTS; step++)
      requests += await lane.drive('/1k', await entrance.headers(), SECONDS);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, lane] of round % 2 === 0 ? turns : turns.toReversed()) {
      const headers = await entrance.headers();
      const time = new ProcessorTime(entrance);
      const requests = await lane.drive('/1k', headers, SECONDS);
      samples.add(goals.RELAYED, name, (time.edgeUs + time.agentUs) / requests);
      samples.add(goals.RELAYED_EDGE, name, time.edgeUs / requests);
    }
    const ratio = samples.ratio([goals.RELAYED, OTHER_WORKER], [goals.RELAYED, SAME_WORKER]);
    console.error(`round ${round + 1}: ${goals.RELAYED}: ${ratio.toFixed(3)}`);
  }
  for (const [, lane] of turns) lane.close();
}

async function measureBoth(
  driver: Driver,
  [alone, shared]: readonly [Entrance, Entrance],
  amount: WorkersAmount,
  samples: Samples,
): Promise<void> {
  const entrances = [
    [ONE_PROCESS, alone],
    [TWO_WORKERS, shared],
  ] as const;
  await driveInTurns(
    driver,
    entrances,
    { ...amount, seconds: SECONDS },
    {
      turn: (name, { requests, seconds, time }) => {
        samples.add(goals.WORKERS, name, requests / seconds);
        samples.add(goals.WORKERS_CPU, name, (requests * 1e6) / (time.edgeUs + time.agentUs));
      },
      round: (number) => {
        const ratio = samples.ratio([goals.WORKERS, TWO_WORKERS], [goals.WORKERS, ONE_PROCESS]);
        console.error(`round ${number}: ${goals.WORKERS}: ${ratio.toFixed(3)}`);
      },
    },
  );
}
