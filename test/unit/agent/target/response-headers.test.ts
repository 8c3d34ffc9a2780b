import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { responseHeaders, responseTrailers } from '../../../../src/agent/target/response-headers.js';
import { PosternError } from '../../../../src/errors.js';

const TARGET = readTargetAddress(new URL('http://localhost:5173'), 'rewrite');
const PLACE = { host: 'demo.localhost:8080', hostname: 'demo.localhost', origin: 'http://demo.localhost:8080' };

function carried(raw: string[], status = 200): string[] {
  return responseHeaders(raw, status, TARGET, PLACE);
}

function location(value: string): string | undefined {
  return carried(['Location', value])[1];
}

function cookie(value: string): string | undefined {
  return carried(['Set-Cookie', value])[1];
}

describe('responseHeaders', () => {
  it('changes nothing but the case of names', () => {
    const raw = ['X-B', '1', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'X-B', '\xe9', 'Date', 'x', 'Server', 'y'];
    assert.deepEqual(carried(raw), [
      'x-b',
      '1',
      'set-cookie',
      'a=1',
      'set-cookie',
      'b=2',
      'x-b',
      '\xe9',
      'date',
      'x',
      'server',
      'y',
    ]);
  });

  it('removes hop-by-hop headers and what Connection names', () => {
    const raw = [
      'Connection',
      'keep-alive, X-Gone',
      'Keep-Alive',
      'timeout=5',
      'X-Gone',
      '1',
      'Upgrade',
      'h2c',
      'Trailer',
      'x',
      'Transfer-Encoding',
      'chunked',
      'A',
      '1',
    ];
    assert.deepEqual(carried(raw), ['a', '1']);
  });

  it('drops postern-error, in any spelling', () => {
    for (const name of ['postern-error', 'Postern-Error', 'postern_error', 'POSTERN.ERROR']) {
      assert.deepEqual(carried([name, 'ERR_TARGET_REFUSED']), []);
    }
  });

  it('drops Content-Length where it is not allowed', () => {
    assert.deepEqual(carried(['Content-Length', '5'], 204), []);
    assert.deepEqual(carried(['Content-Length', '5'], 103), []);
    assert.deepEqual(carried(['Content-Length', '5'], 304), ['content-length', '5']);
  });

  it('rejects malformed values, and transfer codings other than chunked', () => {
    const bad = [
      ['x', 'a\rb'],
      ['x', 'a\nb'],
      ['x', '\0'],
      ['x', '\u0161'],
      ['x y', '1'],
      ['', '1'],
      [':status', '200'],
    ];
    for (const raw of [...bad, ['Transfer-Encoding', 'gzip, chunked'], ['Transfer-Encoding', 'gzip']]) {
      assert.throws(
        () => carried(raw),
        (error) => error instanceof PosternError && error.code === 'ERR_TARGET_PROTOCOL',
      );
    }
  });
});

describe('Location', () => {
  it('that names the target becomes public, byte for byte from the path on', () => {
    assert.equal(
      location('http://localhost:5173/a%2Fb?c=http://localhost:5173#d'),
      'http://demo.localhost:8080/a%2Fb?c=http://localhost:5173#d',
    );
    assert.equal(location('https://127.0.0.1:5173'), 'http://demo.localhost:8080');
    assert.equal(location('HTTP://[::1]:5173?x'), 'http://demo.localhost:8080?x');
    assert.equal(location('//localhost:5173/x'), 'http://demo.localhost:8080/x');
  });

  it('that names the target cannot lead elsewhere by what follows', () => {
    assert.equal(new URL(location('http://localhost:5173\\@evil/') ?? '').host, 'demo.localhost:8080');
    assert.equal(new URL(location('http://localhost:5173?@evil/') ?? '').host, 'demo.localhost:8080');
  });

  it('that names anything else is unchanged', () => {
    for (const value of [
      '/path',
      'path',
      '',
      '?q',
      'http://localhost:3000/',
      'http://localhost/',
      'https://accounts.google.com/x?redirect=http://localhost:5173/',
      'http://demo.localhost:8080/x',
      'http://demo.localhost:5173/',
      'http://user@localhost:5173/',
      'http://localhost:5173.evil/',
      'http:/localhost:5173/',
      'myapp://localhost:5173/',
    ]) {
      assert.equal(location(value), value, value);
    }
  });
});

describe('Set-Cookie', () => {
  it('with a Domain that names the target gets the public host', () => {
    assert.equal(cookie('a=b; Domain=localhost; Path=/; HttpOnly'), 'a=b; Domain=demo.localhost; Path=/; HttpOnly');
    assert.equal(cookie('a=b;domain=.LOCALHOST'), 'a=b;domain=demo.localhost');
    assert.equal(cookie('a=b; Domain=127.0.0.1'), 'a=b; Domain=demo.localhost');
  });

  it('with any other Domain, or none, is unchanged', () => {
    for (const value of [
      'a=b',
      'a="x; y"; Path=/',
      'a=domain=localhost',
      'domain=localhost',
      'a=b; Domain=acme.com',
      'a=b; Domain=',
      'a=b; Domain=localhost.evil',
      ';;',
      '',
    ]) {
      assert.equal(cookie(value), value, value);
    }
  });
});

describe('responseTrailers', () => {
  it('keeps permitted trailers, in lower case', () => {
    const raw = [
      'X-Sum',
      '1',
      'Content-Length',
      '5',
      'Set-Cookie',
      'a=b',
      'Postern-Error',
      'x',
      'x-bad',
      'a\u0161',
      'ETag',
      '"x"',
    ];
    assert.deepEqual(responseTrailers(raw), ['x-sum', '1', 'etag', '"x"']);
  });
});
