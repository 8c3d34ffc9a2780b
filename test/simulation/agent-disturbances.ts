/** What goes wrong with agents. */
import type { Disturbance } from './disturbance.js';
import { MAX_LATENCY_MS, offerOf, type VirtualAgent } from './virtual-agent.js';
import type { World } from './world.js';

export const OF_AGENTS: readonly Disturbance[] = [
  ['link lost', 4, async (world) => loseLink(world)],
  ['agent restarted', 4, (world) => restartAgent(world, 'kill')],
  ['agent silent', 1, (world) => restartAgent(world, 'vanish')],
  ['name contested', 2, contest],
];

function pickAgent(world: World): VirtualAgent | undefined {
  const { random, truth, settings } = world;
  // The first names have rivals: they are the ones where most can go wrong.
  const among = random.chance(0.2) ? Math.min(settings.tunnels, 20) : settings.tunnels;
  const name = `tunnel-${random.below(among)}`;
  world.touched(truth.of(name));
  return random.pick(world.running(name));
}

function loseLink(world: World): boolean {
  const link = world.random.pick([...(pickAgent(world)?.links ?? [])]);
  link?.lose();
  return link !== undefined;
}

async function restartAgent(world: World, how: 'kill' | 'vanish'): Promise<boolean> {
  const { clock, random } = world;
  const agent = pickAgent(world);
  if (agent === undefined) return false;
  agent[how]();
  await clock.sleep(random.chance(0.5) ? random.between(100, 2_000) : random.between(2_000, 20_000));
  const offer = random.chance(0.3) ? offerOf(random.below(1_000)) : agent.settings.offer;
  world.startAgent({ ...agent.settings, offer });
  return true;
}

/** Two owners want a name in the same moment: that one has just left it. */
async function contest(world: World): Promise<boolean> {
  const { random, truth } = world;
  const name = `tunnel-${random.below(world.rivals)}`;
  world.touched(truth.of(name));
  const running = world.running(name);
  for (const agent of running) agent.kill();
  await world.clock.sleep(random.between(200, 2_000));
  for (const { settings } of running) world.startAgent(settings, MAX_LATENCY_MS);
  return running.length > 1;
}
