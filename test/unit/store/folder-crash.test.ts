/** A state folder after a crash at each byte of what was written, and on a disk that is full at each byte. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { it } from 'node:test';
import { FolderStore } from '../../../src/store/folder.js';
import { MemoryStore } from '../../../src/store/memory.js';
import type { Store } from '../../../src/store/store.js';
import { type Crash, Disk, restore } from '../../support/disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const root = temporaryFolder('crash');
const NOW_MS = 1_790_000_000_000;
const now = () => NOW_MS;

type Write = (store: Store) => Promise<unknown>;

// Overwrites, deletes and expiry. The journal of these grows past a snapshot more than once.
const WRITES: readonly Write[] = [
  (store) => store.put('grant:a', 'one'),
  (store) => store.put('grant:b', 'zwei ü\u2028\n'),
  (store) => store.put('grant:a', 'three', { expiresAtMs: NOW_MS + 1_000 }),
  (store) => store.delete('grant:b'),
  (store) => store.put('knock:c', 'x'.repeat(40)),
  (store) => store.put('grant:a', 'four', { ifVersion: 3 }),
  (store) => store.put('knock:c', ''),
  (store) => store.put('grant:b', 'again', { ifVersion: 0 }),
  (store) => store.delete('knock:c'),
  (store) => store.put('knock:d', 'y'.repeat(20)),
  (store) => store.put('grant:a', 'five'),
  (store) => store.put('grant:e', 'last'),
];

// Opening a folder waits for the disk more than it computes.
const AT_ONCE = 16;
const OPTIONS = { now, snapshotFromBytes: 100 };

async function contentOf(store: Store): Promise<string> {
  return JSON.stringify([...(await store.list('grant:')), ...(await store.list('knock:'))]);
}

/** What is there after none, one, two … of the writes. */
async function contentsAfterEach(): Promise<string[]> {
  const store = await FolderStore.open(join(root, 'model'), OPTIONS);
  const contents = [await contentOf(store)];
  for (const write of WRITES) {
    await write(store);
    contents.push(await contentOf(store));
  }
  await store.close();
  return contents;
}

it('has a prefix of the writes after a crash at any byte, and in it all that were acknowledged', async () => {
  const expected = await contentsAfterEach();
  const folder = join(root, 'recorded');
  const disk = new Disk(folder);
  const recorded = await FolderStore.open(folder, { ...OPTIONS, files: disk });
  for (const write of WRITES) {
    await write(recorded);
    disk.acknowledged();
  }
  await recorded.close();
  const crashes = [...disk.crashes()];
  assert.ok(crashes.length > 750, `${crashes.length} crashes`);
  for (let at = 0; at < crashes.length; at += AT_ONCE)
    await Promise.all(crashes.slice(at, at + AT_ONCE).map((crash) => recover(crash, expected)));
});

async function recover(crash: Crash, expected: readonly string[]): Promise<void> {
  const folder = join(root, `crashed-${randomUUID()}`);
  restore(folder, crash);
  const store = await FolderStore.open(folder, OPTIONS);
  const count = expected.indexOf(await contentOf(store));
  assert.ok(count >= crash.acknowledged, `${crash.acknowledged} writes were acknowledged, ${count} are there`);
  assert.ok(count <= crash.acknowledged + 1, `${count} writes are there, ${crash.acknowledged} were acknowledged`);
  const after = await store.put('grant:after', 'a crash', { ifVersion: 0 });
  assert.ok((after?.version ?? 0) > count, 'versions go on');
  await store.close();
}

it('has all writes of one flush after a crash, or none', async () => {
  const folder = join(root, 'flush');
  const disk = new Disk(folder);
  const recorded = await FolderStore.open(folder, { now, files: disk });
  await Promise.all([1, 2, 3].map((at) => recorded.put(`grant:${at}`, 'text')));
  await recorded.close();
  const counts = new Set<number>();
  for (const crash of disk.crashes()) {
    restore(join(root, 'crashed'), crash);
    const store = await FolderStore.open(join(root, 'crashed'), { now });
    counts.add((await store.list('grant:')).length);
    await store.close();
  }
  assert.deepEqual([...counts], [0, 3]);
});

it('keeps what it acknowledged, and nothing else, when the disk is full at any byte', async () => {
  const whole = new Disk(join(root, 'whole'));
  whole.room = 1_000_000;
  const all = await FolderStore.open(join(root, 'whole'), { ...OPTIONS, files: whole });
  const header = 1_000_000 - whole.room;
  for (const write of ALWAYS_POSSIBLE) await write(all);
  await all.close();
  const written = 1_000_000 - whole.room - header;
  const failures: number[] = [];
  for (let room = 0; room <= written; room++) failures.push(await fill(join(root, `full-${room}`), room));
  assert.equal(failures[0], 9, 'all but the two deletes of what was never written');
  assert.equal(failures[written], 0);
});

// Without the write whose version depends on those before.
const ALWAYS_POSSIBLE = WRITES.filter((_, at) => at !== 5);

/** Resolves to how many writes have failed. */
async function fill(folder: string, room: number): Promise<number> {
  const disk = new Disk(folder);
  const store = await FolderStore.open(folder, { ...OPTIONS, files: disk });
  const model = new MemoryStore({ now });
  disk.room = room;
  let failed = 0;
  for (const write of ALWAYS_POSSIBLE) {
    const code = await write(store).then(
      () => undefined,
      (error) => error.code,
    );
    if (code === undefined) await write(model);
    else assert.equal(code, 'ERR_STORE_UNAVAILABLE');
    failed += code === undefined ? 0 : 1;
    assert.deepEqual(await valuesOf(store), await valuesOf(model), `with room for ${room} bytes`);
  }
  disk.room = Number.POSITIVE_INFINITY;
  for (const each of [store, model]) await each.put('grant:f', 'there is room again');
  await store.close();
  const again = await FolderStore.open(folder, { now });
  assert.deepEqual(await valuesOf(again), await valuesOf(model));
  await again.close();
  return failed;
}

async function valuesOf(store: Store): Promise<readonly (readonly [string, string])[]> {
  const entries = [...(await store.list('grant:')), ...(await store.list('knock:'))];
  return entries.map(({ key, value }) => [key, value] as const);
}
