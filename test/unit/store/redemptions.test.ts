import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryStore } from '../../../src/store/memory.js';
import { Redemptions } from '../../../src/store/redemptions.js';

const START_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;

function setUp(maxEntries?: number) {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const store = new MemoryStore({ now });
  const make = () => new Redemptions(store, maxEntries === undefined ? { now } : { maxEntries, now });
  const redemptions = make();
  const redeem = (id: string, party?: string) => redemptions.redeem(id, clock.nowMs + MINUTE_MS, party);
  return { clock, store, make, redemptions, redeem };
}

it('redeems an id for the first caller only, of two nodes too', async () => {
  const { make, redeem } = setUp();
  const other = make();
  assert.equal(await redeem('a'), true);
  assert.equal(await redeem('a'), false);
  assert.equal(await other.redeem('a', START_MS + MINUTE_MS), false);
  assert.equal(await other.redeem('b', START_MS + MINUTE_MS), true);
  assert.equal(await redeem('b'), false);
});

it('knows what was redeemed, at another node too, for as long as it counts', async () => {
  const { clock, make, redemptions, redeem } = setUp();
  const other = make();
  assert.equal(await redemptions.isRedeemed('a'), false);
  await redeem('a');
  assert.deepEqual([await redemptions.isRedeemed('a'), await other.isRedeemed('a')], [true, true]);
  clock.nowMs += MINUTE_MS;
  assert.deepEqual([await redemptions.isRedeemed('a'), await other.isRedeemed('a')], [false, false]);
});

it('redeems an id for one of many callers at once', async () => {
  const { redeem } = setUp();
  const results = await Promise.all(Array.from({ length: 50 }, () => redeem('a')));
  assert.equal(results.filter(Boolean).length, 1);
});

it('redeems nothing whose time is past, since it would be forgotten at once', async () => {
  const { redemptions } = setUp();
  assert.equal(await redemptions.redeem('a', START_MS), false);
  assert.equal(await redemptions.redeem('a', START_MS - 1), false);
});

it('remembers a redeemed id to the last millisecond of its time', async () => {
  const { clock, make, redemptions } = setUp();
  await redemptions.redeem('a', START_MS + MINUTE_MS);
  clock.nowMs = START_MS + MINUTE_MS - 1;
  assert.equal(await redemptions.redeem('a', START_MS + MINUTE_MS), false);
  assert.equal(await make().redeem('a', START_MS + MINUTE_MS), false);
});

it('redeems nothing when the store cannot remember it', async () => {
  const store = new MemoryStore({ maxEntries: 1 });
  const redemptions = new Redemptions(store);
  assert.equal(await redemptions.redeem('a', Date.now() + MINUTE_MS), true);
  await assert.rejects(redemptions.redeem('b', Date.now() + MINUTE_MS), { code: 'ERR_STORE_UNAVAILABLE' });
  await assert.rejects(redemptions.redeem('b', Date.now() + MINUTE_MS), { code: 'ERR_STORE_UNAVAILABLE' });
});

it('redeems an id that the store could not remember, once it can', async () => {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const redemptions = new Redemptions(new MemoryStore({ maxEntries: 1, now }), { now });
  assert.equal(await redemptions.redeem('a', START_MS + MINUTE_MS), true);
  await assert.rejects(redemptions.redeem('b', START_MS + 3 * MINUTE_MS), { code: 'ERR_STORE_UNAVAILABLE' });
  clock.nowMs += MINUTE_MS;
  assert.equal(await redemptions.redeem('b', START_MS + 3 * MINUTE_MS), true);
  assert.equal(await redemptions.redeem('b', START_MS + 3 * MINUTE_MS), false);
});

it('keeps no id in the store in clear text', async () => {
  const { store, redeem } = setUp();
  await redeem('ticket of-ana');
  const [entry, ...others] = await store.list('redeemed:');
  assert.deepEqual([others, /ticket|ana/.test(JSON.stringify(entry))], [[], false]);
});

it('redeems nothing when full of live ids, and again once they have expired', async () => {
  const { clock, redeem } = setUp(3);
  for (const id of ['a', 'b', 'c']) assert.equal(await redeem(id), true);
  assert.equal(await redeem('d'), false);
  assert.equal(await redeem('a'), false);
  clock.nowMs += MINUTE_MS;
  assert.equal(await redeem('d'), true);
});

it('gives a stranger’s address a share of its room, and keeps some for all others', async () => {
  const { redeem } = setUp(10_000);
  let kept = 0;
  for (let at = 0; at < 1_000; at++) kept += Number(await redeem(`greedy ${at}`, 'greedy'));
  assert.equal(kept, 100);
  assert.equal(await redeem('ana', 'ana'), true);
  for (let party = 0; party < 180; party++) {
    for (let at = 0; at < 100; at++) kept += Number(await redeem(`${party} ${at}`, `party ${party}`));
  }
  assert.ok(kept < 10_000, 'hundreds of addresses have not filled it');
  assert.equal(await redeem('bob', 'bob'), true);
  assert.equal(await redeem('ticket'), true); // of one who has signed in already
});

it('frees the room of an address once its ids have expired', async () => {
  const { clock, redeem } = setUp(1_000);
  for (let at = 0; at < 10; at++) assert.equal(await redeem(`a ${at}`, 'greedy'), true);
  assert.equal(await redeem('b', 'greedy'), false);
  clock.nowMs += MINUTE_MS;
  assert.equal(await redeem('b', 'greedy'), true);
});

it('looks for expired ids more often when it is full', async () => {
  const { clock, redemptions, redeem } = setUp(3);
  assert.equal(await redeem('first'), true); // the sweep of this minute
  for (const id of ['a', 'b']) assert.equal(await redemptions.redeem(id, clock.nowMs + 2_000), true);
  clock.nowMs += 2_000;
  assert.equal(await redeem('c'), true);
});
