/** Which requests are traced, and what their targets and the collector learn. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Span } from '../../../../src/edge/ops/spans.js';
import { MAX_TRACES_PER_SECOND, Tracer } from '../../../../src/edge/ops/tracer.js';
import type { Visit } from '../../../../src/edge/request/visit.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const sampled = `00-${TRACE}-${PARENT}-01`;
const unsampled = `00-${TRACE}-${PARENT}-00`;

function visitWith(traceparent: string | undefined, path = '/a?secret=1'): Visit {
  return {
    id: 'an-id',
    method: 'GET',
    scheme: 'https',
    host: 'demo.tunnel.test',
    place: { kind: 'tunnel', name: 'demo' },
    path,
    address: '192.0.2.1',
    arrivedAtMs: performance.now(),
    header: traceparent === undefined ? {} : { traceparent },
  } as unknown as Visit;
}

function tracerOf({ ratio = 1, random = () => 0.5 }: { ratio?: number; random?: () => number } = {}) {
  const recorded: Span[] = [];
  let nowMs = 0;
  const tracer = new Tracer({ ratio, random, now: () => nowMs, record: (spans) => recorded.push(...spans) });
  const begin = (traceparent?: string, path?: string) => {
    const visit = visitWith(traceparent, path);
    tracer.begin(visit);
    return visit;
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { tracer, recorded, begin, pass };
}

describe('a request', () => {
  it('is traced as its caller says, whatever the ratio', () => {
    assert.equal(tracerOf({ ratio: 0 }).begin(sampled).trace?.traceId, TRACE);
    assert.equal(tracerOf({ ratio: 1 }).begin(unsampled).trace, undefined);
  });

  it('of a caller that says nothing, or nothing valid, is traced by ratio, in a trace of its own', () => {
    for (const value of [undefined, 'x', `ff-${TRACE}-${PARENT}-01`]) {
      assert.equal(tracerOf({ ratio: 0.4 }).begin(value).trace, undefined);
      const { trace } = tracerOf({ ratio: 0.6 }).begin(value);
      assert.match(trace?.traceId ?? '', /^[\da-f]{32}$/);
      assert.notEqual(trace?.traceId, TRACE);
      assert.equal(trace?.parentId, undefined);
    }
  });

  it('for a path of the edge is not traced', () => {
    assert.equal(tracerOf().begin(sampled, '/.postern/session?ticket=1').trace, undefined);
  });

  it('is not traced past so many in a second, and is in the next', () => {
    const { begin, pass } = tracerOf();
    for (let count = 0; count < MAX_TRACES_PER_SECOND; count++) assert.ok(begin(sampled).trace);
    assert.equal(begin(sampled).trace, undefined);
    pass(1_000);
    assert.ok(begin().trace);
  });
});

describe('the target', () => {
  const state = ['tracestate', 'vendor=1'];

  it('gets the trace with the span of the edge as its parent', () => {
    const { tracer, begin } = tracerOf();
    const visit = begin(sampled);
    const headers = tracer.targetHeaders(visit, ['accept', '*/*', 'traceparent', sampled, ...state]);
    const parent = `00-${TRACE}-${visit.trace?.linkSpanId}-01`;
    assert.deepEqual(headers, ['accept', '*/*', ...state, 'traceparent', parent]);
    assert.notEqual(visit.trace?.linkSpanId, PARENT);
  });

  it('gets no state of a trace that is not continued', () => {
    const { tracer, begin } = tracerOf();
    const visit = begin('malformed');
    const headers = tracer.targetHeaders(visit, ['traceparent', 'malformed', ...state]);
    assert.deepEqual(headers, ['traceparent', `00-${visit.trace?.traceId}-${visit.trace?.linkSpanId}-01`]);
  });

  it('gets of a request that is not traced what the caller sent, if it is valid', () => {
    const { tracer, begin } = tracerOf({ ratio: 0 });
    const valid = ['traceparent', unsampled, ...state];
    assert.equal(tracer.targetHeaders(begin(unsampled), valid), valid);
    assert.deepEqual(tracer.targetHeaders(begin('malformed'), ['a', 'b', 'traceparent', 'malformed', ...state]), [
      'a',
      'b',
    ]);
    const none = ['a', 'b'];
    assert.equal(tracer.targetHeaders(begin(), none), none);
  });
});

describe('the spans', () => {
  const end = { status: 200, code: undefined, aborted: undefined, cutBy: undefined };
  const verdict = { kind: 'refuse', code: 'ERR_ACCESS_DENIED', session: undefined, reason: 'no-rule' } as const;

  it('of a refused request are its own and that of the gate', () => {
    const { tracer, begin, recorded } = tracerOf();
    const visit = begin(sampled);
    tracer.on({ kind: 'decided', visit, verdict });
    tracer.on({ kind: 'visit-ended', visit, end: { ...end, status: 403, code: 'ERR_ACCESS_DENIED' } });
    const [root, gate, ...more] = recorded;
    assert.deepEqual(more, []);
    assert.deepEqual([root?.name, root?.kind, root?.traceId, root?.parentSpanId], ['GET', 2, TRACE, PARENT]);
    assert.deepEqual([gate?.name, gate?.traceId, gate?.parentSpanId], ['gate', TRACE, root?.spanId]);
    assert.deepEqual(gate?.attributes, [{ key: 'postern.decision', value: { stringValue: 'ERR_ACCESS_DENIED' } }]);
    assert.deepEqual(root?.status, {});
    const keys = root?.attributes.map(({ key }) => key);
    assert.ok(keys?.includes('error.type'), `${keys}`);
  });

  it('have a path without its query, and no address', () => {
    const { tracer, begin, recorded } = tracerOf();
    const visit = begin();
    tracer.on({ kind: 'visit-ended', visit, end });
    const text = JSON.stringify(recorded);
    assert.ok(text.includes('{"key":"url.path","value":{"stringValue":"/a"}}'), text);
    for (const word of ['secret', '192.0.2.1']) assert.ok(!text.includes(word), word);
  });

  it('of a request that failed say so', () => {
    const { tracer, begin, recorded } = tracerOf();
    tracer.on({ kind: 'visit-ended', visit: begin(), end: { ...end, status: 502, code: 'ERR_TARGET_REFUSED' } });
    tracer.on({ kind: 'visit-ended', visit: begin(), end: { ...end, aborted: true } });
    assert.deepEqual(
      recorded.map(({ status }) => status),
      [{ code: 2 }, { code: 2 }],
    );
  });

  it('are none of a request that is not traced', () => {
    const { tracer, begin, recorded } = tracerOf({ ratio: 0 });
    const visit = begin();
    tracer.on({ kind: 'decided', visit, verdict });
    tracer.on({ kind: 'visit-ended', visit, end });
    assert.deepEqual(recorded, []);
  });
});
