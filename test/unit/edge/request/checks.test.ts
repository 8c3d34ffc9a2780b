import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import { checkRequest, isOwnPath } from '../../../../src/edge/request/checks.js';
import { PosternError } from '../../../../src/errors.js';
import { requestOf, type Written } from '../visits.js';

const BASE = readBaseAddress('http://localhost:8080') ?? assert.fail();

function check(written: Written): string {
  try {
    checkRequest(requestOf({ base: BASE, ...written }));
    return 'passes';
  } catch (error) {
    return error instanceof PosternError ? error.code : String(error);
  }
}

describe('a request', () => {
  for (const [what, written, verdict] of [
    ['to a tunnel', {}, 'passes'],
    ['to the base host', { raw: ['Host', 'LOCALHOST:8080'] }, 'passes'],
    ['with any method that has one meaning', { method: 'PROPFIND' }, 'passes'],
    ['with a path that looks like a host', { path: '//evil.test/x' }, 'passes'],
    ['to a host of nobody', { raw: ['Host', 'elsewhere.test'] }, 'ERR_TUNNEL_UNKNOWN'],
    ['to a nested host', { raw: ['Host', 'a.demo.localhost'] }, 'ERR_TUNNEL_UNKNOWN'],
    ['without a host', { raw: [] }, 'ERR_BAD_REQUEST'],
    ['with two hosts', { raw: ['Host', 'demo.localhost', 'host', 'demo.localhost'] }, 'ERR_BAD_REQUEST'],
    ['with user info in its host', { raw: ['Host', 'demo.localhost:80@evil'] }, 'ERR_BAD_REQUEST'],
    ['in absolute form', { path: 'http://demo.localhost/' }, 'ERR_BAD_REQUEST'],
    ['for everything', { method: 'OPTIONS', path: '*' }, 'ERR_BAD_REQUEST'],
    ['with a fragment', { path: '/a#b' }, 'ERR_BAD_REQUEST'],
    ['without a target', { path: '' }, 'ERR_BAD_REQUEST'],
    ['to trace', { method: 'TRACE' }, 'ERR_METHOD_REFUSED'],
    ['to connect', { method: 'CONNECT', path: 'demo.localhost:80' }, 'ERR_METHOD_REFUSED'],
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
