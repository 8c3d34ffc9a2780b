import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sumMetrics } from '../../../../src/cli/workers/metrics-sum.js';
import { Counter, Histogram, Metrics, Reading } from '../../../../src/core/metrics.js';

function worker(requests: number, startedAt: number, ms: number): string {
  const metrics = new Metrics();
  metrics
    .add(new Counter('requests_total', 'Requests, "all" \\ of them.', { name: 'a', values: ['x y', 'z'] }))
    .add(requests);
  metrics.add(new Reading('gauge', 'process_start_time_seconds', 'Start.', () => startedAt));
  metrics.add(new Reading('gauge', 'postern_ready', 'Ready.', () => Number(requests > 1)));
  metrics.add(new Histogram('wait_seconds', 'Waits.', [0.1])).observeMs(ms);
  return metrics.text();
}

describe('the metrics of several workers', () => {
  it('are added up series by series, but for what is no amount', () => {
    const expected = [
      '# HELP requests_total Requests, "all" \\\\ of them.',
      '# TYPE requests_total counter',
      'requests_total{a="x y"} 3',
      'requests_total{a="z"} 0',
      '# HELP process_start_time_seconds Start.',
      '# TYPE process_start_time_seconds gauge',
      'process_start_time_seconds 100.5',
      '# HELP postern_ready Ready.',
      '# TYPE postern_ready gauge',
      'postern_ready 1',
      '# HELP wait_seconds Waits.',
      '# TYPE wait_seconds histogram',
      'wait_seconds_bucket{le="0.1"} 1',
      'wait_seconds_bucket{le="+Inf"} 2',
      'wait_seconds_sum 0.55',
      'wait_seconds_count 2',
      '',
    ];
    assert.equal(sumMetrics([worker(1, 100.5, 50), worker(2, 200, 500)]), expected.join('\n'));
  });

  it('of one worker are its own, and of none nothing', () => {
    const text = worker(2, 1, 1);
    assert.equal(sumMetrics([text]), text);
    assert.equal(sumMetrics([]), '');
    assert.equal(sumMetrics(['', text]), text);
  });
});
