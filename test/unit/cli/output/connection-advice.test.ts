/** The message when the edge cannot be reached, for the errors that Node, TLS and `ws` really produce. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { adviceFor, explainLost, explainOffline } from '../../../../src/cli/output/connection-advice.js';
import { PosternError } from '../../../../src/errors.js';
import { dialEdge } from '../../../../src/link/dial.js';
import { CERTIFICATE_PATH } from '../../../support/tls-front.js';

const OFFER = { token: 'token', name: 'demo', allow: [], origins: [], frameOrigins: [], agentId: 'a'.repeat(20) };

async function failureAt(edge: string): Promise<PosternError> {
  const error = await dialEdge(edge, OFFER, { onStream: () => assert.fail() }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof PosternError);
  return error;
}

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function secureServer(): Server {
  const key = readFileSync(CERTIFICATE_PATH.replace(/[^/]+$/, 'key.pem'));
  return createTlsServer({ key, cert: readFileSync(CERTIFICATE_PATH) });
}

describe('explainOffline', () => {
  it('names the edge and the cause when nothing listens', async () => {
    const edge = 'http://127.0.0.1:1';
    const { reason, remedy: cure } = explainOffline(await failureAt(edge), edge);
    assert.match(reason, /127\.0\.0\.1:1: nothing listens/);
    assert.match(cure ?? '', /--edge.*postern doctor/);
  });

  it('reports that a host does not exist', async () => {
    const edge = 'https://nowhere.invalid';
    assert.match(
      explainOffline(await failureAt(edge), edge).reason,
      /nowhere\.invalid: (there is no such host|the name)/,
    );
  });

  it('reports a certificate that is not trusted, and how to trust it', async (t) => {
    const edge = `https://127.0.0.1:${await portOf(t, secureServer())}`;
    const { reason, remedy: cure } = explainOffline(await failureAt(edge), edge);
    assert.match(reason, /certificate/);
    assert.match(cure ?? '', /NODE_EXTRA_CA_CERTS/);
  });

  it('reports https typed for http, and the reverse', async (t) => {
    const plain = `https://127.0.0.1:${await portOf(t, createServer())}`;
    assert.match(explainOffline(await failureAt(plain), plain).remedy ?? '', /http:\/\//);
    const secure = `http://127.0.0.1:${await portOf(t, secureServer())}`;
    assert.match(explainOffline(await failureAt(secure), secure).reason, /cut|no HTTP/);
  });

  it('reports an edge that has no certificate yet, as one whose authority fails', async (t) => {
    const edge = `https://127.0.0.1:${await portOf(t, createTlsServer({}))}`;
    const error = await failureAt(edge);
    assert.match(
      explainOffline(error, edge).reason,
      /^cannot reach 127\.0\.0\.1:\d+: it has no certificate for this name$/,
    );
    assert.match(explainOffline(error, edge).remedy ?? '', /its log .*"postern doctor"/);
    assert.doesNotMatch(explainLost(error, edge).remedy ?? '', /doctor/); // which is who asks
  });

  it('shows the reason of the edge when the edge responded', () => {
    const { reason } = explainOffline(new PosternError('ERR_EDGE_DRAINING'), 'https://tunnel.acme.com');
    assert.equal(reason, new PosternError('ERR_EDGE_DRAINING').text);
  });
});

describe('adviceFor', () => {
  const answering = (t: TestContext, status: number, headers: Record<string, string>) =>
    portOf(
      t,
      createServer((_request, response) => response.writeHead(status, headers).end('<html>')),
    );

  it('names the address that a redirect points to, not another version', async (t) => {
    const port = await answering(t, 308, { Location: 'https://tunnel.acme.com/.postern/link' });
    const advice = adviceFor(await failureAt(`http://127.0.0.1:${port}`)) ?? '';
    assert.match(advice, /https:\/\/tunnel\.acme\.com: .*--edge/);
    assert.doesNotMatch(advice, /version/);
  });

  it('reports that something else responds', async (t) => {
    const advice = adviceFor(await failureAt(`http://127.0.0.1:${await answering(t, 404, {})}`)) ?? '';
    assert.match(advice, /--edge: something else/);
  });

  it('mentions versions only if an edge did', () => {
    assert.match(adviceFor(new PosternError('ERR_PROTOCOL_VERSION')) ?? '', /version/);
  });

  it('distinguishes a tunnel’s address from the edge’s', () => {
    assert.match(adviceFor(new PosternError('ERR_NOT_FOUND')) ?? '', /not of a tunnel/);
  });
});
