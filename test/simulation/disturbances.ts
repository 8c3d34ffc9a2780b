/** What goes wrong: to agents all the time, to nodes every few seconds, to the store every other minute. */
import { MAX_LATENCY_MS, type VirtualAgent } from './virtual-agent.js';
import type { VirtualNode } from './virtual-node.js';
import { offerOf, type World } from './world.js';

type Disturbance = readonly [kind: string, weight: number, happen: (world: World) => Promise<void>];

const HOUR_MS = 3_600_000;

const OF_AGENTS: readonly Disturbance[] = [
  ['link lost', 4, async (world) => loseLink(world)],
  ['agent restarted', 4, (world) => restartAgent(world, 'kill')],
  ['agent silent', 1, (world) => restartAgent(world, 'vanish')],
  ['name contested', 2, contest],
];

const OF_NODES: readonly Disturbance[] = [
  ['node killed', 3, killNode],
  ['node restarted', 3, restartNode],
  ['node cut off', 2, (world) => cutOff(world, 1)],
  ['nodes cut off', 1, (world) => cutOff(world, Math.ceil(world.nodes.size / 3))],
  ['node frozen', 2, freeze],
  ['peers cut', 2, cutPeers],
  ['clock set', 1, async (world) => setClock(world)],
  ['node slow', 1, slowDown],
];

const OF_STORE: readonly Disturbance[] = [
  ['store paused', 2, pauseStore],
  ['store failed over', 3, failOver],
  ['store emptied', 1, emptyStore],
  ['store full', 1, fillStore],
  ['split brain', 2, splitBrain],
];

/** From one time to another. What it has begun ends by itself, in less than the time that a run settles. */
export function disturb(world: World, fromMs: number, untilMs: number): void {
  const { tunnels, agentEventsPerSecond: perSecond = Math.max(1, tunnels / 1_800) } = world.settings;
  again(world, OF_AGENTS, () => 1_000 / perSecond, fromMs, untilMs);
  again(world, OF_NODES, () => 8_000, fromMs, untilMs);
  void oneByOne(world, fromMs, untilMs);
}

function again(world: World, of: readonly Disturbance[], meanMs: () => number, fromMs: number, untilMs: number): void {
  const { clock, random } = world;
  const next = (waitMs: number) =>
    clock.after(waitMs, () => {
      if (clock.now >= untilMs) return;
      void happen(world, choose(world, of));
      next(random.wait(meanMs()));
    });
  next(fromMs + random.wait(meanMs()));
}

// One thing at a time happens to the store.
async function oneByOne(world: World, fromMs: number, untilMs: number): Promise<void> {
  const { clock, random } = world;
  await clock.sleep(fromMs + random.between(5_000, 20_000));
  while (clock.now < untilMs) {
    await happen(world, choose(world, OF_STORE));
    await clock.sleep(random.between(20_000, 100_000));
  }
}

function happen(world: World, [kind, , act]: Disturbance): Promise<void> {
  world.counts.event(kind);
  return act(world);
}

function choose(world: World, of: readonly Disturbance[]): Disturbance {
  let left = world.random.next() * of.reduce((all, [, weight]) => all + weight, 0);
  for (const one of of) {
    left -= one[1];
    if (left < 0) return one;
  }
  return of[0] as Disturbance;
}

function pickAgent(world: World): VirtualAgent | undefined {
  const { random, truth, settings } = world;
  // The first names have rivals: they are the ones where most can go wrong.
  const among = random.chance(0.2) ? Math.min(settings.tunnels, 20) : settings.tunnels;
  const name = `tunnel-${random.below(among)}`;
  world.touched(truth.of(name));
  return random.pick((world.agents.get(name) ?? []).filter(({ isEnded }) => !isEnded));
}

function loseLink(world: World): void {
  world.random.pick([...(pickAgent(world)?.links ?? [])])?.lose();
}

async function restartAgent(world: World, how: 'kill' | 'vanish'): Promise<void> {
  const { clock, random } = world;
  const agent = pickAgent(world);
  if (agent === undefined) return;
  agent[how]();
  await clock.sleep(random.chance(0.5) ? random.between(100, 2_000) : random.between(2_000, 20_000));
  const offer = random.chance(0.3) ? offerOf(random.below(1_000)) : agent.settings.offer;
  world.startAgent({ ...agent.settings, offer });
}

/** Two owners want a name in the same moment: that one has just left it. */
async function contest(world: World): Promise<void> {
  const { random, truth, agents } = world;
  const name = `tunnel-${random.below(world.rivals)}`;
  world.touched(truth.of(name));
  const running = (agents.get(name) ?? []).filter(({ isEnded }) => !isEnded);
  for (const agent of running) agent.kill();
  await world.clock.sleep(random.between(200, 2_000));
  for (const { settings } of running) world.startAgent(settings, MAX_LATENCY_MS);
}

function touchAll(world: World, node: VirtualNode): void {
  for (const { agent } of [...node.links].slice(0, 8)) world.touched(world.truth.of(agent.settings.name));
}

async function killNode(world: World): Promise<void> {
  const { clock, random } = world;
  const node = world.pickNode();
  if (node === undefined) return;
  touchAll(world, node);
  world.unlist(node);
  node.kill();
  await clock.sleep(random.between(500, 5_000));
  await world.startNode(node.followsAll);
}

