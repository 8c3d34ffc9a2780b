/** A state folder and the processes that use it: one at a time, and each may be killed at any moment. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FolderStore } from '../../../src/store/folder.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const WRITER = fileURLToPath(new URL('../../support/folder-writer.js', import.meta.url));
const path = join(temporaryFolder('kill'), 'state');

function startWriter(): { child: ChildProcess; lines: AsyncIterableIterator<string> } {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

it('has every write that a killed process was told of, is locked while one runs, and free after', async () => {
  let acknowledged = 0;
  for (const count of [1, 37, 150]) {
    const { child, lines } = startWriter();
    const exited = once(child, 'exit');
    const first = Number((await lines.next()).value);
    assert.equal(first > acknowledged, true, 'a later process goes on where the last one was killed');
    await assert.rejects(FolderStore.open(path), { code: 'ERR_CONFIG_INVALID', message: /in use by another process/ });
    const other = startWriter();
    assert.match((await other.lines.next()).value, /^ERR_CONFIG_INVALID .* is in use by another process/);
    acknowledged = first;
    for (let at = 1; at < count; at++) acknowledged = Number((await lines.next()).value);
    child.kill('SIGKILL');
    await exited;
    for await (const line of lines) acknowledged = Number(line);
    const store = await FolderStore.open(path);
    const last = Number((await store.get('count:last'))?.value);
    assert.ok(last >= acknowledged && last <= acknowledged + 1, `${acknowledged} were acknowledged, ${last} are there`);
    assert.equal((await store.get(`count:${last % 10}`))?.value.length, last % 50);
    await store.close();
  }
  assert.deepEqual(readdirSync(path), ['journal']);
});
