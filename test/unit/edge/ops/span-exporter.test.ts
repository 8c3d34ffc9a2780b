/** What waits for a collector of traces, and what becomes of it when the collector does not take it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Log, type LogFields, silentLog } from '../../../../src/core/log.js';
import { Metrics } from '../../../../src/core/metrics.js';
import { MAX_WAITING_SPANS, SpanExporter } from '../../../../src/edge/ops/span-exporter.js';
import type { Span } from '../../../../src/edge/ops/spans.js';
import { startCollector } from '../../../support/collector.js';

const span: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  name: 'GET',
  kind: 2,
  startTimeUnixNano: '1',
  endTimeUnixNano: '2',
  attributes: [],
  status: {},
};

// The second that an edge waits may pass on a busy machine.
const PATIENT_MS = 60_000;

async function exporterTo(t: TestContext, status = 200) {
  const collector = await startCollector();
  t.after(() => collector.close());
  collector.status = status;
  const metrics = new Metrics();
  const warnings: LogFields[] = [];
  const log: Log = {
    ...silentLog,
    warn: (fields) => {
      warnings.push(fields);
    },
  };
  const endpoint = `${collector.url}/otlp/`;
  const exporter = new SpanExporter({ endpoint, headers: { 'x-key': 'k' }, version: '1.2.3', log, metrics });
  return { collector, exporter, metrics, warnings };
}

describe('an exporter of spans', () => {
  it('sends what waits in one request, below the path of the collector', async (t) => {
    const { collector, exporter, metrics } = await exporterTo(t);
    exporter.add([span, span]);
    exporter.add([span]);
    await exporter.close(PATIENT_MS);
    const [{ url, headers, spans, text } = assert.fail(), ...more] = collector.exports;
    assert.deepEqual(more, []);
    assert.deepEqual([url, headers['x-key'], spans], ['/otlp/v1/traces', 'k', [span, span, span]]);
    assert.ok(text.includes('{"key":"service.version","value":{"stringValue":"1.2.3"}}'), text);
    assert.match(metrics.text(), /^postern_trace_spans_sent_total 3$/m);
  });

  it('holds so many spans, and counts those that it drops', async (t) => {
    const { collector, exporter, metrics } = await exporterTo(t);
    exporter.add(Array.from({ length: MAX_WAITING_SPANS - 1 }, () => span));
    exporter.add([span, span]);
    assert.match(metrics.text(), /^postern_trace_spans_dropped_total 2$/m);
    await exporter.close(PATIENT_MS);
    assert.equal(collector.exports.flatMap(({ spans }) => spans).length, MAX_WAITING_SPANS - 1);
  });

  for (const status of [302, 400, 503]) {
    it(`counts what a collector refuses with ${status}, and says so once`, async (t) => {
      const { exporter, metrics, warnings } = await exporterTo(t, status);
      exporter.add([span]);
      await exporter.close(PATIENT_MS);
      assert.match(metrics.text(), /^postern_trace_spans_dropped_total 1$/m);
      assert.equal(warnings.length, 1);
    });
  }

  it('of nothing sends nothing', async (t) => {
    const { collector, exporter } = await exporterTo(t);
    await exporter.close(PATIENT_MS);
    assert.deepEqual(collector.exports, []);
  });
});
