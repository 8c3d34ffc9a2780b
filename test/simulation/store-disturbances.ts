/** What goes wrong with the store. */
import type { Disturbance } from './disturbance.js';
import { heal, join, separate } from './node-disturbances.js';
import type { VirtualNode } from './virtual-node.js';
import type { World } from './world.js';

export const OF_STORE: readonly Disturbance[] = [
  ['store paused', 2, pauseStore],
  ['store failed over', 3, failOver],
  ['store emptied', 1, emptyStore],
  ['store full', 1, fillStore],
  ['split brain', 2, splitBrain],
];

const all = (world: World): VirtualNode[] => [...world.nodes.values()];

async function pauseStore(world: World): Promise<boolean> {
  const { server, truth, clock, random } = world;
  server.pause();
  for (const node of all(world)) truth.uncount(node);
  await clock.sleep(random.between(500, 15_000));
  heal(world, 'store paused', all(world), () => server.resume());
  return true;
}

/** A copy takes its place that lacks what was written last. */
async function failOver(world: World): Promise<boolean> {
  const { clock, random } = world;
  const copy = world.server.copy();
  await clock.sleep(random.between(20, 3_000));
  const copiedAt = copy.version;
  await outage(world, 'store failed over', random.between(200, 3_000), () => {
    world.server = copy;
    for (const { view } of all(world)) view.moveTo(copy, copiedAt);
  });
  return true;
}

async function emptyStore(world: World): Promise<boolean> {
  await outage(world, 'store emptied', world.random.between(200, 2_000), () => {
    world.server = world.newServer();
    for (const { view } of all(world)) view.moveTo(world.server, 0);
  });
  return true;
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

async function fillStore(world: World): Promise<boolean> {
  const { server, clock } = world;
  server.isFull = true;
  await clock.sleep(10_000);
  server.isFull = false;
  return true;
}

/** Each half of the nodes has a store of its own, and cannot reach the other half. Then one of the stores is no more. */
async function splitBrain(world: World): Promise<boolean> {
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
  return moved.length > 0;
}
