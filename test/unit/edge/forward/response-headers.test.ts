import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResponseHeaderOptions } from '../../../../src/edge/forward/response-headers.js';
import { responseHeaders as headersOf } from '../../../../src/edge/forward/response-headers.js';

const GATED = { host: 'demo.tunnel.test', isGated: true, cookie: undefined, version: '1.1' as const };
const OPEN = { ...GATED, isGated: false };

function responseHeaders(headers: readonly string[], options: ResponseHeaderOptions, status = 200): string[] {
  return headersOf({ status, headers }, options);
}

describe('the headers of an answer', () => {
  it('pass in order, in their usual case and with their repetitions', () => {
    const headers = [
      'x-b',
      '1',
      'etag',
      '2',
      'x-b',
      '3',
      'set-cookie',
      'a=1',
      'www-authenticate',
      'x',
      'Set-Cookie',
      'b=2',
    ];
    const sent = [
      'X-B',
      '1',
      'ETag',
      '2',
      'X-B',
      '3',
      'Set-Cookie',
      'a=1',
      'WWW-Authenticate',
      'x',
      'Set-Cookie',
      'b=2',
    ];
    assert.deepEqual(responseHeaders(headers, OPEN), sent);
  });

  for (const [status, hasLength] of [
    [103, false],
    [204, false],
    [200, true],
    [304, true],
  ] as const) {
    it(`${hasLength ? 'keep' : 'lose'} the length of a ${status} (RFC 9110 section 8.6)`, () => {
      assert.equal(responseHeaders(['content-length', '5'], OPEN, status).includes('5'), hasLength);
    });
  }

  for (const name of [
    'Connection',
    'Keep-Alive',
    'Proxy-Authenticate',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
  ]) {
    it(`lose ${name}, which ends at this hop`, () => {
      assert.deepEqual(responseHeaders([name, 'x', 'X-Kept', 'y'], OPEN), ['X-Kept', 'y']);
    });
  }

  it('lose what Connection names, but neither framing nor routing', () => {
    const headers = ['Connection', 'X-Hop, content-length', 'x-hop', '1', 'Content-Length', '2', 'X-Kept', '3'];
    assert.deepEqual(responseHeaders(headers, OPEN), ['Content-Length', '2', 'X-Kept', '3']);
  });

  for (const name of ['postern-error', 'Postern-Error', 'POSTERN-URL', 'postern-anything']) {
    it(`lose ${name}, which only the edge may say`, () => {
      assert.deepEqual(responseHeaders([name, 'x'], OPEN), []);
    });
  }

  it('keep what is reserved only towards the target', () => {
    const headers = ['X-Request-Id', 'own', 'X-Forwarded-For', 'own'];
    assert.deepEqual(responseHeaders(headers, OPEN), headers);
  });

  for (const [cookie, passes] of [
    ['a=1', true],
    ['a=1; Domain=demo.tunnel.test', true],
    ['a=1; domain=.Demo.Tunnel.Test', true],
    ['a=1; Domain=sub.demo.tunnel.test', true],
    ['a=1; Domain=', true],
    ['a=postern-session', true],
    ['a=1; Path=/; X=Domain=tunnel.test', true],
    ['a=1; Domain=tunnel.test', false],
    ['a=1; Domain=.tunnel.test', false],
    ['a=1; Domain=test', false],
    ['a=1; Domain=other.tunnel.test', false],
    ['a=1; Domain=xdemo.tunnel.test', false],
    ['a=1; DOMAIN = tunnel.test ', false],
    ['a=1; Domain=demo.tunnel.test; Domain=tunnel.test', false],
    ['__Host-postern-session=x', false],
    ['postern-session=x', false],
    ['=postern-session=x', false],
    [' postern-nonce = x', false],
    ['__HOST-POSTERN-SIGNIN-x=y', false],
    ['postern-session', false],
  ] as const) {
    it(`${passes ? 'keep' : 'lose'} the cookie ${JSON.stringify(cookie)}`, () => {
      assert.deepEqual(responseHeaders(['Set-Cookie', cookie], OPEN), passes ? ['Set-Cookie', cookie] : []);
    });
  }

  it('end with the edge’s own cookie', () => {
    const fields = responseHeaders(['Set-Cookie', 'a=1'], { ...GATED, cookie: '__Host-postern-session=x' });
    const ours = ['Cache-Control', 'private', 'Set-Cookie', '__Host-postern-session=x'];
    assert.deepEqual(fields, ['Set-Cookie', 'a=1', ...ours]);
  });

  // [Cache-Control lines, status, whether a cookie of ours leaves where visitors sign in, and where nobody does]
  for (const [values, status, gated, open] of [
    [[], 200, true, false],
    [['no-cache'], 200, true, false],
    [['max-age=60'], 200, true, false],
    [['private'], 200, true, true],
    [['PRIVATE, max-age=60'], 200, true, true],
    [['no-store'], 404, true, true],
    [['no-store, must-understand'], 200, true, false],
    [['private="set-cookie"'], 200, true, false],
    [['public'], 200, false, false],
    [['private, public'], 200, false, false],
    [['private', 'Public'], 200, false, false],
    [['private, s-maxage=1'], 200, false, false],
    [['no-store, s-maxage="1"'], 200, false, false],
    [['max-age=31536000, immutable'], 200, false, false],
    [['private; public'], 200, false, false],
    [['private, x="'], 200, false, false],
    [[], 304, false, false],
    [['max-age=60'], 304, false, false],
    [['private'], 304, true, true],
  ] as const) {
    it(`${gated ? 'carry' : 'never carry'} a cookie of ours where a ${status} says ${JSON.stringify(values)}`, () => {
      const headers = values.flatMap((value) => ['cache-control', value]);
      const carries = (options: ResponseHeaderOptions) =>
        responseHeaders(headers, { ...options, cookie: 'ours=1' }, status).includes('ours=1');
      assert.deepEqual([carries(GATED), carries(OPEN)], [gated, open]);
    });
  }

  for (const name of [
    'CDN-Cache-Control',
    'Cloudflare-CDN-Cache-Control',
    'x-litespeed-cache-control',
    'Surrogate-Control',
    'Edge-Control',
    'X-Accel-Expires',
  ]) {
    it(`lose ${name} where visitors sign in: it would override Cache-Control in a cache`, () => {
      assert.deepEqual(responseHeaders([name, 'max-age=60'], GATED), ['Cache-Control', 'private']);
      assert.equal(responseHeaders([name, 'max-age=60'], OPEN)[1], 'max-age=60');
    });
  }

  for (const name of ['X-Accel-Redirect', 'X-Sendfile', 'X-LIGHTTPD-send-file', 'X-Reproxy-URL']) {
    it(`lose ${name}, an order to the reverse proxy in front`, () => {
      assert.deepEqual(responseHeaders([name, '/etc/passwd'], OPEN), []);
    });
  }

  for (const [values, isPrivate] of [
    [[], true],
    [['no-cache'], true],
    [['max-age=60'], true],
    [['xpublic'], true],
    [['public'], false],
    [['max-age=60,Public'], false],
    [['S-MAXAGE=1'], false],
    [['no-store'], false],
    [['private="x"'], true],
    [['private=x'], true],
    [['x="private"'], true],
    [['x="a, private"'], true],
    [['x="\\"", private'], false],
    [['no-store, must-understand'], true],
    [['private; max-age=1'], true],
    [[', ,private ,'], false],
    [['max-age=1', 'private'], false],
  ] as const) {
    it(`are ${isPrivate ? 'made' : 'not made'} private by ${JSON.stringify(values)}, and never where nobody signs in`, () => {
      const headers = values.flatMap((value) => ['Cache-Control', value]);
      assert.deepEqual(responseHeaders(headers, OPEN), headers);
      assert.deepEqual(responseHeaders(headers, GATED), isPrivate ? [...headers, 'Cache-Control', 'private'] : headers);
    });
  }
});
