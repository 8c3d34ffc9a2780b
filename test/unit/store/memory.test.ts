import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryStore } from '../../../src/store/memory.js';

const START_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;

it('redeems nothing when full of live ids, and again once they have expired', async () => {
  let nowMs = START_MS;
  const store = new MemoryStore({ maxEntries: 3, now: () => nowMs });
  for (const id of ['a', 'b', 'c']) assert.equal(await store.redeem(id, nowMs + MINUTE_MS), true);
  assert.equal(await store.redeem('d', nowMs + MINUTE_MS), false);
  assert.equal(await store.redeem('a', nowMs + MINUTE_MS), false);
  nowMs += MINUTE_MS;
  assert.equal(await store.redeem('d', nowMs + MINUTE_MS), true);
});

it('rejects a revocation that it cannot store, and drops none to make room', async () => {
  const store = new MemoryStore({ maxEntries: 2, now: () => START_MS });
  await store.revoke('a', START_MS + MINUTE_MS);
  await store.revoke('b', START_MS + MINUTE_MS);
  await assert.rejects(store.revoke('c', START_MS + MINUTE_MS), { code: 'ERR_INTERNAL' });
  await store.revoke('a', START_MS + 2 * MINUTE_MS); // known already: needs no room
  assert.deepEqual([await store.isRevoked('a'), await store.isRevoked('b')], [true, true]);
});

it('gives a stranger’s address a share of its room, and keeps some for all others', async () => {
  const store = new MemoryStore({ maxEntries: 10_000, now: () => START_MS });
  const redeem = (id: string, party?: string) => store.redeem(id, START_MS + MINUTE_MS, party);
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
  let nowMs = START_MS;
  const store = new MemoryStore({ maxEntries: 1_000, now: () => nowMs });
  for (let at = 0; at < 10; at++) assert.equal(await store.redeem(`a ${at}`, nowMs + MINUTE_MS, 'greedy'), true);
  assert.equal(await store.redeem('b', nowMs + MINUTE_MS, 'greedy'), false);
  nowMs += MINUTE_MS;
  assert.equal(await store.redeem('b', nowMs + MINUTE_MS, 'greedy'), true);
});

it('looks for expired ids more often when it is full', async () => {
  let nowMs = START_MS;
  const store = new MemoryStore({ maxEntries: 3, now: () => nowMs });
  assert.equal(await store.redeem('first', nowMs + MINUTE_MS), true); // the walk of this minute
  for (const id of ['a', 'b']) assert.equal(await store.redeem(id, nowMs + 2_000), true);
  nowMs += 2_000;
  assert.equal(await store.redeem('c', nowMs + MINUTE_MS), true);
});
