import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryStore } from '../../../src/store/memory.js';
import { Mirror } from '../../../src/store/mirror.js';
import type { Change } from '../../../src/store/store.js';

const START_MS = 1_790_000_000_000;

function setUp() {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const store = new MemoryStore({ now });
  const tell: ((change: Change) => void)[] = [];
  const { watch } = store;
  store.watch = (prefix, listener) => {
    tell.push(listener);
    return watch.call(store, prefix, listener);
  };
  const read = ({ value }: { value: string }) => (value.startsWith('{') ? undefined : value.length);
  return { clock, now, store, tell, mirror: new Mirror<number>({ store, prefix: 'grant:', read, now }) };
}

const entriesOf = <T>(mirror: Mirror<T>) =>
  mirror.ids().flatMap((id) => {
    const value = mirror.get(id);
    return value === undefined ? [] : [[id, value]];
  });

it('has what the store has, by the rest of its key, as it was read', async () => {
  const { store, now, mirror } = setUp();
  await store.put('grant:a/1', 'four');
  await store.put('grants:b', 'other');
  const later = new Mirror<string>({ store, prefix: 'grant:', read: ({ value }) => value, now });
  assert.deepEqual(entriesOf(mirror), [['a/1', 4]]);
  assert.equal(later.get('a/1'), 'four');
  await store.delete('grant:a/1');
  assert.deepEqual([mirror.get('a/1'), entriesOf(later)], [undefined, []]);
});

it('leaves out what it cannot read, and what has expired', async () => {
  const { clock, store, mirror } = setUp();
  await store.put('grant:a', 'one', { expiresAtMs: START_MS + 1_000 });
  await store.put('grant:b', 'one');
  await store.put('grant:b', '{"of":"a later release"}');
  assert.deepEqual(entriesOf(mirror), [['a', 3]]);
  clock.nowMs += 1_000;
  assert.deepEqual([mirror.get('a'), entriesOf(mirror)], [undefined, []]);
});

it('names what has changed, also what is gone after a gap', async () => {
  const { store, tell, mirror } = setUp();
  const changed: (readonly string[])[] = [];
  await store.put('grant:a', 'one');
  mirror.onChange((ids) => changed.push(ids));
  await store.put('grant:b', 'one');
  tell[0]?.({ kind: 'all', entries: [{ key: 'grant:c', value: 'one', version: 9, expiresAtMs: undefined }] });
  assert.deepEqual(changed, [['b'], ['a', 'b', 'c']]);
  assert.deepEqual(entriesOf(mirror), [['c', 3]]);
});

it('does not keep what has expired', async () => {
  const { clock, store, mirror } = setUp();
  for (let at = 0; at < 1_023; at++) await store.put(`grant:${at}`, '', { expiresAtMs: START_MS + 1 });
  clock.nowMs += 1;
  await store.put('grant:new', 'one');
  assert.deepEqual(entriesOf(mirror), [['new', 3]]);
  clock.nowMs -= 1; // they would be live again if they were still there
  assert.deepEqual(entriesOf(mirror), [['new', 3]]);
});

it('keeps what an older copy of the store lacks where it has to, and writes it again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { clock, now, store, tell } = setUp();
  const keeps = (value: string) => value.startsWith('kept');
  const mirror = new Mirror<string>({ store, prefix: 'grant:', read: ({ value }) => value, keeps, now });
  await store.put('grant:a', 'kept');
  await store.put('grant:b', 'other');
  await store.put('grant:c', 'kept, over', { expiresAtMs: START_MS + 1 });
  const { put } = store;
  let isAway = true;
  const writes: string[] = [];
  store.put = async (key, ...rest) => {
    if (isAway) throw new Error('away');
    writes.push(key);
    return put.call(store, key, ...rest);
  };
  await store.delete('grant:a');
  await store.delete('grant:b');
  assert.deepEqual(entriesOf(mirror), [['c', 'kept, over']], 'what was deleted is gone');
  isAway = false;
  await store.put('grant:a', 'kept');
  await store.put('grant:b', 'other');
  isAway = true;
  clock.nowMs += 1;
  tell.at(-1)?.({ kind: 'all', entries: [] });
  assert.deepEqual(entriesOf(mirror), [], 'after a gap only what there is counts');
  tell.at(-1)?.({ kind: 'all', entries: await store.list('grant:') });
  await store.delete('grant:a');
  await store.delete('grant:b');
  tell.at(-1)?.({
    kind: 'all',
    entries: ['a', 'b'].map((id) => ({
      key: `grant:${id}`,
      value: id === 'a' ? 'kept' : 'other',
      version: 9,
      expiresAtMs: undefined,
    })),
  });
  tell.at(-1)?.({ kind: 'all', entries: [], isOlder: true });
  assert.deepEqual(entriesOf(mirror), [['a', 'kept']]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await store.get('grant:a'), undefined);
  isAway = false;
  writes.length = 0;
  t.mock.timers.tick(1_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(writes, ['grant:a']);
  assert.equal((await store.get('grant:a'))?.value, 'kept');
  mirror.close();
});
