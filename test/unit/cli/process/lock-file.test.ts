/** The lock between processes, with real ones. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
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

/** What a process of this host that has ended left in its lock. */
function ofTheDead(): string {
  return `${hostname()}:${spawnSync(process.execPath, ['-e', '']).pid}:0`;
}

const OTHER_HOST = `not-${hostname()}:1:0`;
const TEN_MINUTES_S = 600;

/** Waits behind a lock, which `change` is to end; fails if the waiter takes it before. */
async function waitsUntil(lock: string, change: () => void): Promise<void> {
  const before = readFileSync(lock, 'utf8');
  const waiter = withLock(lock, async () => {}); // looks at once, and then waits
  assert.equal(readFileSync(lock, 'utf8'), before, 'the lock was taken from its holder');
  change();
  await waiter;
}

describe('a lock', () => {
  it('is held by one process at a time, and by all of them in turn', async (t) => {
    const folder = folderOf(t);
    const path = join(folder, 'number');
    writeFileSync(path, '0');
    writeFileSync(join(folder, 'lock'), ofTheDead()); // all of them find a stale one at first
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
    writeFileSync(lock, ofTheDead());
    const content = await withLock(lock, async () => readFileSync(lock, 'utf8'));
    assert.ok(content.startsWith(`${hostname()}:${process.pid}:`), content);
    assert.equal(existsSync(lock), false);
  });

  it('of a process that runs is not taken over, however old it is', async (t) => {
    const lock = join(folderOf(t), 'lock');
    writeFileSync(lock, `${hostname()}:${process.ppid}:0`);
    utimesSync(lock, 0, 0);
    await waitsUntil(lock, () => rmSync(lock));
  });

  it('of another host is not taken over because this one has no such process, but when it is ten minutes old', async (t) => {
    const lock = join(folderOf(t), 'lock');
    const nowS = Date.now() / 1000;
    writeFileSync(lock, OTHER_HOST.replace(':1:', `:${2 ** 30}:`));
    utimesSync(lock, nowS, nowS - TEN_MINUTES_S + 60);
    await waitsUntil(lock, () => utimesSync(lock, nowS, nowS - TEN_MINUTES_S - 1));
  });

  it('of a former process with the id of this one, as in a container that starts again, is taken over', async (t) => {
    const lock = join(folderOf(t), 'lock');
    writeFileSync(lock, `${hostname()}:${process.pid}:0`);
    await withLock(lock, async () => {});
  });

  it('that was taken over while its holder slept stays with the new holder', async (t) => {
    const lock = join(folderOf(t), 'lock');
    await withLock(lock, async () => writeFileSync(lock, OTHER_HOST));
    assert.equal(readFileSync(lock, 'utf8'), OTHER_HOST);
  });

  it('of a process that died while it took one over stops nobody', async (t) => {
    const lock = join(folderOf(t), 'lock');
    for (const path of [lock, `${lock}.stale`]) writeFileSync(path, ofTheDead());
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
