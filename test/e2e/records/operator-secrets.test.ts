/** Secrets of the operator: the files that hold them, how they are made up, and how a token is handed over and taken back. */
import assert from 'node:assert/strict';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkSecretFile } from '../../../src/cli/process/secret-file.js';
import { verifyToken } from '../../../src/link/token.js';
import { freePort, POSTERN, Program, run, runPostern } from '../../support/processes.js';

const SECRET = 'a secret of thirty-two bytes or more for tests';
const EDGE_ENV = {
  POSTERN_OIDC_ISSUER: 'http://127.0.0.1:9', // asked at start and by a check; nobody answers there
  POSTERN_OIDC_CLIENT_ID: 'edge',
  POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
};
const CREATE = ['token', 'create', '--owner', 'dev@acme.com', '--tunnels', 'demo'];

describe('the operator’s secrets', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-secrets-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function file(name: string, text: string, mode: number): string {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    chmodSync(path, mode);
    return path;
  }

  for (const [option, other] of [
    ['POSTERN_SECRET_FILE', EDGE_ENV],
    ['POSTERN_OIDC_CLIENT_SECRET_FILE', { POSTERN_SECRET: SECRET, POSTERN_OIDC_CLIENT_ID: 'edge' }],
  ] as const) {
    for (const mode of [0o644, 0o640, 0o660, 0o602]) {
      test(`V1 ${option} of mode ${mode.toString(8)} is refused by config check and by the edge`, async () => {
        const env = { ...other, [option]: file('shared', `${SECRET.replaceAll(' ', '-')}\n`, mode) };
        for (const args of [['config', 'check', '--offline'], ['edge']]) {
          const { exit, stdout, stderr } = await runPostern(args, env);
          assert.deepEqual([exit.code, stdout], [2, ''], stderr);
          assert.ok(stderr.startsWith(`postern: ${option}: `) && stderr.includes('chmod 600'), stderr);
        }
      });
    }
  }

  test('V1 a secret file of mode 600 is accepted without a word', async () => {
    const env = { ...EDGE_ENV, POSTERN_SECRET_FILE: file('own', `${SECRET}\n`, 0o600) };
    const { exit, stdout, stderr } = await runPostern(['config', 'check', '--offline'], env);
    assert.deepEqual([exit.code, stdout, stderr], [0, 'ok', '']);
  });

  for (const [what, mode, owner, kind] of [
    ['of somebody else', 0o600, 1001, 'refuse'],
    ['of root, for everyone to read', 0o444, 0, 'warn'],
    ['of root, for everyone to write', 0o666, 0, 'refuse'],
    ['of root, lent to a group', 0o640, 0, undefined],
    ['of ours alone', 0o400, 1000, undefined],
  ] as const) {
    test(`V1 judges a file ${what}`, () => {
      assert.equal(checkSecretFile({ mode: 0o100000 | mode, uid: owner }, 1000)?.kind, kind);
    });
  }

  test('V1 a .env or YAML file that holds a secret and that others can read is told of', async () => {
    const dotenv = `POSTERN_SECRET=${SECRET}\nPOSTERN_OIDC_CLIENT_ID=edge\nPOSTERN_OIDC_CLIENT_SECRET=hush\n`;
    file('.env', dotenv, 0o644);
    file('edge.yaml', 'session_ttl: 1h\n', 0o644);
    const check = () => runPostern(['config', 'check', '--offline', '--config', 'edge.yaml'], {}, { cwd: folder });
    const { exit, stderr } = await check();
    assert.equal(exit.code, 0);
    assert.match(stderr, /^postern: warning: "\.env" .*chmod 600.*\n$/);
    file('edge.yaml', 'oidc_client_secret: hush\n', 0o644);
    assert.match((await check()).stderr, /"\.env"[\s\S]*"edge\.yaml"/);
    file('.env', `${dotenv.replace('POSTERN_OIDC_CLIENT_SECRET=hush\n', '')}`, 0o600);
    assert.doesNotMatch((await check()).stderr, /"\.env"/);
    rmSync(join(folder, '.env'));
  });

  for (const [what, weak] of Object.entries({
    'equal characters': 'x'.repeat(64),
    'a few characters': '0110100110010110'.repeat(3),
    'a repeated word': 'correct-horse!'.repeat(4),
    'the alphabet': 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
    'counting digits': '0123456789abcdef0123456789abcdef',
    'a weak one behind a strong one': `${SECRET},${'old-secret'.repeat(5)}`,
  })) {
    test(`V2 a secret of ${what} is refused`, async () => {
      const { exit, stderr } = await runPostern(['config', 'check', '--offline'], {
        ...EDGE_ENV,
        POSTERN_SECRET: weak,
      });
      assert.equal(exit.code, 2);
      assert.match(stderr, /^postern: POSTERN_SECRET: .*guessed.*openssl rand -base64 32/);
      assert.ok(!stderr.includes(weak));
    });
  }

  test('V3 a token goes into a new file that only its maker can read', async () => {
    const path = join(folder, 'dev.token');
    const env = { POSTERN_SECRET: SECRET };
    const { exit, stdout } = await runPostern([...CREATE, '--out', path], env);
    assert.deepEqual([exit.code, stdout], [0, '']);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const made = readFileSync(path, 'utf8');
    assert.equal((await verifyToken([SECRET], made.trim())).owner, 'dev@acme.com');
    const again = await runPostern([...CREATE, '--out', path], env);
    assert.deepEqual([again.exit.code, readFileSync(path, 'utf8')], [2, made], 'a file that is there is left alone');
  });

  test('V3 a token that a shell puts into a file for everyone is told of', async () => {
    const path = file('open.token', '', 0o644);
    const line = '"$0" "$@" > "$OUT"';
    const args = ['-c', line, process.execPath, POSTERN, ...CREATE];
    const { exit, stderr } = await run({
      name: 'sh',
      command: '/bin/sh',
      script: args[0] as string, // the first of the array above
      args: args.slice(1),
      env: { POSTERN_SECRET: SECRET, OUT: path },
    });
    assert.equal(exit.code, 0);
    assert.match(stderr, /warning: .*--out/);
  });

  test('V3 what does not look like the id of a token is refused, and a revocation is confirmed', async () => {
    const path = join(folder, 'revoked');
    const env = { POSTERN_SECRET: SECRET, POSTERN_REVOKED_TOKENS: path };
    for (const id of ['nope', 'abcdef', '0123456789abcdef0', '0123456789ABCDEF01']) {
      const { exit, stderr } = await runPostern(['token', 'revoke', id], env);
      assert.equal(exit.code, 2, id);
      assert.match(stderr, /^postern: that is no id of a token: .*tokenId/);
    }
    const { exit, stdout, stderr } = await runPostern(['token', 'revoke', '0123456789abcdef01'], env);
    assert.deepEqual([exit.code, stdout], [0, '0123456789abcdef01']);
    assert.match(stderr, /^postern: revoked/);
  });

  test('V3 an edge starts quietly without the file of revoked tokens, and reads it when it comes', async (t) => {
    const path = join(folder, 'later');
    const env = {
      ...EDGE_ENV,
      POSTERN_SECRET: SECRET,
      POSTERN_REVOKED_TOKENS: path,
      POSTERN_LISTEN: `127.0.0.1:${await freePort()}`,
      POSTERN_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
    };
    const edge = new Program({ name: 'edge', script: POSTERN, args: ['edge'], env });
    t.after(() => edge.kill());
    await edge.record(({ msg }) => msg === 'edge up');
    closeSync(openSync(path, 'w', 0o600));
    writeFileSync(path, '0123456789abcdef01\n');
    await edge.record(({ msg, count }) => msg === 'revoked tokens read' && count === 1);
    assert.deepEqual(
      edge.records().filter(({ level, err }) => level === 'error' || err !== undefined),
      [],
    );
  });
});
