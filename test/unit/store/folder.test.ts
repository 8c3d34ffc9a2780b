import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Log } from '../../../src/core/log.js';
import { silentLog } from '../../../src/core/log.js';
import { FolderStore, MAX_WAITING_WRITES } from '../../../src/store/folder.js';
import type { PutOptions } from '../../../src/store/store.js';
import { deferred } from '../../support/deferred.js';
import { Disk } from '../../support/disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const UNAVAILABLE = { code: 'ERR_STORE_UNAVAILABLE' };
const root = temporaryFolder('folder');
let folders = 0;

async function setUp(options: { log?: Log; snapshotFromBytes?: number; maxEntries?: number } = {}) {
  const path = join(root, `${folders++}`);
  const disk = new Disk(path);
  const store = await FolderStore.open(path, { ...options, files: disk });
  return { path, disk, store };
}

it('has everything again when it is opened anew, with versions and times', async () => {
  const { path, store } = await setUp();
  const expiresAtMs = Date.now() + 60_000;
  const [a, b] = [await store.put('grant:a', 'one', { expiresAtMs }), await store.put('grant:b', '\ud800 "\\')];
  const deleted = await store.put('grant:c', 'three');
  await store.delete('grant:c');
  await store.close();
  const again = await FolderStore.open(path);
  assert.deepEqual(await again.list('grant:'), [a, b]);
  assert.ok(((await again.put('grant:c', ''))?.version ?? 0) > (deleted?.version ?? Number.POSITIVE_INFINITY) + 1);
  await again.close();
});

it('removes half a snapshot that a killed process left', async () => {
  const { path, store } = await setUp();
  await store.put('grant:a', 'one');
  await store.close();
  writeFileSync(join(path, 'journal.new'), '{"half', { mode: 0o600 });
  const again = await FolderStore.open(path);
  assert.equal((await again.get('grant:a'))?.value, 'one');
  await again.close();
  assert.deepEqual(readdirSync(path), ['journal']);
});

it('gives later versions than ever before after a snapshot that has none of them', async () => {
  const { path, store } = await setUp({ snapshotFromBytes: 1 });
  let version = 0;
  for (let at = 0; at < 20; at++) {
    version = (await store.put('grant:a', `${at}`))?.version ?? 0;
    await store.delete('grant:a');
  }
  await store.close();
  const again = await FolderStore.open(path);
  assert.ok(((await again.put('grant:a', ''))?.version ?? 0) > version);
  await again.close();
});

it('shows nothing that is not durable yet, and evaluates writes in their order', async () => {
  const { disk, store } = await setUp();
  const [reached, goOn] = [deferred<void>(), deferred<void>()];
  disk.onWrite = () => {
    reached.resolve();
    return goOn.promise;
  };
  const first = store.put('grant:a', 'one', { ifVersion: 0 });
  await reached.promise;
  const second = store.put('grant:a', 'two', { ifVersion: 0 });
  const third = store.delete('grant:a');
  const fourth = store.put('grant:a', 'four', { ifVersion: 0 });
  assert.equal(await store.get('grant:a'), undefined);
  goOn.resolve();
  assert.equal((await first)?.value, 'one');
  assert.equal(await second, undefined);
  assert.equal(await third, true);
  assert.deepEqual(await store.get('grant:a'), await fourth);
  await store.close();
});

it('writes once for all that arrive while the disk is busy', async () => {
  const { disk, store } = await setUp();
  let writes = 0;
  disk.onWrite = () => {
    writes += 1;
  };
  await Promise.all(Array.from({ length: 100 }, (_, at) => store.put(`grant:${at}`, '')));
  assert.equal(writes, 1);
  await store.close();
});

it('fails at once when a thousand writes wait for the disk', async () => {
  const { disk, store } = await setUp();
  const [reached, goOn] = [deferred<void>(), deferred<void>()];
  disk.onWrite = () => {
    reached.resolve();
    return goOn.promise;
  };
  const first = store.put('grant:first', '');
  await reached.promise;
  const waiting = Array.from({ length: MAX_WAITING_WRITES }, (_, at) => store.put(`grant:${at}`, ''));
  await assert.rejects(store.put('grant:more', ''), UNAVAILABLE);
  goOn.resolve();
  await Promise.all([first, ...waiting]);
  assert.equal((await store.list('grant:')).length, MAX_WAITING_WRITES + 1);
  await store.close();
});

