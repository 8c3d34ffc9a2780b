/** The compiled `postern` command as a person starts it: exit codes, and what goes to which stream. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { readVersion } from '../../../src/cli/process/version.js';
import { LINK_PATH } from '../../../src/link/handshake.js';
import { verifyToken } from '../../../src/link/token.js';
import { HostileProvider } from '../../support/hostile-provider.js';
import { loadedModules } from '../../support/loaded-modules.js';
import { POSTERN, SHIPPED_POSTERN } from '../../support/processes.js';
import { PROJECT_ROOT } from '../../support/project-root.js';

const SECRET = 'secret k of thirty-two bytes or more';
const EDGE_ENV = {
  POSTERN_SECRET: SECRET,
  POSTERN_OIDC_ISSUER: 'http://127.0.0.1:9', // an edge asks it at start, and nothing listens there
  POSTERN_OIDC_CLIENT_ID: 'id',
  POSTERN_OIDC_CLIENT_SECRET: 'hush',
};
const AGENT_ENV = { POSTERN_EDGE: 'http://127.0.0.1:9', POSTERN_TOKEN: 'postern_x' };

/** The dependencies of this package that a command line loads. */
async function packagesOf(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string[]> {
  const loaded = await loadedModules(args, env);
  const { dependencies } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as Record<
    string,
    object
  >;
  const isLoaded = (name: string) => loaded.some((module) => module.includes(`/node_modules/${name}/`));
  return Object.keys(dependencies ?? {}).filter(isLoaded);
}

const root = mkdtempSync(join(tmpdir(), 'postern-cli-'));
after(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new folder with files, as working directory and home. */
function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(root, 'case-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text, { mode: 0o600 });
  }
  return path;
}

function environment(cwd: string, env: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return { PATH: process.env['PATH'], HOME: cwd, ...env };
}

function postern(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = folder()): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, env: environment(cwd, env) };
    const child = execFile(process.execPath, [POSTERN, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** Resolves once a file of this name is in the folder. */
async function watchFor(path: string, name: string): Promise<void> {
  const watcher = watch(path);
  while (!existsSync(join(path, name))) await once(watcher, 'change');
  watcher.close();
}

/** Asserts that the command is rejected before anything starts: exit 2, nothing on stdout, one line for each name. */
function assertUsage({ code, stdout, stderr }: Ended, names: readonly string[]): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.doesNotMatch(stderr, /^ +at /m, 'no stack');
  for (const name of names)
    assert.ok(
      stderr.split('\n').some((line) => line.includes(name)),
      `${name}:\n${stderr}`,
    );
}

describe('postern', () => {
  it('loads what its command needs, and no more', async () => {
    assert.deepEqual(await packagesOf(['--version']), []);
    assert.deepEqual(await packagesOf(['token', 'create', '--help']), ['commander', 'jose']);
    assert.deepEqual(await packagesOf(['http', '5173'], AGENT_ENV), ['commander', 'ws']);
  });

  it('loads nothing of an edge to run an agent, and CommonJS only by require', async () => {
    const loaded = (await loadedModules(['http', '5173'], AGENT_ENV)).join('\n');
    assert.match(loaded, /\/src\/link\/dial\.js/);
    assert.doesNotMatch(loaded, /\/src\/(?:edge|auth|store)\//);
    // The ES module of a CommonJS package makes Node read each of its files for exports first.
    assert.doesNotMatch(loaded, /\/(?:ws\/wrapper|commander\/esm)\.mjs/);
  });

  it('prints its version', async () => {
    assert.deepEqual(await postern(['--version']), { code: 0, stdout: `${readVersion()}\n`, stderr: '' });
  });

  for (const args of [
    ['--help'],
    ['http', '--help'],
    ['edge', '-h'],
    ['token', 'create', '--help'],
    ['help', 'edge'],
  ]) {
    it(`prints help on stdout for ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await postern(args);
      assert.equal(code, 0);
      assert.match(stdout, /^Usage: postern/);
      assert.equal(stderr, '');
    });
  }

  for (const [args, name] of [
    [[], 'Usage: postern'],
    [['egde'], "'egde'"],
    [['--nope'], '--nope'],
    [['http'], "'target'"],
    [['http', '5173', '8080'], 'argument'],
    [['http', '5173', '--nope'], '--nope'],
    [['http', '5173', '--edge'], '--edge'],
    [['edge', '--nope'], '--nope'],
    [['edge', 'x'], 'argument'],
    [['token'], 'Usage: postern token'],
    [['token', 'make'], "'make'"],
    [['config', 'chek'], "'chek'"],
  ] as const) {
    it(`refuses ${args.join(' ') || 'no command'}`, async () => assertUsage(await postern(args), [name]));
  }

  for (const [args, name] of [
    [['edge', '--secret', SECRET], '--secret'],
    [['edge', `--secret=${SECRET}`], '--secret'],
    [['token', 'create', '--secret', SECRET], '--secret'],
    [['edge', '--oidc-client-secret', SECRET], '--oidc-client-secret'],
    [['http', '5173', '--token', SECRET], '--token'],
  ] as const) {
    it(`takes no secret from ${name} of ${args[0]}, and does not repeat it`, async () => {
      const ended = await postern(args);
      assertUsage(ended, [name]);
      assert.ok(!ended.stderr.includes(SECRET));
    });
  }
});

describe('postern config check', () => {
  let op: HostileProvider;
  before(async () => {
    op = await HostileProvider.start({ id: 'id', secret: 'hush', redirectUri: 'http://localhost/oauth2/callback' });
  });
  after(() => op.close());

  it('prints ok', async () => {
    const env = { ...EDGE_ENV, POSTERN_LISTEN: '127.0.0.1:0', POSTERN_OIDC_ISSUER: op.issuer };
    assert.deepEqual(await postern(['config', 'check'], env), { code: 0, stdout: 'ok\n', stderr: '' });
  });

  it('warns of a provider with which no visitor could sign in, and continues', async () => {
    op.misbehaviour = { authentication: 'none' };
    const { code, stdout, stderr } = await postern(['config', 'check'], {
      ...EDGE_ENV,
      POSTERN_LISTEN: '127.0.0.1:0',
      POSTERN_OIDC_ISSUER: op.issuer,
    });
    op.misbehaviour = {};
    assert.deepEqual([code, stdout], [0, 'ok\n']);
    assert.match(stderr, /^postern: warning: .*does not accept the client id with the client secret.*\n$/);
  });

  it('warns of a port that is taken', async (t) => {
    const taker = createServer().listen(0, '127.0.0.1');
    t.after(() => taker.close());
    await once(taker, 'listening');
    const address = `127.0.0.1:${(taker.address() as AddressInfo).port}`;
    const env = { ...EDGE_ENV, POSTERN_LISTEN: `127.0.0.1:0,${address}`, POSTERN_OIDC_ISSUER: op.issuer };
    const { code, stdout, stderr } = await postern(['config', 'check'], env);
    assert.deepEqual([code, stdout], [0, 'ok\n']);
    assert.ok(
      stderr.startsWith(`postern: warning: POSTERN_LISTEN: cannot listen on ${address}: another program`),
      stderr,
    );
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  });

  it('reads .env of its folder, a YAML file and flags', async () => {
    const cwd = folder({
      '.env': 'POSTERN_OIDC_CLIENT_ID=id\nPOSTERN_OIDC_CLIENT_SECRET_FILE=secrets/oidc\n',
      'secrets/oidc': 'hush\n',
      'secrets/edge': `${SECRET}\n`,
      'conf/edge.yaml': `url: http://localhost\nsecret_file: ../secrets/edge\noidc_issuer: ${op.issuer}\n`,
    });
    const args = ['config', 'check', '--config', 'conf/edge.yaml', '--listen', '127.0.0.1:0', '--public'];
    assert.deepEqual(await postern(args, {}, cwd), { code: 0, stdout: 'ok\n', stderr: '' });
  });

  it('names every problem of every source at once', async () => {
    const cwd = folder({ '.env': 'POSTERN_URL=nope\nPOSTERN_NOPE=1\n', 'edge.yaml': 'session_ttl: soon\nnope: 1\n' });
    const args = [
      'config',
      'check',
      '--config',
      'edge.yaml',
      '--listen',
      'nowhere',
      '--allow',
      'acme.com',
      '--allow',
      '*',
    ];
    const ended = await postern(args, { POSTERN_SECRET: 'short', POSTERN_SECRET_FILE: 'absent' }, cwd);
    assertUsage(ended, [
      'POSTERN_URL in .env',
      'POSTERN_NOPE in .env',
      'session_ttl in edge.yaml',
      'nope in edge.yaml',
      '--listen',
      '--allow: "acme.com"',
      'POSTERN_SECRET_FILE',
      'POSTERN_OIDC_CLIENT_ID',
      'POSTERN_OIDC_CLIENT_SECRET',
    ]);
  });

  for (const [what, path] of [
    ['is not there', 'absent.yaml'],
    ['is a folder', '.'],
  ] as const) {
    it(`refuses a --config that ${what}`, async () => {
      assertUsage(await postern(['config', 'check', '--offline', '--config', path], EDGE_ENV), [path]);
    });
  }
});

