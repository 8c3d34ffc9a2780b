/** What one node asks of another: a request for a link of it, and whether an agent is alive. As `Peers`, over a modelled network. */

import { notHere } from '../../src/cluster/relay-protocol.js';
import type { PlacesOptions } from '../../src/edge/agents/places.js';
import type { OutboundObserver } from '../../src/http/exchange.js';
import { linkLost } from '../../src/link/link.js';
import { NO_STREAM } from './virtual-link.js';
import type { VirtualNode } from './virtual-node.js';

/** How long a node waits for one that cannot be reached. */
const UNREACHABLE_MS = 5_000;

export function peersOf(from: VirtualNode): PlacesOptions['peers'] {
  const { world } = from;
  const { clock, random, counts } = world;
  const latency = () => 1 + random.below(3);

  /** The other node, once it has been reached. */
  const reached = async (id: string): Promise<VirtualNode> => {
    if (from.directory.nodes().get(id) === undefined) throw notHere('there is no such node');
    await clock.sleep(latency());
    const node = world.nodes.get(id);
    if (node === undefined) throw notHere('nothing listens there');
    if (world.network.isCut(from, node) || node.isFrozen) {
      counts.effect('other node not reached');
      await clock.sleep(UNREACHABLE_MS);
      throw notHere('it cannot be reached');
    }
    return node;
  };

  const relay = async (node: VirtualNode, tunnel: string, epoch: number, observer: OutboundObserver): Promise<void> => {
    const asked = world.faults.ignoresEpochs ? (world.truth.epochAt(node, tunnel) ?? epoch) : epoch;
    const link = await node.places.linkOf(tunnel, asked);
    await clock.sleep(latency());
    if (world.network.isCut(from, node) || node.hasEnded) throw linkLost(new Error('the other node was lost'));
    counts.effect(link === undefined ? 'request refused by the other node' : 'request relayed');
    if (link === undefined) throw notHere('the other node has no such link');
    link.open(HEAD, { endOfBody: true, party: 'visitor' }, observer);
  };

  return {
    open(id, { tunnel, epoch }, _options, observer) {
      reached(id)
        .then((node) => relay(node, tunnel, epoch, observer))
        .catch((error) => observer.failed(error));
      return NO_STREAM;
    },
    async probe(id, { tunnel }) {
      const node = await reached(id);
      const isAlive = await node.places.probe(tunnel);
      counts.effect(isAlive ? 'agent asked for a name: alive' : 'agent asked for a name: gone');
      await clock.sleep(latency());
      return isAlive || node.hasEnded;
    },
  };
}

/** Of every request: what it asks for is not modelled. */
export const HEAD = { method: 'GET', scheme: 'http', authority: 'tunnel.test', path: '/', headers: [] } as const;
