/** All metrics of an edge (docs/metrics.md). A part that has something to count is given the `Metrics`, and adds its families. */
import { Metrics, Reading } from '../core/metrics.js';
import type { Store } from '../store/store.js';
import { LinkTraffic } from './agents/link-traffic.js';
import type { Registry } from './gate/registry.js';
import type { Revalidator } from './gate/revalidation.js';
import type { NodeCounts } from './node-metrics.js';
import type { OutputHealth } from './ops/admin-server.js';
import { MetricsSink } from './ops/metrics-sink.js';
import { addProcessMetrics } from './ops/process-metrics.js';
import { Traffic } from './ops/traffic.js';
import type { Presence } from './people/presence.js';

/** The certificates with which an edge ends TLS. */
export interface Certificates {
  /** When the first of those in use ends, in milliseconds since the epoch; undefined while there is none. */
  readonly notAfterMs: number | undefined;
  /** How many could not be obtained from their authority; undefined while the edge ends no TLS. */
  readonly failing: number | undefined;
}

export interface EdgeMetricsOptions {
  /** Of Postern. */
  readonly version: string;
  /** Undefined for a worker, whose supervisor has the store. */
  readonly store: Store | undefined;
  readonly registry: Pick<Registry, 'links'>;
  readonly nodes: NodeCounts;
  readonly revalidator: Revalidator;
  readonly presence: Presence;
  /** Of visitors and agents. */
  readonly connections: { readonly open: number };
  /** Whether new work is accepted. */
  readonly isReady: () => boolean;
  readonly output: OutputHealth | undefined;
  /** Absent where another program ends TLS. */
  readonly certificates?: Certificates | undefined;
}

export class EdgeMetrics {
  readonly metrics = new Metrics();
  readonly traffic = new Traffic(this.metrics);
  readonly links = new LinkTraffic(this.metrics);
  readonly sink = new MetricsSink(this.metrics, this.traffic);
  readonly #endSampling: () => void;

  constructor(options: EdgeMetricsOptions) {
    this.#endSampling = addProcessMetrics(this.metrics, options.version);
    this.#addState(options);
    options.nodes.addTo(this.metrics);
    if (options.store !== undefined) addStoreMetrics(this.metrics, options.store);
    this.#addOutput(options.output);
  }

  close(): void {
    this.#endSampling();
  }

  #addState({ registry, presence, revalidator, connections, isReady, certificates }: EdgeMetricsOptions): void {
    this.#gauge('postern_ready', '1 while new visitors and agents are accepted, as /readyz says.', () =>
      Number(isReady()),
    );
    this.#gauge('postern_tunnels', 'Tunnels that have an agent.', () => registry.links);
    this.#gauge('postern_visitors', 'People at tunnels now, once for each tunnel.', () => presence.count());
    this.#gauge('postern_connections', 'Connections of visitors and agents.', () => connections.open);
    this.#gauge(
      'postern_requests_open',
      'Forwarded requests that run now, event streams and WebSockets included.',
      () => countOpen(revalidator),
    );
    this.#gauge('postern_websockets_open', 'WebSockets of visitors.', () => countOpen(revalidator, 'websocket'));
    this.#gauge('postern_event_streams_open', 'Responses that are event streams.', () =>
      countOpen(revalidator, 'event stream'),
    );
    this.#gauge(
      'postern_tls_not_after_timestamp_seconds',
      'When the first certificate in use ends, in seconds since the epoch; absent where another program ends TLS.',
      () => (certificates?.notAfterMs === undefined ? undefined : certificates.notAfterMs / 1_000),
    );
    this.#gauge(
      'postern_tls_certificates_failing',
      'Certificates that could not be obtained when the edge last tried; absent where another program ends TLS.',
      () => certificates?.failing,
    );
  }

  #addOutput(output: OutputHealth | undefined): void {
    this.#gauge('postern_audit_writable', '1 while audit records can be written.', () =>
      Number(output?.isRecording() ?? true),
    );
    this.#counter(
      'postern_output_lines_dropped_total',
      'Lines of log and audit record that found no room.',
      () => output?.droppedLines() ?? 0,
    );
  }

  #gauge(name: string, help: string, read: () => number | undefined): void {
    this.metrics.add(new Reading('gauge', name, help, read));
  }

  #counter(name: string, help: string, read: () => number): void {
    this.metrics.add(new Reading('counter', name, help, read));
  }
}

/** Adds what is known of a store. */
export function addStoreMetrics(metrics: Metrics, store: Store): void {
  const entries = () => store.stats().entries;
  metrics.add(new Reading('gauge', 'postern_store_entries', 'Entries of the store.', entries, 'kind'));
  metrics.add(
    new Reading(
      'gauge',
      'postern_store_journal_bytes',
      'Size of the journal of the state folder; absent without one.',
      () => store.stats().journalBytes,
    ),
  );
  metrics.add(
    new Reading(
      'gauge',
      'postern_store_age_seconds',
      'For how long changes of the shared store are not known; absent without one.',
      () => {
        const ageMs = store.stats().shared?.ageMs;
        return ageMs === undefined ? undefined : ageMs / 1_000;
      },
    ),
  );
  metrics.add(
    new Reading(
      'counter',
      'postern_store_restarts_total',
      'How often all of the shared store was read again, after a gap.',
      () => store.stats().shared?.restarts ?? 0,
    ),
  );
  metrics.add(
    new Reading(
      'counter',
      'postern_store_write_failures_total',
      'Writes that the store could not keep.',
      () => store.stats().failedWrites,
    ),
  );
}

function countOpen(revalidator: Revalidator, stream?: 'websocket' | 'event stream'): number {
  let open = 0;
  for (const one of revalidator.open()) if (stream === undefined || one.stream === stream) open += 1;
  return open;
}
