/**
 * What the tunnel opens of a developer's machine, which is one address and nothing else, and what it tells when that
 * does not answer. There is no inspector, so the rows about one have no test.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadAgentConfig } from '../../../src/config/agent-config.js';
import type { ConfigError } from '../../../src/config/config-error.js';
import { ask, HostileEdge, requestFields, TOKEN } from '../../support/hostile-edge.js';
import { inWorld } from '../../support/in-world.js';
import { POSTERN, Program, runPostern } from '../../support/processes.js';
import { END_STREAM, FRAME, number32 } from '../../support/raw-peer.js';

const EDGE = 'http://localhost:1';
const ENV = { POSTERN_TOKEN: TOKEN };

describe('the developer’s machine', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
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
  });
  after(async () => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
    servers.push(server);
    server.listen(0, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
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
          const response = await ana.fetch(`${world.url}/answer?${query}`, { method });
          assert.equal(response.status, status);
          // Only what names the target's own port is made public (the sibling port is not it).
          assert.equal(response.headers.location, location);
        }
      }
      assert.equal(reached, 0, 'the agent followed');
    });
  }

  for (const target of [
    ...['http+unix://%2Fvar%2Frun%2Fdocker.sock/', 'file:///etc/passwd', 'ftp://localhost:21'],
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
    test(`K2 ${JSON.stringify(target)} is no target`, () => {
      assert.throws(
        () => loadAgentConfig({ env: ENV, flags: { target, edge: EDGE } }),
        ({ problems }: ConfigError) =>
          problems.length === 1 && problems[0]?.includes(JSON.stringify(target).slice(1, 4)) === true,
      );
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
        const isSocket = ':protocol' in protocol;
        link.headers(
          stream,
          isSocket ? 0 : END_STREAM,
          requestFields(path, { ':authority': host, ...protocol }, headers),
        );
        // Refused or answered by the target: both are right.
        await Promise.race([link.frame(FRAME.headers, stream), link.frame(FRAME.reset, stream)]);
        if (isSocket) link.send(FRAME.reset, 0, stream, number32(8));
        stream += 2;
      }
    }
    link.headers(stream, END_STREAM, requestFields('/canary'));
    await link.frame(FRAME.headers, stream);
    assert.equal(reached, 0, 'another port of the machine was reached');
    await edge.close();
  });

  test('K2 localhost is this machine, whatever a resolver says', async () => {
    const script = join(folder, 'no-resolver.mjs');
    writeFileSync(script, "import dns from 'node:dns'; dns.lookup = () => { throw new Error('asked a resolver'); };\n");
    const edge = await HostileEdge.start();
    const args = ['http', world.target.url.replace('127.0.0.1', 'localhost'), '--edge', edge.url, '--json'];
    const agent = new Program({ name: 'agent', script: POSTERN, args, env: ENV, nodeArgs: ['--import', script] });
    const response = await ask(await edge.link(), 1, requestFields('/canary'));
    assert.equal(response.status, 200);
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
});
