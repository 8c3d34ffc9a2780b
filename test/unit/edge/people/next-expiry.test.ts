import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { NextExpiry } from '../../../../src/edge/people/next-expiry.js';
import { TunnelMirror } from '../../../../src/edge/people/tunnel-mirror.js';
import { MemoryStore } from '../../../../src/store/memory.js';

const START_MS = 1_790_000_000_000;

describe('what expires', () => {
  afterEach(() => mock.timers.reset());

  it('is told once, at its time, however many times a tunnel has had', () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS });
    const told: (readonly string[])[] = [];
    const expiry = new NextExpiry(Date.now, (tunnels) => told.push(tunnels));
    // One owner may write as often as this: all times spread into one call would end the process.
    for (let at = 200_000; at > 0; at--) expiry.add('demo', START_MS + 1_000 + at);
    expiry.add('other', START_MS + 5_000);
    mock.timers.tick(1_001);
    assert.deepEqual(told, [['demo']]);
    mock.timers.tick(10_000);
    assert.deepEqual(told, [['demo'], ['other']]);
    expiry.close();
  });

  it('is forgotten with its id, and what is left is waited for', async () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS });
    const store = new MemoryStore();
    const mirror = new TunnelMirror({
      store,
      prefix: 'grant:',
      read: ({ value }) => ({ owner: value }),
      now: Date.now,
    });
    const told: number[] = [];
    mirror.onChange(() => told.push(mirror.of('demo').length));
    for (let at = 1; at <= 3; at++) await store.put(`grant:demo/${at}`, '', { expiresAtMs: START_MS + at * 1_000 });
    for (let second = 0; second < 3; second++) mock.timers.tick(1_000);
    assert.deepEqual(told, [1, 2, 3, 2, 1, 0]);
    mock.timers.tick(60_000);
    // With the clock set back they would be live again in a copy that still knew them.
    mock.timers.setTime(START_MS);
    assert.deepEqual(mirror.of('demo'), []);
    mirror.close();
  });
});
