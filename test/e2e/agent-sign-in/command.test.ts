/** `postern login`, what works after it, and `postern logout`: the real command, with a person at a browser elsewhere. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as oauth from 'openid-client';
import { inWorld } from '../../support/in-world.js';
import { decide, discover } from '../../support/oauth-client.js';
import { type Line, POSTERN, Program, run, runPostern } from '../../support/processes.js';
import type { World } from '../../support/world.js';

const folder = mkdtempSync(join(tmpdir(), 'postern-login-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Credential {
  owner: string;
  accessToken: string;
  refreshToken: string;
  issuedAtMs: number;
  expiresAtMs: number;
}

/** A machine of its own: its credentials, and the commands that run on it. */
class Machine {
  readonly #world: World;
  readonly #home: string;
  readonly #programs: Program[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#home = mkdtempSync(join(folder, 'home-'));
    after(() => Promise.all(this.#programs.map((program) => program.kill())));
  }

  get path(): string {
    return join(this.#home, 'postern', 'credentials.json');
  }

  /** The credential of the world's edge, as the file has it. */
  get credential(): Credential {
    const { edges } = JSON.parse(readFileSync(this.path, 'utf8')) as { edges: Record<string, Credential> };
    return edges[this.#world.base] ?? assert.fail('no credential');
  }

  /** As if the access token had lived for so long that it must be renewed. */
  makeDue(): void {
    const contents = JSON.parse(readFileSync(this.path, 'utf8')) as { edges: Record<string, Credential> };
    for (const credential of Object.values(contents.edges)) credential.expiresAtMs = Date.now() - 1;
    writeFileSync(this.path, JSON.stringify(contents));
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const options = { name: `postern ${args[0]}`, script: POSTERN, args, env: { XDG_CONFIG_HOME: this.#home, ...env } };
    const program = new Program(options);
    this.#programs.push(program);
    return program;
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return runPostern(args, { XDG_CONFIG_HOME: this.#home, ...env });
  }

  /** `postern login` in a browser that the test plays; the address that it prints. */
  async startLogin(): Promise<{ program: Program; url: string }> {
    const program = this.start(['login', this.#world.base], { DISPLAY: ':0', BROWSER: 'none' });
    const url = (await program.line((line) => line.includes('/oauth2/authorize?'))).trim();
    return { program, url };
  }

  async login(account = 'ana'): Promise<Program> {
    const { program, url } = await this.startLogin();
    const visitor = this.#world.visitor();
    const page = await visitor.press(await visitor.signIn(url, account), ['decision', 'allow']);
    assert.match(page.text, /You can close this tab/);
    assert.equal((await program.exited).code, 0, program.report());
    return program;
  }

  /** `postern http` of this machine, with nothing but what the sign-in has left. */
  agent(name: string): Program {
    return this.start(['http', this.#world.target.url, '--name', name, '--json']);
  }
}

const isOnline = (line: Line) => line['event'] === 'online';

describe('postern login', () => {
  const { world } = inWorld({ manyAddresses: true, edgeEnv: { POSTERN_AGENTS: '@acme.com' } });

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

  test('Z18 two agents that renew at once present one refresh token once, also behind a lock that a dead process left', async () => {
    const machine = new Machine(world);
    await machine.login();
    const former = machine.credential;
    machine.makeDue();
    const dead = await run({ name: 'true', command: '/bin/sh', script: '-c', args: ['echo $$'] });
    writeFileSync(`${machine.path}.lock`, dead.stdout.trim());
    const before = world.edge.mark();
    const agents = ['race-one', 'race-two', 'race-three'].map((name) => machine.agent(name));
    await Promise.all(agents.map((agent) => agent.record(isOnline)));
    assert.notEqual(machine.credential.refreshToken, former.refreshToken);
    const renewals = world.edge.records(before).filter((line) => line['path'] === '/oauth2/token');
    assert.equal(renewals.length, 1);
    assert.deepEqual(
      world.audit(before).filter((line) => line['event'] === 'agent-token-reuse'),
      [],
    );
  });

  test('says to sign in again when the edge refuses to renew, and an agent whose sign-in ends says so too', async () => {
    const machine = new Machine(world);
    await machine.login();
    const agent = machine.agent('until-then');
    await agent.record(isOnline);
    await oauth.tokenRevocation(await discover(world), machine.credential.refreshToken);
    const again = new RegExp(`Sign in again: postern login ${world.base}`);
    assert.equal((await agent.exited).code, 4);
    assert.match(agent.stderr, again);
    machine.makeDue();
    for (const args of [
      ['http', world.target.url],
      ['revoke', 'eve@elsewhere.test'],
    ]) {
      const { exit, stderr } = await machine.run(args);
      assert.equal(exit.code, 4);
      assert.match(stderr, again);
    }
    await machine.login('bob');
    await machine.agent('and-on').record(isOnline);
  });

  test('lets the commands for access use the sign-in', async () => {
    const machine = new Machine(world);
    await machine.login();
    await machine.agent('shared').record(isOnline);
    const { exit, stdout, stderr } = await machine.run(['allow', 'eve@elsewhere.test', '--name', 'shared']);
    assert.equal(exit.code, 0, stderr);
    assert.match(stdout, /eve@elsewhere\.test may open/);
  });

  test('gives way to POSTERN_TOKEN', async () => {
    const machine = new Machine(world);
    await machine.login();
    const args = ['http', world.target.url, '--name', 'demo-too', '--json'];
    const refused = await machine.run(args, { POSTERN_TOKEN: await world.token({ tunnels: 'only-this' }) });
    assert.equal(refused.exit.code, 4);
    assert.match(refused.stderr, /ERR_NAME_FORBIDDEN/);
  });

  test('is ended by postern logout, at the edge and on this machine', async () => {
    const machine = new Machine(world);
    await machine.login();
    const { refreshToken } = machine.credential;
    const agent = machine.agent('logged-out');
    await agent.record(isOnline);
    const { exit, stdout } = await machine.run(['logout']);
    assert.equal(exit.code, 0);
    assert.match(stdout, /ana@acme\.com is no longer signed in/);
    assert.equal((await agent.exited).code, 4);
    await assert.rejects(oauth.refreshTokenGrant(await discover(world), refreshToken), { error: 'invalid_grant' });
    assert.ok(!readFileSync(machine.path, 'utf8').includes(refreshToken));
    assert.match((await machine.run(['logout'])).stderr, /this machine is signed in nowhere/);
    assert.match((await machine.run(['logout', world.base])).stderr, /this machine is not signed in at/);
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

describe('an agent that has signed in', () => {
  const { world } = inWorld({ edgeEnv: { POSTERN_AGENTS: '@acme.com', POSTERN_AGENT_TTL: '8s' } });

  test('renews its token while it runs, and serves on past the end of the first one', async () => {
    const machine = new Machine(world);
    await machine.login();
    const first = machine.credential;
    const agent = machine.agent('long-lived');
    await agent.record(isOnline);
    const visitor = await world.signedIn('ana', `${world.urlOf('long-lived')}/`);
    let renewed = 0;
    let since = 0;
    while (renewed < 3) {
      await agent.record(isOnline, since);
      since = agent.mark();
      renewed += 1;
      assert.equal((await visitor.navigate(`${world.urlOf('long-lived')}/${renewed}`)).status, 200);
    }
    assert.ok(Date.now() > first.expiresAtMs, 'the first token has expired');
    assert.equal(agent.ended, undefined);
    assert.deepEqual(
      agent.records().filter((line) => line['event'] === 'offline'),
      [],
    );
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
