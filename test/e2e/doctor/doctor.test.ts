/** `postern doctor` beside a running tunnel, without a sign-in, and behind a proxy that takes upgrades away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as requestHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { runPostern } from '../../support/processes.js';

interface Made {
  readonly check: string;
  readonly result: string;
  readonly text: string;
  readonly fix?: string;
}

describe('postern doctor', () => {
  const { world, visitor } = inWorld({ as: 'bob', tunnels: '*' });

  async function doctor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const { exit, stdout, stderr } = await runPostern(['doctor', '--json', ...args], {
      POSTERN_EDGE: world.base,
      ...env,
    });
    const made = stdout.split('\n').map((line) => JSON.parse(line) as Made);
    return { code: exit.code, stderr, made, of: (id: string) => made.find(({ check }) => check === id) };
  }

  test('J13 finds nothing wrong beside a running tunnel, and takes nothing from it', async () => {
    const { code, made, of } = await doctor([world.target.url, '--name', 'demo'], {
      POSTERN_TOKEN: await world.token(),
    });
    assert.deepEqual(
      made.map(({ check }) => check),
      [
        'dns',
        'connection',
        'certificate',
        'edge',
        'clock',
        'token',
        'websocket',
        'name',
        'url',
        'events',
        'provider',
        'target',
        'host',
        'origin',
      ],
    );
    assert.deepEqual(
      made.filter(({ result, check }) => result !== 'ok' && check !== 'token'),
      [],
    );
    assert.equal(code, 0);
    assert.match(of('name')?.text ?? '', /an agent of yours serves it now/);
    assert.equal((await visitor.fetch(`${world.url}/`)).status, 200);
  });

  test('goes on without a sign-in, and names the line to type', async () => {
    const { code, of } = await doctor(['4999'], {});
    assert.equal(code, 1);
    assert.deepEqual([of('token')?.result, of('token')?.fix], ['failure', `postern login ${world.base}`]);
    assert.deepEqual([of('name')?.result, of('provider')?.result], ['skipped', 'ok']);
    assert.match(of('target')?.text ?? '', /^nothing listens on localhost:4999/);
  });

  test('J13 says that a name is another owner’s, and claims none', async () => {
    const token = await world.token({ owner: 'bob@acme.com' });
    const { code, of } = await doctor(['--name', 'demo'], { POSTERN_TOKEN: token });
    assert.equal(code, 1);
    assert.match(of('name')?.text ?? '', /ERR_NAME_TAKEN/);
    assert.match((await doctor(['--name', 'unused'], { POSTERN_TOKEN: token })).of('name')?.text ?? '', /free for you/);
    assert.match(
      (await doctor(['--name', 'unused'], { POSTERN_TOKEN: await world.token() })).of('name')?.text ?? '',
      /free for you/,
    );
  });

  test('finds a proxy in front of the edge that takes upgrades away', async (t) => {
    const proxy = createServer(({ method, url, headers }, response) => {
      const { connection: _connection, upgrade: _upgrade, ...passed } = headers;
      const forwarded = requestHttp(
        { host: '127.0.0.1', port: world.port, method, path: url, headers: passed },
        (reply) => {
          response.writeHead(reply.statusCode ?? 0, reply.headers);
          reply.pipe(response);
        },
      );
      forwarded.on('error', () => response.destroy()).end();
    });
    // Like a proxy of HTTP/1.0: an upgrade is a request like others.
    proxy.on('upgrade', (request, socket) => {
      requestHttp(
        { host: '127.0.0.1', port: world.port, path: request.url, headers: { host: request.headers.host } },
        (reply) => {
          reply.resume();
          socket.end(`HTTP/1.1 ${reply.statusCode} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        },
      ).end();
    });
    proxy.listen(0, '127.0.0.1');
    t.after(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    await once(proxy, 'listening');
    const edge = `http://localhost:${(proxy.address() as AddressInfo).port}`;
    const { code, of } = await doctor([], { POSTERN_EDGE: edge, POSTERN_TOKEN: await world.token() });
    assert.equal(code, 1);
    assert.deepEqual([of('edge')?.result, of('events')?.result, of('websocket')?.result], ['ok', 'ok', 'failure']);
    assert.match(of('websocket')?.fix ?? '', /proxy_set_header Upgrade/);
  });

  test('prints lines for a person', async () => {
    const { exit, stdout } = await runPostern(['doctor'], { POSTERN_EDGE: world.base });
    assert.equal(exit.code, 1);
    assert.match(stdout, /^ok {7}edge {9}localhost:\d+ is an edge of Postern$/m);
    assert.match(stdout, /^ {22}→ postern login http:\/\/localhost:\d+$/m);
    assert.match(stdout, /^1 failure, no warnings\.$/m);
  });
});
