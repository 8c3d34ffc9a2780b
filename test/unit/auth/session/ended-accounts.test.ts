import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndedAccounts } from '../../../../src/auth/session/ended-accounts.js';
import { MemoryStore } from '../../../../src/store/memory.js';

const START_MS = 1_790_000_000_000;
const TTL_MS = 86_400_000;
const ANA = { issuer: 'https://one.test', subject: 'ana', email: 'ana@acme.com' };

async function setUp(store = new MemoryStore({ now: () => START_MS })) {
  const clock = { nowMs: START_MS };
  const accounts = new EndedAccounts({ store, ttlMs: TTL_MS, now: () => clock.nowMs });
  await accounts.ready;
  const has = (signedInAtMs: number, account: typeof ANA & { providerSession?: string } = ANA) =>
    accounts.has({ identity: account, signedInAtMs });
  return { store, clock, accounts, has };
}

describe('an account that was signed out everywhere', () => {
  it('has lost the sign-ins of before, and none of later', async () => {
    const { accounts, clock, has } = await setUp();
    assert.equal(has(START_MS - 1), false);
    await accounts.end(ANA);
    assert.deepEqual([has(0), has(START_MS), has(START_MS + 1)], [true, true, false]);
    clock.nowMs += 5_000;
    await accounts.end(ANA);
    assert.deepEqual([has(START_MS + 1), has(START_MS + 5_000), has(START_MS + 5_001)], [true, true, false]);
  });

  it('is that of one provider and one subject', async () => {
    const { accounts, has } = await setUp();
    await accounts.end(ANA);
    await accounts.end({ issuer: 'https://two.test', subject: 'bob' });
    assert.equal(has(0, { ...ANA, issuer: 'https://two.test' }), false);
    assert.equal(has(0, { ...ANA, subject: 'bob' }), false);
    assert.equal(has(0, { ...ANA, issuer: 'https://two.test', subject: 'bob' }), true);
  });

  it('is each of an address, when the address is signed out', async () => {
    const { store, accounts, has } = await setUp();
    await accounts.end({ email: ANA.email });
    const other = { ...ANA, issuer: 'https://two.test', subject: 'a' };
    assert.deepEqual([has(START_MS), has(START_MS, other), has(START_MS + 1)], [true, true, false]);
    assert.equal(has(START_MS, { ...ANA, email: 'bob@acme.com' }), false);
    assert.equal((await setUp(store)).has(START_MS), true);
  });

  it('has lost those of one session at its provider only, and may sign in again from there', async () => {
    const { store, accounts, has } = await setUp();
    await accounts.endProviderSession('tag-of-one');
    const [of1, of2] = [
      { ...ANA, providerSession: 'tag-of-one' },
      { ...ANA, providerSession: 'tag-of-two' },
    ];
    assert.deepEqual([has(START_MS, of1), has(START_MS + 1, of1)], [true, false]);
    assert.deepEqual([has(START_MS, of2), has(START_MS)], [false, false]);
    assert.equal((await setUp(store)).has(START_MS, of1), true);
    const [entry] = await store.list('ended-provider-session:');
    assert.equal(entry?.expiresAtMs, START_MS + TTL_MS);
  });

  it('is known to every node, and after a restart', async () => {
    const { store, accounts } = await setUp();
    const other = await setUp(store);
    await accounts.end(ANA);
    const later = await setUp(store);
    assert.deepEqual([other.has(START_MS), later.has(START_MS)], [true, true]);
  });

  it('is remembered for as long as a sign-in of before could last', async () => {
    const { store, accounts } = await setUp();
    await accounts.end(ANA);
    const [entry, ...others] = await store.list('ended-account:');
    assert.deepEqual([entry?.expiresAtMs, others], [START_MS + TTL_MS, []]);
    assert.doesNotMatch(entry?.key ?? '', /ana|one\.test/);
  });
});
