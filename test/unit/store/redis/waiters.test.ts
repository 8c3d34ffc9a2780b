/** Who waits for a change of the store: for how long, how many, and what remains of them. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { Pauses } from '../../../../src/store/redis/pauses.js';
import { ToldChanges } from '../../../../src/store/redis/told.js';
import { MAX_WAITERS, Waiters } from '../../../../src/store/redis/waiters.js';

const AWAY = { code: 'ERR_STORE_UNAVAILABLE' };

describe('those who wait', () => {
  it('are told what is said of theirs, and no other', async () => {
    const waiters = new Waiters<string>();
    const [one, other] = [waiters.outcome('one', 60_000), waiters.outcome('other', 60_000)];
    waiters.settle((what) => (what === 'one' ? true : undefined));
    assert.equal(await one, true);
    waiters.settle(() => false);
    assert.equal(await other, false);
  });

  it('wait for their time only, are no more than there is room for, and end with what they wait for', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const waiters = new Waiters<number>();
    const late = waiters.outcome(0, 1_000);
    mock.timers.tick(1_000);
    mock.timers.reset();
    await assert.rejects(late, AWAY);
    const all = Array.from({ length: MAX_WAITERS }, (_, at) => waiters.outcome(at, 60_000));
    await assert.rejects(waiters.outcome(-1, 60_000), AWAY);
    waiters.close();
    const ended = await Promise.allSettled(all);
    assert.ok(ended.every(({ status }) => status === 'rejected'));
    await assert.rejects(waiters.outcome(0, 60_000), AWAY);
  });

  it('pause no longer than what they pause for', async () => {
    const pauses = new Pauses();
    const pause = pauses.pause(2 ** 30);
    pauses.end();
    await pause;
    const last = pauses.pause(2 ** 30);
    pauses.close();
    await last;
    await pauses.pause(2 ** 30);
  });
});

describe('a change', () => {
  const told = () => {
    const changes = new ToldChanges();
    changes.restart({ version: 7, tag: 'g' });
    changes.add({ version: 8, tag: 'h' });
    return changes;
  };
  const isPending = async (promise: Promise<unknown>) => {
    const pending = Symbol('pending');
    return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])) === pending;
  };

  it('was told only if it has the tag, too', async () => {
    const changes = told();
    assert.equal(await changes.reached({ version: 7, tag: 'g' }, 60_000), true);
    assert.equal(await changes.reached({ version: 8, tag: 'h' }, 60_000), true);
    const waiting = [
      changes.reached({ version: 8, tag: 'another' }, 60_000),
      changes.reached({ version: 3, tag: 'c' }, 60_000),
      changes.reached({ version: 9, tag: 'another' }, 60_000),
    ];
    const next = changes.reached({ version: 9, tag: 'i' }, 60_000);
    changes.add({ version: 9, tag: 'i' });
    assert.equal(await next, true);
    for (const each of waiting) assert.ok(await isPending(each));
    changes.restart({ version: 3, tag: 'c' });
    assert.deepEqual(await Promise.all(waiting), [false, false, false]);
  });

  it('of before the last beginning is among what is being read, if anything is', async () => {
    const changes = told();
    assert.equal(await changes.reached({ version: 5, tag: 'e' }, 60_000, true), false);
    const later = changes.reached({ version: 8, tag: 'another' }, 60_000, true);
    assert.ok(await isPending(later));
    changes.close();
    await assert.rejects(later, AWAY);
  });
});
