import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { type Log, silentLog } from '../../../src/core/log.js';
import { openStore } from '../../../src/edge/state.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const BASE = { host: 'tunnel.test', port: 443, origin: 'https://tunnel.test' };
const root = temporaryFolder('edge-state');

/** What the log of an edge says of its store. */
async function logged(stateDir: string | undefined, scheme: 'http' | 'https'): Promise<unknown[]> {
  const lines: unknown[] = [];
  const line = (level: string) => (fields: object, text: string) =>
    lines.push({ level, ...fields, forgets: text.includes('POSTERN_STATE_DIR') });
  const log: Log = { ...silentLog, info: line('info'), warn: line('warn') };
  const base = { ...BASE, scheme };
  await (await openStore({ stateDir, store: undefined, base }, log)).close();
  return lines;
}

it('warns once that a restart forgets, on https and without a folder', async () => {
  assert.deepEqual(await logged(undefined, 'https'), [{ level: 'warn', store: 'memory', forgets: true }]);
  assert.deepEqual(await logged(undefined, 'http'), [{ level: 'info', store: 'memory', forgets: true }]);
});

it('names the folder that it uses, and warns of nothing', async () => {
  const path = join(root, 'state');
  assert.deepEqual(await logged(path, 'https'), [{ level: 'info', store: 'folder', path, forgets: false }]);
});
