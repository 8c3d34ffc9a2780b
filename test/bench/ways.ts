/**
 * Downloads over a long way inside the tunnel: of agents that have run for a while, and of agents that have just started, over
 * links of their own, beside plain TCP. The latter run code that is not compiled yet, as with the first visitor of any tunnel;
 * edges run as they are.
 */
import * as goals from './goals.js';
import { type LongWay, openLongWay } from './long-way.js';
import { rotated } from './rounds.js';
import type { Samples } from './samples.js';
import { type System, TARGET } from './systems.js';
import type { BenchTarget } from './target.js';
import type { Way } from './wan.js';
import { measureWan, type Place } from './wan-cases.js';

export interface WayAmount {
  readonly rounds: number;
  /** After which a download is broken off. */
  readonly maxSeconds: number;
}

const WAN_WARM_UP_SECONDS = 5;
const RTT_MS = 100;
const RATES: Readonly<Record<(typeof goals.WAYS)[number], number>> = { '200 Mbit/s': 2e8, '1 Gbit/s': 1e9 };

export async function measureWays(
  systems: readonly System[],
  target: BenchTarget,
  { rounds, maxSeconds }: WayAmount,
  samples: Samples,
): Promise<void> {
  for (const name of goals.WAYS) {
    const way = { rttMs: RTT_MS, rate: RATES[name] };
    const links: LongWay[] = [];
    const places = await enterAll(systems, target, way, links);
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
    for (const link of links) link.close();
  }
}

/** Every download over links of its own, with an agent that has just started. */
export async function measureCold(
  systems: readonly System[],
  target: BenchTarget,
  { rounds, maxSeconds }: WayAmount,
  samples: Samples,
): Promise<void> {
  const ways: WayIn[] = systems.flatMap(({ name, overWan }) => (overWan ? [{ name, enter: overWan }] : []));
  ways.push({ name: TARGET, enter: async (open) => rawPlace(await open(target.port)) });
  const links: LongWay[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of goals.WAYS) {
      const open = async (port: number) => {
        const link = await openLongWay({ rttMs: RTT_MS, rate: RATES[name] }, port);
        links.push(link);
        return link.port;
      };
      for (const way of rotated(ways, round)) {
        const { bytesPerSecond } = await measureWan(await way.enter(open), maxSeconds);
        console.error(`round ${round + 1}: ${goals.cold(name)}, ${way.name}: ${(bytesPerSecond / 1e6).toFixed(1)}`);
        samples.add(goals.cold(name), way.name, bytesPerSecond / 1e6);
      }
    }
  }
  for (const link of links) link.close(); // not earlier: agents would dial again
}

function rawPlace(port: number): Place {
  return { origin: `http://127.0.0.1:${port}`, headers: async () => ({ host: '127.0.0.1' }) };
}

/** The systems with a long way inside them, and the target behind one. */
async function enterAll(systems: readonly System[], target: BenchTarget, way: Way, links: LongWay[]) {
  const open = async (port: number) => {
    const link = await openLongWay(way, port);
    links.push(link);
    return link.port;
  };
  const places: (readonly [string, Place])[] = [];
  for (const { name, overWan } of systems) if (overWan) places.push([name, await overWan(open)]);
  return [...places, [TARGET, rawPlace(await open(target.port))] as const];
}

/** Somewhere to ask over a long way. */
interface WayIn {
  readonly name: string;
  /** Starts an agent, or connects, over a way of its own. */
  readonly enter: (open: (port: number) => Promise<number>) => Promise<Place>;
}
