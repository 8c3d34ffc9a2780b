import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mountOf, parseMountPath } from '../../../src/http/mount-path.js';

const MOUNTS = ['/api', '/api/v2', '/docs.old'];

describe('mountOf', () => {
  for (const [path, mount] of [
    ['/', ''],
    ['/api', '/api'],
    ['/api/', '/api'],
    ['/api?x=/api/v2', '/api'],
    ['/api/users', '/api'],
    ['/api/v2', '/api/v2'],
    ['/api/v2/users?a=b', '/api/v2'],
    ['/api/v20', '/api'],
    ['/apix', ''],
    ['/API/x', ''],
    ['/x/api', ''],
    ['/docs-old', ''],
    ['/?/api/../x', ''],
    // Two spellings that every reader takes for the same server.
    ['/files/a%20b%2Fc;v=1', ''],
    ['/api/a%2Fb//c/./d;x', '/api'],
    ['/api/100%', '/api'],
  ] as const)
    it(`sends ${path} to ${mount || 'the target'}`, () => assert.equal(mountOf(path, MOUNTS), mount));

  for (const path of [
    '/%61pi',
    '/%61pi/x',
    '/%2561pi/x',
    '/api%2Fx',
    '/api%2fv2/x',
    '/api/v2%2Fx',
    '//api/x',
    '/api//v2',
    '/./api',
    '/api/./v2',
    '/%2e/api',
    '/api;v=1/x',
    '/;x/api',
    '\\api',
    '/\\api',
    '/x%5C..%5Capi',
    '/a%09pi'.replace('a%09', '%09a'),
    '/api/../admin',
    '/api/%2e%2E/admin',
    '/api/.%2e/admin',
    '/api/..%2fadmin',
    '/api/..;/admin',
    '/api/%252e%252e/admin',
    '/x/../api',
    '/api/v2/../users',
    `/api/${'%25'.repeat(1)}2525252e${'/x'.repeat(3)}`,
  ])
    it(`K11 sends ${path} to no server`, () => assert.equal(mountOf(path, MOUNTS), undefined));

  // In proportion to its length these take milliseconds; in proportion to its square the runner's timeout would end them.
  it('takes time in proportion to a hostile path', () => {
    for (const piece of ['%25', '/;', '//', '/%2e', '\\', '%252525']) mountOf(`/api/${piece.repeat(500_000)}`, MOUNTS);
  });
});

describe('parseMountPath', () => {
  for (const [text, path] of [
    ['/api', '/api'],
    ['/api/', '/api'],
    ['/a/b.c/~d', '/a/b.c/~d'],
  ] as const)
    it(`reads ${text}`, () => assert.equal(parseMountPath(text), path));

  for (const text of [
    '',
    '/',
    '//',
    'api',
    '/a//b',
    '/a/../b',
    '/.',
    '/a%20b',
    '/a;b',
    '/a=b',
    '/ä',
    '/a b',
    '/a?b',
    `/${'x'.repeat(300)}`,
  ])
    it(`refuses ${JSON.stringify(text).slice(0, 20)}`, () => assert.equal(parseMountPath(text), undefined));
});
