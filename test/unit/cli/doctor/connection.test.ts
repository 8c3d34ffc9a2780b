import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { type AddressInfo, connect, createServer as createTcp, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import { connectionChecks, judgeCertificate } from '../../../../src/cli/doctor/connection.js';
import { proxyAgentFor } from '../../../../src/cli/process/https-proxy.js';
import { CERTIFICATE_PATH, KEY_PATH } from '../../../support/tls-front.js';
import { findings } from './servers.js';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-06-01T00:00:00Z');

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('the connection to an edge', () => {
  it('is looked at with a certificate that is not trusted, too, and says what is wrong with it', async (t) => {
    const tls = { cert: readFileSync(CERTIFICATE_PATH), key: readFileSync(KEY_PATH) };
    const port = await portOf(
      t,
      createServer(tls, (socket) => socket.on('error', () => {})),
    );
    const found = await findings(connectionChecks({ edge: `https://127.0.0.1:${port}`, proxyAgent: undefined }));
    assert.equal(found.connection?.result, 'ok');
    assert.equal(found.certificate?.result, 'failure');
    assert.match(found.certificate?.text ?? '', /not trusted here: it is for .*tunnel\.test/);
    assert.match(found.certificate?.fix ?? '', /NODE_EXTRA_CA_CERTS/);
  });

  it('passes the proxy of the environment', async (t) => {
    const tls = { cert: readFileSync(CERTIFICATE_PATH), key: readFileSync(KEY_PATH) };
    const edgePort = await portOf(
      t,
      createServer(tls, (socket) => socket.on('error', () => {})),
    );
    const asked: (string | undefined)[] = [];
    const proxy = createProxy().on('connect', ({ url }, socket: Socket) => {
      asked.push(url);
      const edge = connect(edgePort, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      edge
        .on('error', () => {})
        .pipe(socket.on('error', () => {}))
        .pipe(edge);
    });
    const proxyPort = await portOf(t, proxy);
    const edge = 'https://tunnel.test';
    const proxyAgent = proxyAgentFor(edge, { HTTPS_PROXY: `http://ana:secret@127.0.0.1:${proxyPort}` });
    const found = await findings(connectionChecks({ edge, proxyAgent }));
    assert.deepEqual(asked, ['tunnel.test:443']);
    assert.equal(found.dns?.text, `the proxy 127.0.0.1:${proxyPort} looks up tunnel.test`);
    assert.match(found.connection?.text ?? '', /through the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\)$/);
    assert.doesNotMatch(JSON.stringify(found), /secret/);
    assert.equal(found.certificate?.result, 'failure');
  });

  it('that is refused, or is none of TLS, has its own sentence', async (t) => {
    const silent = createTcp((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n'));
    const port = await portOf(t, silent);
    const plain = await findings(connectionChecks({ edge: `https://127.0.0.1:${port}`, proxyAgent: undefined }));
    assert.match(plain.connection?.text ?? '', /speaks no TLS/);
    const closed = createTcp();
    const free = await portOf(t, closed);
    closed.close();
    const none = await findings(connectionChecks({ edge: `http://127.0.0.1:${free}`, proxyAgent: undefined }));
    assert.match(none.connection?.text ?? '', /nothing listens there/);
  });
});

describe('a certificate', () => {
  const certificate = (daysLeft: number, life = 90) => ({
    valid_from: new Date(NOW - (life - daysLeft) * DAY_MS).toUTCString(),
    valid_to: new Date(NOW + daysLeft * DAY_MS).toUTCString(),
    subjectaltname: 'DNS:*.acme.com, DNS:acme.com',
    issuer: { C: '', ST: '', L: '', O: 'Example Trust', OU: '', CN: 'R1' },
  });
  const judge = (daysLeft: number, fault?: string, life = 90) =>
    judgeCertificate({ certificate: certificate(daysLeft, life), fault }, 'x.acme.com', NOW);

  it('is well until a tenth of its life is left', () => {
    assert.deepEqual(judge(10), {
      result: 'ok',
      text: 'for x.acme.com, from Example Trust, valid until 2026-06-11 (10 days)',
    });
    assert.equal(judge(8).result, 'warning');
    assert.equal(judge(2, undefined, 6).result, 'ok', 'of six days, as short-lived ones');
  });

  it('says its fault, for whom it is and what to do', () => {
    const expired = judge(-1, 'CERT_HAS_EXPIRED');
    assert.match(
      expired.text,
      /^its certificate has expired: it is for \*\.acme\.com, acme\.com, from Example Trust, until 2026-05-31/,
    );
    assert.match(judge(50, 'ERR_TLS_CERT_ALTNAME_INVALID').fix ?? '', /--edge/);
    assert.match(judge(50, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE').fix ?? '', /POSTERN_TLS_CERT/);
    assert.match(judge(50, 'SOMETHING_NEW').text, /SOMETHING_NEW/);
  });
});
