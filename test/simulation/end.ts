/** What must be so when a run is over, and nothing has been disturbed for a while. */
import { readTunnel } from '../../src/cluster/store-records.js';
import { START_MS } from './clock.js';
import type { TunnelTruth } from './tunnel-truth.js';
import type { World } from './world.js';

export function checkEnd(world: World): void {
  for (const tunnel of world.truth.tunnels.values()) {
    checkKnown(world, tunnel);
    checkStored(world, tunnel);
  }
  const ids = [...world.nodes.keys()].sort().join();
  for (const node of world.nodes.values())
    if ([...node.directory.nodes().keys()].sort().join() !== ids)
      world.counts.violation(`${node.id} knows other nodes at the end than there are`);
}

function checkKnown(world: World, tunnel: TunnelTruth): void {
  const { truth, counts } = world;
  const { name, links } = tunnel;
  for (const node of truth.knowledge.wrong(tunnel))
    counts.violation(`${name}: ${node.id} does not know at the end where it is: ${tunnel.describe(node)}`);
  const agents = world.running(name);
  const wanted = Math.min(...agents.map(({ settings }) => settings.slots));
  if (links.length < wanted && agents.length > 0) counts.violation(`${name}: its agent has no link at the end`);
}

function checkStored({ server, clock, counts }: World, { name, links }: TunnelTruth): void {
  const entry = server.get(START_MS + clock.now, `tunnel:${name}`);
  const stored = ((entry && readTunnel(entry))?.places ?? []).map(({ link }) => link).sort();
  if (
    stored.join() !==
    links
      .map(({ id }) => id)
      .sort()
      .join()
  )
    counts.violation(`${name}: the store has ${stored.length} places at the end, and there are ${links.length}`);
}
