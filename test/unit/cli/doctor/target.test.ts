import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { targetChecks } from '../../../../src/cli/doctor/target.js';
import type { HostHeader } from '../../../../src/core/hostname.js';
import { freePort } from '../../../support/free-port.js';
import { findings } from './servers.js';

const PUBLIC = new URL('https://demo.tunnel.test');

interface Trial {
  readonly hostHeader?: HostHeader;
  readonly post?: string;
}

async function examine(t: TestContext, listener: RequestListener, { hostHeader = 'rewrite', post }: Trial = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const address = readTargetAddress(url, hostHeader);
  return findings(targetChecks({ address, mounts: {}, publicUrl: () => PUBLIC, postPath: post }));
}

/** Refuses what `refuses` says, as the server that it imitates does. */
const app =
  (
    refuses: (request: IncomingMessage) => boolean,
    refusal: (response: ServerResponse) => void,
    rest: (response: ServerResponse, request: IncomingMessage) => void = (response) => response.end('hello'),
  ): RequestListener =>
  (request, response) =>
    refuses(request) ? refusal(response) : rest(response, request);

const hasHost = (name: string) => (request: IncomingMessage) => request.headers.host?.startsWith(name) === true;
const isPost = ({ method }: IncomingMessage) => method === 'POST';
const hostOf = ({ headers: { origin = '' } }: IncomingMessage) => origin.replace(/^https?:\/\//, '');
const isForeignHost = (request: IncomingMessage) => isPost(request) && hostOf(request) !== request.headers.host;
const isForeignOrigin = ({ method, headers: { origin, host } }: IncomingMessage) =>
  method === 'POST' && origin !== `http://${host}`;

describe('the check of a target', () => {
  it('is content with an app that makes no difference', async (t) => {
    const paths: (string | undefined)[] = [];
    const found = await examine(t, (request, response) => {
      if (request.method === 'POST') paths.push(request.url);
      response.writeHead(request.method === 'POST' ? 404 : 200).end();
    });
    assert.deepEqual([found.target?.result, found.host?.result, found.origin?.result], ['ok', 'ok', 'ok']);
    for (const path of paths) assert.match(path ?? '', /^\/postern-doctor-[0-9a-f]{8}$/, 'a path that no app has');
  });

  it('tells each way in which it gives no response', async (t) => {
    const address = readTargetAddress(new URL(`http://127.0.0.1:${await freePort()}`), 'rewrite');
    const options = { mounts: {}, publicUrl: () => PUBLIC, postPath: undefined };
    const [connects] = targetChecks({ address, ...options });
    const { target } = await findings(connects === undefined ? [] : [connects]);
    assert.match(target?.text ?? '', /^nothing listens on 127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/);
    const noise = createTcp((socket) => socket.on('error', () => {}).end('220 mail\r\n\r\n')).listen(0, '127.0.0.1');
    t.after(() => noise.close());
    await once(noise, 'listening');
    const url = new URL(`http://127.0.0.1:${(noise.address() as AddressInfo).port}`);
    const { host } = await findings(targetChecks({ address: readTargetAddress(url, 'rewrite'), ...options }));
    assert.equal(host?.result, 'failure');
    assert.match(host?.text ?? '', /cannot be used/);
  });

  it('looks at each server that is mounted below a path, and names the one that fails', async (t) => {
    const address = async (listener: RequestListener) => {
      const server = createServer(listener).listen(0, '127.0.0.1');
      t.after(() => {
        server.closeAllConnections();
        server.close();
      });
      await once(server, 'listening');
      return readTargetAddress(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), 'preserve');
    };
    const paths: (string | undefined)[] = [];
    const well = await address((request, response) => {
      paths.push(request.url);
      response.end();
    });
    const refusing = await address(app(hasHost('demo.'), (response) => response.writeHead(403).end('no')));
    const look = async (mounts: Record<string, typeof well>) =>
      (await findings(targetChecks({ address: undefined, mounts, publicUrl: () => PUBLIC, postPath: undefined })))
        .mounts;
    const fine = await look({ '/api': well, '/docs': well });
    assert.equal(fine?.result, 'ok');
    assert.match(fine?.text ?? '', /^\/api .*\/docs /);
    assert.deepEqual([...new Set(paths)].sort(), ['/api', '/docs']);
    const failed = await look({ '/api': well, '/docs': refusing });
    assert.equal(failed?.result, 'failure');
    assert.match(failed?.text ?? '', /^\/docs /);
  });

  it('is skipped without one', async () => {
    const found = await findings(
      targetChecks({ address: undefined, mounts: {}, publicUrl: () => PUBLIC, postPath: undefined }),
    );
    assert.deepEqual(
      Object.values(found).map(({ result }) => result),
      ['skipped'],
    );
  });

  it('names the setting of a server that refuses the public host', async (t) => {
    const text = 'Blocked request. This host ("demo.tunnel.test") is not allowed.';
    const vite = app(hasHost('demo.'), (response) => response.writeHead(403).end(text));
    assert.equal((await examine(t, vite)).host?.result, 'ok');
    const { host } = await examine(t, vite, { hostHeader: 'preserve' });
    assert.equal(host?.result, 'failure');
    assert.match(host?.fix ?? '', /allowedHosts: \['demo\.tunnel\.test'\].*--host-header preserve$/);
  });

  it('finds by behaviour that forwarded requests are refused, with and without a text', async (t) => {
    const isForwarded = ({ headers }: IncomingMessage) => headers['x-forwarded-for'] !== undefined;
    const refusal = (response: ServerResponse) => response.writeHead(400).end('400: Bad Request');
    const { host } = await examine(t, app(isForwarded, refusal));
    assert.match(host?.fix ?? '', /trusted_proxies: \[127\.0\.0\.1/);
    const unknown = await examine(
      t,
      app(isForwarded, (response) => response.writeHead(403).end()),
    );
    assert.equal(unknown.host?.result, 'failure');
    assert.match(unknown.host?.fix ?? '', /demo\.tunnel\.test/);
  });
});

describe('a target that refuses the origin of the tunnel', () => {
  const refuse =
    (status: number, text: string, headers: Record<string, string> = {}) =>
    (response: ServerResponse) =>
      response.writeHead(status, headers).end(text);

  for (const [server, refuses, refusal, fix] of [
    [
      'Grafana',
      isForeignHost,
      refuse(403, '{"message":"origin not allowed"}', { 'content-type': 'application/json' }),
      /csrf_trusted_origins/,
    ],
    [
      'SvelteKit',
      isForeignOrigin,
      refuse(403, 'Cross-site POST form submissions are forbidden'),
      /trustedOrigins: \['https:\/\/demo\.tunnel\.test'\]/,
    ],
    ['Spring', isForeignOrigin, refuse(403, 'Invalid CORS request'), /server\.forward-headers-strategy=framework/],
    [
      'Jupyter',
      isForeignHost,
      refuse(404, '', { server: 'TornadoServer/6.4' }),
      /allow_origin = 'https:\/\/demo\.tunnel\.test'/,
    ],
    [
      'an MCP server',
      isForeignOrigin,
      refuse(403, '{"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Origin: x"}}', {
        'content-type': 'application/json',
      }),
      /allowedOrigins/,
    ],
  ] as const)
    it(`is told its setting: ${server}`, async (t) => {
      const { origin } = await examine(t, app(refuses, refusal));
      assert.equal(origin?.result, 'failure');
      assert.match(origin?.fix ?? '', fix);
    });

  it('is told apart from one that wants a token of its form: Django', async (t) => {
    const page = (reason: string) => `<h1>Forbidden</h1><p>CSRF verification failed. Request aborted.</p>${reason}`;
    const django = app(isForeignOrigin, refuse(403, page('Origin checking failed')), (response, request) =>
      isPost(request) ? response.writeHead(403).end(page('CSRF cookie not set.')) : response.end(),
    );
    const { origin } = await examine(t, django, { post: '/login' });
    assert.match(origin?.fix ?? '', /CSRF_TRUSTED_ORIGINS/);
    const tokenOnly = app(isPost, refuse(403, page('CSRF cookie not set.')));
    assert.equal((await examine(t, tokenOnly, { post: '/login' })).origin?.result, 'ok');
  });

  it('is unknown: --host-header preserve is advised where it has helped, and only there', async (t) => {
    const helps = await examine(t, app(isForeignHost, refuse(403, '')));
    assert.equal(helps.origin?.fix, 'give the agent --host-header preserve');
    const listed = await examine(
      t,
      app((request) => isPost(request) && !hostOf(request).startsWith('127.'), refuse(403, '')),
    );
    assert.match(listed.origin?.fix ?? '', /^name https:\/\/demo\.tunnel\.test in/);
  });
});
