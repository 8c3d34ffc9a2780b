import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type BaseAddress,
  classifyHost,
  isTunnelName,
  readBaseAddress,
  readHost,
  readOrigin,
  tunnelHost,
  tunnelOrigin,
} from '../../../src/core/hostname.js';

const BASE = readBaseAddress('https://tunnel.test') as BaseAddress;

const CANONICAL: readonly (readonly [string, string])[] = [
  ['app.tunnel.test', 'app.tunnel.test'],
  ['APP.Tunnel.Test', 'app.tunnel.test'],
  ['app.tunnel.test.', 'app.tunnel.test'],
  ['app.tunnel.test:443', 'app.tunnel.test'],
  ['App.tunnel.test.:80', 'app.tunnel.test'],
  ['app.tunnel.test:65535', 'app.tunnel.test'],
  ['localhost:8080', 'localhost'],
  ['127.0.0.1:8080', '127.0.0.1'],
  ['my_app.tunnel.test', 'my_app.tunnel.test'],
];

const REFUSED: readonly string[] = [
  '',
  '.',
  'app.tunnel.test:99999',
  'app.tunnel.test:65536',
  'app.tunnel.test:',
  'app.tunnel.test:x',
  'app.tunnel.test:80@evil',
  'app.tunnel.test:80:80',
  'a.example:99@evil',
  'evil@app.tunnel.test',
  'a..tunnel.test',
  '.app.tunnel.test',
  'app.tunnel.test..',
  '[::1]',
  '[::1]:80',
  '::1',
  'app.tunnel.test/x',
  'app.tunnel.test?x',
  'app.tunnel.test#x',
  'app.tunnel.test\\x',
  'app tunnel.test',
  ' app.tunnel.test',
  'app.tunnel.test\n',
  'app.tunnel.test\0',
  'app%2etunnel.test',
  'äpp.tunnel.test',
  '\u212aapp.tunnel.test',
  'app\u3002tunnel.test',
  `${'a'.repeat(64)}.tunnel.test`,
  'a.'.repeat(150),
  'app.tunnel.test, app.tunnel.test',
];

