import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { InspectorClient } from '../../../../src/cli/process/inspector-client.js';
import { publishedInspectors, publishInspector } from '../../../../src/cli/process/inspector-files.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { inspected } from '../../agent/inspector/inspected.js';

describe('the inspectors of this machine', () => {
  test('K17 a file of a process that is gone is believed by nobody, whatever listens at its port', async (t) => {
    const asked: (string | undefined)[] = [];
    const stranger = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ proof: 'a'.repeat(43), tunnels: [{ name: 'web', online: true }] }));
    });
    await once(stranger.listen(0, '127.0.0.1'), 'listening');
    t.after(() => stranger.close());
    const { port } = stranger.address() as AddressInfo;
    const client = new InspectorClient({ pid: process.pid, origin: `http://127.0.0.1:${port}`, key: 'secret' });
    assert.equal(await client.isGenuine(), false);
    assert.deepEqual(asked, [undefined], 'the key was given away');
  });

  test('K17 an inspector proves that it has the key, and another one’s key is no proof', async (t) => {
    const { inspector } = await inspected(t, (_request, response) => response.end());
    const { origin, key } = inspector;
    const own = new InspectorClient({ pid: process.pid, origin, key });
    assert.equal(await own.isGenuine(), true);
    assert.deepEqual(
      (await own.tunnels()).map(({ name }) => name),
      ['web'],
    );
    assert.equal(await new InspectorClient({ pid: process.pid, origin, key: `${key}x` }).isGenuine(), false);
    inspector.close();
    assert.equal(await own.isGenuine(), false);
  });

  test('files of processes that are gone are removed by the next one', async () => {
    const env = { XDG_RUNTIME_DIR: temporaryFolder('inspectors') };
    const folder = join(env.XDG_RUNTIME_DIR, 'postern');
    mkdirSync(folder, { mode: 0o700 });
    const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(gone, 'exit');
    const left = { pid: gone.pid, origin: 'http://127.0.0.1:4040', key: 'k' };
    writeFileSync(join(folder, `inspector-${hostname()}-${gone.pid}-4040.json`), JSON.stringify(left), { mode: 0o600 });
    const others = [`inspector-a-container-${gone.pid}-4040.json`, 'other.json']; // whether it runs cannot be seen from here
    for (const name of others) writeFileSync(join(folder, name), '{}', { mode: 0o600 });
    mkdirSync(join(folder, `inspector-${hostname()}-${gone.pid}-1.json`)); // cannot be removed
    assert.deepEqual(publishedInspectors(env), []);
    const withdraw = publishInspector({ origin: 'http://127.0.0.1:4041', key: 'own' }, env);
    const stuck = `inspector-${hostname()}-${gone.pid}-1.json`;
    const own = `inspector-${hostname()}-${process.pid}-4041.json`;
    assert.deepEqual(readdirSync(folder).sort(), [...others, stuck, own].sort());
    assert.deepEqual(publishedInspectors(env), [{ pid: process.pid, origin: 'http://127.0.0.1:4041', key: 'own' }]);
    withdraw();
    assert.deepEqual(readdirSync(folder).sort(), [...others, stuck].sort());
  });
});
