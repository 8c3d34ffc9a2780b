/** What goes wrong with nodes, their clocks and the ways between them. */
import type { Disturbance } from './disturbance.js';
import type { VirtualNode } from './virtual-node.js';
import type { World } from './world.js';

const HOUR_MS = 3_600_000;

export const OF_NODES: readonly Disturbance[] = [
  ['node killed', 3, killNode],
  ['node restarted', 3, restartNode],
  ['node cut off', 2, (world) => cutOff(world, 1)],
  ['nodes cut off', 1, (world) => cutOff(world, Math.ceil(world.nodes.size / 3))],
  ['node frozen', 2, freeze],
  ['peers cut', 2, cutPeers],
  ['clock set', 1, async (world) => setClock(world)],
  ['node slow', 1, slowDown],
];

/** Nothing passes between two sets of nodes. */
export function separate(world: World, some: readonly VirtualNode[], others: readonly VirtualNode[]): void {
  for (const one of some) for (const other of others) world.network.cut(one, other);
  for (const node of [...some, ...others]) node.trouble(1);
}

export function join(world: World, some: readonly VirtualNode[], others: readonly VirtualNode[]): void {
  for (const one of some) for (const other of others) world.network.heal(one, other);
  for (const node of [...some, ...others]) node.trouble(-1);
}

/** What has kept nodes from knowing what happens is over. */
export function heal(
  world: World,
  kind: string,
  nodes: readonly VirtualNode[],
  act: (node: VirtualNode) => void,
): void {
  world.truth.disturbed(kind);
  for (const node of nodes) {
    act(node);
    world.truth.count(node);
  }
}

function touchAll(world: World, node: VirtualNode): void {
  for (const { agent } of [...node.links].slice(0, 8)) world.touched(world.truth.of(agent.settings.name));
}

async function killNode(world: World): Promise<boolean> {
  const { clock, random } = world;
  const node = world.pickNode();
  if (node === undefined) return false;
  touchAll(world, node);
  world.unlist(node);
  node.kill();
  await clock.sleep(random.between(500, 5_000));
  await world.startNode();
  return true;
}

async function restartNode(world: World): Promise<boolean> {
  const node = world.pickNode();
  if (node === undefined || world.nodes.size < 2) return false;
  touchAll(world, node);
  world.unlist(node);
  await node.stop();
  await world.startNode();
  return true;
}

async function cutOff(world: World, count: number): Promise<boolean> {
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
  return nodes.length > 0;
}

async function freeze(world: World): Promise<boolean> {
  const { clock, random } = world;
  const node = world.pickNode();
  if (node === undefined) return false;
  touchAll(world, node);
  world.truth.disturbed('node frozen');
  node.freeze();
  await clock.sleep(random.between(500, 25_000));
  world.truth.disturbed('node frozen');
  node.thaw();
  return true;
}

async function cutPeers(world: World): Promise<boolean> {
  const { clock, random } = world;
  const one = world.pickNode();
  const other = world.pickNode((node) => node !== one);
  if (one === undefined || other === undefined) return false;
  separate(world, [one], [other]);
  await clock.sleep(random.between(2_000, 20_000));
  join(world, [one], [other]);
  return true;
}

function setClock(world: World): boolean {
  const node = world.pickNode();
  if (node === undefined) return false;
  node.offsetMs = world.random.between(-HOUR_MS, HOUR_MS);
  return true;
}

async function slowDown(world: World): Promise<boolean> {
  const node = world.pickNode();
  if (node === undefined) return false;
  world.truth.disturbed('node slow');
  node.slownessMs = 400;
  node.trouble(1);
  await world.clock.sleep(10_000);
  node.slownessMs = 0;
  node.trouble(-1);
  return true;
}