it('reads while it cannot write, and writes again once what failed can be cut off', async () => {
  const messages: string[] = [];
  const log: Log = { ...silentLog, error: (_, text) => messages.push(text), info: (_, text) => messages.push(text) };
  const { path, disk, store } = await setUp({ log });
  const kept = await store.put('grant:a', 'one');
  disk.room = 10;
  disk.failing.add('truncate');
  await assert.rejects(store.put('grant:b', 'two'), UNAVAILABLE);
  disk.room = Number.POSITIVE_INFINITY;
  await assert.rejects(store.put('grant:c', 'three'), UNAVAILABLE);
  assert.deepEqual(await store.list('grant:'), [kept]);
  assert.equal(messages.length, 1);
  disk.failing.clear();
  const later = await store.put('grant:d', 'four');
  assert.equal(messages.length, 2);
  await store.close();
  const again = await FolderStore.open(path);
  assert.deepEqual(await again.list('grant:'), [kept, later]);
  await again.close();
});

it('acknowledges nothing that the disk has not confirmed, nor a version that was different only because of it', async () => {
  const { path, disk, store } = await setUp();
  disk.failing.add('datasync');
  const both = [store.put('grant:a', 'one', { ifVersion: 0 }), store.put('grant:a', 'two', { ifVersion: 0 })];
  for (const one of both) await assert.rejects(one, UNAVAILABLE);
  disk.failing.clear();
  assert.equal(await store.get('grant:a'), undefined);
  await store.close();
  const again = await FolderStore.open(path);
  assert.equal(await again.get('grant:a'), undefined);
  await again.close();
});

it('goes on with its journal when there is no room for a snapshot', async () => {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_, text) => warnings.push(text) };
  const { path, disk, store } = await setUp({ log, snapshotFromBytes: 1_000 });
  disk.failing.add('rename');
  for (let at = 0; at < 100; at++) await store.put('grant:a', `${at}`);
  assert.ok(warnings.length > 0 && warnings.length < 5, `${warnings.length} warnings`);
  disk.failing.clear();
  for (let at = 100; at < 200; at++) await store.put('grant:a', `${at}`);
  await store.close();
  assert.ok(statSync(join(path, 'journal')).size < 1_500);
  const again = await FolderStore.open(path);
  assert.equal((await again.get('grant:a'))?.value, '199');
  await again.close();
});

it('acknowledges nothing behind a snapshot whose name a crash might take back', async () => {
  const { disk, store } = await setUp({ snapshotFromBytes: 1 });
  disk.failing.add('sync names');
  assert.ok(await store.put('grant:a', 'x'.repeat(500))); // and the snapshot behind it
  await assert.rejects(store.put('grant:a', 'two'), UNAVAILABLE);
  disk.failing.clear();
  assert.ok(await store.put('grant:a', 'three'));
  await store.close();
});

it('finishes what was begun when it is closed, and then refuses', async () => {
  const { path, store } = await setUp();
  const written = store.put('grant:a', 'one');
  await store.close();
  assert.equal((await written)?.value, 'one');
  await assert.rejects(store.put('grant:b', 'two'), UNAVAILABLE);
  const again = await FolderStore.open(path);
  assert.deepEqual(await again.list('grant:'), [await written]);
  await again.close();
});

it('takes no more entries than it has room for, also when they come at once, and keeps a reserve', async () => {
  const { disk, store } = await setUp({ maxEntries: 20 });
  const many = async (options: PutOptions) => {
    const written = Array.from({ length: 30 }, (_, at) => store.put(`grant:${at}`, 'one', options));
    return (await Promise.allSettled(written)).filter(({ status }) => status === 'fulfilled').length;
  };
  disk.failing.add('datasync');
  assert.equal(await many({}), 0);
  disk.failing.clear();
  assert.equal(await many({ keepsReserve: true }), 18); // what failed has taken no room
  assert.equal(await many({ keepsReserve: true }), 18); // what is there is written over
  assert.equal(await many({}), 20);
  await store.close();
});
