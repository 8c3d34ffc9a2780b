import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { EdgeEvent } from '../../../../../src/edge/ops/events.js';
import { Observer } from '../../../../../src/edge/ops/observer.js';
import { createRedirectServer } from '../../../../../src/edge/visitors/http1/https-redirect.js';
import { serve } from '../../../../../src/edge/visitors/http1/listener.js';
import { rawExchange } from '../../../../support/visitor.js';
import { readResponse } from '../../../../support/wire.js';

const BASE = { scheme: 'https', host: 'tunnel.test', port: 8443, origin: 'https://tunnel.test:8443' } as const;

describe('plain HTTP beside HTTPS', () => {
  const events: EdgeEvent[] = [];
  const observer = new Observer([{ on: (event) => events.push(event) }]);
  const proofAt = (path: string) => (path === '/.well-known/acme-challenge/token' ? 'token.thumbprint' : undefined);
  const server = createRedirectServer({ base: BASE, observer, proofAt });
  const sockets = createServer({ allowHalfOpen: true }, (socket) => serve(server, socket));
  let port = 0;

  before(async () => {
    sockets.listen(0, '127.0.0.1');
    await once(sockets, 'listening');
    port = (sockets.address() as AddressInfo).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    sockets.close();
    observer.close();
  });

  const ask = async (head: string, body = '') =>
    readResponse(await rawExchange(port, `${head.replaceAll('\n', '\r\n')}\r\n\r\n${body}`));
  const get = (path: string, more = '', method = 'GET') =>
    ask(`${method} ${path} HTTP/1.1\nHost: demo.tunnel.test${more}`);

  for (const [what, path, host, location] of [
    ['a tunnel', '/a%20b?c=%2F&d', 'demo.tunnel.test', 'https://demo.tunnel.test:8443/a%20b?c=%2F&d'],
    ['the base host', '/', 'TUNNEL.test:80', 'https://tunnel.test:8443/'],
    [
      'a path that looks like a host',
      '//evil.test/x',
      'demo.tunnel.test',
      'https://demo.tunnel.test:8443//evil.test/x',
    ],
  ] as const) {
    it(`redirects GET and HEAD of ${what} to https, byte for byte`, async () => {
      for (const method of ['GET', 'HEAD']) {
        const response = await ask(`${method} ${path} HTTP/1.1\nHost: ${host}\nCookie: theme=dark`);
        assert.deepEqual([response.status, response.values('location')], [308, [location]]);
        assert.deepEqual([response.values('connection'), response.body], [['close'], '']);
      }
    });
  }

  for (const [what, head, body] of [
    ['a form', 'POST /x HTTP/1.1\nHost: demo.tunnel.test\nContent-Length: 3', 'a=b'],
    ['another method', 'DELETE /x HTTP/1.1\nHost: demo.tunnel.test', ''],
    ['a body', 'GET /x HTTP/1.1\nHost: demo.tunnel.test\nContent-Length: 3', 'abc'],
    ['a bearer token', 'GET /x HTTP/1.1\nHost: tunnel.test\nAuthorization: Bearer x', ''],
    ['an access token', 'GET /x HTTP/1.1\nHost: demo.tunnel.test\nPostern-Access-Token: x', ''],
  ] as const) {
    it(`refuses ${what}, which has travelled in clear text`, async () => {
      const response = await ask(head, body);
      assert.deepEqual([response.status, response.values('postern-error')], [403, ['ERR_HTTPS_REQUIRED']]);
      assert.deepEqual(response.values('location'), []);
    });
  }

  it('leads to no host that is not of this edge', async () => {
    for (const host of ['evil.test', 'tunnel.test.evil.test', 'a.b.tunnel.test', '127.0.0.1', '']) {
      const response = await ask(`GET / HTTP/1.1\nHost: ${host}`);
      assert.deepEqual([response.status, response.values('location')], [404, []], host);
    }
    assert.equal((await ask('GET http://evil.test/ HTTP/1.1\nHost: tunnel.test')).status, 404);
    assert.equal((await ask('GET / HTTP/1.1\nHost: tunnel.test\nHost: demo.tunnel.test')).status, 404);
  });

  for (const offer of ['websocket', 'h2c', 'TLS/1.2']) {
    it(`redirects a request that offers to switch to ${offer}, and switches to nothing`, async () => {
      const more = `\nConnection: Upgrade, HTTP2-Settings\nUpgrade: ${offer}\nHTTP2-Settings: AAMAAABk`;
      const response = await get('/x', more);
      const expected = [308, ['https://demo.tunnel.test:8443/x'], ['close']];
      assert.deepEqual([response.status, response.values('location'), response.values('connection')], expected);
      const authority = `\nAuthorization: Bearer x${more}`;
      assert.equal((await get('/.postern/link', authority)).status, 403);
    });
  }

  for (const expectation of ['100-continue', 'something-else']) {
    it(`responds at once to a request that expects ${expectation}, and asks for no body`, async () => {
      const head = `POST /x HTTP/1.1\nHost: demo.tunnel.test\nContent-Length: 3\nExpect: ${expectation}`;
      const response = await ask(head, 'abc');
      assert.deepEqual([response.status, response.values('postern-error')], [403, ['ERR_HTTPS_REQUIRED']]);
    });
  }

  it('is no forward proxy, and says so', async () => {
    const response = await ask('CONNECT evil.test:443 HTTP/1.1\nHost: evil.test:443');
    assert.deepEqual([response.status, response.values('postern-error')], [404, ['ERR_TUNNEL_UNKNOWN']]);
    assert.deepEqual(response.values('connection'), ['close']);
  });

  it('has the proofs that an authority looks for, and redirects what looks like one', async () => {
    const proof = await get('/.well-known/acme-challenge/token');
    assert.deepEqual([proof.status, proof.body], [200, 'token.thumbprint']);
    assert.equal((await get('/.well-known/acme-challenge/other')).status, 308);
    assert.equal((await get('/.well-known/acme-challenge/token', '', 'POST')).status, 403);
  });

  it('closes a connection that speaks TLS, and records what it was', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0]));
    const [bytes] = await once(socket, 'data');
    assert.match(String(bytes), /^HTTP\/1\.1 400 /);
    socket.destroy();
    const told = events.find((event) => event.kind === 'malformed');
    assert.ok(told?.kind === 'malformed' && told.error.message.includes('TLS on a port for plain HTTP'));
  });
});
