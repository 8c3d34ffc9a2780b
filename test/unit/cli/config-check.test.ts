/** `postern config check`: every problem of every source at once, and what would stop visitors. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { assertUsage, EDGE_ENV, folder, postern, SECRET } from '../../support/command-line.js';
import { HostileProvider } from '../../support/hostile-provider.js';

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
