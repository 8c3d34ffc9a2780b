/** Traces: what a collector gets of requests, what targets learn, and what a collector that fails costs. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { askAdmin, until } from '../../support/admin.js';
import { type Collector, startCollector } from '../../support/collector.js';
import type { Echo } from '../../support/target-paths.js';
import type { Visitor } from '../../support/visitor.js';
import { startWorld, type World } from '../../support/world.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const sampled = `00-${TRACE}-${PARENT}-01`;

describe('the traces of an edge', () => {
  let collector: Collector;
  let world: World;
  let ana: Visitor;
  before(async () => {
    collector = await startCollector();
    const edgeEnv = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=a%20key',
      OTEL_TRACES_SAMPLER_ARG: '0',
    };
    world = await startWorld({ edgeEnv });
    ana = await world.signedIn('ana');
  });
  after(async () => {
    await world?.close();
    collector?.close();
  });

  const headersOf = (text: string) => (JSON.parse(text) as Echo).rawHeaders;
  const valuesOf = (raw: readonly string[], name: string) =>
    raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name);

  test('have a span each for request, gate, link and target, and the target continues the trace', async () => {
    const headers = { traceparent: sampled, tracestate: 'vendor=1' };
    const { text } = await ana.fetch(`${world.url}/traced?secret=1`, { headers });
    const root = await collector.span(({ kind, traceId }) => kind === 2 && traceId === TRACE);
    const spans = collector.exports.flatMap((one) => one.spans).filter(({ traceId }) => traceId === TRACE);
    assert.deepEqual(
      spans.map(({ name }) => name),
      ['GET', 'gate', 'link', 'target'],
    );
    const [, gate, link, target] = spans;
    assert.equal(root.parentSpanId, PARENT);
    assert.deepEqual([gate?.parentSpanId, link?.parentSpanId], [root.spanId, root.spanId]);
    assert.equal(target?.parentSpanId, link?.spanId);
    for (const { startTimeUnixNano: from, endTimeUnixNano: to } of spans) {
      assert.ok(BigInt(from) <= BigInt(to));
      assert.ok(BigInt(root.startTimeUnixNano) <= BigInt(from) && BigInt(to) <= BigInt(root.endTimeUnixNano));
    }
    assert.deepEqual(valuesOf(headersOf(text), 'traceparent'), [`00-${TRACE}-${link?.spanId}-01`]);
    assert.deepEqual(valuesOf(headersOf(text), 'tracestate'), ['vendor=1']);
    await world.edge.record(({ msg, traceId }) => msg === 'request' && traceId === TRACE);
  });

  test('go to the collector as JSON, with its key', () => {
    const [{ method, url, headers } = assert.fail()] = collector.exports;
    assert.deepEqual([method, url], ['POST', '/v1/traces']);
    assert.deepEqual([headers['content-type'], headers['x-api-key']], ['application/json', 'a key']);
  });

  test('of a request that is not traced are none, and what is malformed goes no further', async () => {
    for (const traceparent of [undefined, 'malformed', `ff-${TRACE}-${PARENT}-01`, `${sampled}, ${sampled}`]) {
      const headers = { tracestate: 'vendor=1', ...(traceparent === undefined ? {} : { traceparent }) };
      const { text } = await ana.fetch(`${world.url}/untraced`, { headers });
      assert.deepEqual(valuesOf(headersOf(text), 'traceparent'), [], `${traceparent}`);
      if (traceparent !== undefined) assert.deepEqual(valuesOf(headersOf(text), 'tracestate'), []);
    }
    const unsampled = sampled.replace(/01$/, '00');
    const { text } = await ana.fetch(`${world.url}/untraced`, { headers: { traceparent: unsampled } });
    assert.deepEqual(valuesOf(headersOf(text), 'traceparent'), [unsampled]);
    await ana.fetch(`${world.url}/last`, { headers: { traceparent: sampled } });
    await collector.span(({ attributes }) => JSON.stringify(attributes).includes('"/last"'));
    assert.ok(!collector.exports.some((one) => one.text.includes('untraced')));
  });

  test('L14 have no person, no address and no query', async () => {
    const eve = await world.visitor();
    await eve.signIn(`${world.url}/`, 'eve');
    await eve.fetch(`${world.url}/refused?secret=1`, { headers: { traceparent: sampled } });
    await collector.span(({ attributes }) => JSON.stringify(attributes).includes('"/refused"'));
    const socket = await ana.socket(`${world.url.replace('http', 'ws')}/ws/chat?secret=1`, {
      headers: { traceparent: sampled },
    });
    socket.close();
    await collector.span(({ attributes }) => JSON.stringify(attributes).includes('"/ws/chat"'));
    const text = collector.exports.map((one) => one.text).join('\n');
    for (const word of ['ana@', 'eve@', 'acme.com', 'elsewhere', '127.0.0.1', 'secret', 'postern-session'])
      assert.ok(!text.includes(word), word);
  });

  test('that the collector does not take are counted, and visitors do not notice', async () => {
    collector.status = 500;
    const count = collector.exports.length;
    assert.equal((await ana.fetch(`${world.url}/`, { headers: { traceparent: sampled } })).status, 200);
    await collector.exported(count + 1);
    await until(async () => /^postern_trace_spans_dropped_total [1-9]/m.test((await askAdmin(world, '/metrics'))[1]));
    await world.edge.record(({ msg }) => msg === 'the collector takes no traces: they are dropped and counted');
    collector.status = 200;
    await ana.fetch(`${world.url}/`, { headers: { traceparent: sampled } });
    await world.edge.record(({ msg }) => msg === 'the collector takes traces again');
  });

  test('that wait are sent when the edge stops', async () => {
    await ana.fetch(`${world.url}/at-the-end`, { headers: { traceparent: sampled } });
    const exit = world.edge.terminate();
    await collector.span(({ attributes }) => JSON.stringify(attributes).includes('"/at-the-end"'));
    assert.equal((await exit).signal ?? (await exit).code, 0);
  });
});

describe('an edge without a collector', () => {
  test('passes what the caller says of traces on as it came', async (t) => {
    const world = await startWorld();
    t.after(() => world.close());
    const ana = await world.signedIn('ana');
    for (const traceparent of [sampled, 'malformed']) {
      const { text } = await ana.fetch(`${world.url}/`, { headers: { traceparent } });
      const { rawHeaders } = JSON.parse(text) as Echo;
      const at = rawHeaders.findIndex((name) => name.toLowerCase() === 'traceparent');
      assert.equal(rawHeaders[at + 1], traceparent);
    }
  });
});
