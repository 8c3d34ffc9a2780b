import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Redial } from '../../../src/agent/redial.js';

describe('Redial', () => {
  it('waits for up to a second in the first half minute, then for up to fifteen', () => {
    const redial = new Redial(() => 0.999);
    const waits = Array.from({ length: 60 }, () => redial.next('ERR_LINK_LOST'));
    assert.ok((waits[0] ?? 0) <= 100);
    assert.ok(waits.slice(0, 45).every((wait) => wait <= 1_000));
    assert.ok(waits.slice(0, 45).reduce((sum, wait) => sum + wait, 0) > 30_000);
    assert.ok((waits.at(-1) ?? 0) > 14_000);
    assert.ok(waits.every((wait) => wait <= 15_000));
  });

  it('slows down at once for an edge that is full', () => {
    assert.ok(new Redial(() => 0).next('ERR_RATE_LIMITED') >= 1_000);
    assert.ok(new Redial(() => 0).next('ERR_EDGE_FULL') >= 1_000);
  });

  it('starts again after a success', () => {
    const redial = new Redial(() => 0);
    for (let times = 0; times < 50; times += 1) redial.next('ERR_LINK_LOST');
    redial.reset();
    assert.equal(redial.next('ERR_LINK_LOST'), 50);
  });
});
