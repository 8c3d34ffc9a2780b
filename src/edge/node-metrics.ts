/** What is counted of the nodes of an edge, and of the links between them. */
import type { ClusterNode } from '../cluster/directory.js';
import type { RelayOutcome } from '../cluster/relayed-stream.js';
import type { StrangerReason } from '../cluster/strangers.js';
import { Counter, type Metrics, Reading } from '../core/metrics.js';

export interface NodeCountsOptions {
  readonly nodes: () => ReadonlyMap<string, ClusterNode>;
  readonly links: () => Readonly<Record<'dialled' | 'received', number>>;
  /** How many nodes live and could not be reached the last time. */
  readonly unreachable: () => number;
}

const OUTCOMES: readonly RelayOutcome[] = ['responded', 'not-here', 'failed', 'cancelled'];
const REASONS: readonly StrangerReason[] = ['no-proof', 'no-room'];

export class NodeCounts {
  readonly #options: NodeCountsOptions;
  readonly #relayed = new Counter<[RelayOutcome]>(
    'postern_relayed_requests_total',
    'Requests that were relayed to the node of an agent, by what has become of them there.',
    { name: 'outcome', values: OUTCOMES },
  );
  readonly #refused = new Counter<[StrangerReason]>(
    'postern_peer_refusals_total',
    'Connections to the peer address that were refused: they did not prove to be nodes of this edge, or too many had not yet.',
    { name: 'reason', values: REASONS },
  );

  constructor(options: NodeCountsOptions) {
    this.#options = options;
  }

  relayed(outcome: RelayOutcome): void {
    this.#relayed.increment(outcome);
  }

  /** A connection to the peer address was refused. */
  refused(reason: StrangerReason): void {
    this.#refused.increment(reason);
  }

  addTo(metrics: Metrics): void {
    metrics.add(
      new Reading(
        'gauge',
        'postern_nodes',
        'Edge processes that are one edge, as this one sees them.',
        () => this.#states(),
        'state',
      ),
    );
    metrics.add(
      new Reading(
        'gauge',
        'postern_nodes_unreachable',
        'Live nodes that this one could not reach when it last dialled them.',
        () => this.#options.unreachable(),
      ),
    );
    metrics.add(
      new Reading(
        'gauge',
        'postern_peer_links',
        'Links between this process and others, by the side that has dialled.',
        () => Object.entries(this.#options.links()),
        'side',
      ),
    );
    metrics.add(this.#relayed);
    metrics.add(this.#refused);
  }

  /** A line for the operator. */
  note(): string {
    const [up, draining] = this.#states().map(([, count]) => count);
    const unreachable = this.#options.unreachable();
    const parts = [`${up} up`, draining && `${draining} draining`, unreachable && `${unreachable} cannot be reached`];
    return `nodes: ${parts.filter((part) => part !== 0).join(', ')}`;
  }

  #states(): (readonly [ClusterNode['state'], number])[] {
    const nodes = [...this.#options.nodes().values()];
    const count = (wanted: ClusterNode['state']) => nodes.filter(({ state }) => state === wanted).length;
    return [
      ['up', count('up')],
      ['draining', count('draining')],
    ];
  }
}