async function restartNode(world: World): Promise<void> {
  const node = world.pickNode();
  if (node === undefined || world.nodes.size < 2) return;
  touchAll(world, node);
  world.unlist(node);
  await node.stop();
  await world.startNode(node.followsAll);
}

async function cutOff(world: World, count: number): Promise<void> {
  const { clock, random } = world;
  const nodes = Array.from({ length: count }, () => world.pickNode()).filter((node) => node !== undefined);
  const reason = random.id();
  for (const node of nodes) {
    touchAll(world, node);
    node.view.cut(reason);
    world.truth.uncount(node);
  }
  await clock.sleep(random.between(500, 40_000));
  heal(world, 'node cut off', nodes, (node) => node.view.heal(reason));
}

function heal(world: World, kind: string, nodes: readonly VirtualNode[], act: (node: VirtualNode) => void): void {
  world.truth.disturbed(kind);
  for (const node of nodes) {
    act(node);
    world.truth.count(node);
  }
}

async function freeze(world: World): Promise<void> {
  const { clock, random } = world;
  const node = world.pickNode();
  if (node === undefined) return;
  touchAll(world, node);
  world.truth.disturbed('node frozen');
  node.freeze();
  await clock.sleep(random.between(500, 25_000));
  world.truth.disturbed('node frozen');
  node.thaw();
}

async function cutPeers(world: World): Promise<void> {
  const { clock, random } = world;
  const one = world.pickNode();
  const other = world.pickNode((node) => node !== one);
  if (one === undefined || other === undefined) return;
  separate(world, [one], [other]);
  await clock.sleep(random.between(2_000, 20_000));
  join(world, [one], [other]);
}

function separate(world: World, some: readonly VirtualNode[], others: readonly VirtualNode[]): void {
  for (const one of some) for (const other of others) world.network.cut(one, other);
  for (const node of [...some, ...others]) node.trouble(1);
}

function join(world: World, some: readonly VirtualNode[], others: readonly VirtualNode[]): void {
  for (const one of some) for (const other of others) world.network.heal(one, other);
  for (const node of [...some, ...others]) node.trouble(-1);
}

function setClock(world: World): void {
  const node = world.pickNode();
  if (node !== undefined) node.offsetMs = world.random.between(-HOUR_MS, HOUR_MS);
}

async function slowDown(world: World): Promise<void> {
  const node = world.pickNode();
  if (node === undefined) return;
  world.truth.disturbed('node slow');
  node.slownessMs = 400;
  node.trouble(1);
  await world.clock.sleep(10_000);
  node.slownessMs = 0;
  node.trouble(-1);
}

const all = (world: World) => [...world.nodes.values()];

async function pauseStore(world: World): Promise<void> {
  const { server, truth, clock, random } = world;
  server.pause();
  for (const node of all(world)) truth.uncount(node);
  await clock.sleep(random.between(500, 15_000));
  heal(world, 'store paused', all(world), () => server.resume());
}

/** A copy takes its place that lacks what was written last. */
async function failOver(world: World): Promise<void> {
  const { clock, random } = world;
  const copy = world.server.copy();
  await clock.sleep(random.between(20, 3_000));
  const copiedAt = copy.version;
  await outage(world, 'store failed over', random.between(200, 3_000), () => {
    world.server = copy;
    for (const { view } of all(world)) view.moveTo(copy, copiedAt);
  });
}

async function emptyStore(world: World): Promise<void> {
  await outage(world, 'store emptied', world.random.between(200, 2_000), () => {
    world.server = world.newServer();
    for (const { view } of all(world)) view.moveTo(world.server, 0);
  });
}

async function outage(world: World, kind: string, ms: number, replace: () => void): Promise<void> {
  const { clock, truth } = world;
  const reason = world.random.id();
  const cut = all(world);
  for (const node of cut) {
    node.view.cut(reason);
    truth.uncount(node);
  }
  await clock.sleep(ms);
  replace();
  truth.disturbed(kind, true);
  heal(world, kind, cut, (node) => node.view.heal(reason));
}

async function fillStore(world: World): Promise<void> {
  const { server, clock } = world;
  server.isFull = true;
  await clock.sleep(10_000);
  server.isFull = false;
}

/** Each half of the nodes has a store of its own, and cannot reach the other half. Then one of the stores is no more. */
async function splitBrain(world: World): Promise<void> {
  const { clock, random, truth } = world;
  const copy = world.server.copy();
  const copiedAt = copy.version;
  const nodes = all(world);
  const left = nodes.filter((_, at) => at % 2 === 0);
  const moved = nodes.filter((_, at) => at % 2 === 1);
  separate(world, left, moved);
  world.server = copy;
  truth.disturbed('split brain', true);
  for (const node of left) truth.uncount(node);
  for (const { view } of moved) view.moveTo(copy, copiedAt);
  for (const node of moved) truth.count(node);
  await clock.sleep(random.between(1_000, 20_000));
  join(world, left, moved);
  truth.disturbed('split brain', true);
  heal(world, 'split brain', left, ({ view }) => view.moveTo(copy, copiedAt));
}
