import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTargetHost, namesTarget, readTargetAddress } from '../../../../src/agent/target/address.js';
import type { HostHeader } from '../../../../src/core/hostname.js';
import { PosternError } from '../../../../src/errors.js';

function address(url: string, hostHeader: HostHeader = 'rewrite') {
  return readTargetAddress(new URL(url), hostHeader);
}

describe('readTargetAddress', () => {
  it('reads an origin', () => {
    const { scheme, hostname, port, host, loopback } = address('https://App.test');
    assert.deepEqual([scheme, hostname, port, host, loopback], ['https', 'app.test', 443, 'app.test', false]);
  });

  it('reads an IPv6 address without its brackets', () => {
    const { hostname, host, loopback } = address('http://[::1]:3000');
    assert.deepEqual([hostname, host, loopback], ['::1', '[::1]:3000', true]);
  });

  it('rejects anything other than an origin', () => {
    for (const url of ['ftp://x/', 'http://u:p@x/', 'http://x/path', 'http://x/?q', 'http://x/#f', 'file:///tmp/x']) {
      assert.throws(
        () => address(url),
        (error) => error instanceof PosternError && error.code === 'ERR_CONFIG_INVALID',
        url,
      );
    }
  });

  it('rejects a literal that is not a host', () => {
    for (const literal of ['', 'a b', 'a\r\nx: y', 'a/b', 'u@h', 'host:99999', '1.2.3.4.5']) {
      assert.throws(
        () => address('http://localhost:1', { literal }),
        (error) => error instanceof PosternError && error.code === 'ERR_CONFIG_INVALID',
        literal,
      );
    }
  });
});

describe('namesTarget', () => {
  const target = address('http://localhost:5173');

  it('accepts every spelling of loopback with the port of the target', () => {
    for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '[::1]', '0.0.0.0', '127.0.0.2']) {
      assert.equal(namesTarget(target, 'http', `${host}:5173`), true, host);
    }
    assert.equal(namesTarget(target, 'https', 'localhost:5173'), true);
  });

  it('does not take other ports, hosts or userinfo for the target', () => {
    for (const authority of [
      'localhost',
      'localhost:3000',
      'demo.localhost:5173',
      'localhost.evil:5173',
      'a@localhost:5173',
      '',
      ':5173',
    ]) {
      assert.equal(namesTarget(target, 'http', authority), false, authority);
    }
  });

  it('accepts its own host with the public port, or with a public scheme that differs from its own', () => {
    const names = (scheme: string, authority: string, place: string) => namesTarget(target, scheme, authority, place);
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      assert.equal(names('https', host, 'https://demo.tunnel.test'), true, host);
      assert.equal(names('wss', host, 'https://demo.tunnel.test'), true, host);
      assert.equal(names('http', `${host}:443`, 'https://demo.tunnel.test'), true, host);
      assert.equal(names('https', host, 'https://demo.tunnel.test:8443'), true, host);
      assert.equal(names('https', `${host}:8443`, 'https://demo.tunnel.test:8443'), true, host);
      assert.equal(names('http', `${host}:8080`, 'http://demo.localhost:8080'), true, host);
      assert.equal(names('http', host, 'http://demo.localhost:8080'), false, host);
      assert.equal(names('http', host, 'https://demo.tunnel.test'), false, host);
      assert.equal(names('https', `${host}:3000`, 'https://demo.tunnel.test'), false, host);
    }
    for (const authority of ['elsewhere.test', 'localhost.elsewhere.test', 'a@localhost', 'demo.tunnel.test']) {
      assert.equal(names('https', authority, 'https://demo.tunnel.test'), false, authority);
    }
  });

  it('accepts only its own name for a target elsewhere', () => {
    const other = address('http://10.0.0.7:80');
    assert.equal(namesTarget(other, 'http', '10.0.0.7'), true);
    assert.equal(namesTarget(other, 'http', 'localhost:80'), false);
  });

  it('accepts the configured literal host', () => {
    const named = address('http://localhost:5173', { literal: 'app.test' });
    assert.equal(namesTarget(named, 'http', 'app.test'), true);
    assert.equal(namesTarget(named, 'https', 'app.test:5173'), true);
    assert.equal(namesTarget(named, 'http', 'app.test:81'), false);
    assert.equal(isTargetHost(named, 'app.test'), true);
  });
});
