/** What a store in Redis does when the server is away, slow, full, empty or an older copy: nothing is missed silently. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { storeUrl } from '../../../../src/config/store-url.js';
import { Redemptions } from '../../../../src/store/redemptions.js';
import { LOOK_INTERVAL_MS } from '../../../../src/store/redis/follower.js';
import { DEADLINE_MS, RedisStore } from '../../../../src/store/redis/store.js';
import { Revocations } from '../../../../src/store/revocations.js';
import type { Change } from '../../../../src/store/store.js';
import { redisMissing, TestRedis } from '../../../support/redis.js';

const UNAVAILABLE = { code: 'ERR_STORE_UNAVAILABLE' };

/** A watcher, and what it was told. */
class Told {
  readonly changes: Change[] = [];
  readonly #waiting = new Set<() => void>();

  readonly listener = (change: Change) => {
    this.changes.push(change);
    for (const look of this.#waiting) look();
  };

  /** Resolves once it was told something of which this is true. */
  until(test: (change: Change) => boolean): Promise<void> {
    const since = this.changes.length;
    return new Promise((resolve) => {
      const look = () => {
        if (!this.changes.slice(since).some(test)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }
}

const isAll =
  (...values: string[]) =>
  (change: Change) =>
    change.kind === 'all' && change.entries.map(({ value }) => value).join() === values.join();
const isPut = (value: string) => (change: Change) => change.kind === 'put' && change.entry.value === value;

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a store in Redis', { skip: redisMissing() }, () => {
  let redis: TestRedis;
  let one: RedisStore;
  let other: RedisStore;
  let told: Told;

  const open = async () => {
    const { value } = storeUrl.read(redis.url);
    assert.ok(value);
    return RedisStore.open(value);
  };
  const putEventually = (key: string, value: string) =>
    eventually(() =>
      one.put(key, value).then(
        () => true,
        () => false,
      ),
    );

  before(async () => {
    redis = await TestRedis.start();
  });
  after(() => redis.close());

  beforeEach(async () => {
    await redis.command('FLUSHALL');
    [one, other] = await Promise.all([open(), open()]);
    told = new Told();
    await other.watch('grant:', told.listener).ready;
  });
  afterEach(() => Promise.all([one.close(), other.close()]));

  it('tells the watchers of every node, and lets one of them redeem', async () => {
    const seen = told.until(isPut('one'));
    await one.put('grant:a', 'one');
    await seen;
    const nodes = [new Redemptions(one), new Redemptions(other)];
    const redeemed = await Promise.all(nodes.map((node) => node.redeem('ticket', Date.now() + 60_000)));
    assert.deepEqual(redeemed.sort(), [false, true]);
  });

  it('goes on where it was when its connections break, and misses nothing', async () => {
    const seen = told.until(isPut('three'));
    await one.put('grant:a', 'one');
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await putEventually('grant:a', 'three');
    await seen;
    assert.equal(told.changes.filter(({ kind }) => kind === 'all').length, 1, 'all was read once');
    const puts = told.changes.flatMap((change) => (change.kind === 'put' ? [change.entry.value] : []));
    assert.deepEqual([...new Set(puts)], ['one', 'three']);
  });

  it('reads all again when changes are missing from the stream', async () => {
    await one.put('grant:a', 'one');
    const again = told.until(isAll('two'));
    await redis.command('HINCRBY', 'postern:1:head', 'version', '1');
    await one.put('grant:a', 'two').catch(() => {}); // its own watchers have to be told, and one of them reads again
    await again;
    assert.equal((await one.get('grant:a'))?.value, 'two');
  });

  it('says that entries cannot be read again, and for how long, until they can', async () => {
    const shared = () => other.stats().shared;
    await one.put('grant:a', 'one');
    await redis.command('ACL', 'SETUSER', 'postern', '-hscan');
    const again = told.until(isAll('two'));
    await redis.command('HINCRBY', 'postern:1:head', 'version', '1');
    await one.put('grant:a', 'two').catch(() => {});
    await eventually(() => shared()?.problem !== undefined);
    assert.match(shared()?.problem ?? '', /^Redis at \S+ does not permit a command: expected the ACL/);
    await eventually(() => (shared()?.ageMs ?? 0) > 3 * LOOK_INTERVAL_MS); // of the changes it knows all the time
    await redis.command('ACL', 'SETUSER', 'postern', '+hscan');
    await again;
    assert.equal(shared()?.problem, undefined);
    await eventually(() => (shared()?.ageMs ?? 0) < 2 * LOOK_INTERVAL_MS);
  });

  it('reads all again from a server that was emptied, connected or not', async () => {
    await one.put('grant:a', 'one');
    const flushed = told.until(isAll());
    await redis.command('FLUSHALL');
    await flushed;
    await one.put('grant:a', 'two');
    const restarted = told.until(isAll());
    await redis.kill();
    await redis.restart();
    await restarted;
    const later = told.until(isPut('three'));
    await putEventually('grant:a', 'three');
    await later;
    assert.ok((other.stats().shared?.restarts ?? 0) >= 2);
  });

  it('reads all again from an older copy, even if as much has changed there since', async () => {
    await one.put('grant:a', 'old');
    await redis.command('SAVE');
    await one.put('grant:a', 'lost');
    await eventually(() => told.changes.some(isPut('lost')));
    await redis.kill();
    await redis.restart();
    const again = told.until((change) => change.kind === 'all');
    await putEventually('grant:b', 'new');
    await again;
    await eventually(() => told.changes.some((change) => isPut('new')(change) || isAll('old', 'new')(change)));
    const values = (await other.list('grant:')).map(({ value }) => value);
    assert.deepEqual(values, ['old', 'new']);
    redis.forget();
  });

  it('gets back from the nodes what takes access away, and nothing that gives it', async () => {
    const revoked = new Revocations(other, 'ended-sign-in');
    await revoked.ready;
    await other.put('grant:a', 'given');
    await revoked.add('ana', Date.now() + 3_600_000);
    assert.ok(revoked.has('ana'));
    await redis.kill();
    await redis.restart();
    await eventually(async () => {
      assert.ok(revoked.has('ana'), 'it is forgotten here');
      return (await one.get('ended-sign-in:ana').catch(() => undefined)) !== undefined;
    });
    assert.ok(revoked.has('ana'));
    assert.equal(await one.get('grant:a'), undefined);
    revoked.close();
  });

  it('fails at its deadline while the server stands still, at once after that, and works again', async () => {
    redis.pause();
    await assert.rejects(one.put('grant:a', 'one'), UNAVAILABLE);
    let failed = 0;
    for (const read of [one.get('grant:a'), one.list('grant:')]) read.catch(() => (failed += 1));
    await turn();
    assert.equal(failed, 2, 'nothing is sent to it meanwhile');
    assert.match(one.stats().shared?.problem ?? '', /does not respond in time/);
    redis.resume();
    await putEventually('grant:a', 'two');
    assert.equal((await one.get('grant:a'))?.value, 'two');
    await eventually(() => (one.stats().shared?.ageMs ?? 9_999) < 1_500 && one.stats().shared?.problem === undefined);
  });

  it('takes a reply that has come in time, though this process has stood still for longer than its deadline', async () => {
    await one.put('grant:a', 'one');
    redis.pause(); // no reply comes before this process stands still
    const reading = one.get('grant:a');
    await turn();
    redis.resume();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DEADLINE_MS + 100);
    assert.equal((await reading)?.value, 'one');
  });

  it('takes no new entries from a server without memory, and gives up those it has', async () => {
    await one.put('grant:a', 'one');
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await assert.rejects(one.put('grant:b', 'two'), UNAVAILABLE);
    await assert.rejects(one.put('grant:a', 'two'), UNAVAILABLE);
    assert.equal((await one.get('grant:a'))?.value, 'one');
    assert.equal(await one.delete('grant:a'), true);
    assert.equal(await one.get('grant:a'), undefined);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await one.put('grant:b', 'two');
    assert.equal(one.stats().failedWrites, 2);
  });

  it('demands after each reconnection that nothing is evicted', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually(() => /noeviction/.test(one.stats().shared?.problem ?? ''));
    await assert.rejects(one.get('grant:a'), UNAVAILABLE);
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await putEventually('grant:a', 'one');
  });

  it('counts attempts of all nodes together, each until its time is over', async () => {
    const counters = [one.counters, other.counters];
    assert.deepEqual((await counters[0]?.add('ana', 2, 60_000))?.[0], 2);
    const [sum, leftMs = 0] = (await counters[1]?.add('ana', 1, 90_000)) ?? [];
    assert.equal(sum, 3);
    assert.ok(leftMs > 0 && leftMs <= 60_000, `${leftMs}`);
    assert.deepEqual(await counters[0]?.add('bob', -1, 60_000), [0, 0]);
    assert.deepEqual((await counters[0]?.add('bob', 1, 1))?.[0], 1);
    await eventually(async () => (await redis.command('DBSIZE')) === ':2\r\n'); // what is left: ana's, and the nodes
    for (const { counters: each } of [one, other, one]) await each.look(Date.now());
    assert.equal(one.counters.nodes, 2);
  });

  it('leaves out what no store has written', async () => {
    await one.put('grant:a', 'one');
    for (const [id, packed] of [
      ['b', 'junk'],
      ['c', '7:8'],
      ['\x7f', '7::two'],
      ['d', '-1::two'],
    ] as const)
      await redis.command('HSET', 'postern:1:entries:grant', id, packed);
    assert.deepEqual(
      (await one.list('grant:')).map(({ key }) => key),
      ['grant:a'],
    );
    assert.equal(await one.get('grant:b'), undefined);
    assert.ok(await one.put('grant:b', 'two', { ifVersion: 0 }));
    assert.equal((await one.get('grant:b'))?.value, 'two');
  });

  it('has room for so many of a kind, fewer for what gives access, and removes what has expired', async () => {
    const { value } = storeUrl.read(redis.url);
    assert.ok(value);
    let nowMs = Date.now() - 3_600_000;
    const small = await RedisStore.open(value, { maxEntries: 10, now: () => nowMs });
    for (let at = 0; at < 9; at++) await small.put(`knock:${at}`, '', { keepsReserve: true, expiresAtMs: nowMs + 1 });
    await assert.rejects(small.put('knock:9', '', { keepsReserve: true }), UNAVAILABLE);
    await small.put('knock:9', '');
    await assert.rejects(small.put('knock:10', ''), UNAVAILABLE);
    await small.put('knock:9', 'again');
    nowMs += 1;
    await small.put('knock:10', '', { keepsReserve: true });
    assert.equal(await redis.command('HLEN', 'postern:1:entries:knock'), ':2\r\n');
    await small.close();
  });
});
