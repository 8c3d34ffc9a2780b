import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isEndpoint, readIssuer } from '../../../../src/auth/identity/issuer.js';

it('reads https issuers, and http ones on loopback', () => {
  const good = ['https://accounts.google.com', 'https://id.acme.com/realms/x/', 'https://10.0.0.1:8443'];
  const loopback = [
    'http://localhost:1',
    'http://op.localhost',
    'http://127.0.0.1:1',
    'http://127.8.0.1',
    'http://[::1]:1',
  ];
  for (const text of [...good, ...loopback]) assert.equal(readIssuer(text).href, new URL(text).href);
});

it('rejects every other issuer', () => {
  const odd = ['', 'x', 'id.acme.com', 'javascript:1', 'file:///x', 'ftp://id.acme.com', 'https://', 'https://a b'];
  const plain = ['http://id.acme.com', 'http://10.0.0.1', 'http://localhost.evil.test', 'http://127.0.0.1.evil.test'];
  const more = ['https://a@id.acme.com', 'https://:b@id.acme.com', 'https://id.acme.com?x=1', 'https://id.acme.com#x'];
  for (const text of [...odd, ...plain, ...more]) {
    assert.throws(() => readIssuer(text), { code: 'ERR_CONFIG_INVALID' }, text);
  }
});

it('accepts http endpoints of an http issuer only, and on loopback only', () => {
  const [secure, loopback] = [new URL('https://id.acme.com'), new URL('http://localhost:1')];
  assert.deepEqual([isEndpoint('https://x.test/', secure), isEndpoint('http://x.test/', secure)], [true, false]);
  assert.deepEqual([isEndpoint('https://x.test/', loopback), isEndpoint('http://x.test/', loopback)], [true, false]);
  assert.deepEqual([isEndpoint('http://127.0.0.1:2/', loopback), isEndpoint('http://[::1]/', loopback)], [true, true]);
  for (const odd of [undefined, 7, '', '/token', 'javascript:1', 'file:///x', ['https://x.test']]) {
    assert.equal(isEndpoint(odd, loopback), false);
  }
});
