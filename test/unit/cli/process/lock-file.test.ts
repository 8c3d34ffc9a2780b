/** The lock between processes, with real ones. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { withLock } from '../../../../src/cli/process/lock-file.js';
import { compiled } from '../../../support/processes.js';

const LOCK_FILE = compiled('../../src/cli/process/lock-file.js');

// Adds one to the number in a file, many times, each time under the lock.
const COUNT = `
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
const [path, lock, times] = process.argv.slice(1);
const { withLock } = await import(${JSON.stringify(LOCK_FILE)});
for (let count = 0; count < Number(times); count++) {
  await withLock(lock, async () => {
    const number = Number(readFileSync(path, 'utf8'));
    await setImmediate();
    writeFileSync(path, String(number + 1));
  });
}
`;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-lock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

describe('a lock', () => {
  it('is held by one process at a time, and by all of them in turn', async (t) => {
    const folder = folderOf(t);
    const path = join(folder, 'number');
    writeFileSync(path, '0');
    writeFileSync(join(folder, 'lock'), String(deadPid())); // all of them find a stale one at first
    const args = ['--input-type=module', '-e', COUNT, path, join(folder, 'lock'), '25'];
    const processes = Array.from({ length: 4 }, () =>
      spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    const codes = await Promise.all(processes.map(async (child) => (await once(child, 'exit'))[0] as number));
    assert.deepEqual(codes, [0, 0, 0, 0]);
    assert.equal(readFileSync(path, 'utf8'), '100');
    assert.deepEqual(readdirSync(folder), ['number']);
  });

  it('of a process that died is taken over', async (t) => {
    const lock = join(folderOf(t), 'lock');
    writeFileSync(lock, String(deadPid()));
    assert.equal(await withLock(lock, async () => readFileSync(lock, 'utf8')), String(process.pid));
    assert.equal(existsSync(lock), false);
  });

  it('that is older than any use of it is taken over, though a process has that id again', async (t) => {
    const lock = join(folderOf(t), 'lock');
    writeFileSync(lock, String(process.pid));
    utimesSync(lock, 0, 0);
    await withLock(lock, async () => {});
  });

  it('of a process that died while it took one over stops nobody', async (t) => {
    const lock = join(folderOf(t), 'lock');
    for (const path of [lock, `${lock}.stale`]) writeFileSync(path, String(deadPid()));
    await withLock(lock, async () => {});
  });

  it('is released when what it was for fails', async (t) => {
    const lock = join(folderOf(t), 'lock');
    await assert.rejects(
      withLock(lock, () => Promise.reject(new Error('a fault'))),
      /a fault/,
    );
    await withLock(lock, async () => {});
  });
});
