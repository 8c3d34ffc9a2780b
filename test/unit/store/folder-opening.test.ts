/** Which state folders are opened, and that all others are left as they are. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { it } from 'node:test';
import { crc32 } from 'node:zlib';
import { type Files, SYSTEM_FILES } from '../../../src/store/files.js';
import { FolderStore } from '../../../src/store/folder.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const root = temporaryFolder('opening');
let folders = 0;
const newPath = () => join(root, `${folders++}`);

async function setUp() {
  const path = newPath();
  const store = await FolderStore.open(path);
  for (const name of ['a', 'b', 'c']) await store.put(`grant:${name}`, name);
  await store.close();
  const journal = join(path, 'journal');
  return { path, journal, text: readFileSync(journal, 'utf8') };
}

function line(content: object): string {
  const json = JSON.stringify(content);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

function everythingIn(path: string): Record<string, unknown> {
  const names = readdirSync(path).sort();
  return Object.fromEntries(
    names.map((name) => {
      const stats = statSync(join(path, name));
      return [name, stats.isFile() ? readFileSync(join(path, name), 'latin1') : stats.mode];
    }),
  );
}

/** Opening fails with a sentence that has these words, and changes nothing. */
async function refuses(path: string, words: RegExp, inside = path): Promise<void> {
  const before = everythingIn(inside);
  await assert.rejects(FolderStore.open(path), (error: NodeJS.ErrnoException) => {
    assert.equal(error.code, 'ERR_CONFIG_INVALID');
    assert.match(error.message, words);
    assert.ok(error.message.includes(path) && error.message.endsWith('.'), error.message);
    return true;
  });
  assert.deepEqual(everythingIn(inside), before);
}

it('makes a folder and files that no one else can open, whatever the umask', async () => {
  for (const umask of [0, 0o777]) {
    const before = process.umask(umask);
    const path = newPath();
    const store = await FolderStore.open(path, { snapshotFromBytes: 1 });
    for (let at = 0; at < 10; at++) await store.put('grant:a', `${at}`);
    await store.close();
    process.umask(before);
    assert.equal(statSync(path).mode & 0o7777, 0o700);
    assert.equal(statSync(join(path, 'journal')).mode & 0o7777, 0o600);
    assert.deepEqual(readdirSync(path), ['journal']);
  }
});

it('makes the name of a new folder durable before there is anything in it', async () => {
  const [path, calls] = [newPath(), [] as string[]];
  const files: Files = {
    ...SYSTEM_FILES,
    open: async (at, flags, mode) => {
      const handle = await SYSTEM_FILES.open(at, flags, mode);
      const call = (name: string) => calls.push(`${name} ${relative(root, at)}`);
      if (flags.startsWith('w')) call('create');
      const sync = handle.sync.bind(handle);
      handle.sync = () => {
        call('sync');
        return sync();
      };
      return handle;
    },
  };
  const name = relative(root, path);
  await (await FolderStore.open(path, { files })).close();
  assert.deepEqual(calls, ['sync ', `create ${name}/journal.new`, `sync ${name}/journal.new`, `sync ${name}`]);
  calls.length = 0;
  await (await FolderStore.open(path, { files })).close();
  assert.deepEqual(calls, [], 'of a folder that is there nothing has changed');
});

it('takes an empty folder that is closed to others, the root of a disk too', async () => {
  for (const names of [[], ['lost+found']]) {
    const path = newPath();
    mkdirSync(path, { mode: 0o700 });
    for (const name of names) mkdirSync(join(path, name));
    await (await FolderStore.open(path)).close();
    assert.deepEqual(readdirSync(path), ['journal', ...names]);
  }
});

it('refuses a folder that others can open', async () => {
  const { path } = await setUp();
  for (const mode of [0o701, 0o720, 0o755, 0o1777]) {
    chmodSync(path, mode);
    await refuses(path, /can be opened by other users: chmod 700 it/);
  }
});

