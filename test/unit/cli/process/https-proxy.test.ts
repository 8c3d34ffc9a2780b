import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { proxyAgentFor } from '../../../../src/cli/process/https-proxy.js';
import { ConfigError } from '../../../../src/config/config-error.js';

const EDGE = 'https://tunnel.acme.com';
const HTTPS_PROXY = 'http://proxy.acme.com:3128';

describe('proxyAgentFor', () => {
  for (const [what, edge, env] of [
    ['nothing is set', EDGE, {}],
    ['it is set to nothing', EDGE, { HTTPS_PROXY: '' }],
    ['the edge is on this machine', 'http://localhost:8080', { HTTPS_PROXY }],
    ['the edge is on this machine by https', 'https://edge.localhost', { HTTPS_PROXY }],
    ['NO_PROXY has the host', EDGE, { HTTPS_PROXY, NO_PROXY: 'x.com, tunnel.acme.com' }],
    ['NO_PROXY has the domain', EDGE, { HTTPS_PROXY, NO_PROXY: '.acme.com' }],
    ['NO_PROXY has the domain with a star', EDGE, { HTTPS_PROXY, no_proxy: '*.ACME.com' }],
    ['NO_PROXY has the host and port', EDGE, { HTTPS_PROXY, NO_PROXY: 'acme.com:443' }],
    ['NO_PROXY is *', EDGE, { HTTPS_PROXY, NO_PROXY: '*' }],
  ] as const) {
    it(`is not needed when ${what}`, () => assert.equal(proxyAgentFor(edge, env), undefined));
  }

  for (const [what, env] of [
    ['HTTPS_PROXY is set', { HTTPS_PROXY }],
    ['https_proxy is set, without a scheme', { https_proxy: 'proxy.acme.com:3128' }],
    ['NO_PROXY has others', { HTTPS_PROXY, NO_PROXY: 'cme.com,localhost,tunnel.acme.com:8443' }],
  ] as const) {
    it(`is needed when ${what}`, () => assert.ok(proxyAgentFor(EDGE, env)));
  }

  it('rejects anything that is not the URL of a proxy', () => {
    for (const text of ['socks5://proxy:1080', 'http://', 'a b']) {
      assert.throws(() => proxyAgentFor(EDGE, { HTTPS_PROXY: text }), ConfigError);
    }
  });

  it('sends CONNECT with the credentials, and uses TLS inside', async (t) => {
    const proxy = createServer().listen(0, '127.0.0.1');
    t.after(() => proxy.close());
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const agent = proxyAgentFor(EDGE, { HTTPS_PROXY: `http://ana:p%40ss@127.0.0.1:${port}` });
    assert.ok(agent);
    const dialled = secureRequest(`${EDGE}/x`, { agent });
    const failed = once(dialled, 'error');
    dialled.end();
    const [asked, socket] = (await once(proxy, 'connect')) as [IncomingMessage, Socket];
    assert.equal(asked.url, 'tunnel.acme.com:443');
    assert.equal(asked.headers['proxy-authorization'], `Basic ${Buffer.from('ana:p@ss').toString('base64')}`);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const [hello] = (await once(socket, 'data')) as [Buffer];
    assert.equal(hello[0], 0x16, 'a TLS handshake record');
    assert.ok(hello.includes('tunnel.acme.com'), 'server name indication');
    assert.ok(!hello.includes('/x'));
    socket.destroy();
    await failed;
  });

  for (const response of [
    'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
    'HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n',
  ]) {
    it(`fails the request when the proxy responds with ${response.slice(9, 12)}`, async (t) => {
      const proxy = createServer().listen(0, '127.0.0.1');
      t.after(() => proxy.close());
      await once(proxy, 'listening');
      proxy.on('connect', (_request: IncomingMessage, socket: Socket) => socket.end(response));
      const agent = proxyAgentFor(EDGE, { HTTPS_PROXY: `127.0.0.1:${(proxy.address() as AddressInfo).port}` });
      const dialled = secureRequest(EDGE, agent === undefined ? {} : { agent });
      const [error] = (await once(dialled.end(), 'error')) as [Error];
      assert.match(error.message, new RegExp(response.slice(9, 12)));
    });
  }
});
