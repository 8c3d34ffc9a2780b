import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, test } from 'node:test';
import { Guard } from '../../../../src/agent/inspector/guard.js';
import { inspected } from './inspected.js';

const guard = new Guard({ port: 4040, key: 'the-key', cookie: 'the-cookie', page: 'the-page' });
const COOKIE = 'postern-inspector-4040=the-cookie';
const PAGE = { 'postern-page': 'the-page' };
const SESSION = { ...PAGE, cookie: COOKIE };
const KEY = { authorization: 'Bearer the-key' };
const JSON_TYPE = { 'content-type': 'application/json' };
const OWN = { origin: 'http://127.0.0.1:4040', 'sec-fetch-site': 'same-origin' };

function hostStatus(...hosts: string[]): number {
  return guard.checkHost({ hosts })?.status ?? 200;
}

function status(
  method: string,
  headers: IncomingHttpHeaders,
  demand: 'page' | 'open' | 'session' | 'key' = 'key',
): number {
  return guard.check({ method, headers, hosts: [] }, demand)?.status ?? 200;
}

describe('the guard of the inspector', () => {
  test('K4 knows its own names with its own port, and no other host', () => {
    for (const host of ['127.0.0.1:4040', 'localhost:4040', '[::1]:4040']) assert.equal(hostStatus(host), 200, host);
    for (const host of [
      ...['evil.test', 'evil.test:4040', '127.0.0.1', 'localhost', '127.0.0.1:4041', '127.0.0.1:4040.evil.test'],
      ...[
        '127.attacker.example:4040',
        'LOCALHOST:4040',
        '127.1:4040',
        '0.0.0.0:4040',
        'localhost.:4040',
        '2130706433:4040',
      ],
      ...[
        '127.0.0.1:04040',
        ' 127.0.0.1:4040',
        '127.0.0.1:4040@evil.test',
        'evil.test@127.0.0.1:4040',
        '[::ffff:127.0.0.1]:4040',
        '',
      ],
    ])
      assert.equal(hostStatus(host), 421, host);
    assert.equal(hostStatus(), 421);
    assert.equal(hostStatus('127.0.0.1:4040', '127.0.0.1:4040'), 421);
  });

  test('K5 lets a page act that is its own, with the cookie and JSON, and a program with the key', () => {
    assert.equal(status('POST', { ...OWN, ...JSON_TYPE, ...PAGE, cookie: `a=1; ${COOKIE}` }), 200);
    assert.equal(status('POST', { ...KEY, ...JSON_TYPE }), 200);
    assert.equal(status('GET', { ...SESSION }), 200);
    assert.equal(status('GET', { ...OWN, ...SESSION }), 200);
    assert.equal(status('GET', KEY), 200);
  });

  test('K5 lets no other page act, and nothing without the key', () => {
    const cases: readonly [expected: number, method: string, headers: IncomingHttpHeaders][] = [
      [403, 'POST', { ...JSON_TYPE, ...SESSION, origin: 'https://evil.test' }],
      [403, 'POST', { ...JSON_TYPE, ...SESSION, origin: 'http://127.0.0.1:4041' }],
      [403, 'POST', { ...JSON_TYPE, ...SESSION, origin: 'null' }],
      [403, 'POST', { ...JSON_TYPE, ...SESSION }], // a browser always says where a POST comes from
      [403, 'POST', { ...JSON_TYPE, ...OWN, 'sec-fetch-site': 'cross-site', ...SESSION }],
      [403, 'POST', { ...JSON_TYPE, ...OWN, 'sec-fetch-site': 'same-site', ...SESSION }],
      [403, 'GET', { origin: 'https://evil.test', ...SESSION }],
      [403, 'GET', { 'sec-fetch-site': 'cross-site', ...SESSION }],
      [403, 'POST', { ...JSON_TYPE, ...KEY, origin: 'https://evil.test' }],
      [415, 'POST', { ...OWN, ...SESSION, 'content-type': 'text/plain' }],
      [415, 'POST', { ...OWN, ...SESSION, 'content-type': 'application/x-www-form-urlencoded' }],
      [415, 'POST', { ...OWN, ...SESSION, 'content-type': 'text/plain; application/json' }],
      [415, 'DELETE', { ...OWN, ...SESSION }],
      [401, 'POST', { ...OWN, ...JSON_TYPE }],
      [401, 'GET', {}],
      [401, 'GET', { ...PAGE, cookie: 'postern-inspector-4040=another' }],
      [401, 'GET', { ...PAGE, cookie: 'postern-inspector-4041=the-cookie' }],
      [401, 'GET', { ...PAGE, cookie: 'postern-inspector-4040=the-key' }],
      [401, 'GET', { authorization: 'Bearer the-cookie' }],
      [401, 'GET', { authorization: 'Bearer the-page' }],
      [401, 'GET', { authorization: 'Basic the-key' }],
    ];
    for (const [expected, method, headers] of cases)
      assert.equal(status(method, headers), expected, JSON.stringify(headers));
  });

  test('K5 tells a page of another origin not even the URL', () => {
    assert.equal(status('GET', {}, 'open'), 200);
    assert.equal(status('GET', { 'sec-fetch-site': 'cross-site' }, 'open'), 403);
    assert.equal(status('GET', { origin: 'https://evil.test' }, 'open'), 403);
  });
});