describe('postern edge', () => {
  it('starts nothing with a wrong configuration', async () => {
    assertUsage(await postern(['edge'], { ...EDGE_ENV, POSTERN_SESSION_IDLE: '2' }), ['POSTERN_SESSION_IDLE']);
  });

  it('starts nothing when the audit file cannot be written', async () => {
    assertUsage(await postern(['edge', '--audit-log', 'absent/audit.log'], EDGE_ENV), ['POSTERN_AUDIT_LOG']);
  });

  for (const [option, other] of [
    ['POSTERN_LISTEN', 'POSTERN_ADMIN_LISTEN'],
    ['POSTERN_ADMIN_LISTEN', 'POSTERN_LISTEN'],
  ] as const) {
    it(`reports in one line that the port of ${option} is taken`, async (t) => {
      const taker = createServer().listen(0, '127.0.0.1');
      t.after(() => taker.close());
      await once(taker, 'listening');
      const address = `127.0.0.1:${(taker.address() as AddressInfo).port}`;
      const { code, stderr } = await postern(['edge'], { ...EDGE_ENV, [option]: address, [other]: '127.0.0.1:0' });
      assert.equal(code, 1);
      assert.ok(stderr.startsWith(`postern: ${option}: `) && stderr.includes(address), stderr);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    });
  }

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    it(`logs JSON lines only, and ends with ${code} on ${signal}`, async () => {
      const cwd = folder();
      const env = { ...EDGE_ENV, POSTERN_LISTEN: '127.0.0.1:0', POSTERN_ADMIN_LISTEN: '127.0.0.1:0' };
      const child = spawn(process.execPath, [POSTERN, 'edge'], { cwd, env: environment(cwd, env) });
      const exited = once(child, 'exit');
      const records: Record<string, unknown>[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        const record = JSON.parse(line) as Record<string, unknown>;
        if (typeof record['port'] === 'number') child.kill(signal);
        records.push(record);
      }
      assert.deepEqual(await exited, [code, null]);
      const isOld = Number.parseInt(process.versions.node, 10) < 22;
      assert.equal(records.filter(({ node }) => node !== undefined).length, isOld ? 1 : 0);
    });
  }

  it('writes audit records to a separate file, and reopens it on SIGHUP', async () => {
    const cwd = folder();
    const audit = join(cwd, 'audit.log');
    const env = {
      ...EDGE_ENV,
      POSTERN_LISTEN: '127.0.0.1:0',
      POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
      POSTERN_AUDIT_LOG: audit,
    };
    const child = spawn(process.execPath, [POSTERN, 'edge'], { cwd, env: environment(cwd, env) });
    const exited = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) {
      const { port, signal } = JSON.parse(line) as Record<string, unknown>;
      if (typeof port !== 'number') continue;
      assert.equal(signal, undefined);
      assert.equal(statSync(audit).mode & 0o777, 0o600);
      renameSync(audit, `${audit}.1`);
      const reopened = watchFor(cwd, 'audit.log');
      child.kill('SIGHUP');
      await reopened;
      child.kill('SIGTERM');
    }
    assert.deepEqual(await exited, [0, null]);
  });
});

