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
