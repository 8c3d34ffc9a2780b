/**
 * Downloads over a long path inside the tunnel: of agents that have run for a while, and of agents that have just started, over
 * paths of their own, beside plain TCP. The latter run code that is not compiled yet, as with the first visitor of any tunnel;
 * edges run as they are.
 */
import * as goals from './goals.js';
import { type LongPath, openLongPath } from './long-path.js';
import { rotated } from './rounds.js';
import type { Samples } from './samples.js';
import { type System, TARGET } from './systems.js';
import type { BenchTarget } from './target.js';
import type { NetworkPath } from './wan.js';
import { measureWan, type Place } from './wan-cases.js';

export interface PathAmount {
  readonly rounds: number;
  /** After which a download is broken off. */
  readonly maxSeconds: number;
}

const WAN_WARM_UP_SECONDS = 5;
const RTT_MS = 100;
const RATES: Readonly<Record<(typeof goals.PATHS)[number], number>> = { '200 Mbit/s': 2e8, '1 Gbit/s': 1e9 };

export async function measurePaths(
  systems: readonly System[],
  target: BenchTarget,
  { rounds, maxSeconds }: PathAmount,
  samples: Samples,
): Promise<void> {
  for (const name of goals.PATHS) {
    const path = { rttMs: RTT_MS, rate: RATES[name] };
    const paths: LongPath[] = [];
    const places = await enterAll(systems, target, path, paths);
    // Unmeasured, as with the speed: an agent that has just started runs code that is not compiled yet.
    for (const [, place] of places) await measureWan(place, WAN_WARM_UP_SECONDS);
    for (let round = 0; round < rounds; round++) {
      for (const [system, place] of rotated(places, round)) {
        const { bytesPerSecond, idleMs, busyMs } = await measureWan(place, maxSeconds);
        console.error(`round ${round + 1}: 100 MB over ${name}, ${system}: ${(bytesPerSecond / 1e6).toFixed(1)} MB/s`);
        samples.add(goals.download(name), system, bytesPerSecond / 1e6);
        samples.add(goals.small(name), system, busyMs);
        samples.add(goals.idle(name), system, idleMs);
      }
    }
    for (const one of paths) one.close();
  }
}

/** Every download over paths of its own, with an agent that has just started. */
export async function measureCold(
  systems: readonly System[],
  target: BenchTarget,
  { rounds, maxSeconds }: PathAmount,
  samples: Samples,
): Promise<void> {
  const contenders: Contender[] = systems.flatMap(({ name, overWan }) => (overWan ? [{ name, enter: overWan }] : []));
  contenders.push({ name: TARGET, enter: async (open) => rawPlace(await open(target.port)) });
  const paths: LongPath[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of goals.PATHS) {
      const open = async (port: number) => {
        const opened = await openLongPath({ rttMs: RTT_MS, rate: RATES[name] }, port);
        paths.push(opened);
        return opened.port;
      };
      for (const contender of rotated(contenders, round)) {
        const { bytesPerSecond } = await measureWan(await contender.enter(open), maxSeconds);
        console.error(
          `round ${round + 1}: ${goals.cold(name)}, ${contender.name}: ${(bytesPerSecond / 1e6).toFixed(1)}`,
        );
        samples.add(goals.cold(name), contender.name, bytesPerSecond / 1e6);
      }
    }
  }
  for (const one of paths) one.close(); // not earlier: agents would dial again
}

function rawPlace(port: number): Place {
  return { origin: `http://127.0.0.1:${port}`, headers: async () => ({ host: '127.0.0.1' }) };
}

/** The systems with a long path inside them, and the target behind one. */
async function enterAll(systems: readonly System[], target: BenchTarget, path: NetworkPath, paths: LongPath[]) {
  const open = async (port: number) => {
    const opened = await openLongPath(path, port);
    paths.push(opened);
    return opened.port;
  };
  const places: (readonly [string, Place])[] = [];
  for (const { name, overWan } of systems) if (overWan) places.push([name, await overWan(open)]);
  return [...places, [TARGET, rawPlace(await open(target.port))] as const];
}

/** Somewhere to ask over a long path. */
interface Contender {
  readonly name: string;
  /** Starts an agent, or connects, over a path of its own. */
  readonly enter: (open: (port: number) => Promise<number>) => Promise<Place>;
}