describe('postern token create', () => {
  const REQUEST = ['token', 'create', '--owner', 'Dev@acme.com', '--tunnels', 'demo,dev-*'];

  it('prints one token on stdout and nothing else', async () => {
    const cwd = folder({ '.env': `POSTERN_SECRET=${SECRET}\n` });
    const { code, stdout, stderr } = await postern([...REQUEST, '--ttl', '1h'], {}, cwd);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^[\x21-\x7e]+\n$/);
    const grant = await verifyToken([SECRET], stdout.trim());
    assert.equal(grant.owner, 'dev@acme.com');
    assert.deepEqual(grant.tunnels, ['demo', 'dev-*']);
  });

  it('accepts --tunnels several times, and makes tokens with the newest secret', async () => {
    const env = { POSTERN_SECRET: `${'secret n of thirty-two bytes or more'},${SECRET}` };
    const { stdout } = await postern([...REQUEST, '--tunnels', 'api'], env);
    const { tunnels } = await verifyToken(['secret n of thirty-two bytes or more'], stdout.trim());
    assert.deepEqual(tunnels, ['demo', 'dev-*', 'api']);
  });

  it('names every problem at once', async () => {
    const args = ['token', 'create', '--owner', 'dev', '--tunnels', 'De mo', '--ttl', 'long'];
    assertUsage(await postern(args), ['--owner', '--tunnels', '--ttl', 'POSTERN_SECRET']);
    assertUsage(await postern(['token', 'create']), ['--owner', '--tunnels', 'POSTERN_SECRET']);
  });
});

