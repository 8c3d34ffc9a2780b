/** What every store must do, run once for each implementation. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Change, Store } from '../../src/store/store.js';

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

    const valueAt = async (key: string) => (await store.get(key))?.value;

    it('gives back what was written, and nothing for another key', async () => {
      const written = await store.put('grant:a', 'one');
      assert.deepEqual(await store.get('grant:a'), written);
      assert.equal(written?.value, 'one');
      assert.equal(await store.get('grant:b'), undefined);
      assert.equal(await store.get('knock:a'), undefined);
    });

    it('takes any text for a key or a value', async () => {
      for (const text of ['__proto__', 'constructor', 'a:b c', 'ü\u2028\u0000"\\\n', '']) {
        await store.put(`grant:${text}`, text);
        assert.equal(await valueAt(`grant:${text}`), text);
      }
    });

    it('writes over any version, the last one wins, and versions grow', async () => {
      const first = await store.put('grant:a', 'one');
      const second = await store.put('grant:a', 'two');
      assert.equal(await valueAt('grant:a'), 'two');
      assert.ok((second?.version ?? 0) > (first?.version ?? Number.POSITIVE_INFINITY));
    });

    it('writes only over the version that is asked for', async () => {
      const first = await store.put('grant:a', 'one', { ifVersion: 0 });
      assert.ok(first);
      assert.equal(await store.put('grant:a', 'two', { ifVersion: 0 }), undefined);
      const second = await store.put('grant:a', 'two', { ifVersion: first.version });
      assert.ok(second);
      assert.equal(await store.put('grant:a', 'three', { ifVersion: first.version }), undefined);
      assert.equal(await store.put('grant:b', 'three', { ifVersion: first.version }), undefined);
      assert.deepEqual(await store.get('grant:a'), second);
    });

    it('takes what leaves the reserve alone, as any other write, while there is room', async () => {
      assert.equal((await store.put('grant:a', 'one', { keepsReserve: true }))?.value, 'one');
      assert.equal((await store.put('grant:a', 'two', { keepsReserve: true, ifVersion: 0 }))?.value, undefined);
    });

    it('lets one of many win who write at once', async () => {
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, at) => store.put('redeemed:a', String(at), { ifVersion: 0 })),
      );
      const [winner, ...others] = all.filter((entry) => entry !== undefined);
      assert.deepEqual(others, []);
      assert.deepEqual(await store.get('redeemed:a'), winner);
    });

    it('deletes, once, and only the version that is asked for', async () => {
      const first = await store.put('grant:a', 'one');
      const second = await store.put('grant:a', 'two');
      assert.equal(await store.delete('grant:a', first?.version), false);
      assert.equal(await valueAt('grant:a'), 'two');
      assert.equal(await store.delete('grant:a', second?.version), true);
      assert.equal(await store.get('grant:a'), undefined);
      assert.equal(await store.delete('grant:a'), false);
    });

    it('gives a key that was deleted a later version than any before', async () => {
      const first = await store.put('grant:a', 'one');
      await store.delete('grant:a');
      const again = await store.put('grant:a', 'one', { ifVersion: 0 });
      assert.ok((again?.version ?? 0) > (first?.version ?? Number.POSITIVE_INFINITY));
      assert.equal(await store.delete('grant:a', first?.version), false);
    });

    it('keeps an entry to the last millisecond of its time, and no longer', async () => {
      const first = await store.put('grant:a', 'one', { expiresAtMs: START_MS + MINUTE_MS });
      nowMs = START_MS + MINUTE_MS - 1;
      assert.deepEqual(await store.get('grant:a'), first);
      assert.equal(await store.put('grant:a', 'two', { ifVersion: 0 }), undefined);
      nowMs = START_MS + MINUTE_MS;
      assert.equal(await store.get('grant:a'), undefined);
      assert.deepEqual(await store.list('grant:'), []);
      assert.equal(await store.delete('grant:a'), false);
      assert.equal(await store.put('grant:a', 'two', { ifVersion: first?.version ?? 0 }), undefined);
      assert.ok(await store.put('grant:a', 'two', { ifVersion: 0 }));
    });

    it('sets the time of an entry anew with each write', async () => {
      await store.put('grant:a', 'one', { expiresAtMs: START_MS + MINUTE_MS });
      await store.put('grant:a', 'two', { expiresAtMs: START_MS + 2 * MINUTE_MS });
      nowMs = START_MS + MINUTE_MS;
      assert.equal(await valueAt('grant:a'), 'two');
      await store.put('grant:a', 'three');
      nowMs = START_MS + 100 * MINUTE_MS;
      assert.equal(await valueAt('grant:a'), 'three');
    });

    it('lists a prefix by key, a page at a time', async () => {
      for (const key of ['grant:b/2', 'grant:a/1', 'knock:a/1', 'grant:a/2', 'grant:a2']) await store.put(key, key);
      const keys = async (...how: Parameters<Store['list']>) => (await store.list(...how)).map(({ key }) => key);
      assert.deepEqual(await keys('grant:'), ['grant:a/1', 'grant:a/2', 'grant:a2', 'grant:b/2']);
      assert.deepEqual(await keys('grant:a/'), ['grant:a/1', 'grant:a/2']);
      assert.deepEqual(await keys('grant:', { limit: 2 }), ['grant:a/1', 'grant:a/2']);
      assert.deepEqual(await keys('grant:', { limit: 2, after: 'grant:a/2' }), ['grant:a2', 'grant:b/2']);
      assert.deepEqual(await keys('grant:', { after: 'grant:b/2' }), []);
    });

    it('shows a watcher what is there, then every change of its prefix, in order', async () => {
      const before = await store.put('grant:a', 'one');
      await store.put('knock:a', 'other');
      const seen: Change[] = [];
      const watch = store.watch('grant:', (change) => seen.push(change));
      await watch.ready;
      assert.deepEqual(seen, [{ kind: 'all', entries: [before] }]);
      const after = await store.put('grant:b', 'two');
      await store.put('knock:b', 'other');
      await store.put('grant:b', 'three', { ifVersion: 0 }); // not written
      await store.delete('grant:a');
      await reached(() => seen.length >= 3);
      assert.deepEqual(seen.slice(1), [
        { kind: 'put', entry: after },
        { kind: 'deleted', key: 'grant:a' },
      ]);
      watch.close();
    });

    it('keeps a change from no watcher because another one throws, and goes on', async () => {
      const seen: string[] = [];
      const broken = store.watch('grant:', ({ kind }) => {
        if (kind !== 'all') throw new Error('a fault of the watcher');
      });
      const watch = store.watch('grant:', (change) => {
        if (change.kind === 'put') seen.push(change.entry.value);
      });
      await Promise.all([broken.ready, watch.ready]);
      // Whether the writer is told is the store's to say. It has to be told something.
      await Promise.allSettled([store.put('grant:a', 'one'), store.put('grant:b', 'two'), store.put('knock:a', '')]);
      assert.deepEqual(seen, ['one', 'two']);
      assert.deepEqual(
        [await valueAt('grant:a'), await valueAt('grant:b'), await valueAt('knock:a')],
        ['one', 'two', ''],
      );
      broken.close();
      assert.equal((await store.put('grant:a', 'three'))?.value, 'three');
      assert.deepEqual(seen, ['one', 'two', 'three']);
      watch.close();
    });

    it('tells a watcher nothing after it has closed', async () => {
      const seen: Change[] = [];
      const others: Change[] = [];
      const watch = store.watch('grant:', (change) => seen.push(change));
      const other = store.watch('grant:', (change) => others.push(change));
      await Promise.all([watch.ready, other.ready]);
      watch.close();
      await store.put('grant:a', 'one');
      await reached(() => others.length === 2);
      assert.equal(seen.length, 1);
      other.close();
    });

    it('refuses a key without a kind, and an entry that is too long', async () => {
      await assert.rejects(store.put('a', ''), { code: 'ERR_INTERNAL' });
      await assert.rejects(store.put(`grant:${'a'.repeat(1_024)}`, ''), { code: 'ERR_INTERNAL' });
      await assert.rejects(store.put('grant:a', 'a'.repeat(65_537)), { code: 'ERR_INTERNAL' });
      assert.deepEqual(await store.list('grant:'), []);
    });
  });
}

async function reached(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
