/** Families of metrics, and their text for Prometheus. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter, Histogram, Metrics, Reading } from '../../../src/core/metrics.js';

function textOf(...families: Parameters<Metrics['add']>[0][]): string {
  const metrics = new Metrics();
  for (const family of families) metrics.add(family);
  return metrics.text();
}

describe('a counter', () => {
  it('without a label is one line', () => {
    const counter = new Counter('a_total', 'All of it.');
    counter.add(2);
    counter.add(0.5);
    assert.equal(textOf(counter), '# HELP a_total All of it.\n# TYPE a_total counter\na_total 2.5\n');
  });

  it('has a line for each combination from the start', () => {
    const counter = new Counter<['x' | 'y', '1' | '2' | '3']>(
      'a_total',
      'All.',
      { name: 'letter', values: ['x', 'y'] },
      { name: 'digit', values: ['1', '2', '3'] },
    );
    counter.increment('y', '2');
    counter.add(1, 5);
    assert.deepEqual(
      counter.samples().map(({ labels, value }) => `${labels} ${value}`),
      [
        'letter="x",digit="1" 0',
        'letter="x",digit="2" 0',
        'letter="x",digit="3" 0',
        'letter="y",digit="1" 0',
        'letter="y",digit="2" 1',
        'letter="y",digit="3" 1',
      ],
    );
  });

  it('has no series for a value that it does not know', () => {
    const counter = new Counter<[string]>('a_total', 'All.', { name: 'letter', values: ['x'] });
    counter.increment('ana@acme.com');
    assert.deepEqual(counter.samples(), [{ suffix: '', labels: 'letter="x"', value: 0 }]);
  });
});

describe('a histogram', () => {
  it('counts by upper bounds, each with all below it', () => {
    const histogram = new Histogram('a_seconds', 'How long.', [0.01, 0.1, 1]);
    for (const ms of [0, 10, 11, 100, 1_001, 5_000]) histogram.observeMs(ms);
    assert.equal(
      textOf(histogram),
      [
        '# HELP a_seconds How long.',
        '# TYPE a_seconds histogram',
        'a_seconds_bucket{le="0.01"} 2',
        'a_seconds_bucket{le="0.1"} 4',
        'a_seconds_bucket{le="1"} 4',
        'a_seconds_bucket{le="+Inf"} 6',
        'a_seconds_sum 6.122',
        'a_seconds_count 6',
        '',
      ].join('\n'),
    );
  });
});

describe('a reading', () => {
  it('is read for each text', () => {
    let value = 1;
    const metrics = new Metrics();
    metrics.add(new Reading('gauge', 'a', 'Now.', () => value));
    assert.match(metrics.text(), /^a 1$/m);
    value = Number.POSITIVE_INFINITY;
    assert.match(metrics.text(), /^a \+Inf$/m);
  });

  it('that has nothing to tell is left out whole', () => {
    assert.equal(textOf(new Reading('gauge', 'a', 'Now.', () => undefined)), '');
  });

  it('escapes what would end a label or a line', () => {
    const reading = new Reading('gauge', 'a', 'One\nline \\.', () => [['a"b\\c\nd', 1]], 'kind');
    assert.equal(textOf(reading), '# HELP a One\\nline \\\\.\n# TYPE a gauge\na{kind="a\\"b\\\\c\\nd"} 1\n');
  });
});

describe('the metrics of a process', () => {
  for (const name of ['', 'A', '1a', 'a-b', 'a{b="c"}']) {
    it(`have no name ${JSON.stringify(name)}`, () => {
      assert.throws(() => new Metrics().add(new Counter(name, 'All.')), { code: 'ERR_INTERNAL' });
    });
  }

  it('have one family of a name', () => {
    const metrics = new Metrics();
    metrics.add(new Counter('a_total', 'All.'));
    assert.throws(() => metrics.add(new Counter('a_total', 'All.')), { code: 'ERR_INTERNAL' });
  });
});
