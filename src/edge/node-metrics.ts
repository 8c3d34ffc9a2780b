/** What is counted of the nodes of an edge, and of the links between them. */
import type { ClusterNode } from '../cluster/directory.js';
import type { RelayOutcome } from '../cluster/relayed-stream.js';
import { Counter, type Metrics, Reading } from '../core/metrics.js';

export interface NodeCountsOptions {
  readonly nodes: () => ReadonlyMap<string, ClusterNode>;
  readonly links: () => Readonly<Record<'dialled' | 'received', number>>;
}

const OUTCOMES: readonly RelayOutcome[] = ['responded', 'not-here', 'failed', 'cancelled'];

export class NodeCounts {
  readonly #options: NodeCountsOptions;
  readonly #relayed = new Counter<[RelayOutcome]>(
    'postern_relayed_requests_total',
    'Requests that were relayed to the node of an agent, by what has become of them there.',
    { name: 'outcome', values: OUTCOMES },
  );

  constructor(options: NodeCountsOptions) {
    this.#options = options;
  }

  relayed(outcome: RelayOutcome): void {
    this.#relayed.increment(outcome);
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
        'postern_peer_links',
        'Links between this process and others, by the side that has dialled.',
        () => Object.entries(this.#options.links()),
        'side',
      ),
    );
    metrics.add(this.#relayed);
  }

  /** A line for the operator. */
  note(): string {
    const [up, draining] = this.#states().map(([, count]) => count);
    return `nodes: ${up} up${draining === 0 ? '' : `, ${draining} draining`}`;
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
