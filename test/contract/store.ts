/** What every store must do, run once for each implementation. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Store } from '../../src/store/store.js';

/** Makes an empty store that takes its time from `now`, in milliseconds since the epoch. */
export type StoreFactory = (now: () => number) => Store | Promise<Store>;

const START_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;

export function storeContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps the contract of a store`, () => {
    let nowMs = START_MS;
    let store: Store;

    beforeEach(async () => {
      nowMs = START_MS;
      store = await create(() => nowMs);
    });
    afterEach(() => store.close());

    it('redeems an id for the first caller only', async () => {
      assert.equal(await store.redeem('a', nowMs + MINUTE_MS), true);
      assert.equal(await store.redeem('a', nowMs + MINUTE_MS), false);
      assert.equal(await store.redeem('b', nowMs + MINUTE_MS), true);
    });

    it('redeems an id for one of many callers at once', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => store.redeem('a', nowMs + MINUTE_MS)));
      assert.equal(answers.filter(Boolean).length, 1);
    });

    it('redeems nothing whose time is past, since it would be forgotten at once', async () => {
      assert.equal(await store.redeem('a', nowMs), false);
      assert.equal(await store.redeem('a', nowMs - 1), false);
    });

    it('remembers a redeemed id to the last millisecond of its time', async () => {
      await store.redeem('a', START_MS + MINUTE_MS);
      nowMs = START_MS + MINUTE_MS - 1;
      assert.equal(await store.redeem('a', START_MS + MINUTE_MS), false);
    });

    it('revokes one sign-in and no other', async () => {
      await store.revoke('a', nowMs + MINUTE_MS);
      assert.equal(await store.isRevoked('a'), true);
      assert.equal(await store.isRevoked('b'), false);
      assert.equal(await store.isRevoked(''), false);
    });

    it('takes the same revocation twice and keeps the later time', async () => {
      await store.revoke('a', nowMs + 2 * MINUTE_MS);
      await store.revoke('a', nowMs + MINUTE_MS);
      nowMs += MINUTE_MS + 1;
      assert.equal(await store.isRevoked('a'), true);
    });

    it('forgets a revocation after its time, when the sign-in has ended by itself', async () => {
      await store.revoke('a', nowMs + MINUTE_MS);
      nowMs += MINUTE_MS;
      assert.equal(await store.isRevoked('a'), false);
    });

    it('accepts the revocation of a sign-in that has already ended', async () => {
      await store.revoke('a', nowMs - 1);
      assert.equal(await store.isRevoked('a'), false);
    });

    it('keeps redeemed ids and revoked sign-ins apart', async () => {
      await store.redeem('a', nowMs + MINUTE_MS);
      assert.equal(await store.isRevoked('a'), false);
      await store.revoke('b', nowMs + MINUTE_MS);
      assert.equal(await store.redeem('b', nowMs + MINUTE_MS), true);
    });

    it('takes names of objects for ids like any other', async () => {
      for (const id of ['__proto__', 'constructor', 'toString']) {
        assert.equal(await store.isRevoked(id), false);
        assert.equal(await store.redeem(id, nowMs + MINUTE_MS), true);
        assert.equal(await store.redeem(id, nowMs + MINUTE_MS), false);
      }
    });
  });
}