describe('readHost', () => {
  for (const [written, host] of CANONICAL) {
    it(`reads ${written} as ${host}`, () => assert.equal(readHost([written]), host));
  }

  for (const written of REFUSED) {
    it(`refuses ${JSON.stringify(written).slice(0, 50)}`, () => assert.equal(readHost([written]), undefined));
  }

  it('refuses a request without Host and one with two, equal ones included', () => {
    assert.equal(readHost([]), undefined);
    assert.equal(readHost(['app.tunnel.test', 'app.tunnel.test']), undefined);
    assert.equal(readHost(['app.tunnel.test', 'evil.test']), undefined);
  });

  it('agrees with the URL Standard, and reads its own result again', () => {
    const letters = fc.constantFrom(
      'a',
      'B',
      '0',
      '-',
      '.',
      '_',
      ':',
      '8',
      '@',
      '/',
      '\\',
      '[',
      ']',
      '%',
      'é',
      '\0',
      ' ',
    );
    const written = fc.oneof(fc.domain(), fc.webAuthority(), fc.string({ unit: letters, maxLength: 20 }));
    fc.assert(
      fc.property(written, (text) => {
        const host = readHost([text]);
        if (host === undefined) return;
        assert.equal(readHost([host]), host);
        assert.match(host, /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/);
        if (URL.canParse(`http://${text}/`) && /[a-z]$/.test(host)) {
          assert.equal(new URL(`http://${text}/`).hostname.replace(/\.$/, ''), host);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('classifyHost', () => {
  it('recognizes the base host, and tunnels one label in front of it', () => {
    assert.deepEqual(classifyHost('tunnel.test', BASE), { kind: 'base' });
    assert.deepEqual(classifyHost('app.tunnel.test', BASE), { kind: 'tunnel', name: 'app' });
    assert.deepEqual(classifyHost('dev-1.tunnel.test', BASE), { kind: 'tunnel', name: 'dev-1' });
  });

  const UNKNOWN: readonly string[] = [
    'eviltunnel.test',
    'app.tunnel.test.evil.com',
    'tunnel.test.evil.com',
    'test',
    'evil.com',
    '127.0.0.1',
    '.tunnel.test',
  ];
  for (const host of UNKNOWN) {
    it(`${host} is no host of this edge`, () => assert.deepEqual(classifyHost(host, BASE), { kind: 'unknown' }));
  }

  for (const label of ['-a', 'a-', 'xn--a', 'my_app', 'www', 'auth', 'x.app']) {
    it(`${label}.tunnel.test is no tunnel, and nobody else's host`, () =>
      assert.deepEqual(classifyHost(`${label}.tunnel.test`, BASE), { kind: 'unknown', isBelow: true }));
  }
});

describe('isTunnelName', () => {
  for (const name of ['a', 'app', 'dev-1', '0', 'a'.repeat(63), 'a-b--c']) {
    it(`${name} may name a tunnel`, () => assert.equal(isTunnelName(name), true));
  }
  const refused = [
    '',
    '-a',
    'a-',
    'a.b',
    'A',
    'ä',
    '\u212a',
    'a_b',
    'xn--bcher-kva',
    'ab--c',
    'a'.repeat(64),
    'a\n',
    '_gate',
  ];
  for (const name of [...refused, 'www', 'admin', 'auth', 'oauth2', 'postern']) {
    it(`${JSON.stringify(name)} may not`, () => assert.equal(isTunnelName(name), false));
  }
});

describe('readOrigin', () => {
  it('reads an origin in the spelling of browsers, and nothing more or less', () => {
    assert.equal(readOrigin('https://Web.Acme.com'), 'https://web.acme.com');
    assert.equal(readOrigin('http://localhost:3000'), 'http://localhost:3000');
    assert.equal(readOrigin('http://[::1]:3000'), 'http://[::1]:3000');
    const refused = [
      '',
      '*',
      'null',
      'web.acme.com',
      'https://a.com/',
      'https://a.com:443',
      'https://a.com?x',
      'file://',
    ];
    refused.push('ftp://a.com', 'https://a:b@a.com', 'https://zoë.com', 'https://', ' https://a.com', 'data:,x');
    for (const text of refused) assert.equal(readOrigin(text), undefined, text);
  });
});

describe('readBaseAddress', () => {
  it('reads scheme, host and port', () => {
    assert.deepEqual(readBaseAddress('http://localhost:8080'), {
      scheme: 'http',
      host: 'localhost',
      port: 8080,
      origin: 'http://localhost:8080',
    });
    assert.deepEqual(BASE, { scheme: 'https', host: 'tunnel.test', port: 443, origin: 'https://tunnel.test' });
    assert.equal(readBaseAddress('HTTPS://Tunnel.TEST:443/')?.origin, 'https://tunnel.test');
    assert.equal(readBaseAddress('http://tunnel.test')?.port, 80);
  });

  const refused = [
    '',
    'tunnel.test',
    '//tunnel.test',
    'ftp://tunnel.test',
    'https://',
    'https://1.2.3.4',
    'https://[::1]',
  ];
  refused.push('https://tunnel.test/x', 'https://tunnel.test/?x', 'https://tunnel.test/#x', 'https://a:b@tunnel.test');
  refused.push('https://tunnel.test.', 'javascript:alert(1)', 'https://tunnel.test:99999', 'https://a..test');
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(readBaseAddress(text), undefined));
  }
});

describe('addresses of a tunnel', () => {
  it('keep the scheme and a port that is not the default', () => {
    const local = readBaseAddress('http://localhost:8080') as BaseAddress;
    assert.equal(tunnelOrigin(local, 'demo'), 'http://demo.localhost:8080');
    assert.equal(tunnelOrigin(BASE, 'demo'), 'https://demo.tunnel.test');
    assert.equal(tunnelHost(local, 'demo'), 'demo.localhost');
  });
});
