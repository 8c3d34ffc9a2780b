/** A tunnel whose agent holds links at several nodes: how many those can be, and which of them counts it. */
import type { Directory, TunnelRecord } from '../../cluster/directory.js';
import { MAX_LINKS, type SeveralNodes } from '../../link/several-links.js';

/** This node, and how many links of an agent the edge can use: one at each of its nodes, of which `expected` may be away. */
export function severalNodes(directory: Pick<Directory, 'nodes' | 'self'>, expected: number): SeveralNodes {
  const live = [...directory.nodes().values()].filter(({ state }) => state === 'up').length;
  return { most: Math.min(Math.max(live, expected), MAX_LINKS), node: directory.self.id };
}

/** The node of the first of a tunnel's links; undefined while it has none. */
export function firstNodeOf(record: TunnelRecord | undefined): string | undefined {
  const [first] = [...(record?.places ?? [])].sort((one, other) => one.slot - other.slot);
  return first?.node;
}
