import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findPublicPath, formatPublicPath, parsePublicPath } from '../../../src/http/public-path.js';
import { HOSTILE_PATHS, OVERRIDING_LINES, PUBLIC_REQUESTS } from '../../support/hostile-paths.js';

const parse = (text: string) => parsePublicPath(text) ?? assert.fail(text);
const OFFERED = ['POST /webhooks/*', 'GET /health'].map(parse);
const find = (line: string, headers: readonly string[] = [], paths = OFFERED) => {
  const [method = '', path = ''] = line.split(/ (.*)/s);
  const found = findPublicPath(paths, { method, path, headers });
  return found && formatPublicPath(found);
};

describe('a public path', () => {
  it('admits what it names', () => {
    for (const line of PUBLIC_REQUESTS)
      assert.equal(find(line), line.startsWith('GET') ? 'GET /health' : 'POST /webhooks/*', line);
  });

  it('is widened by none of the hostile paths', () => {
    assert.ok(HOSTILE_PATHS.length >= 50);
    for (const line of HOSTILE_PATHS) assert.equal(find(line), undefined, line);
  });

  it('is not for a request with a header that replaces path or method', () => {
    for (const line of OVERRIDING_LINES) assert.equal(find('POST /webhooks/x', line.split(': ')), undefined, line);
    assert.equal(find('POST /webhooks/x', ['X-Signature', 'x-original-url']), 'POST /webhooks/*');
  });

  it('without a method is for each that an app serves, and not for OPTIONS', () => {
    const feed = [parse('/feed.xml')];
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      assert.equal(find(`${method} /feed.xml`, [], feed), '/feed.xml');
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'get'])
      assert.equal(find(`${method} /feed.xml`, [], feed), undefined, method);
  });

  it('has one spelling', () => {
    for (const text of ['POST /webhooks/*', 'GET /health', '/feed.xml', '/', '/a/b/', 'DELETE /a/b/*'])
      assert.equal(formatPublicPath(parse(text)), text);
    assert.equal(formatPublicPath(parse(' POST   /webhooks/* ')), 'POST /webhooks/*');
  });

  for (const text of [
    ...[
      '',
      'POST',
      'webhooks',
      '/*',
      'POST /*',
      '*',
      '/webhooks*',
      '/web*/x',
      '/*/x',
      'OPTIONS /x',
      'TRACE /x',
      'post /x',
    ],
    ...[
      'POST,GET /x',
      '/x?y',
      '/x#y',
      '/x//y',
      '//x',
      '/../x',
      '/x/..',
      '/./x',
      '/x..y',
      '/%2e/x',
      '/x;y',
      '/x,y',
      '/é',
    ],
    ...['/x\\y', 'POST  x', 'POST /x y', `/${'x'.repeat(600)}`, 'https://x.test/y'],
  ])
    it(`is not ${JSON.stringify(text.slice(0, 20))}`, () => assert.equal(parsePublicPath(text), undefined));
});
