import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { readPublicAddress } from '../../../../src/agent/target/public-address.js';
import { declaredLength, framingHeaders } from '../../../../src/agent/target/request-framing.js';
import { targetHeaders } from '../../../../src/agent/target/request-headers.js';
import type { HostHeader } from '../../../../src/core/hostname.js';
import { PosternError } from '../../../../src/errors.js';
import type { RequestHead } from '../../../../src/http/exchange.js';

const FORWARDED = ['x-forwarded-proto', 'https', 'x-forwarded-host', 'demo.tunnel.test', 'x-forwarded-port', '443'];

function head(headers: readonly string[], more: Partial<RequestHead> = {}): RequestHead {
  return { method: 'GET', scheme: 'https', authority: 'demo.tunnel.test', path: '/', headers, ...more };
}

function told(request: RequestHead, hostHeader: HostHeader = 'rewrite', url = 'http://localhost:5173'): string[] {
  return targetHeaders(request, readTargetAddress(new URL(url), hostHeader), readPublicAddress(request));
}

function code(expected: string) {
  return (error: unknown) => error instanceof PosternError && error.code === expected;
}

describe('readPublicAddress', () => {
  it('reads scheme, host and port from the fields that the edge sets', () => {
    const place = readPublicAddress(
      head(['x-forwarded-proto', 'http', 'x-forwarded-host', 'demo.localhost', 'x-forwarded-port', '8080']),
    );
    assert.deepEqual(place, {
      host: 'demo.localhost:8080',
      hostname: 'demo.localhost',
      origin: 'http://demo.localhost:8080',
    });
  });

  it('does not repeat a port that the host already has', () => {
    const headers = [
      'x-forwarded-proto',
      'http',
      'x-forwarded-host',
      'demo.localhost:8080',
      'x-forwarded-port',
      '8080',
    ];
    assert.equal(readPublicAddress(head(headers)).origin, 'http://demo.localhost:8080');
  });

  it('leaves out the default port', () => {
    assert.equal(readPublicAddress(head(FORWARDED)).origin, 'https://demo.tunnel.test');
  });

  it('falls back to the authority', () => {
    assert.equal(readPublicAddress(head([])).origin, 'https://demo.tunnel.test');
    assert.equal(readPublicAddress(head(['x-forwarded-host', 'a@b/c'])).origin, 'https://demo.tunnel.test');
  });

  it('rejects an authority that is not a host', () => {
    for (const authority of ['', 'a b', 'evil@host', 'host/path', '[::1]']) {
      assert.throws(() => readPublicAddress(head([], { authority })), code('ERR_BAD_REQUEST'));
    }
  });
});

describe('targetHeaders', () => {
  it('keeps order, duplicates and values, and puts Host first', () => {
    assert.deepEqual(told(head(['b', '1', 'a', '2', 'b', 'caf\xe9'])), [
      'host',
      'localhost:5173',
      'b',
      '1',
      'a',
      '2',
      'b',
      'caf\xe9',
    ]);
  });

  it('sends Host as configured', () => {
    assert.deepEqual(told(head(FORWARDED), 'preserve').slice(0, 2), ['host', 'demo.tunnel.test']);
    assert.deepEqual(told(head(FORWARDED), { literal: 'app.test:81' }).slice(0, 2), ['host', 'app.test:81']);
    assert.deepEqual(told(head(FORWARDED), 'rewrite', 'http://localhost:80').slice(0, 2), ['host', 'localhost']);
  });

  it('drops Host, hop-by-hop headers and what Connection names', () => {
    const sent = [
      'host',
      'evil',
      'Connection',
      'X-Gone, close',
      'x-gone',
      '1',
      'te',
      'trailers',
      'upgrade',
      'h2c',
      'x',
      '1',
    ];
    assert.deepEqual(told(head(sent)), ['host', 'localhost:5173', 'x', '1']);
  });

  it('joins cookie crumbs at the place of the first one', () => {
    assert.deepEqual(told(head(['cookie', 'a=1', 'x', '1', 'cookie', 'b=2; c=3'])).slice(2), [
      'cookie',
      'a=1; b=2; c=3',
      'x',
      '1',
    ]);
  });

  it('rejects malformed names', () => {
    for (const headers of [
      ['a b', '1'],
      ['', '1'],
      ['a:', '1'],
    ]) {
      assert.throws(() => told(head(headers)), code('ERR_BAD_REQUEST'), JSON.stringify(headers));
    }
  });

  it('gives Destination the scheme and host that the target sees', () => {
    const request = head([...FORWARDED, 'destination', 'https://DEMO.tunnel.test/b']);
    assert.equal(told(request).at(-1), 'http://localhost:5173/b');
    assert.equal(told(request, 'preserve').at(-1), 'http://demo.tunnel.test/b');
    assert.equal(told(request, { literal: 'app.test' }, 'https://localhost:5173').at(-1), 'https://app.test/b');
  });

  it('leaves Origin unchanged on everything but an upgrade', () => {
    const sent = [...FORWARDED, 'origin', 'https://demo.tunnel.test'];
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      assert.equal(told(head(sent, { method })).at(-1), 'https://demo.tunnel.test');
    }
  });

  it("rewrites an upgrade's Origin only when it is the tunnel's own", () => {
    const upgrade = { method: 'CONNECT', protocol: 'websocket' } as const;
    const origin = (value: string, host?: HostHeader) =>
      told(head([...FORWARDED, 'origin', value], upgrade), host).at(-1);
    assert.equal(origin('https://demo.tunnel.test'), 'http://localhost:5173');
    assert.equal(origin('https://demo.tunnel.test', { literal: 'app.test' }), 'http://app.test');
    assert.equal(origin('https://demo.tunnel.test', 'preserve'), 'https://demo.tunnel.test');
    for (const other of ['https://evil.test', 'null', 'http://demo.tunnel.test', 'https://demo.tunnel.test.evil', '']) {
      assert.equal(origin(other), other);
    }
  });
});

