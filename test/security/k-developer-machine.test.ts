/**
 * K: what the tunnel opens of a developer's machine, which is one address and nothing else, and what it tells when that
 * does not answer. There is no inspector, so the rows about one have no test.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask, HostileEdge, requestFields, TOKEN } from '../support/hostile-edge.js';
import { freePort, POSTERN, Program, runPostern } from '../support/processes.js';
import type { Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';

const EDGE = 'http://localhost:1';
const ENV = { POSTERN_TOKEN: TOKEN };

describe('K the developer’s machine', () => {
  let world: World;
  let ana: Visitor;
  let decoy: Server;
  let decoyUrl: string;
  let reached = 0;
  let folder: string;
  const servers: Server[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-machine-'));
    decoy = createServer((socket) => {
      reached++;
      socket.destroy();
    });
    decoyUrl = `http://127.0.0.1:${await listening(decoy)}`;
    world = await startWorld();
    ana = await world.signedIn('ana');
  });
  after(async () => {
    await world?.close();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
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
      socket.on('error', () => {}); // reset by whoever gives up first
      socket.once('data', () => say(socket));
    });
    return `http://127.0.0.1:${await listening(server)}`;
  }

  for (const status of [301, 302, 303, 307, 308]) {
    test(`K1 a redirect with ${status} is relayed and not followed, wherever it leads`, async () => {
      const metadata = 'http://169.254.169.254/latest/meta-data/';
      for (const location of [
        metadata,
        `${decoyUrl}/`,
        'file:///etc/passwd',
        `//${new URL(decoyUrl).host}/x`,
        'javascript:alert(1)',
      ]) {
        for (const method of ['GET', 'POST']) {
          const query = new URLSearchParams({ status: String(status), header: `Location: ${location}` });
          const answer = await ana.fetch(`${world.url}/answer?${query}`, { method });
          assert.equal(answer.status, status);
          // Only what names the target's own port is made public (the sibling port is not it).
          assert.equal(answer.headers.location, location);
        }
      }
      assert.equal(reached, 0, 'the agent followed');
    });
  }

  for (const target of [
    ...[
      'unix:/var/run/docker.sock',
      'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
      'file:///etc/passwd',
      'ftp://localhost:21',
    ],
    ...[
      'http://localhost:3000/path',
      'http://localhost:3000?x',
      'http://dev:secret@localhost:3000',
      'localhost:99999',
      '0',
    ],
    ...[
      'http://localhost:0',
      '70000',
      '-1',
      '5173 5174',
      'http://localhost:3000#x',
      'http://local\u0000host',
      '//localhost:3000',
    ],
  ]) {
    test(`K2 ${JSON.stringify(target)} is no target`, async () => {
      const args = ['http', '--edge', EDGE, '--', target.replace('\u0000', '\u0001')];
      const { exit, stdout } = await runPostern(args, ENV);
      assert.deepEqual([exit.code, stdout], [2, '']);
    });
  }

  test('K2 the target is one host and port, whatever a request says of hosts, ports, paths and protocols', async () => {
    const edge = await HostileEdge.start();
    edge.agentFor(world.target.url);
    const link = await edge.link();
    const host = new URL(decoyUrl).host;
    const port = host.split(':')[1] as string;
    const headers = [
      ['host', host],
      ['x-forwarded-host', host],
      ['x-forwarded-port', port],
      ['origin', decoyUrl],
    ] as const;
    let stream = 1;
    for (const path of [
      '/',
      `/${decoyUrl}`,
      `//${host}/`,
      `/@${host}`,
      `/\\${host}\\`,
      decoyUrl,
      `@${host}`,
      `:${port}/`,
    ]) {
      for (const protocol of [{}, { ':method': 'CONNECT', ':protocol': 'websocket' }] as Record<string, string>[]) {
        const fields = requestFields(path, { ':authority': host, ...protocol }, headers);
        await ask(link, stream, fields).catch(() => {}); // refused or answered by the target: both are right
        stream += 2;
      }
    }
    assert.equal((await ask(link, stream, requestFields('/canary'))).status, 200);
    assert.equal(reached, 0, 'another port of the machine was reached');
    await edge.close();
  });

  test('K2 localhost is this machine, whatever a resolver says', async () => {
    const script = join(folder, 'no-resolver.mjs');
    writeFileSync(script, "import dns from 'node:dns'; dns.lookup = () => { throw new Error('asked a resolver'); };\n");
    const edge = await HostileEdge.start();
    const args = ['http', world.target.url.replace('127.0.0.1', 'localhost'), '--edge', edge.url, '--json'];
    const agent = new Program({ name: 'agent', script: POSTERN, args, env: ENV, nodeArgs: ['--import', script] });
    const answer = await ask(await edge.link(), 1, requestFields('/canary'));
    assert.equal(answer.status, 200);
    assert.equal(agent.stderr, '');
    await agent.kill();
    await edge.close();
  });

  test('K6 nothing that a request says acts on the terminal of the developer', async () => {
    const edge = await HostileEdge.start();
    const args = ['http', world.target.url, '--edge', edge.url, '--name', 'demo'];
    const agent = new Program({ name: 'agent', script: POSTERN, args, env: ENV });
    const link = await edge.link();
    const email = encodeURIComponent('\x1b]0;evil\x07\r\n\x1b[2J\u009b31m\u202eana@acme.com');
    const paths = ['/\x9b31m', '/%1b[31m', '/\xe2\x80\xae/x', `/${'x'.repeat(10_000)}`, '/last'];
    for (const [at, path] of paths.entries()) {
      await ask(link, 2 * at + 1, requestFields(path, {}, [['x-forwarded-email', email]]));
    }
    await agent.line((line) => line.includes('/last'));
    assert.doesNotMatch(agent.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
    assert.ok(
      agent.stdout.split('\n').every((line) => line.length < 1_000),
      'a line has no end',
    );
    await agent.kill();
    await edge.close();
  });

  for (const [mode, warns] of [
    [0o600, false],
    [0o400, false],
    [0o644, true],
    [0o640, true],
    [0o604, true],
    [0o620, true],
  ] as const) {
    test(`K7 a token file with mode ${mode.toString(8)} is ${warns ? 'warned of' : 'taken without a word'}`, async () => {
      const file = join(folder, `token-${mode.toString(8)}`);
      writeFileSync(file, `${TOKEN}\n`);
      chmodSync(file, mode);
      const { exit, stderr } = await runPostern(['http', '0', '--edge', EDGE, '--token-file', file]);
      assert.equal(exit.code, 2); // because of the target, which is none
      assert.equal(/warning: .*chmod 600/.test(stderr), warns, stderr);
      assert.ok(!stderr.includes(TOKEN));
    });
  }

  test('K7 the developer’s file holds no token, and the folder of a project configures nothing', async () => {
    const project = join(folder, 'project');
    mkdirSync(join(project, '.config', 'postern'), { recursive: true });
    for (const name of ['config.yaml', 'postern.yaml', '.config/postern/config.yaml']) {
      writeFileSync(
        join(project, name),
        `edge: ${EDGE}\ntoken: ${TOKEN}\ntunnels: { demo: { target: 5173, allow: '*' } }\n`,
      );
    }
    writeFileSync(join(project, '.env'), `POSTERN_EDGE=${EDGE}\nPOSTERN_TOKEN=${TOKEN}\n`);
    const ignored = await runPostern(['http', 'demo'], {}, { cwd: project });
    assert.equal(ignored.exit.code, 2);
    for (const missing of ['POSTERN_EDGE', 'POSTERN_TOKEN', '"demo"'])
      assert.ok(ignored.stderr.includes(missing), missing);
    const named = await runPostern(['http', 'demo', '--config', join(project, 'config.yaml')]);
    assert.match(named.stderr, /token in .* is not an option/);
    assert.ok(!named.stderr.includes(TOKEN));
  });

  const FAULTS: Readonly<Record<string, readonly [code: string, status: number, target: () => Promise<string>]>> = {
    'that nobody listens on': ['ERR_TARGET_REFUSED', 502, async () => `http://127.0.0.1:${await freePort()}`],
    'that hangs up': ['ERR_TARGET_REFUSED', 502, () => rawTarget((socket) => socket.destroy())],
    'that resets': ['ERR_TARGET_REFUSED', 502, () => rawTarget((socket) => socket.resetAndDestroy())],
    'that speaks no HTTP': ['ERR_TARGET_PROTOCOL', 502, () => rawTarget((socket) => socket.end('SSH-2.0-x\r\n\r\n'))],
    'that speaks no TLS': ['ERR_TARGET_PROTOCOL', 502, async () => world.target.url.replace('http:', 'https:')],
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
    for (const path of ['/die', '/die?chunked']) await assert.rejects(ana.fetch(world.url + path));
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
