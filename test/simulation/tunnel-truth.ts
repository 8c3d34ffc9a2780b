/** What is so of a tunnel, and whether a node knows it. */
import type { Place, TunnelRecord } from '../../src/cluster/directory.js';
import type { Tunnel } from '../../src/edge/gate/registry.js';
import type { Entry } from '../../src/store/store.js';
import type { VirtualLink } from './virtual-link.js';
import type { VirtualNode } from './virtual-node.js';

/** A tunnel as a node shows it to visitors. */
export interface ShownTunnel extends Tunnel {
  readonly epoch: number;
  readonly offer: string;
  readonly places: readonly Place[];
}

/** Something that has happened, until all nodes know how things are now. */
export interface Wave {
  readonly startMs: number;
  readonly cause: string;
}

export type Granted = Pick<TunnelRecord, 'epoch' | 'owner' | 'agentId' | 'offer'> & Pick<Tunnel, 'policy'>;

export class TunnelTruth {
  readonly name: string;
  links: readonly VirtualLink[] = [];
  /** How many links are claimed or about to be: nodes may know one before it is open. */
  coming = 0;
  /** Grows with each change of its links. */
  version = 0;
  /** The nodes that show it in another way than it is, whether they can know that or not; undefined for none. */
  outdated: Set<VirtualNode> | undefined;
  wave: Wave | undefined;
  /** What was read last of it: as text it is the same for all nodes. */
  entry: Entry | undefined;
  record: TunnelRecord | undefined;
  /** That record, as a node shows it without a link. */
  shown: ShownTunnel | undefined;
  /** For whom its epochs are, the last ones. */
  granted: readonly Granted[] = [];
  /** Since when it has links of two agents. */
  contestedSinceMs: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** As the node of its link shows it. */
  get epoch(): number | undefined {
    return this.links[0] && shownAt(this.links[0].node, this.name)?.epoch;
  }

  hasLinkAt(node: VirtualNode): boolean {
    return this.links.some((link) => link.node === node);
  }

  /** Whether what a node shows of it is so. */
  isKnownAt(node: VirtualNode): boolean {
    const shown = shownAt(node, this.name);
    const { links } = this;
    const [first] = links;
    if (first === undefined) return shown?.link === undefined;
    if (shown?.link === undefined) return false;
    if (shown.agentId !== first.agent.agentId || shown.epoch !== this.epoch) return false;
    if (this.hasLinkAt(node)) return true;
    return (
      shown.places.length === links.length && links.every(({ id }) => shown.places.some(({ link }) => link === id))
    );
  }

  /** How a node's knowledge differs, in words. */
  describe(node: VirtualNode): string {
    const shown = shownAt(node, this.name);
    const places = shown?.places.map(({ node: id, link }) => `${link} at ${id}`).join() ?? '';
    const links = this.links.map(({ id, node: at }) => `${id} at ${at.id}`).join();
    const what =
      shown === undefined ? 'nothing' : `${shown.link ? 'online' : 'offline'}, epoch ${shown.epoch}, ${places}`;
    return `shows ${what}; there are ${links === '' ? 'no links' : `epoch ${this.epoch}, ${links}`}`;
  }
}

function shownAt(node: VirtualNode, name: string): ShownTunnel | undefined {
  return node.registry.find(name) as ShownTunnel | undefined;
}