describe('the server of the inspector', () => {
  test('K3 listens on the loopback interface only', async (t) => {
    const { inspector } = await inspected(t, (_request, response) => response.end());
    assert.match(inspector.origin, /^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('K4 K5 judges every route, method and stream before anything else', async (t) => {
    const { bare, visit, rows, inspector, ownPort } = await inspected(t, (_request, response) => response.end());
    await visit();
    const id = (await rows())[0]?.id;
    const paths = [
      '/',
      '/assets/x.js',
      '/api/tunnels',
      '/api/status',
      '/api/exchanges',
      `/api/exchanges/${id}`,
      '/api/events',
      '/none',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT'])
        assert.equal(
          (await bare(method, path, { host: `evil.test:${ownPort}`, ...bearer(inspector.key) })).status,
          421,
          `${method} ${path}`,
        );
      const upgrade = { connection: 'Upgrade', upgrade: 'websocket', host: 'evil.test' };
      assert.equal((await bare('GET', path, upgrade)).status, 421, path);
    }
    for (const path of [
      '/api/exchanges',
      `/api/exchanges/${id}`,
      `/api/exchanges/${id}/response/body`,
      '/api/events',
      '/api/har',
      '/api/people',
      '/api/requests/http',
    ])
      assert.equal((await bare('GET', path)).status, 401, path);
    for (const path of ['/api/tunnels', '/api/tunnels/web', '/api/endpoints', '/api/endpoints/web', '/api/status', '/'])
      assert.equal((await bare('GET', path)).status, 200, path);
    for (const path of [
      `/api/exchanges/${id}/replay`,
      `/api/exchanges/${id}/pin`,
      '/api/pause',
      '/api/session',
      '/api/requests/http',
    ])
      for (const method of ['GET', 'HEAD'])
        assert.notEqual(
          (await bare(method, path, bearer(inspector.key))).status,
          204,
          `${method} ${path} does not act`,
        );
    assert.equal((await rows()).length, 1, 'nothing was repeated');
  });

  test('K5 exchanges the key for a cookie that scripts and other sites do not get', async (t) => {
    const { bare, inspector, ownPort } = await inspected(t, (_request, response) => response.end());
    const own = { origin: `http://127.0.0.1:${ownPort}`, 'content-type': 'application/json' };
    assert.equal((await bare('POST', '/api/session', own, '{"key":"wrong"}')).status, 401);
    assert.equal(
      (
        await bare(
          'POST',
          '/api/session',
          { ...own, origin: 'https://evil.test' },
          JSON.stringify({ key: inspector.key }),
        )
      ).status,
      403,
    );
    const {
      status: exchanged,
      headers,
      body,
    } = await bare('POST', '/api/session', own, JSON.stringify({ key: inspector.key }));
    assert.equal(exchanged, 200);
    const { page } = JSON.parse(body) as { page: string };
    assert.match(page, /^[\w-]{43}$/);
    assert.ok(page !== inspector.key);
    const [cookie = ''] = headers['set-cookie'] ?? [];
    assert.match(cookie, new RegExp(`^postern-inspector-${ownPort}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`));
    assert.ok(!cookie.includes(inspector.key) && !cookie.includes(page));
    const [sent] = cookie.split(';', 1);
    assert.equal((await bare('GET', '/api/exchanges', { cookie: sent, 'postern-page': page })).status, 200);
  });

  test('K18 lets nobody in with one half: the cookie, which every port of this machine gets, or what the page keeps', () => {
    for (const half of [{ cookie: COOKIE }, PAGE, { ...PAGE, 'postern-page': 'the-cookie', cookie: COOKIE }]) {
      assert.equal(status('GET', { ...OWN, 'sec-fetch-site': 'same-origin', ...half }), 401);
      assert.equal(status('POST', { ...OWN, ...JSON_TYPE, 'sec-fetch-site': 'same-origin', ...half }), 401);
    }
    assert.equal(status('POST', { ...OWN, ...JSON_TYPE, 'sec-fetch-site': 'same-origin', ...SESSION }), 200);
  });

  test('K6 sends no page but its own, and that under a policy without exceptions', async (t) => {
    const { bare, call, visit, rows } = await inspected(t, (_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<script>alert(1)</script>');
    });
    await visit({ path: '/<script>' });
    const id = (await rows())[0]?.id;
    const body = await call('GET', `/api/exchanges/${id}/response/body`);
    assert.equal(body.headers['content-type'], 'application/octet-stream');
    assert.match(body.headers['content-disposition'] ?? '', /^attachment/);
    for (const path of ['/', '/api/tunnels', '/none', `/api/exchanges/${id}`]) {
      const { headers } = await bare('GET', path);
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin', path);
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin', path);
      assert.equal(headers['access-control-allow-origin'], undefined, path);
      const policy = String(headers['content-security-policy']);
      assert.ok(policy.startsWith("default-src 'none'; script-src 'self';") && !policy.includes('unsafe'), path);
      assert.ok(policy.includes("frame-ancestors 'none'"), path);
    }
  });
});

function bearer(key: string) {
  return { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
}
