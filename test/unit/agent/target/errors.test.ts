/** Each failure of a target has its own sentence, with the cause, and the code for the error page. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readTargetAddress, type TargetTrust } from '../../../../src/agent/target/address.js';
import { asTargetError } from '../../../../src/agent/target/errors.js';
import type { RequestRecord } from '../../../../src/agent/target/request-record.js';
import { Target } from '../../../../src/agent/target/target.js';
import { silentLog } from '../../../../src/core/log.js';
import { MalformedResponse } from '../../../../src/http1/errors.js';
import { PROJECT_ROOT } from '../../../support/project-root.js';
import { FakeInbound } from '../fake-inbound.js';

const ADDRESS = readTargetAddress(new URL('https://app.test'), 'rewrite');

async function listening(t: TestContext, server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

/** The outcome of one request to this target, and the hints of the probe before it. */
async function failing(t: TestContext, url: string, trust: TargetTrust = {}, verified?: true) {
  const records: RequestRecord[] = [];
  const hints: string[] = [];
  const read = readTargetAddress(new URL(url), 'rewrite', trust);
  const target = new Target(verified === undefined ? read : { ...read, isVerified: true }, {
    log: silentLog,
    record: (record) => records.push(record),
    hint: (text) => hints.push(text),
  });
  t.after(() => target.close());
  await target.probe();
  const stream = new FakeInbound();
  target.serve(stream);
  const { headers } = await stream.answer();
  return { code: headers[headers.indexOf('postern-error') + 1], failure: records[0]?.failure ?? '', hints };
}

// Responds at once to any request; the probe of the target resets it.
function saying(text: string): net.Server {
  return net.createServer((socket) => void socket.on('error', () => {}).end(text, 'latin1'));
}

function certified(): https.ServerOptions {
  const read = (name: string) => readFileSync(join(PROJECT_ROOT, 'test', 'support', 'certificate', name));
  return { cert: read('certificate.pem'), key: read('key.pem') };
}

describe('a failing target is reported with its cause, at the start and with each request:', () => {
  it('nothing listens', async (t) => {
    const port = 9; // the discard service, which no machine runs today
    const { code, failure, hints } = await failing(t, `http://localhost:${port}`);
    assert.equal(code, 'ERR_TARGET_REFUSED');
    assert.match(failure, new RegExp(`^nothing listens on localhost:${port} `));
    assert.match(hints[0] ?? '', new RegExp(`^nothing listens on localhost:${port} `));
  });

  it('TLS was expected where there is none', async (t) => {
    const port = await listening(t, saying('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { code, failure, hints } = await failing(t, `https://127.0.0.1:${port}`);
    assert.equal(code, 'ERR_TARGET_TLS');
    for (const text of [failure, hints[0] ?? '']) assert.match(text, /http:\/\//);
  });

  it('TLS was not expected where there is', async (t) => {
    const port = await listening(t, saying('\x15\x03\x01\x00\x02\x02\x28'));
    const { code, failure } = await failing(t, `http://127.0.0.1:${port}`);
    assert.equal(code, 'ERR_TARGET_TLS');
    assert.match(failure, /https:\/\//);
  });

  it('the certificate is not trusted, unless it is named or nothing is asked of it', async (t) => {
    const server = https.createServer(certified(), (_request, response) => response.end('ok'));
    const url = `https://127.0.0.1:${await listening(t, server)}`;
    const { code, failure, hints } = await failing(t, url, {}, true);
    assert.equal(code, 'ERR_TARGET_TLS');
    for (const text of [failure, hints[0] ?? '']) assert.match(text, /--target-ca.*--target-insecure/);
    assert.deepEqual((await failing(t, url)).hints, [], 'on loopback');
    server.closeAllConnections();
  });

  it('it does not speak HTTP, with its first bytes', async (t) => {
    const port = await listening(t, saying('SSH-2.0-x\r\n\r\n'));
    const { code, failure, hints } = await failing(t, `http://127.0.0.1:${port}`);
    assert.equal(code, 'ERR_TARGET_PROTOCOL');
    assert.match(failure, /"SSH-2\.0-x/);
    assert.deepEqual(hints, []);
  });
});

describe('asTargetError', () => {
  const rows: [reported: string, code: string, named: RegExp][] = [
    ['ENOTFOUND', 'ERR_TARGET_REFUSED', /name app\.test/],
    ['EHOSTUNREACH', 'ERR_TARGET_REFUSED', /app\.test:443 cannot be reached/],
    ['ECONNRESET', 'ERR_TARGET_REFUSED', /app\.test:443 closed/],
    ['ETIMEDOUT', 'ERR_TARGET_TIMEOUT', /app\.test:443 accepts no/],
    ['EPROTO', 'ERR_TARGET_TLS', /http:\/\//],
    ['CERT_HAS_EXPIRED', 'ERR_TARGET_TLS', /certificate of app\.test:443/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_TARGET_TLS', /certificate of app\.test:443/],
    ['EMFILE', 'ERR_TARGET_REFUSED', /too many/],
  ];
  for (const [reported, code, named] of rows) {
    it(`names the cause: ${reported}`, () => {
      const error = asTargetError(Object.assign(new Error('too many'), { code: reported }), ADDRESS);
      assert.equal(error.code, code);
      assert.match(error.message, named);
      assert.ok(error.message.endsWith(` (${reported})`));
    });
  }

  it('is refused by the one address when a busy process gave up on the other', () => {
    const errors = ['ETIMEDOUT', 'ECONNREFUSED'].map((code) => Object.assign(new Error(code), { code }));
    const reported = Object.assign(new AggregateError(errors), { code: 'ETIMEDOUT' }); // as Node makes it: the first's code
    assert.equal(asTargetError(reported, ADDRESS).code, 'ERR_TARGET_REFUSED');
    const silent = Object.assign(new AggregateError(errors.slice(0, 1)), { code: 'ETIMEDOUT' });
    assert.equal(asTargetError(silent, ADDRESS).code, 'ERR_TARGET_TIMEOUT');
  });

  it('keeps what is malformed in a response', () => {
    const error = asTargetError(new MalformedResponse('a header line is malformed: "X"'), ADDRESS);
    assert.equal(error.code, 'ERR_TARGET_PROTOCOL');
    assert.match(error.message, /"X"/);
  });
});

describe('what is trusted of a certificate', () => {
  const verified = (url: string, trust?: TargetTrust) => readTargetAddress(new URL(url), 'rewrite', trust).isVerified;

  it('is any certificate on loopback, and elsewhere one of a known issuer', () => {
    for (const host of ['localhost', 'app.localhost', '127.0.0.1', '[::1]'])
      assert.equal(verified(`https://${host}`), false);
    for (const host of ['app.test', 'localhost.evil', '10.0.0.1']) assert.equal(verified(`https://${host}`), true);
  });

  it('is what the developer configures', () => {
    assert.equal(verified('https://app.test', { insecure: true }), false);
    assert.equal(verified('https://localhost', { ca: 'PEM' }), true);
    assert.equal(verified('https://localhost', { ca: 'PEM', insecure: true }), false);
  });
});
