import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  hostOfUri,
  isLoopbackUri,
  isRedirectUri,
  matchesRedirectUri,
} from '../../../../src/edge/clients/redirect-uris.js';

describe('a redirect URI of an OAuth client', () => {
  for (const uri of [
    ...['https://app.example/callback', 'https://app.example:8443/cb?x=1', 'https://app.example'],
    ...['http://127.0.0.1/cb', 'http://127.0.0.1:1/cb', 'http://[::1]:65535/', 'http://localhost:3000/oauth/callback'],
  ])
    it(`may be ${uri}`, () => assert.equal(isRedirectUri(uri), true));

  for (const uri of [
    ...['', 'x', '/callback', '//app.example/', 'http://app.example/cb', 'https://', 'https:/app.example/'],
    ...['https://app.example/#x', 'https://u@app.example/', 'https://u:p@app.example/', 'https://app.example\\@evil/'],
    ...['http://127.0.0.1:0/', 'http://127.0.0.1:65536/', 'http://127.0.0.1:9@evil.example/', 'http://127.0.0.2:9/'],
    ...['http://localhost.evil.example/', 'http://localhost:9.evil.example/', 'http://2130706433/', 'http://0x7f.1/'],
    ...[
      'cursor://callback',
      'javascript:alert(1)',
      'data:text/html,x',
      'https://app.example/a b',
      'https://app.example/\n',
    ],
    ...[
      'https://app.example/"onclick',
      'https://app.example/<x>',
      `https://app.example/${'x'.repeat(256)}`,
      'HTTP://127.0.0.1/',
    ],
  ])
    it(`cannot be ${JSON.stringify(uri.slice(0, 60))}`, () => assert.equal(isRedirectUri(uri), false));

  const registered = ['https://app.example/cb', 'http://127.0.0.1:3000/cb', 'http://localhost/cb?x=1'];
  for (const [uri, matches] of [
    ['https://app.example/cb', true],
    ['http://127.0.0.1:3000/cb', true],
    ['http://127.0.0.1:4711/cb', true],
    ['http://127.0.0.1/cb', true],
    ['http://localhost:4711/cb?x=1', true],
    ['https://app.example:443/cb', false],
    ['https://app.example/cb/', false],
    ['https://app.example/cb?x', false],
    ['https://APP.example/cb', false],
    ['https://app.example/%63b', false],
    ['http://127.0.0.1:4711/cb/', false],
    ['http://127.0.0.1:4711/cb?x', false],
    ['http://127.0.0.1:99999/cb', false],
    ['http://[::1]:3000/cb', false],
    ['http://localhost:3000/cb', false],
    ['https://127.0.0.1:3000/cb', false],
    ['', false],
  ] as const)
    it(`matches those of its client${matches ? '' : ' not'}: ${uri}`, () =>
      assert.equal(matchesRedirectUri(registered, uri), matches));

  it('is shown by its host', () => {
    assert.deepEqual(['https://a.example:8443/x', 'https://b.example/'].map(hostOfUri), [
      'a.example:8443',
      'b.example',
    ]);
    assert.deepEqual(['https://127.0.0.1/', 'http://[::1]:9/'].map(isLoopbackUri), [false, true]);
  });
});