describe('postern http', () => {
  it('names every problem at once', async () => {
    const args = [
      'http',
      'localhost/x',
      '--edge',
      'http://a.com',
      '--name',
      'A',
      '--allow',
      'a.com',
      '--host-header',
      '/',
    ];
    const env = { POSTERN_TOKEN_FILE: 'absent', POSTERN_NOPE: '1' };
    const names = ['localhost/x', '--edge', '--name', '--allow', '--host-header', 'POSTERN_TOKEN_FILE', 'POSTERN_NOPE'];
    assertUsage(await postern(args, env), names);
  });

  for (const target of ['5173', 'http://localhost:5173', 'localhost:5173']) {
    it(`is meant by ${target} alone`, async () => {
      assertUsage(await postern([target], {}), ['POSTERN_EDGE', 'POSTERN_TOKEN']);
    });
  }

  it('is meant by the name of a tunnel of the file alone, and by no other word', async () => {
    const text = 'edge: nope\ntunnels: { dev-3: { target: 0 } }\n';
    const cwd = folder({ '.config/postern/config.yaml': text, 'other.yaml': text.replace('dev-3', 'web') });
    assertUsage(await postern(['dev-3'], {}, cwd), ['edge in ', 'target in tunnel "dev-3"']);
    for (const args of [
      ['web', '--config', 'other.yaml'],
      ['web', '--config=other.yaml'],
    ])
      assertUsage(await postern(args, {}, cwd), ['target in tunnel "web"']);
    assertUsage(await postern(['dev-4'], {}, cwd), ["'dev-4'"]);
  });

  it('does not read .env of the working directory', async () => {
    const cwd = folder({ '.env': 'POSTERN_EDGE=https://evil.example\nPOSTERN_TOKEN=x\nPOSTERN_NOPE=1\n' });
    assertUsage(await postern(['5173'], {}, cwd), ['POSTERN_EDGE (', 'POSTERN_TOKEN (']);
  });

  it("reads the developer's own file", async () => {
    const cwd = folder({ '.config/postern/config.yaml': 'edge: nope\ntunnels: { demo: { target: 0 } }\n' });
    assertUsage(await postern(['http', 'demo'], {}, cwd), ['edge in ', 'target in tunnel "demo"']);
    const other = folder({ 'xdg/postern/config.yaml': 'edge: nope\n' });
    assertUsage(await postern(['5173'], { XDG_CONFIG_HOME: join(other, 'xdg') }), ['edge in ']);
  });

  it('rejects an HTTPS_PROXY that is not a URL', async () => {
    const env = { ...AGENT_ENV, POSTERN_EDGE: 'https://tunnel.example', HTTPS_PROXY: 'socks5://a' };
    assertUsage(await postern(['5173'], env), ['HTTPS_PROXY']);
  });

  it('warns of a token that others can read', async () => {
    const cwd = folder({ token: 'postern_x\n' });
    const run = () => postern(['http', '0', '--token-file', 'token'], AGENT_ENV, cwd);
    assert.doesNotMatch((await run()).stderr, /warning/);
    chmodSync(join(cwd, 'token'), 0o640);
    assert.match((await run()).stderr, /warning: .*token/);
  });

  it('ends with 4 when the edge refuses permanently, and prints its reason', async (t) => {
    const edge = createServer().listen(0, '127.0.0.1');
    t.after(() => edge.close());
    await once(edge, 'listening');
    const error = { code: 'ERR_NAME_FORBIDDEN', message: 'Not \u001b[31mthis name.', retryable: false };
    edge.on('upgrade', (request, socket) => {
      assert.equal(request.url, LINK_PATH);
      assert.equal(request.headers.authorization, 'Bearer postern_x');
      const body = JSON.stringify({ error });
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    });
    const env = { ...AGENT_ENV, POSTERN_EDGE: `http://127.0.0.1:${(edge.address() as AddressInfo).port}` };
    const text = await postern(['5173', '--name', 'demo'], env);
    assert.equal(text.code, 4);
    assert.match(text.stderr, /Not \\x1b\[31mthis name\..*ERR_NAME_FORBIDDEN.*\n.*--name/);
    const json = await postern(['5173', '--name', 'demo', '--json'], env);
    assert.equal(json.code, 4);
    // Nothing listens at the target either, which the agent reports in a line of its own.
    const lines = json.stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    const refused = lines.filter(({ event }) => event === 'refused');
    assert.deepEqual(refused, [{ event: 'refused', code: error.code, message: error.message }]);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    it(`reports that it is offline and ends with ${code} on ${signal}`, async () => {
      const cwd = folder();
      const args = [POSTERN, 'http', '5173', '--json'];
      const child = spawn(process.execPath, args, { cwd, env: environment(cwd, AGENT_ENV) });
      let reason: unknown;
      for await (const line of createInterface({ input: child.stdout })) {
        const said: Record<string, unknown> = JSON.parse(line);
        if (said['event'] !== 'offline') continue; // nothing listens at the target either
        reason = said['code'];
        break;
      }
      assert.equal(reason, 'ERR_LINK_LOST');
      const exited = once(child, 'exit');
      child.kill(signal);
      assert.deepEqual(await exited, [code, null]);
    });
  }
});

describe('the compiled command', () => {
  it('is executable', () => assert.match(readFileSync(SHIPPED_POSTERN, 'utf8'), /^#!\/usr\/bin\/env node\n/));
});
