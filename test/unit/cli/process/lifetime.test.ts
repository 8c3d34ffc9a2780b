import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockTime, lifetimeOver } from '../../../../src/cli/process/lifetime.js';

describe('the end of a tunnel that lives for a time', () => {
  it('comes once the time is over', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const days = 86_400_000;
    let isOver = false;
    const over = lifetimeOver(60 * days).then(() => {
      isOver = true;
    });
    for (let day = 0; day < 59; day++) t.mock.timers.tick(days);
    await Promise.resolve();
    assert.equal(isOver, false);
    t.mock.timers.tick(days);
    await over;
  });

  it('is shown with its date unless it is today', () => {
    const now = new Date(2026, 10, 28, 16, 30).getTime();
    assert.equal(clockTime(new Date(2026, 10, 28, 18, 5).getTime(), now), '18:05');
    assert.equal(clockTime(new Date(2026, 10, 29, 0, 5).getTime(), now), '2026-11-29 00:05');
  });
});
