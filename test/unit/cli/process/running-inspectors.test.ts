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
import { chosenTunnels, holderOf, type RunningInspector } from '../../../../src/cli/process/running-inspectors.js';
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

  test('the tunnels of a command are those of the only process that has some, or that has the name', async () => {
    const [shop, other, idle] = [running(1, ['shop', 'api']), running(2, ['shop']), running(3, [])];
    const refusal = (name: string | undefined, ...all: RunningInspector[]) =>
      chosenTunnels(name, Promise.resolve(all)).then(
        () => assert.fail('it has chosen'),
        ({ message }: Error) => message,
      );
    assert.equal((await chosenTunnels(undefined, Promise.resolve([idle, shop]))).client, shop.client);
    assert.equal((await chosenTunnels('api', Promise.resolve([shop, other]))).client, shop.client);
    assert.match(await refusal(undefined, idle), /^no tunnel/);
    assert.match(await refusal(undefined, shop, other), /--name \(shop, api\)/);
    for (const [name, first] of [['shop', shop] as const, [undefined, running(1, ['shop'])] as const]) {
      const message = await refusal(name, first, other);
      assert.ok(message.includes('http://127.0.0.1:1, http://127.0.0.1:2') && !message.includes('--name'), message);
    }
  });

  test('the holder of a request is no other tunnel than the one that is named', async () => {
    const all = Promise.resolve([running(1, ['shop']), running(2, ['api'], 'id1')]);
    const holder = (await all)[1]?.client;
    assert.deepEqual(await holderOf('id1', undefined, all), { client: holder, id: 'id1' });
    assert.deepEqual(await holderOf('id1', 'api', all), { client: holder, id: 'id1' });
    assert.deepEqual(await holderOf('request-of-id1', undefined, all), { client: holder, id: 'id1' });
    await assert.rejects(holderOf('request-of-id', undefined, all), /no tunnel/);
    await assert.rejects(holderOf('id1', 'shop', all), /--name: .*"api"/);
    await assert.rejects(holderOf('id2', undefined, all), /no tunnel/);
  });
});

/** An inspector at a port, whose process has tunnels, and in the first of them an exchange. */
function running(port: number, names: readonly string[], kept?: string): RunningInspector {
  const client = {
    inspector: { origin: `http://127.0.0.1:${port}` },
    exchange: async (id: string) => (id === kept ? { id, tunnel: names[0] } : assert.fail('not found')),
    // Others have the text in a header.
    exchanges: async () => ({
      exchanges: [kept, 'other'].map((id) => ({ id, tunnel: names[0], requestId: `request-of-${id}` })),
    }),
  };
  return { client, tunnels: names.map((name) => ({ name })) } as unknown as RunningInspector;
}
