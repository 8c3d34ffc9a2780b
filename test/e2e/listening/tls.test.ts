/** An edge that ends TLS itself, with a certificate from files: what visitors, agents and operators get. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Issued, TestAuthority } from '../../support/edge-certificates.js';
import { inWorld } from '../../support/in-world.js';
import { runPostern } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { CERTIFICATE_PATH, KEY_PATH } from '../../support/tls-front.js';
import { rawExchange } from '../../support/visitor.js';
import { sendLines } from '../../support/wire.js';

const folder = temporaryFolder('tls');
const paths = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
copyFileSync(CERTIFICATE_PATH, paths.cert);
copyFileSync(KEY_PATH, paths.key);
chmodSync(paths.key, 0o600);

const DOWNLOAD_BYTES = 50_000_000;

describe('an edge with a certificate', () => {
  const edgeEnv = { POSTERN_TLS_CERT: paths.cert, POSTERN_TLS_KEY: paths.key };
  const { world, visitor: ana } = inWorld({ as: 'ana', domain: 'tunnel.test', tls: 'edge', edgeEnv });
  let authority: TestAuthority;
  let next: Issued;

  before(async () => {
    authority = await TestAuthority.create();
    next = await authority.issue(['tunnel.test', '*.tunnel.test']);
  });

  async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const ca = [readFileSync(CERTIFICATE_PATH, 'latin1'), authority.root];
    const where = { host: '127.0.0.1', port: world.ports.front, servername: 'demo.tunnel.test' };
    const socket = connect({ ...where, ca, ALPNProtocols: ['http/1.1'], ...options });
    await once(socket, 'secureConnect');
    return socket;
  }

  test('signs visitors in, and carries requests, uploads, WebSockets and the link of the agent', async () => {
    const names = ana.jar.cookies(`${world.url}/`).map(({ name }) => name);
    assert.ok(names.length > 0 && names.every((name) => name.startsWith('__Host-')), names.join(', '));
    const body = Buffer.alloc(5_000_000, 'postern ');
    const echo = (await ana.fetch(`${world.url}/upload`, { method: 'POST', body })).json() as Echo;
    assert.equal(echo.bodyBytes, body.length);
    const socket = await ana.socket(`${world.url}/chat`, { protocols: ['sample'] });
    socket.send('hello');
    assert.equal(String((await once(socket, 'message'))[0]), 'hello');
    socket.close();
  });

  test('N13 a certificate is replaced while a download runs, and one that cannot be used changes nothing', async () => {
    const { body } = await ana.stream(`${world.url}/bytes?n=${DOWNLOAD_BYTES}`);
    const bad = world.edge.mark();
    writeFileSync(paths.key, next.key);
    const problem = await world.edge.record(({ problem }) => typeof problem === 'string', bad);
    assert.match(String(problem['problem']), /the key does not belong to the certificate/);
    const same = await handshake();
    assert.equal(same.getPeerCertificate().issuer.CN, same.getPeerCertificate().subject.CN, 'still its own issuer');
    same.destroy();

    const good = world.edge.mark();
    writeFileSync(paths.cert, next.chain);
    await world.edge.record(({ msg }) => msg === 'a certificate is in use', good);
    const renewed = await handshake();
    assert.equal(renewed.getPeerCertificate().issuer.CN, 'Test Intermediate');
    renewed.destroy();
    let bytes = 0;
    for await (const chunk of body) bytes += (chunk as Buffer).length;
    assert.equal(bytes, DOWNLOAD_BYTES);
  });

  test('N13 SIGHUP has the files read at once', async () => {
    const mark = world.edge.mark();
    copyFileSync(KEY_PATH, paths.key);
    copyFileSync(CERTIFICATE_PATH, paths.cert);
    world.edge.signal('SIGHUP');
    await world.edge.record(({ msg }) => msg === 'a certificate is in use', mark);
    assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
  });

  test('N14 a client resumes its session after a restart of the edge', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const versions = { minVersion: version, maxVersion: version };
      const first = connect({
        ...{ host: '127.0.0.1', port: world.ports.front, servername: 'demo.tunnel.test' },
        ca: readFileSync(CERTIFICATE_PATH),
        ...versions,
      });
      const [session] = (await once(first, 'session')) as [Buffer];
      first.destroy();
      await world.edge.terminate();
      const back = world.agent.mark();
      await world.startEdge();
      await world.agent.record(({ event }) => event === 'online', back);
      const again = await handshake({ session, ...versions });
      assert.equal(again.isSessionReused(), true, version);
      again.destroy();
    }
  });

  test('N15 a client of TLS 1.1 is refused, and one that mistakes a port is told so', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await assert.rejects(handshake(old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
    assert.match(
      await rawExchange(world.ports.front, 'GET / HTTP/1.1\r\nHost: demo.tunnel.test\r\n\r\n'),
      /^HTTP\/1\.1 400 [\s\S]*This port speaks HTTPS/,
    );
    await assert.rejects(handshake({ port: world.ports.edge }), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
  });

  test('N15 HTTP/2 in clear text is told that the address has HTTP/1.1, and its connection ends', async () => {
    const session = connectHttp2(`http://127.0.0.1:${world.ports.edge}`);
    const told: unknown[] = [];
    session.on('error', () => {}).on('goaway', (code, lastStreamId) => told.push(code, lastStreamId));
    session.request({ ':path': '/' }).on('error', () => {});
    await new Promise((resolve) => session.on('close', resolve));
    assert.deepEqual(told, [constants.NGHTTP2_HTTP_1_1_REQUIRED, 0]);
  });

  test('N15 plain HTTP is redirected, unless it has carried what must not travel in clear text', async () => {
    const host = new URL(world.url).host;
    const redirect = await sendLines(world.ports.edge, ['GET /deep?q=1 HTTP/1.1', `Host: ${host}`]);
    assert.deepEqual([redirect.status, redirect.values('location')], [308, [`${world.url}/deep?q=1`]]);
    const offers = ['Connection: Upgrade', 'Upgrade: h2c'];
    const other = await sendLines(world.ports.edge, ['GET /deep HTTP/1.1', `Host: ${host}`, ...offers]);
    assert.deepEqual([other.status, other.values('location')], [308, [`${world.url}/deep`]]);
    const secret = await sendLines(world.ports.edge, ['GET / HTTP/1.1', `Host: ${host}`, 'Authorization: Bearer x']);
    assert.deepEqual([secret.status, secret.values('postern-error')], [403, ['ERR_HTTPS_REQUIRED']]);
  });

  test('N16 an edge does not start with a certificate that it cannot use, and says why in one sentence', async () => {
    const other = join(folder, 'other.key');
    writeFileSync(other, next.key, { mode: 0o600 });
    const short = await authority.issue(['www.elsewhere.test']);
    const foreign = { cert: join(folder, 'foreign.crt'), key: join(folder, 'foreign.key') };
    writeFileSync(foreign.cert, short.chain);
    writeFileSync(foreign.key, short.key, { mode: 0o600 });
    const listen = 'https://127.0.0.1:0';
    for (const [files, sentence] of [
      [{ ...paths, key: other }, /the key does not belong to the certificate/],
      [foreign, /is not for tunnel\.test, but for www\.elsewhere\.test/],
      [{ ...paths, cert: join(folder, 'absent') }, /absent cannot be read \(ENOENT\)/],
    ] as const) {
      const env = {
        ...world.edgeEnv(),
        ...{ POSTERN_LISTEN: listen, POSTERN_ADMIN_LISTEN: '127.0.0.1:0' },
        ...{ POSTERN_TLS_CERT: files.cert, POSTERN_TLS_KEY: files.key },
      };
      for (const args of [['edge'], ['config', 'check', '--offline']]) {
        const { exit, stderr } = await runPostern(args, env);
        assert.equal(exit.code, 2, stderr);
        assert.match(stderr, sentence);
        assert.match(stderr, /^postern: POSTERN_TLS_CERT[^\n]*\n$/);
      }
    }
  });
});
