/** The metrics of an edge that serves nobody, for what is said about all of them. */
import type { TestContext } from 'node:test';
import { silentLog } from '../../src/core/log.js';
import type { Metrics } from '../../src/core/metrics.js';
import { Registry } from '../../src/edge/gate/registry.js';
import { Revalidator } from '../../src/edge/gate/revalidation.js';
import { EdgeMetrics } from '../../src/edge/metrics.js';
import { NodeCounts } from '../../src/edge/node-metrics.js';
import { SpanExporter } from '../../src/edge/ops/span-exporter.js';
import { Presence } from '../../src/edge/people/presence.js';
import { MemoryStore } from '../../src/store/memory.js';

/** Every family that an edge may have. Closed with the test. */
export function edgeMetrics(t: TestContext): Metrics {
  const revalidator = new Revalidator();
  const presence = new Presence({ open: () => revalidator.open(), changed: () => {} });
  const edge = new EdgeMetrics({
    version: '1.2.3',
    store: new MemoryStore(),
    registry: new Registry(),
    nodes: new NodeCounts({
      nodes: () => new Map(),
      links: () => ({ dialled: 0, received: 0 }),
      unreachable: () => 0,
    }),
    revalidator,
    presence,
    connections: { open: 0 },
    isReady: () => true,
    output: undefined,
    certificates: { notAfterMs: 86_400_000, failing: 0 },
  });
  const exporter = new SpanExporter({
    endpoint: 'http://127.0.0.1:1',
    headers: {},
    version: '1.2.3',
    log: silentLog,
    metrics: edge.metrics,
  });
  t.after(async () => {
    await exporter.close();
    edge.close();
    presence.close();
    revalidator.close();
  });
  return edge.metrics;
}
