/** `postern login`: the real command, with a person at a browser elsewhere. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { isOnline, Machine } from '../../support/machine.js';
import { decide } from '../../support/oauth-client.js';
import { compiled } from '../../support/processes.js';
import { CERTIFICATE_PATH } from '../../support/tls-front.js';

describe('postern login', () => {
  const { world } = inWorld({ shared: true, manyAddresses: true, edgeEnv: { POSTERN_AGENTS: '@acme.com' } });

  test('signs in with the browser; then an agent needs neither a token nor the name of the edge', async () => {
    const machine = new Machine(world);
    const login = await machine.login();
    for (const text of [world.base, 'ana@acme.com', machine.path, ' UTC']) assert.ok(login.stdout.includes(text), text);
    const agent = machine.agent('of-ana');
    assert.equal((await agent.record(isOnline))['url'], world.urlOf('of-ana'));
    const up = await world.edge.record((line) => line['event'] === 'tunnel-up' && line['tunnel'] === 'of-ana');
    assert.equal(up['owner'], 'ana@acme.com');
    const short = machine.start([new URL(world.target.url).port, '--name', 'short', '--json']);
    await short.record(isOnline);
  });

  test('signs in with a code where there is no browser: by the flag, over SSH, and without a display', async () => {
    const cases = [
      [['--no-browser'], { DISPLAY: ':0' }],
      [[], { DISPLAY: ':0', SSH_TTY: '/dev/pts/0' }],
      [[], {}],
    ] as const;
    const logins = cases.map(async ([flags, env]) => {
      const machine = new Machine(world);
      const program = machine.start(['login', world.base, ...flags], env);
      const address = (await program.line((line) => line.includes('/device?user_code='))).trim();
      const visitor = world.visitor();
      const page = await visitor.press(await visitor.signIn(address, 'bob'));
      assert.match((await decide(visitor, page, 'allow')).text, /The agent is signed in/);
      assert.equal((await program.exited).code, 0, program.report());
      assert.equal(machine.credential.owner, 'bob@acme.com');
    });
    await Promise.all(logins);
  });

  test('says that the person said no, in both flows', async () => {
    const machine = new Machine(world);
    const { program, url } = await machine.startLogin();
    const visitor = world.visitor();
    const page = await visitor.press(await visitor.signIn(url, 'ana'), ['decision', 'deny']);
    assert.match(page.text, /The terminal says why/);
    const device = machine.start(['login', world.base, '--no-browser']);
    const address = (await device.line((line) => line.includes('/device?user_code='))).trim();
    await decide(visitor, await visitor.press(await visitor.open(address)), 'deny');
    for (const login of [program, device]) {
      assert.equal((await login.exited).code, 4);
      assert.match(login.stderr, /not signed in: The person at the browser said no/);
    }
    assert.throws(() => statSync(machine.path), { code: 'ENOENT' });
  });

  test('Z5 takes no response but that to its own request, and from nobody but a browser on this machine', async () => {
    const machine = new Machine(world);
    const { program, url } = await machine.startLogin();
    const callback = new URL(new URL(url).searchParams.get('redirect_uri') ?? '');
    const state = new URL(url).searchParams.get('state') ?? '';
    const visitor = world.visitor();
    const rows = [
      [`${callback}?code=x&state=another`, {}],
      [`${callback}?code=x`, {}],
      [`${callback}?code=x&state=${state}&state=${state}`, {}],
      [`${callback}?code=x&state=${state}`, { host: `evil.example:${callback.port}` }],
      [`${callback.origin}/?code=x&state=${state}`, {}],
    ] as const;
    for (const [address, headers] of rows)
      assert.equal((await visitor.navigate(address, { headers })).status, 400, address);
    const page = await visitor.press(await visitor.signIn(url, 'ana'), ['decision', 'allow']);
    assert.match(page.text, /You can close this tab/);
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
    assert.equal((await program.exited).code, 0);
    await assert.rejects(visitor.navigate(String(callback)), { code: 'ECONNREFUSED' });
  });

  test('Z17 leaves one file that only its owner reads, and prints no secret; a file that others read is refused', async () => {
    const machine = new Machine(world);
    const login = await machine.login();
    assert.equal(statSync(machine.path).mode & 0o777, 0o600);
    const { accessToken, refreshToken } = machine.credential;
    const agent = machine.agent('quiet');
    await agent.record(isOnline);
    for (const program of [login, agent])
      for (const secret of [accessToken, refreshToken]) assert.ok(!program.report().includes(secret));
    const command =
      readFileSync(`/proc/${agent.pid}/cmdline`, 'utf8') + readFileSync(`/proc/${agent.pid}/environ`, 'utf8');
    assert.ok(!command.includes('postern_'));
    chmodSync(machine.path, 0o640);
    for (const args of [['http', '5173'], ['login', world.base], ['logout']]) {
      const { exit, stderr } = await machine.run(args);
      assert.equal(exit.code, 2, stderr);
      assert.match(stderr, /credentials\.json" holds credentials and can be read by others: chmod 600 it\./);
    }
  });

  test('is what an agent without a token is told to do, in one sentence', async () => {
    const machine = new Machine(world);
    const { exit, stderr } = await machine.run(['http', '5173', '--edge', world.base]);
    assert.equal(exit.code, 4);
    const sentence = `postern: there is no sign-in for this edge: run "postern login ${world.base}", or set POSTERN_TOKEN (or POSTERN_TOKEN_FILE).`;
    assert.equal(stderr.trim(), sentence);
    assert.match((await machine.run(['http', '5173'])).stderr, /POSTERN_EDGE \(or --edge\) is not set/);
  });

  test('says in one sentence what is no edge, and what is no address', async () => {
    const machine = new Machine(world);
    for (const [address, code, sentence] of [
      ['tunnel.acme.com', 2, /<edge>: "tunnel\.acme\.com" is not the URL of an edge/],
      ['http://tunnel.acme.com', 2, /http is for an edge on localhost only/],
      ['http://localhost:9', 1, /cannot be reached/],
      [world.target.url, 4, /is no edge that agents can sign in at|not the answer of a Postern edge/],
    ] as const) {
      const { exit, stderr } = await machine.run(['login', address]);
      assert.equal(exit.code, code, stderr);
      assert.match(stderr, sentence);
      assert.equal(stderr.trim().split('\n').length, 1);
    }
  });
});

describe('postern login at an edge on https', () => {
  const { world } = inWorld({ domain: 'tunnel.test', edgeEnv: { POSTERN_AGENTS: '@acme.com' } });

  test('works with its certificate, and is refused where it is not trusted', async () => {
    const secure = { NODE_OPTIONS: `--import ${compiled('./loopback-dns.js')}`, DISPLAY: ':0', BROWSER: 'none' };
    const machine = new Machine(world);
    const trusted = { ...secure, NODE_EXTRA_CA_CERTS: CERTIFICATE_PATH };
    const login = machine.start(['login', world.base], trusted);
    const url = (await login.line((line) => line.includes('/oauth2/authorize?'))).trim();
    const visitor = world.visitor();
    const page = await visitor.press(await visitor.signIn(url, 'ana'), ['decision', 'allow']);
    assert.match(page.text, /You can close this tab/);
    assert.equal((await login.exited).code, 0, login.report());
    const agent = machine.start(['http', world.target.url, '--name', 'secure', '--json'], trusted);
    await agent.record(isOnline);
    const { exit, stderr } = await machine.run(['login', world.base], secure);
    assert.equal(exit.code, 1);
    assert.match(stderr, /cannot be reached: .*certificate/);
  });
});

describe('postern login at an edge without POSTERN_AGENTS', () => {
  const { world } = inWorld();

  test('says in one sentence that no agent can sign in', async () => {
    const { exit, stderr } = await new Machine(world).run(['login', world.base]);
    assert.equal(exit.code, 4);
    assert.match(
      stderr,
      /^postern: No agent can sign in here: the operator of this edge has not set POSTERN_AGENTS\.\n$/,
    );
  });
});
