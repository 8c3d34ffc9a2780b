import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  baseAddress,
  edgeOrigin,
  hostHeader,
  issuer,
  listenAddress,
  networks,
  target,
} from '../../../src/config/addresses.js';
import type { Value } from '../../../src/config/value.js';
import {
  ceiling,
  duration,
  foreignSecret,
  logLevel,
  rules,
  scopes,
  secrets,
  toggle,
  token,
  tunnelName,
  tunnelPatterns,
} from '../../../src/config/values.js';

const SECRET = 'secret k of thirty-two bytes or more';

interface Table {
  readonly schema: Value<unknown>;
  readonly accepted: readonly (readonly [string, unknown])[];
  readonly refused: readonly string[];
}

const TABLES: Readonly<Record<string, Table>> = {
  duration: {
    schema: duration,
    accepted: [
      ['1s', 1_000],
      ['90s', 90_000],
      ['30m', 1_800_000],
      ['12h', 43_200_000],
      ['365d', 31_536_000_000],
    ],
    refused: ['0s', '12', 'h', '-1h', '1.5h', '1h30m', '12 h', '12H', '366d', '999999999d', '9999999999s', '1w', '١h'],
  },
  toggle: {
    schema: toggle,
    accepted: [
      ['true', true],
      ['false', false],
    ],
    refused: ['yes', '1', 'True', 'on'],
  },
  logLevel: { schema: logLevel, accepted: [['warn', 'warn']], refused: ['trace', 'INFO', '30'] },
  listenAddress: {
    schema: listenAddress,
    accepted: [
      ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
      ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
      ['localhost:65535', { host: 'localhost', port: 65_535 }],
      ['[::1]:8080', { host: '::1', port: 8080 }],
      ['[::]:8080', { host: '::', port: 8080 }],
    ],
    refused: [
      '8080',
      ':8080',
      '::1:8080',
      '[::1]',
      '[127.0.0.1]:80',
      '127.0.0.1',
      '127.0.0.1:65536',
      '256.0.0.1:80',
      '*:80',
      'http://a:80',
      'a b:80',
      'a:b',
    ],
  },
  baseAddress: {
    schema: baseAddress,
    accepted: [
      [
        'https://tunnel.acme.com',
        { scheme: 'https', host: 'tunnel.acme.com', port: 443, origin: 'https://tunnel.acme.com' },
      ],
      [
        'https://tunnel.acme.com/',
        { scheme: 'https', host: 'tunnel.acme.com', port: 443, origin: 'https://tunnel.acme.com' },
      ],
      ['http://localhost:8080', { scheme: 'http', host: 'localhost', port: 8080, origin: 'http://localhost:8080' }],
      ['http://dev.localhost', { scheme: 'http', host: 'dev.localhost', port: 80, origin: 'http://dev.localhost' }],
    ],
    refused: [
      'tunnel.acme.com',
      'http://tunnel.acme.com',
      'http://localhost.evil.com',
      'https://127.0.0.1',
      'https://[::1]',
      'https://tunnel.acme.com/path',
      'https://tunnel.acme.com?x',
      'https://tunnel.acme.com#x',
      'https://ana@tunnel.acme.com',
      'https://tunnel.acme.com:0',
      'https://tünnel.acme.com',
      'https://tunnel.ac\tme.com',
      'https:\\\\tunnel.acme.com',
      'ftp://tunnel.acme.com',
      `https://${'a.'.repeat(100)}com`,
    ],
  },
  issuer: {
    schema: issuer,
    accepted: [
      ['https://accounts.google.com', 'https://accounts.google.com'],
      ['https://sso.acme.com/realms/eng/', 'https://sso.acme.com/realms/eng/'],
      ['http://localhost:9000', 'http://localhost:9000'],
      ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
      ['http://[::1]:9000', 'http://[::1]:9000'],
    ],
    refused: [
      'accounts.google.com',
      'http://accounts.google.com',
      'http://127.0.0.1.evil.com',
      'https://a.com?x=1',
      'https://a.com/#x',
      'https://u:p@a.com',
      'file:///etc',
    ],
  },
  edgeOrigin: {
    schema: edgeOrigin,
    accepted: [
      ['https://tunnel.acme.com', 'https://tunnel.acme.com'],
      ['https://tunnel.acme.com:8443/', 'https://tunnel.acme.com:8443'],
      ['http://localhost:8080', 'http://localhost:8080'],
      ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ],
    refused: [
      'tunnel.acme.com',
      'http://tunnel.acme.com',
      'http://10.0.0.1',
      'wss://tunnel.acme.com',
      'https://tunnel.acme.com/x',
      'https://u@tunnel.acme.com',
    ],
  },
  target: {
    schema: target,
    accepted: [
      ['5173', new URL('http://localhost:5173')],
      ['localhost:5173', new URL('http://localhost:5173')],
      ['[::1]:5173', new URL('http://[::1]:5173')],
      ['https://app.test', new URL('https://app.test')],
      ['http://127.0.0.1:3000/', new URL('http://127.0.0.1:3000')],
    ],
    refused: [
      '0',
      '65536',
      '99999',
      '-1',
      '5173/x',
      'http://localhost:5173/x',
      'http://localhost:0',
      'ws://localhost',
      'http://u:p@localhost',
      'http://localhost?x',
      'app',
      'file:///x',
    ],
  },
  networks: {
    schema: networks,
    accepted: [
      ['127.0.0.1', ['127.0.0.1']],
      ['10.0.0.0/8, ::1,fd00::/8', ['10.0.0.0/8', '::1', 'fd00::/8']],
    ],
    refused: ['proxy', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.1,', 'fe80::1%eth0', '*'],
  },
  hostHeader: {
    schema: hostHeader,
    accepted: [
      ['rewrite', 'rewrite'],
      ['preserve', 'preserve'],
      ['app.test:3000', { literal: 'app.test:3000' }],
    ],
    refused: ['rewrit', 'preserved', 'a b', 'http://app.test', 'app.test:99999', 'a\r\nb', 'a/b'],
  },
  tunnelName: {
    schema: tunnelName,
    accepted: [['demo-1', 'demo-1']],
    refused: ['Demo', '-demo', 'demo-', 'a.b', 'www', 'xn--a', 'a_b', 'x'.repeat(64)],
  },
  tunnelPatterns: {
    schema: tunnelPatterns,
    accepted: [
      ['demo', ['demo']],
      ['demo,dev-*', ['demo', 'dev-*']],
      ['*', ['*']],
    ],
    refused: ['demo,', 'Demo', 'dev-?', 'a b', '*.demo', 'www', Array(41).fill('demo').join(',')],
  },
  rules: {
    schema: rules,
    accepted: [
      [
        '@acme.com, *@ACME.com,group:eng,*,public',
        [
          { kind: 'domain', domain: 'acme.com' },
          { kind: 'domain', domain: 'acme.com' },
          { kind: 'group', group: 'eng' },
          { kind: 'anyone' },
          { kind: 'public' },
        ],
      ],
    ],
    refused: ['acme.com', '@acme.com,', '*.acme.com', '@acme.com bob@x.com', Array(101).fill('*').join(',')],
  },
  ceiling: {
    schema: ceiling,
    accepted: [['*', [{ kind: 'anyone' }]]],
    refused: ['public', '@acme.com,public', 'acme.com'],
  },
  secrets: {
    schema: secrets,
    accepted: [
      [SECRET, [SECRET]],
      [`${SECRET},üéàöäßñçøåœæêîôû`, [SECRET, 'üéàöäßñçøåœæêîôû']],
    ],
    refused: ['k'.repeat(31), `${SECRET},old`, `${SECRET},`],
  },
  foreignSecret: {
    schema: foreignSecret,
    accepted: [
      ['GOCSPX-abc', 'GOCSPX-abc'],
      ['a b~', 'a b~'],
    ],
    refused: ['a\0b', 'a\nb', 'a\x7f', 'ü'],
  },
  token: {
    schema: token,
    accepted: [['postern_abc.def', 'postern_abc.def']],
    refused: ['a b', 'a\nb', 'ü', 'x'.repeat(4_097)],
  },
  scopes: {
    schema: scopes,
    accepted: [['openid email', 'openid email']],
    refused: ['email', 'openid  email', 'openid,email', 'openid "x"'],
  },
};

for (const [name, { schema, accepted, refused }] of Object.entries(TABLES)) {
  describe(name, () => {
    for (const [text, value] of accepted) {
      it(`reads ${JSON.stringify(text).slice(0, 60)}`, () =>
        assert.deepEqual(schema.read(text), { value, problems: [] }));
    }
    for (const text of refused) {
      it(`refuses ${JSON.stringify(text).slice(0, 60)}`, () => assert.notEqual(schema.read(text).problems.length, 0));
    }
  });
}

describe('a rejected value', () => {
  it('is quoted in printable form', () => {
    assert.match(duration.read('\x1b[2J').problems[0] ?? '', /^"\\x1b\[2J" /);
  });

  for (const [name, schema] of Object.entries({ secrets, foreignSecret, token })) {
    it(`is not quoted when it is secret (${name})`, () => {
      const { problems } = schema.read('hunter2 hunter2\0');
      assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
    });
  }
});
