/** Watchers while all is being read: for how long their copies are not confirmed, and what waits behind the reading. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../../../../src/core/log.js';
import { MAX_WAITING_CHANGES, type Snapshot, Watchers } from '../../../../src/store/redis/watchers.js';
import { type Deferred, deferred } from '../../../support/deferred.js';

const put = (version: number) => {
  const entry = { key: 'grant:a', value: `${version}`, version, expiresAtMs: undefined };
  return { entry, change: { kind: 'put', entry } as const };
};
const snapshot = (version: number): Snapshot => ({ entries: [put(version).entry], version });

function setUp() {
  const clock = { nowMs: 1_000 };
  const readings: Deferred<Snapshot>[] = [];
  const read = (_prefix: string) => {
    const reading = deferred<Snapshot>();
    readings.push(reading);
    return reading.promise;
  };
  const now = () => clock.nowMs;
  return { clock, readings, watchers: new Watchers({ read, again: async () => {}, log: silentLog, now }) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('watchers of a shared store', () => {
  it('have a copy as old as what was known when its reading became necessary, until that has ended', async () => {
    const { clock, readings, watchers } = setUp();
    const { ready } = watchers.add('grant:', () => {});
    readings[0]?.resolve(snapshot(1));
    await ready;
    clock.nowMs = 400_000;
    assert.equal(watchers.ageMs, 0);
    watchers.reload(false, 300_000);
    assert.equal(watchers.ageMs, 300_000);
    clock.nowMs += 1_000;
    watchers.reload(true, 10); // another reason does not make it younger
    readings[1]?.resolve(snapshot(2));
    await turn();
    assert.equal(watchers.ageMs, 301_000);
    readings[2]?.reject(new Error('away'));
    await turn();
    assert.equal(watchers.ageMs, 301_000);
    readings[3]?.resolve(snapshot(3));
    await turn();
    assert.equal(watchers.ageMs, 0);
    watchers.close();
  });

  it('let so many changes wait behind a reading, and read again with more', async () => {
    const { readings, watchers } = setUp();
    const told: unknown[] = [];
    watchers.add('grant:', (change) => told.push(change.kind === 'all' ? change.entries.length : change.kind));
    for (let version = 1; version <= MAX_WAITING_CHANGES; version += 1)
      watchers.tell('grant:a', put(version).change, version);
    assert.equal(readings.length, 1);
    watchers.tell('grant:a', put(MAX_WAITING_CHANGES + 1).change, MAX_WAITING_CHANGES + 1);
    assert.equal(readings.length, 2);
    readings[0]?.resolve(snapshot(1));
    await turn();
    assert.deepEqual(told, []);
    watchers.tell('grant:a', put(MAX_WAITING_CHANGES + 2).change, MAX_WAITING_CHANGES + 2);
    readings[1]?.resolve(snapshot(MAX_WAITING_CHANGES + 1));
    await turn();
    assert.deepEqual(told, [1, 'put']);
    watchers.close();
  });

  it('are settled once none of them reads, and at the end', async () => {
    const { readings, watchers } = setUp();
    const watch = watchers.add('grant:', () => {});
    await watchers.settled('knock:a', 60_000);
    let isSettled = false;
    const settled = watchers.settled('grant:a', 60_000).then(() => {
      isSettled = true;
    });
    await turn();
    assert.equal(isSettled, false);
    readings[0]?.resolve(snapshot(1));
    await settled;
    watchers.reload(false, 0);
    const closed = watchers.settled('grant:a', 60_000);
    watch.close();
    await closed;
    watchers.add('grant:', () => {});
    const ended = watchers.settled('grant:a', 60_000);
    watchers.close();
    await assert.rejects(ended, { code: 'ERR_STORE_UNAVAILABLE' });
  });
});
