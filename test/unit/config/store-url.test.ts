/** The URL of a store: what it may say, and that no problem quotes it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.js';
import { loadEdgeConfig } from '../../../src/config/edge-config.js';
import { storeUrl } from '../../../src/config/store-url.js';

const PLAIN = { tls: undefined, user: undefined, password: undefined, database: 0, prefix: 'postern' };
const TLS = { ca: undefined, cert: undefined, key: undefined };

describe('the URL of a store', () => {
  for (const [text, expected] of [
    ['redis://cache', { ...PLAIN, at: { kind: 'tcp', host: 'cache', port: 6_379 } }],
    ['redis://[::1]:7000/3', { ...PLAIN, at: { kind: 'tcp', host: '::1', port: 7_000 }, database: 3 }],
    [
      'rediss://ana:p%40ss%2Fword@10.0.0.7?ca=/etc/ca.pem&prefix=staging',
      {
        ...{ at: { kind: 'tcp', host: '10.0.0.7', port: 6_379 }, tls: { ...TLS, ca: '/etc/ca.pem' } },
        ...{ user: 'ana', password: 'p@ss/word', database: 0, prefix: 'staging' },
      },
    ],
    [
      'rediss://:hush@cache?cert=/etc/c.pem&key=/etc/k.pem',
      {
        ...{ ...PLAIN, at: { kind: 'tcp', host: 'cache', port: 6_379 }, password: 'hush' },
        tls: { ca: undefined, cert: '/etc/c.pem', key: '/etc/k.pem' },
      },
    ],
    ['redis+unix:///run/redis/a%20b.sock', { ...PLAIN, at: { kind: 'unix', path: '/run/redis/a b.sock' } }],
    [
      'redis+unix://ana:hush@localhost/run/redis.sock',
      { ...PLAIN, at: { kind: 'unix', path: '/run/redis.sock' }, user: 'ana', password: 'hush' },
    ],
    [
      'rediss+sentinel://ana:hush@one,two:7000/main/2?sentinel_user=s&sentinel_password=p',
      {
        at: {
          kind: 'sentinel',
          sentinels: [
            { host: 'one', port: 26_379 },
            { host: 'two', port: 7_000 },
          ],
          ...{ primary: 'main', user: 's', password: 'p' },
        },
        ...{ tls: TLS, user: 'ana', password: 'hush', database: 2, prefix: 'postern' },
      },
    ],
  ] as const) {
    it(`may be ${text}`, () => assert.deepEqual(storeUrl.read(text), { value: expected, problems: [] }));
  }

  for (const text of [
    'hush',
    'http://hush@cache',
    'redis:/hush',
    'redis://hush@cache',
    'redis://ana:hush@',
    'redis://ana:hush@cache:0',
    'redis://ana:hush@cache:70000',
    'redis://ana:hush@cache/one',
    'redis://ana:hush@cache/10000',
    'redis://ana:hush@one,two',
    'redis://ana:hush@cache#hush',
    'redis://ana:hush%zz@cache',
    'redis://ana:hush%0d@cache',
    'redis://ana:hush@cache?tls=hush',
    'redis://ana:hush@cache?prefix=a&prefix=hush',
    'redis://ana:hush@cache?prefix=hush*',
    'redis://ana:hush@cache?ca=/hush',
    'rediss://ana:hush@cache?ca=hush.pem',
    'rediss://ana:hush@cache?cert=/hush.pem',
    'redis+unix://ana:hush@cache/run/redis.sock',
    'redis+unix://',
    'redis+sentinel://ana:hush@one,two',
    'redis+sentinel://ana:hush@one,,two/main',
  ]) {
    it(`is refused in one sentence that does not quote it: ${text}`, () => {
      const { value, problems } = storeUrl.read(text);
      assert.equal(value, undefined);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', /expected/);
      assert.doesNotMatch(problems[0] ?? '', /hush/);
    });
  }

  it('excludes a state folder, and is a place for certificates', () => {
    const env = {
      ...{ POSTERN_SECRET: 'secret k of thirty-two bytes or more', POSTERN_OIDC_CLIENT_ID: 'postern' },
      ...{ POSTERN_OIDC_CLIENT_SECRET: 'hush', POSTERN_STORE_URL: 'redis://cache' },
      ...{ POSTERN_ACME: 'on', POSTERN_URL: 'https://tunnel.acme.com' },
    };
    assert.equal(loadEdgeConfig({ env, flags: {} }).storeGraceMs, 300_000);
    assert.throws(
      () => loadEdgeConfig({ env: { ...env, POSTERN_STATE_DIR: '/var/lib/postern' }, flags: {} }),
      (error) => error instanceof ConfigError && error.problems.length === 1 && /STATE_DIR/.test(error.message),
    );
  });
});
