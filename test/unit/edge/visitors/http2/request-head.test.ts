import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CookieCrumbs } from '../../../../../src/edge/visitors/http2/cookie-crumbs.js';
import { readHead } from '../../../../../src/edge/visitors/http2/request-head.js';

const PSEUDO = [':method', 'GET', ':scheme', 'https', ':authority', 'a.test', ':path', '/'];
const read = (fields: readonly string[], crumbs = new CookieCrumbs()) => readHead(fields, crumbs);

describe('the head of a request over HTTP/2', () => {
  it('has pseudo-fields in any order, apart from the headers', () => {
    const { headers, bytes, ...rest } = read([
      ':path',
      '/x',
      ':authority',
      'A.test',
      ':method',
      'PUT',
      ':scheme',
      'http',
      'x',
      'y',
    ]);
    assert.deepEqual(headers, ['x', 'y']);
    assert.ok(bytes >= 5 * 32 && bytes < 5 * 32 + 100);
    assert.deepEqual(rest, {
      ...{ method: 'PUT', scheme: 'http', authority: 'A.test', path: '/x', protocol: undefined, hasTwoLengths: false },
    });
  });

  for (const [what, fields, authority] of [
    ['the same in host', [...PSEUDO, 'host', 'A.TEST'], 'A.TEST'],
    ['another in host', [...PSEUDO, 'host', 'b.test'], undefined],
    ['two hosts', [...PSEUDO, 'host', 'a.test', 'host', 'a.test'], undefined],
    ['only a host', [':method', 'GET', ':scheme', 'https', ':path', '/', 'host', 'a.test'], 'a.test'],
    ['neither', [':method', 'GET', ':scheme', 'https', ':path', '/'], undefined],
  ] as const) {
    it(`has ${authority === undefined ? 'no authority' : 'one authority'}: ${what}`, () => {
      const head = read(fields);
      assert.deepEqual([head.authority, head.headers], [authority, []]);
    });
  }

  it('tells two lengths, even equal ones', () => {
    assert.equal(read([...PSEUDO, 'content-length', '1', 'content-length', '1']).hasTwoLengths, true);
    assert.equal(read([...PSEUDO, 'content-length', '1']).hasTwoLengths, false);
  });

  it('has one cookie of all crumbs, in place of the first', () => {
    const fields = [...PSEUDO, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2'];
    assert.deepEqual(read(fields).headers, ['cookie', 'a=1; b=2', 'x', 'y']);
  });

  it('joins the crumbs of each request of a connection anew when one differs, is missing or is added', () => {
    const crumbs = new CookieCrumbs();
    for (const cookies of [
      ['a=1', 'b=2'],
      ['a=1', 'b=2'],
      ['a=1', 'b=3'],
      ['a=1', 'b=3', 'c=4'],
      ['a=1', 'b=3'],
    ]) {
      const fields = [...PSEUDO, ...cookies.flatMap((cookie) => ['cookie', cookie])];
      assert.deepEqual(read(fields, crumbs).headers, ['cookie', cookies.join('; ')]);
    }
  });
});
