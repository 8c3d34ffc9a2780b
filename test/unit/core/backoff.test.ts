import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backoff } from '../../../src/core/backoff.js';

describe('Backoff', () => {
  it('doubles up to its ceiling', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1000, random: () => 0 });
    assert.deepEqual(
      Array.from({ length: 6 }, () => backoff.next()),
      [50, 100, 200, 400, 500, 500],
    );
  });

  it('waits between half of the ceiling and the ceiling', () => {
    const latest = new Backoff({ firstMs: 100, maxMs: 1000, random: () => 1 - Number.EPSILON });
    const waitMs = latest.next();
    assert.ok(waitMs > 99 && waitMs <= 100);
    for (let round = 0; round < 50; round += 1) {
      const random = new Backoff({ firstMs: 100, maxMs: 1000 }).next();
      assert.ok(random >= 50 && random <= 100);
    }
  });

  it('starts again after a success', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1000, random: () => 0 });
    backoff.next();
    backoff.next();
    backoff.reset();
    assert.equal(backoff.next(), 50);
  });

  it('stays finite after ten thousand failures', () => {
    const backoff = new Backoff({ firstMs: 250, maxMs: 30_000, random: () => 0.5 });
    for (let failure = 0; failure < 10_000; failure += 1) backoff.next();
    assert.equal(backoff.next(), 22_500);
  });
});
