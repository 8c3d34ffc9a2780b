/** What visitors are told when the developer's server does not answer: which of both failed, and nothing of the inside. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { isWhole } from '../../support/moments.js';
import { freePort } from '../../support/processes.js';

describe('a target that fails', { concurrency: 3 }, () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  const servers: Server[] = [];

  after(async () => {
    for (const server of servers) server.close();
  });

  async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
    servers.push(server);
    server.listen(0, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** What a target says on the wire, whatever it is asked; `undefined` for nothing. */
  async function rawTarget(say: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => {}); // reset by the side that gives up first
      socket.once('data', () => say(socket));
    });
    return `http://127.0.0.1:${await listening(server)}`;
  }

  const FAULTS: Readonly<Record<string, readonly [code: string, status: number, target: () => Promise<string>]>> = {
    'that nobody listens on': ['ERR_TARGET_REFUSED', 502, async () => `http://127.0.0.1:${await freePort()}`],
    'that hangs up': ['ERR_TARGET_REFUSED', 502, () => rawTarget((socket) => socket.destroy())],
    'that resets': ['ERR_TARGET_REFUSED', 502, () => rawTarget((socket) => socket.resetAndDestroy())],
    'that speaks no HTTP': ['ERR_TARGET_PROTOCOL', 502, () => rawTarget((socket) => socket.end('SSH-2.0-x\r\n\r\n'))],
    'that speaks no TLS': ['ERR_TARGET_TLS', 502, async () => world.target.url.replace('http:', 'https:')],
    'that accepts and begins nothing': [
      'ERR_TARGET_TIMEOUT',
      504,
      async () => `https://127.0.0.1:${await listening(createServer(() => {}))}`,
    ],
    'that has no address': ['ERR_TARGET_REFUSED', 502, async () => 'http://nowhere.invalid:3000'],
  };
  for (const [at, [what, [code, status, target]]] of Object.entries(FAULTS).entries()) {
    test(`K9 a target ${what} is ${status} ${code}, on a page that names no address`, async () => {
      const name = `dev-fault-${at}`;
      const targetUrl = await target();
      await world.startAgent({ name, targetUrl });
      const url = `${world.urlOf(name)}/`;
      const page = await (await world.signedIn('ana', url)).navigate(url);
      assert.deepEqual([page.status, page.headers['postern-error']], [status, code]);
      for (const inside of ['127.0.0.1', new URL(targetUrl).port, 'nowhere', 'ECONN', 'EAI_', 'node:', 'Error:']) {
        assert.ok(inside === '' || !page.text.includes(inside), inside);
      }
    });
  }

  test('K9 a target that dies in its answer breaks the answer', async () => {
    for (const path of ['/die?key=plain', '/die?chunked&key=chunked']) {
      const begun = await ana.stream(world.url + path);
      await world.target.release(path.split('key=')[1] ?? '');
      assert.equal(await isWhole(begun), false);
    }
    assert.equal((await ana.fetch(`${world.url}/canary`)).status, 200);
  });

  for (const [host, at] of [
    ['::1', 'dev-six'],
    ['127.0.0.1', 'dev-four'],
  ] as const) {
    test(`K9 localhost is found when it listens on ${host} only`, async () => {
      const server = createHttpServer((_request, response) => response.end(`on ${host}`));
      await world.startAgent({ name: at, targetUrl: `http://localhost:${await listening(server, host)}` });
      const url = `${world.urlOf(at)}/`;
      assert.equal((await (await world.signedIn('ana', url)).navigate(url)).text, `on ${host}`);
      server.closeAllConnections();
    });
  }
});
