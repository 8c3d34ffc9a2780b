import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryStore } from '../../../src/store/memory.js';
import { Revocations } from '../../../src/store/revocations.js';

const START_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;

function setUp(maxEntries = 100) {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const store = new MemoryStore({ now, maxEntries });
  return { clock, store, now, revocations: new Revocations(store, 'ended-sign-in', now) };
}

it('revokes one id and no other, at every node, and says so', async () => {
  const { store, now, revocations } = setUp();
  const other = new Revocations(store, 'ended-sign-in', now);
  const unrelated = new Revocations(store, 'revoked-token', now);
  let told = 0;
  other.onChange(() => told++);
  await revocations.add('a', START_MS + MINUTE_MS);
  for (const id of ['b', '', '__proto__', 'constructor']) assert.equal(revocations.has(id), false);
  assert.deepEqual([revocations.has('a'), other.has('a'), unrelated.has('a'), told], [true, true, false, 1]);
});

it('keeps the later time of two revocations', async () => {
  const { clock, revocations } = setUp();
  await revocations.add('a', START_MS + 2 * MINUTE_MS);
  await revocations.add('a', START_MS + MINUTE_MS);
  clock.nowMs += MINUTE_MS + 1;
  assert.equal(revocations.has('a'), true);
});

it('forgets a revocation after its time, when the id has expired by itself', async () => {
  const { clock, revocations } = setUp();
  await revocations.add('a', START_MS + MINUTE_MS);
  clock.nowMs += MINUTE_MS;
  assert.equal(revocations.has('a'), false);
});

it('accepts the revocation of an id that has already expired', async () => {
  const { store, revocations } = setUp();
  await revocations.add('a', START_MS);
  assert.equal(revocations.has('a'), false);
  assert.deepEqual(await store.list('ended-sign-in:'), []);
});

it('rejects a revocation that it cannot store, and drops none to make room', async () => {
  const { revocations } = setUp(2);
  await revocations.add('a', START_MS + MINUTE_MS);
  await revocations.add('b', START_MS + MINUTE_MS);
  await assert.rejects(revocations.add('c', START_MS + MINUTE_MS), { code: 'ERR_STORE_UNAVAILABLE' });
  await revocations.add('a', START_MS + 2 * MINUTE_MS); // known already: needs no room
  assert.deepEqual([revocations.has('a'), revocations.has('b')], [true, true]);
});

it('fails while it has not been read from the store', () => {
  const store = new MemoryStore();
  store.watch = () => ({ ready: new Promise(() => {}), close: () => {} });
  const revocations = new Revocations(store, 'ended-sign-in');
  assert.throws(() => revocations.has('a'), { code: 'ERR_STORE_UNAVAILABLE' });
});

it('says when only the last tenth of its room is left, and revokes nevertheless', async () => {
  const { clock, store, now } = setUp(20);
  const revocations = new Revocations(store, 'ended-sign-in', now, 20);
  for (let at = 0; at < 17; at++) await revocations.add(`${at}`, START_MS + MINUTE_MS);
  assert.equal(revocations.isScarce, false);
  for (let at = 17; at < 20; at++) await revocations.add(`${at}`, START_MS + 2 * MINUTE_MS);
  assert.deepEqual([revocations.isScarce, revocations.has('19')], [true, true]);
  const large = new Revocations(new MemoryStore({ now }), 'ended-sign-in', now, 2_000);
  for (let at = 0; at < 1_800; at++) await large.add(`${at}`, START_MS + MINUTE_MS);
  assert.equal(large.isScarce, true);
  clock.nowMs += MINUTE_MS;
  assert.equal(large.isScarce, false);
});
