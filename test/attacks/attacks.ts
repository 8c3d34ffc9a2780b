/**
 * `npm run attacks -- [--only PATTERN] [--seconds N]`: the attack of each row of docs/budgets.md on a world of its own, for a
 * minute unless said otherwise, beside a canary. Ends with 1 when the canary was refused once, when the edge grew past
 * what the row permits, ended, had an error, or holds more afterwards than before.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { complaints, type Holdings, holdings, REPORTING } from '../soak/holdings.js';
import { memoryOf } from '../support/memory.js';
import { TestRedis } from '../support/redis.js';
import { startWorld, type World } from '../support/world.js';
import type { Attack, Ground } from './attack.js';
import { Canary } from './canary.js';
import { CONNECTION_ATTACKS } from './connections.js';
import { HTTP2_ATTACKS } from './http2.js';
import { LINK_ATTACKS } from './links.js';
import { PEER_ATTACKS } from './peers.js';
import { PEOPLE_ATTACKS } from './people.js';
import { STRANGER_ATTACKS } from './strangers.js';
import { VISITOR_ATTACKS } from './visitors.js';

const ATTACKS = [
  ...CONNECTION_ATTACKS,
  ...HTTP2_ATTACKS,
  ...STRANGER_ATTACKS,
  ...LINK_ATTACKS,
  ...VISITOR_ATTACKS,
  ...PEOPLE_ATTACKS,
  ...PEER_ATTACKS,
];
const MAX_KEPT_MB = 16;
const SAMPLE_MS = 250;
const REMEMBERED_MS = 45_000;

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, seconds: { type: 'string', default: '60' } },
});

interface Result {
  readonly canary: Canary;
  readonly came: string;
  readonly growthMb: number;
  readonly before: Holdings;
  readonly after: Holdings;
  readonly failures: readonly string[];
}

async function attackOnce(attack: Attack): Promise<Result> {
  const redis = attack.nodes && (await TestRedis.start());
  const world = await startWorld({
    edgeEnv: {
      ...{ ...REPORTING, POSTERN_AGENTS: '@acme.com', POSTERN_CLIENT_REGISTRATION: 'true' },
      ...(redis && { POSTERN_STORE_URL: redis.url, POSTERN_PEER_LISTEN: 'https://127.0.0.1:0' }),
    },
  });
  try {
    const [ana, bob] = [await world.signedIn('ana'), await world.signedIn('bob')];
    return await beside(
      attack,
      world,
      { world, bob, over: new AbortController().signal, ends: [] },
      new Canary(world, ana),
    );
  } finally {
    await world.close();
    await redis?.close();
  }
}

async function beside(attack: Attack, world: World, ground: Ground, canary: Canary): Promise<Result> {
  await canary.sing(AbortSignal.timeout(1_000)); // what every edge has once it served
  const before = await holdings(world.edge, undefined);
  const over = AbortSignal.timeout(Number(values.seconds) * 1_000);
  setMaxListeners(0, over); // everything that waits hears it
  const memory = peakMb(world, over);
  const song = canary.sing(over);
  const outcome = await attack.run({ ...ground, over }).then(String, (error: unknown) => error as Error);
  await song;
  for (const end of ground.ends) await end();
  ground.bob.close();
  await canary.sing(AbortSignal.timeout(1_000));
  const after = await settled(world, before, attack.maxKeptMb ?? MAX_KEPT_MB);
  const growthMb = (await memory) - before.residentMb;
  const failures = [
    ...(outcome instanceof Error ? [String(outcome)] : []),
    ...canary.judge(attack.takesConnections === true),
    ...(growthMb > attack.maxGrowthMb ? [`grew by ${growthMb.toFixed(0)} MB`] : []),
    ...left(before, after, attack.maxKeptMb ?? MAX_KEPT_MB),
    ...complaints(world.edge),
    ...(world.edge.ended === undefined ? [] : ['the edge has ended']),
  ];
  return { canary, came: String(outcome), growthMb, before, after, failures };
}

/** What it holds afterwards; some of it is remembered for a while, such as the name of an agent that may come back. */
async function settled({ edge }: World, before: Holdings, maxKeptMb: number): Promise<Holdings> {
  const after = await holdings(edge, before);
  if (left(before, after, maxKeptMb).length === 0) return after;
  await delay(REMEMBERED_MS);
  return holdings(edge, before);
}

/** The most that the edge has in memory until the signal, in megabytes. */
async function peakMb({ edge }: World, over: AbortSignal): Promise<number> {
  let peak = 0;
  while (!over.aborted) {
    peak = Math.max(peak, await memoryOf(edge.pid));
    await delay(SAMPLE_MS);
  }
  return peak / 1_048_576;
}

function left(before: Holdings, after: Holdings, maxKeptMb: number): string[] {
  const keptMb = after.heapMb + after.outsideMb - before.heapMb - before.outsideMb;
  return [
    ...(keptMb > maxKeptMb ? [`keeps ${keptMb.toFixed(0)} MB`] : []),
    ...(after.sockets > before.sockets ? [`keeps ${after.sockets} sockets instead of ${before.sockets}`] : []),
    ...(after.files > before.files ? [`keeps ${after.files} files instead of ${before.files}`] : []),
  ];
}

for (const attack of ATTACKS.filter(({ name }) => new RegExp(values.only).test(name))) {
  const { canary, came, growthMb, before, after, failures } = await attackOnce(attack);
  const kept = `${(after.heapMb + after.outsideMb - before.heapMb - before.outsideMb).toFixed(1)} MB kept`;
  const served = `canary ${canary.kept}; anew ${canary.fresh}; worst ${canary.worstMs.toFixed(0)} ms`;
  console.log(`${attack.name} | ${served} | +${growthMb.toFixed(0)} of ${attack.maxGrowthMb} MB, ${kept} | ${came}`);
  for (const failure of failures.slice(0, 10)) console.log(`  FOUND ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}
