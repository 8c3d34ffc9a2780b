import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryStore } from '../../../src/auth/memory-store.js';

const START_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;

it('redeems nothing more when full of live ids, and again once they are past', async () => {
  let nowMs = START_MS;
  const store = new MemoryStore({ mostEntries: 3, now: () => nowMs });
  for (const id of ['a', 'b', 'c']) assert.equal(await store.redeem(id, nowMs + MINUTE_MS), true);
  assert.equal(await store.redeem('d', nowMs + MINUTE_MS), false);
  assert.equal(await store.redeem('a', nowMs + MINUTE_MS), false);
  nowMs += MINUTE_MS;
  assert.equal(await store.redeem('d', nowMs + MINUTE_MS), true);
});

it('refuses a revocation that it cannot keep, and drops none to make room', async () => {
  const store = new MemoryStore({ mostEntries: 2, now: () => START_MS });
  await store.revoke('a', START_MS + MINUTE_MS);
  await store.revoke('b', START_MS + MINUTE_MS);
  await assert.rejects(store.revoke('c', START_MS + MINUTE_MS), { code: 'ERR_INTERNAL' });
  await store.revoke('a', START_MS + 2 * MINUTE_MS); // known already: needs no room
  assert.deepEqual([await store.isRevoked('a'), await store.isRevoked('b')], [true, true]);
});