describe('the address that an upgrade names', () => {
  const upgrade = { method: 'CONNECT', protocol: 'websocket' } as const;
  const place = (headers: readonly string[], more: Partial<RequestHead> = upgrade, host?: HostHeader) => {
    const list = told(head(headers, more), host);
    return ['host', 'origin', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port'].map(
      (name) => list[list.indexOf(name) + 1],
    );
  };
  const own = [...FORWARDED, 'origin', 'https://demo.tunnel.test'];

  it('is consistent: Host, Origin and X-Forwarded-* agree where Origin is rewritten', () => {
    assert.deepEqual(place(own), ['localhost:5173', 'http://localhost:5173', 'localhost:5173', 'http', '5173']);
    assert.deepEqual(place(own, upgrade, { literal: 'app.test' }), [
      'app.test',
      'http://app.test',
      'app.test',
      'http',
      '80',
    ]);
  });

  it('is the public one where nothing is rewritten, and on other requests', () => {
    const forwarded = ['demo.tunnel.test', 'https', '443'];
    assert.deepEqual(place(own, upgrade, 'preserve').slice(2), forwarded);
    assert.deepEqual(place([...FORWARDED, 'origin', 'https://web.test']).slice(1), ['https://web.test', ...forwarded]);
    assert.deepEqual(place(own, {}).slice(2), forwarded);
  });
});

describe('framing', () => {
  it("passes the visitor's length on", () => {
    assert.equal(declaredLength(head(['content-length', '12']), false), 12);
    assert.deepEqual(framingHeaders('POST', false, 12), ['Content-Length', '12']);
  });

  it('uses chunks for a body without a length, with any method', () => {
    assert.deepEqual(framingHeaders('GET', false, undefined), ['Transfer-Encoding', 'chunked']);
  });

  it('is empty for a GET, and a length of zero for a POST, when there is no body', () => {
    assert.deepEqual(framingHeaders('GET', true, undefined), []);
    assert.deepEqual(framingHeaders('POST', true, undefined), ['Content-Length', '0']);
    assert.deepEqual(framingHeaders('PROPFIND', true, undefined), ['Content-Length', '0']);
  });

  it('rejects ambiguous lengths', () => {
    for (const values of [['+5'], ['5, 5'], ['5', '5'], ['-1'], ['0x5'], [''], ['1e3'], ['9'.repeat(16)]]) {
      const headers = values.flatMap((value) => ['content-length', value]);
      assert.throws(() => declaredLength(head(headers), false), code('ERR_BAD_REQUEST'), values.join());
    }
    assert.throws(() => declaredLength(head(['content-length', '5']), true), code('ERR_BAD_REQUEST'));
  });
});
