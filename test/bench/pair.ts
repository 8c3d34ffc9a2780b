/** Two entrances to a target under the same load, in turns of some seconds, so that what the machine does meanwhile meets both. */
import type { Driver } from './driver.js';
import { ProcessorTime } from './processor.js';
import type { Entrance } from './systems.js';

export interface PairAmount {
  readonly rounds: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  /** Of each turn; 1 unless given. */
  readonly seconds?: number;
}

/** What a turn has measured. */
export interface Turn {
  /** NaN if one of them failed, so that nothing is counted that was not whole. */
  readonly requests: number;
  readonly seconds: number;
  /** Processor time of edge and agent since the turn began. */
  readonly time: ProcessorTime;
}

/** `turn` is called behind each turn with the name of its entrance, `round` behind each round of two. */
export async function driveInTurns(
  driver: Driver,
  entrances: readonly [readonly [string, Entrance], readonly [string, Entrance]],
  { rounds, connections, warmUpSeconds, seconds = 1 }: PairAmount,
  { turn, round }: { readonly turn: (name: string, turn: Turn) => void; readonly round: (number: number) => void },
): Promise<void> {
  const load = async ({ origin, headers }: Entrance) => ({
    url: `${origin}/1k`,
    headers: await headers(),
    connections,
  });
  for (const [, entrance] of entrances) await driver.drive({ ...(await load(entrance)), seconds: warmUpSeconds });
  for (let number = 1; number <= rounds; number++) {
    for (const [name, entrance] of number % 2 === 1 ? entrances : entrances.toReversed()) {
      const one = await load(entrance);
      const time = new ProcessorTime(entrance);
      const { requestsPerSecond, errors } = await driver.drive({ ...one, seconds });
      turn(name, { requests: errors === 0 ? requestsPerSecond * seconds : Number.NaN, seconds, time });
    }
    round(number);
  }
}