it('refuses a journal that others can read', async () => {
  const { path, journal } = await setUp();
  chmodSync(journal, 0o640);
  await refuses(path, /journal" can be read by other users: chmod 600 it/);
});

it('refuses a folder, or a journal in it, of another user, who could open it to others; that of root is fit', async () => {
  const { path, journal } = await setUp();
  for (const [uid, other] of [4711, 0].flatMap((id) => [path, journal].map((of) => [id, of] as const))) {
    const stat = async (at: string) => Object.assign(await SYSTEM_FILES.stat(at), at === other && { uid });
    const before = everythingIn(path);
    const opened = FolderStore.open(path, { files: { ...SYSTEM_FILES, stat } });
    if (uid === 0) await (await opened).close();
    else
      await assert.rejects(opened, {
        code: 'ERR_CONFIG_INVALID',
        message: /"\S+" belongs to another user \(uid 4711\)/,
      });
    assert.deepEqual(everythingIn(path), before);
  }
});

it('refuses a folder of something else, and what is no folder', async () => {
  const other = newPath();
  mkdirSync(other, { mode: 0o700 });
  writeFileSync(join(other, 'photo.jpg'), 'x');
  await refuses(other, /has other files \("photo.jpg"\) and no journal/);
  await refuses(join(other, 'photo.jpg'), /is no folder/, other);
  await refuses(join(other, 'photo.jpg', 'state'), /is below a file/, other);
  await refuses(join(other, 'none', 'state'), /the folder above it is not there/, other);
});

it('refuses a journal that is none of ours', async () => {
  const { path, journal } = await setUp();
  for (const text of ['', '\n', 'systemd journal\n', line({ format: 'other', version: 1 }), line([]), '\u0000\u0000']) {
    writeFileSync(journal, text);
    await refuses(path, /journal" is not the journal of a state folder/);
  }
  rmSync(journal);
  mkdirSync(journal);
  await refuses(path, /journal" is no file/);
});

it('refuses the journal of a newer version', async () => {
  const { path, journal } = await setUp();
  writeFileSync(journal, `${line({ format: 'postern-state', version: 2 })}something else`);
  await refuses(path, /is of a newer Postern: its version is 2, and this one reads 1/);
});

it('names the line of any damage that no crash leaves behind', async () => {
  const { path, journal, text } = await setUp();
  const lines = text.split('\n');
  assert.equal(lines.length, 5, 'a header, three flushes and the end');
  for (const at of [1, 2, 3]) {
    for (const damaged of ['', 'x', (lines[at] ?? '').replace('grant', 'Grant'), line({}).trim(), line([[1]]).trim()]) {
      writeFileSync(journal, lines.with(at, damaged).join('\n'));
      await refuses(path, new RegExp(`journal" is damaged in line ${at + 1}`));
    }
  }
  const noSnapshot = line({ format: 'postern-state', version: 1, lastVersion: 9, lines: 2 });
  writeFileSync(journal, noSnapshot + line([[1, 'grant:a', 'b']]));
  await refuses(path, /journal" ends in line 2, in the middle of its snapshot/);
  writeFileSync(journal, `${noSnapshot}${line([[1, 'grant:a', 'b']])}${line([[2, 'grant:b', 'b']]).slice(0, 20)}`);
  await refuses(path, /journal" is damaged in line 3/);
  writeFileSync(journal, line({ format: 'postern-state', version: 1, lastVersion: -1, lines: 0 }));
  await refuses(path, /journal" is damaged in line 1/);
});

it('cuts off a last line of which a loss of power has left holes', async () => {
  const { path, journal, text } = await setUp();
  const at = text.lastIndexOf('grant');
  writeFileSync(journal, `${text.slice(0, at)}${'\u0000'.repeat(5)}${text.slice(at + 5)}`);
  const store = await FolderStore.open(path);
  assert.deepEqual(
    (await store.list('grant:')).map(({ key }) => key),
    ['grant:a', 'grant:b'],
  );
  await store.close();
  assert.equal(readFileSync(journal, 'utf8'), text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1));
});

it('says what is wrong with the disk', async () => {
  const { path } = await setUp();
  for (const [code, words] of [
    ['EROFS', /is on a disk that is read-only/],
    ['EACCES', /cannot be read and written by the user of this process/],
    ['ENOSPC', /is on a disk that is full/],
    ['EIO', /cannot be used \(EIO\)/],
  ] as const) {
    const open = async () => {
      throw Object.assign(new Error('no'), { code });
    };
    const before = everythingIn(path);
    await assert.rejects(FolderStore.open(path, { files: { ...SYSTEM_FILES, open } }), {
      code: 'ERR_CONFIG_INVALID',
      message: words,
    });
    assert.deepEqual(everythingIn(path), before);
  }
});

it('writes to no file that a link in the folder leads to', async () => {
  const { path } = await setUp();
  const victim = join(root, 'victim');
  writeFileSync(victim, 'mine');
  symlinkSync(victim, join(path, 'journal.new'));
  const store = await FolderStore.open(path, { snapshotFromBytes: 1 });
  for (let at = 0; at < 20; at++) await store.put('grant:a', `${at}`);
  await store.close();
  assert.equal(readFileSync(victim, 'utf8'), 'mine');
});

it('has one owner at a time, of many that start at once too', async () => {
  for (let round = 0; round < 5; round++) {
    const path = newPath();
    const starts = await Promise.allSettled(Array.from({ length: 8 }, () => FolderStore.open(path)));
    const opened = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    assert.ok(opened.length <= 1, `${opened.length} have it`);
    for (const start of starts) {
      if (start.status === 'rejected') assert.match(start.reason.message, /is in use by another process/);
    }
    for (const store of opened) await store.close();
    await (await FolderStore.open(path)).close();
    assert.deepEqual(readdirSync(path), ['journal']);
  }
});

it('is free again once it is closed, or could not be opened', async () => {
  const { path, journal, text } = await setUp();
  const first = await FolderStore.open(path);
  await refuses(path, /is in use by another process/);
  await first.close();
  writeFileSync(journal, 'damage\n');
  await refuses(path, /is not the journal/);
  writeFileSync(journal, text);
  await (await FolderStore.open(path)).close();
});

it('locks a folder whose path is too long for a socket', async () => {
  const path = join(root, 'x'.repeat(120));
  const first = await FolderStore.open(path);
  assert.equal(readdirSync(path).length, 2);
  await refuses(path, /is in use by another process/);
  await first.close();
  await (await FolderStore.open(path)).close();
});

it('removes nothing that is no lock of ours', async () => {
  const { path } = await setUp();
  const listening = createServer().listen(join(path, 'lock-of-mine'));
  writeFileSync(join(path, 'lock-notes'), 'x');
  await (await FolderStore.open(path)).close();
  assert.deepEqual(readdirSync(path).sort(), ['journal', 'lock-notes', 'lock-of-mine']);
  listening.close();
});
