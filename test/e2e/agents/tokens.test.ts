/** An agent's token: where it may come from, where it must never go, and how it is taken back. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { loadAgentConfig } from '../../../src/config/agent-config.js';
import type { ConfigError } from '../../../src/config/config-error.js';
import { verifyToken } from '../../../src/link/token.js';
import { HostileEdge, TOKEN } from '../../support/hostile-edge.js';
import { type Line, POSTERN, Program, runPostern } from '../../support/processes.js';
import { CERTIFICATE_PATH } from '../../support/tls-front.js';
import { startWorld, type World } from '../../support/world.js';

const EDGE = 'https://tunnel.acme.test';

describe('the token of an agent', () => {
  let world: World;
  let folder: string;
  const programs: Program[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-tokens-'));
    writeFileSync(join(folder, 'empty'), '');
    writeFileSync(join(folder, 'blank'), ' \n\t\n');
    writeFileSync(join(folder, 'large'), 'x'.repeat(100_000));
    writeFileSync(join(folder, 'binary'), Buffer.from([0, 1, 2, 255]));
    writeFileSync(join(folder, 'revoked'), '# one id on a line\n\n');
    world = await startWorld({ edgeEnv: { POSTERN_REVOKED_TOKENS: join(folder, 'revoked') } });
  });
  afterEach(() => Promise.all(programs.splice(0).map((program) => program.kill())));
  after(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Without a state folder a restart forgets whose a name is. */
  async function forgetOwners(): Promise<void> {
    await world.edge.kill();
    await world.startEdge();
  }

  function agent(edge: string, env: Readonly<Record<string, string>> = {}): Program {
    const args = ['http', '5173', '--edge', edge, '--name', 'demo', '--json'];
    const program = new Program({ name: 'agent', script: POSTERN, args, env: { POSTERN_TOKEN: TOKEN, ...env } });
    programs.push(program);
    return program;
  }

  const absent: Readonly<Record<string, (at: string) => Record<string, string>>> = {
    'no token': () => ({}),
    'an empty token': () => ({ POSTERN_TOKEN: '' }),
    'a blank token': () => ({ POSTERN_TOKEN: '  ' }),
    'a token of two lines': () => ({ POSTERN_TOKEN: 'postern_a\npostern_b' }),
    'a file that is not there': (at) => ({ POSTERN_TOKEN_FILE: join(at, 'nowhere') }),
    'a file that is a folder': (at) => ({ POSTERN_TOKEN_FILE: at }),
    'an empty file': (at) => ({ POSTERN_TOKEN_FILE: join(at, 'empty') }),
    'a blank file': (at) => ({ POSTERN_TOKEN_FILE: join(at, 'blank') }),
    'a file far too large': (at) => ({ POSTERN_TOKEN_FILE: join(at, 'large') }),
    'a file that is no text': (at) => ({ POSTERN_TOKEN_FILE: join(at, 'binary') }),
    'a token and a file': (at) => ({ POSTERN_TOKEN: TOKEN, POSTERN_TOKEN_FILE: join(at, 'empty') }),
  };
  for (const [what, env] of Object.entries(absent)) {
    test(`J2 an agent with ${what} does not start`, async () => {
      const { exit, stdout, stderr } = await runPostern(['http', '5173', '--edge', EDGE], env(folder));
      // What is missing is a sign-in; everything else is a mistake.
      assert.deepEqual([exit.code, stdout], [what === 'no token' ? 4 : 2, '']);
      assert.match(stderr, /POSTERN_TOKEN/);
    });
  }

  for (const [what, env] of Object.entries({
    'no secret': {},
    'an empty secret': { POSTERN_SECRET: '' },
    'a short secret': { POSTERN_SECRET: 'x'.repeat(31) },
    'a short secret behind a long one': { POSTERN_SECRET: `${'x'.repeat(32)},y` },
  })) {
    test(`J2 an edge with ${what} does not start`, async () => {
      const { exit, stderr } = await runPostern(['edge'], { ...world.edgeEnv(), POSTERN_SECRET: '', ...env });
      assert.equal(exit.code, 2);
      assert.match(stderr, /POSTERN_SECRET/);
    });
  }

  test('J8 a name under another owner is opened by that owner’s rules alone, whoever had a session there', async () => {
    const name = 'dev-passed-on';
    const bob = await world.token({ owner: 'bob@acme.com', tunnels: name });
    const first = await world.startAgent({ name });
    const url = `${world.urlOf(name)}/`;
    const [ana, dev] = [await world.signedIn('ana', url), await world.signedIn('dev', url)];
    const isUp = (line: Line) => line['event'] === 'tunnel-up' && line['tunnel'] === name;
    const up = [await world.edge.record(isUp)];
    await first.kill();
    await forgetOwners();
    await world.startAgent({ name, token: bob, allow: ['eve@elsewhere.test'] });
    for (const former of [ana, dev]) {
      // The session was of the former owner's tunnel, and counts no more; a new one is given silently, and judged.
      const fetched = await former.fetch(url);
      assert.deepEqual([fetched.status, fetched.headers['postern-error']], [401, 'ERR_LOGIN_REQUIRED']);
      const response = await former.open(url);
      assert.deepEqual([response.status, response.headers['postern-error']], [403, 'ERR_ACCESS_DENIED']);
    }
    up.push(await world.edge.record(isUp)); // of another process
    assert.deepEqual(
      up.map(({ owner }) => owner),
      ['dev@acme.com', 'bob@acme.com'],
    );
  });

  test('J9 the token stands in one header of the handshake and nowhere else', async () => {
    const edge = await HostileEdge.start();
    const running = edge.agentFor(world.target.url, ['--log-level', 'debug']);
    await edge.link();
    const [offer] = edge.offers;
    const holders = offer?.rawHeaders.filter((_, at, all) => at % 2 === 0 && all[at + 1]?.includes(TOKEN));
    assert.deepEqual([offer?.url, holders], ['/.postern/link', ['Authorization']]);
    const commandLine = readFileSync(`/proc/${running.pid}/cmdline`, 'utf8');
    assert.ok(commandLine.includes(edge.url) && !commandLine.includes(TOKEN));
    await edge.close();
    assert.ok(!(running.stdout + running.stderr).includes(TOKEN));
  });

  test('J9 a token is no argument of any command, and a mistaken one is not repeated', async () => {
    for (const args of [
      ['http', '5173', '--edge', EDGE, '--token', TOKEN],
      ['http', '5173', '--edge', EDGE, `--token=${TOKEN}`],
      ['http', '5173', '--edge', EDGE, '--token-file', join(folder, 'blank')],
    ]) {
      const { exit, stdout, stderr } = await runPostern(args, {});
      assert.equal(exit.code, 2);
      assert.ok(!(stdout + stderr).includes(TOKEN), stderr);
    }
    const { stderr } = await runPostern(['http', '5173', '--edge', EDGE], { POSTERN_TOKEN: `${TOKEN} `.repeat(2) });
    assert.ok(!stderr.includes(TOKEN), stderr);
  });

  test('J10 a token that is revoked loses its link and gets no other, and no other token does', async () => {
    const name = 'dev-revoked';
    const token = await world.token({ tunnels: name });
    const { id } = await verifyToken([world.secret], token);
    const revoked = await world.startAgent({ name, token });
    const mark = world.edge.mark();
    const env = { POSTERN_SECRET: world.secret, POSTERN_REVOKED_TOKENS: join(folder, 'revoked') };
    const { exit, stdout } = await runPostern(['token', 'revoke', id], env);
    assert.deepEqual([exit.code, stdout], [0, id]);
    const down = await world.edge.record(({ event, tunnel }) => event === 'tunnel-down' && tunnel === name, mark);
    assert.match(String(down['reason']), /revoked/);
    assert.deepEqual(await revoked.exited, { code: 4, signal: null });
    assert.equal(revoked.records().at(-1)?.['code'], 'ERR_TOKEN_INVALID');
    const downs = world.audit(mark).filter(({ event }) => event === 'tunnel-down');
    assert.equal(downs.length, 1, 'another agent lost its link');
  });

  test('J10 what was revoked stays so when the file cannot be read any more', async () => {
    const token = await world.token({ tunnels: 'dev-again' });
    const { id } = await verifyToken([world.secret], token);
    const mark = world.edge.mark();
    writeFileSync(join(folder, 'revoked'), `${id}\r\n`);
    await world.edge.record(({ msg, count }) => msg === 'revoked tokens read' && count === 1, mark);
    const next = world.edge.mark();
    rmSync(join(folder, 'revoked'));
    await world.edge.record(({ level, msg }) => level === 'error' && /stay revoked/.test(String(msg)), next);
    const again = await world.offer({ name: 'dev-again', token });
    assert.deepEqual(await again.exited, { code: 4, signal: null });
    assert.equal(again.records().at(-1)?.['code'], 'ERR_TOKEN_INVALID');
    assert.deepEqual(
      world.audit(next).filter(({ event }) => event === 'tunnel-up'),
      [],
    );
  });

  test('J10 what is no id revokes nothing', async () => {
    const env = { POSTERN_SECRET: world.secret, POSTERN_REVOKED_TOKENS: join(folder, 'untouched') };
    for (const id of ['', 'a b', '../x', 'x'.repeat(65), 'a\nb', await world.token()]) {
      assert.equal((await runPostern(['token', 'revoke', id], env)).exit.code, 2, id);
    }
    assert.throws(() => readFileSync(join(folder, 'untouched')), { code: 'ENOENT' });
    assert.equal((await runPostern(['token', 'revoke', 'abc'], { POSTERN_SECRET: world.secret })).exit.code, 2);
  });

  for (const edge of [
    'http://tunnel.acme.test',
    'http://10.0.0.1:8080',
    'http://127.0.0.1.acme.test',
    'http://localhost.acme.test',
    'http://[::ffff:10.0.0.1]',
    'ws://tunnel.acme.test',
    'ws://localhost:8080',
    'wss://tunnel.acme.test',
    'https://dev:secret@tunnel.acme.test',
    'https://tunnel.acme.test/path',
  ]) {
    test(`J11 an agent does not take ${edge} for an edge`, () => {
      const sources = { env: { POSTERN_TOKEN: TOKEN }, flags: { target: '5173', edge } };
      assert.throws(
        () => loadAgentConfig(sources),
        ({ problems }: ConfigError) => problems.length === 1 && problems[0]?.startsWith('--edge') === true,
      );
    });
  }

  for (const [what, env] of [
    ['that nobody vouches for', {}],
    ['that nobody vouches for, whatever the environment permits', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    ['of another name', { NODE_EXTRA_CA_CERTS: CERTIFICATE_PATH }],
  ] as const) {
    test(`J11 an agent gives its token to no edge with a certificate ${what}`, async () => {
      const key = readFileSync(join(dirname(CERTIFICATE_PATH), 'key.pem'));
      const server = createTlsServer({ cert: readFileSync(CERTIFICATE_PATH), key });
      let heard = 0;
      server.on('request', (_request, response) => {
        heard++;
        response.end('{}');
      });
      server.on('upgrade', (_request, socket) => {
        heard++;
        socket.destroy();
      });
      server.listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const running = agent(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, env);
      const offline = await running.record(({ event }) => event === 'offline');
      assert.equal(offline['code'], 'ERR_LINK_LOST');
      assert.match(String(offline['message']), /certificate/i);
      const edge = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const asked = await runPostern(['knocks'], { POSTERN_EDGE: edge, POSTERN_TOKEN: await world.token(), ...env });
      assert.equal(asked.exit.code, 1);
      assert.match(asked.stderr, /cannot be reached/);
      assert.equal(heard, 0);
      server.close();
    });
  }

  test('J11 an edge that would believe anybody’s certificate does not start', async () => {
    const env = { ...world.edgeEnv(), NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    for (const args of [['edge'], ['config', 'check', '--offline']]) {
      const { exit, stderr } = await runPostern(args, env);
      assert.equal(exit.code, 2);
      assert.match(stderr, /NODE_TLS_REJECT_UNAUTHORIZED/);
    }
  });
});
