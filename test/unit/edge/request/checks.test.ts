import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import {
  checkRequest,
  contextOf,
  hasBody,
  isNavigation,
  isOwnPath,
  openContext,
  wantsPage,
} from '../../../../src/edge/request/checks.js';
import { PosternError } from '../../../../src/errors.js';

const BASE = readBaseAddress('http://localhost:8080') ?? assert.fail();

interface Written {
  readonly method?: string;
  readonly url?: string;
  readonly raw?: readonly string[];
  readonly httpVersionMajor?: number;
}

function request({ raw = ['Host', 'demo.localhost'], ...written }: Written = {}): IncomingMessage {
  const headers: Record<string, string> = {};
  for (let at = 0; at < raw.length; at += 2) headers[(raw[at] as string).toLowerCase()] = raw[at + 1] as string;
  const ordinary = { method: 'GET', url: '/', httpVersionMajor: 1, socket: {} };
  return { ...ordinary, ...written, rawHeaders: raw, headers } as unknown as IncomingMessage;
}

function check(written: Written): string {
  const arrived = request(written);
  try {
    checkRequest(arrived, openContext(arrived, BASE, '127.0.0.1'));
    return 'passes';
  } catch (error) {
    return error instanceof PosternError ? error.code : String(error);
  }
}

describe('a request', () => {
  it('has a context as soon as it has arrived', () => {
    const arrived = request();
    assert.throws(
      () => contextOf(arrived),
      (error: unknown) => error instanceof PosternError,
    );
    const context = openContext(arrived, BASE, '203.0.113.9');
    assert.equal(contextOf(arrived), context);
    assert.deepEqual(
      [context.host, context.place, context.address],
      ['demo.localhost', { kind: 'tunnel', name: 'demo' }, '203.0.113.9'],
    );
    assert.notEqual(openContext(request(), BASE, '').id, context.id);
  });

  for (const [what, written, verdict] of [
    ['to a tunnel', {}, 'passes'],
    ['to the base host', { raw: ['Host', 'LOCALHOST:8080'] }, 'passes'],
    ['with any method that has one meaning', { method: 'PROPFIND' }, 'passes'],
    ['with a path that looks like a host', { url: '//evil.test/x' }, 'passes'],
    ['to a host of nobody', { raw: ['Host', 'elsewhere.test'] }, 'ERR_TUNNEL_UNKNOWN'],
    ['to a nested host', { raw: ['Host', 'a.demo.localhost'] }, 'ERR_TUNNEL_UNKNOWN'],
    ['without a host', { raw: [] }, 'ERR_BAD_REQUEST'],
    ['with two hosts', { raw: ['Host', 'demo.localhost', 'host', 'demo.localhost'] }, 'ERR_BAD_REQUEST'],
    ['with user info in its host', { raw: ['Host', 'demo.localhost:80@evil'] }, 'ERR_BAD_REQUEST'],
    ['in absolute form', { url: 'http://demo.localhost/' }, 'ERR_BAD_REQUEST'],
    ['for everything', { method: 'OPTIONS', url: '*' }, 'ERR_BAD_REQUEST'],
    ['in HTTP/0.9', { httpVersionMajor: 0 }, 'ERR_BAD_REQUEST'],
    ['in HTTP/2.0', { httpVersionMajor: 2 }, 'ERR_BAD_REQUEST'],
    ['with a fragment', { url: '/a#b' }, 'ERR_BAD_REQUEST'],
    ['without a target', { url: '' }, 'ERR_BAD_REQUEST'],
    ['to trace', { method: 'TRACE' }, 'ERR_METHOD_REFUSED'],
    ['to connect', { method: 'CONNECT', url: 'demo.localhost:80' }, 'ERR_METHOD_REFUSED'],
    ['in chunks', { raw: ['Host', 'demo.localhost', 'Transfer-Encoding', 'Chunked'] }, 'passes'],
    ['in another coding', { raw: ['Host', 'demo.localhost', 'Transfer-Encoding', 'gzip, chunked'] }, 'ERR_BAD_REQUEST'],
    ['of a thousand headers', { raw: ['Host', 'demo.localhost', ...Array(1_998).fill('x')] }, 'passes'],
    ['of more headers', { raw: ['Host', 'demo.localhost', ...Array(2_000).fill('x')] }, 'ERR_HEADERS_TOO_LARGE'],
  ] as const) {
    it(`${what} ${verdict === 'passes' ? 'passes' : `is ${verdict}`}`, () => assert.equal(check(written), verdict));
  }
});

describe('a path', () => {
  for (const path of ['/.postern', '/.postern/', '/.postern/session', '/.postern?x', '/.postern/link?x']) {
    it(`${path} is the edge’s`, () => assert.ok(isOwnPath(path)));
  }
  for (const path of [
    '/',
    '/.posternx',
    '/.Postern/session',
    '//.postern/',
    '/%2epostern/',
    '/x/.postern/',
    '/.postern;x',
  ]) {
    it(`${path} is the app’s`, () => assert.ok(!isOwnPath(path)));
  }
});

describe('a body', () => {
  for (const [raw, has] of [
    [[], false],
    [['Content-Length', '0'], false],
    [['Content-Length', '1'], true],
    [['Transfer-Encoding', 'chunked'], true],
  ] as const) {
    it(`is ${has ? '' : 'not '}there with ${raw.join(': ') || 'no framing'}`, () => {
      assert.equal(hasBody(request({ raw })), has);
    });
  }
});

describe('a navigation', () => {
  const document = ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'];
  for (const [what, written, is] of [
    ['a page that is opened', { raw: document }, true],
    ['a form that is posted', { method: 'POST', raw: document }, false],
    ['an upgrade', { raw: [...document, 'Upgrade', 'websocket'] }, false],
    ['a frame', { raw: ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'iframe', 'Accept', 'text/html'] }, false],
    [
      'a fetch that accepts HTML',
      { raw: ['Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Dest', 'empty', 'Accept', 'text/html'] },
      false,
    ],
    ['a mode without a destination', { raw: ['Sec-Fetch-Mode', 'navigate'] }, false],
    ['an old browser', { raw: ['Accept', 'text/html,*/*;q=0.8'] }, true],
    ['an old browser that asks for the head', { method: 'HEAD', raw: ['Accept', 'text/html'] }, true],
    ['an old browser that posts', { method: 'POST', raw: ['Accept', 'text/html'] }, false],
    ['a tool', { raw: ['Accept', '*/*'] }, false],
    ['a tool that says nothing', { raw: [] }, false],
  ] as const) {
    it(`is ${is ? '' : 'not '}${what}`, () => assert.equal(isNavigation(request(written)), is));
  }

  for (const [accept, accepts] of [
    ['text/html', true],
    ['application/json, text/HTML;q=0.1', true],
    ['application/xhtml+xml', true],
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['text/htmlx', false],
    ['xtext/html', false],
    ['text/plain; x=text/html5', false],
  ] as const) {
    it(`is ${accepts ? '' : 'not '}answered with a page by ${JSON.stringify(accept)}, and no script ever is`, () => {
      const raw = accept === undefined ? [] : ['Accept', accept];
      assert.equal(wantsPage(request({ raw })), accepts);
      assert.equal(wantsPage(request({ raw: [...raw, 'Sec-Fetch-Mode', 'navigate'] })), accepts);
      assert.equal(wantsPage(request({ raw: [...raw, 'Sec-Fetch-Mode', 'cors'] })), false);
    });
  }
});
