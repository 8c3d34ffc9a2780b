import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FILTER_KEYS, matchesFilter, parseFilter } from '../../../../src/agent/inspector/filter.js';
import { exchangeRow } from './exchange-row.js';

function passes(text: string, changes: Parameters<typeof exchangeRow>[0] = {}, content?: string): boolean {
  const parsed = parseFilter(text);
  if ('problem' in parsed) throw new Error(parsed.problem.message);
  return matchesFilter(
    parsed.filter,
    exchangeRow(changes),
    content === undefined ? undefined : (word) => content.includes(word),
  );
}

function problemOf(text: string): string {
  const parsed = parseFilter(text);
  return 'problem' in parsed ? `${parsed.problem.code} at ${parsed.problem.at}` : 'none';
}

describe('the filter language', () => {
  test('compares a status with a number, a class and several of them', () => {
    assert.ok(passes('status:404', { status: 404 }));
    assert.ok(passes('status:5xx', { status: 503 }));
    assert.ok(passes('status:404,5xx', { status: 500 }));
    assert.ok(!passes('status:5xx', { status: 404 }));
    assert.ok(!passes('status:5xx', { status: null }));
  });

  test('compares method, path, person, rule, tunnel and type without regard to case', () => {
    assert.ok(passes('method:post path:/API person:Ana rule:@acme tunnel:WEB type:JSON', {}));
    assert.ok(!passes('method:pos'));
    assert.ok(!passes('person:ana', { person: null }));
  });

  test('knows patterns of paths, which leave the query out unless they name it', () => {
    assert.ok(passes('path:*.js', { path: '/a/b.js?v=1' }));
    assert.ok(!passes('-path:*.js', { path: '/a/b.js?v=1' }));
    assert.ok(passes('path:/a/*.js?v=*', { path: '/a/b.js?v=1' }));
    assert.ok(!passes('path:/a*a', { path: '/a' }), 'pieces do not overlap');
    assert.ok(!passes('path:*.js', { path: '/a.json' }));
    const long = `/${'a'.repeat(60_000)}`;
    assert.ok(!passes(`path:${'*a'.repeat(400)}b`, { path: long }), 'in linear time');
  });

  test('compares sizes and times', () => {
    assert.ok(passes('larger-than:1k', { responseBytes: 1_001 }));
    assert.ok(!passes('larger-than:1k', { responseBytes: 1_000 }));
    assert.ok(passes('larger-than:1.5M', { responseBytes: 1_600_000 }));
    assert.ok(passes('slower-than:200ms'));
    assert.ok(!passes('slower-than:2s'));
  });

  test('knows what an exchange is', () => {
    assert.ok(passes('is:websocket', { kind: 'websocket' }));
    assert.ok(passes('is:events', { kind: 'events' }));
    assert.ok(passes('is:replay', { replayOf: 'x' }));
    assert.ok(passes('is:pinned', { pinned: true }));
    assert.ok(passes('is:failed', { state: 'failed' }));
    assert.ok(passes('is:failed', { state: 'aborted' }));
    assert.ok(passes('-is:failed is:open', { state: 'open' }));
  });

  test('looks for words in the row, and in headers and bodies where they are at hand', () => {
    assert.ok(passes('orders'));
    assert.ok(!passes('blue'));
    assert.ok(passes('Blue "two words"', {}, 'blue and two words'));
    assert.ok(!passes('-blue', {}, 'blue'));
    assert.ok(passes('"is:open"', {}, 'the text is:open'), 'a quoted text has no key');
    assert.ok(passes('path:"/a b"', { path: '/a b' }));
    assert.ok(passes(String.raw`"say \"hi\""`, {}, 'say "hi"'));
  });

  test('finds paths as a person types them, whatever their percent-encoding', () => {
    const path = '/lines/gr%C3%B6%C3%9Fe/%E6%97%A5%E6%9C%AC?name=%C3%85sa';
    for (const text of [
      'path:größe',
      'path:/lines/*/日本',
      '日本',
      'name=åsa',
      'path:%C3%B6',
      '%E6%97%A5',
      'path:/lines/GR*',
    ])
      assert.ok(passes(text, { path }), text);
    assert.ok(!passes('-path:*/日本', { path }));
    assert.ok(passes('path:100%', { path: '/100%' }), 'no code');
    assert.ok(passes('path:%FF', { path: '/%FF' }), 'no UTF-8');
  });

  test('takes a method by itself for the method, and quoted for a word', () => {
    assert.ok(!passes('POST', { method: 'GET' }, 'via: 1.1 postern'));
    assert.ok(passes('POST', { method: 'POST' }));
    assert.ok(passes('"POST"', { method: 'GET' }, 'postern'));
    assert.ok(passes('post', { method: 'GET' }, 'postern'));
  });

  test('takes the type of a WebSocket for what its row shows', () => {
    assert.ok(passes('type:websocket', { kind: 'websocket', type: null }));
    assert.ok(passes('websocket', { kind: 'websocket', type: null }));
  });

  test('says whether a filter asks for words', () => {
    const hasWords = (text: string) => {
      const parsed = parseFilter(text);
      return 'filter' in parsed && parsed.filter.hasWords;
    };
    assert.equal(hasWords('status:5xx'), false);
    assert.equal(hasWords('status:5xx word'), true);
    assert.equal(hasWords('POST'), false);
    assert.equal(hasWords('"POST"'), true);
  });

  test('the empty text passes all', () => {
    assert.ok(passes(''));
    assert.ok(passes('  \t '));
  });

  test('names what is wrong, and where', () => {
    const cases: Record<string, string> = {
      'a foo:bar': 'unknown-key at 2',
      'status:9': 'bad-value at 0',
      'status:4xx,': 'bad-value at 0',
      'is:nothing': 'bad-value at 0',
      'larger-than:many': 'bad-value at 0',
      'slower-than:1h': 'bad-value at 0',
      'a "open': 'open-quote at 2',
      'a -': 'empty-term at 2',
      'status:': 'empty-term at 0',
      '""': 'empty-term at 0',
      [`${'a '.repeat(33)}`]: 'too-long at 64',
      [`${'a'.repeat(1_001)}`]: 'too-long at 1000',
    };
    for (const [text, expected] of Object.entries(cases)) assert.equal(problemOf(text), expected, text);
  });

  test('lists its keys', () => {
    assert.equal(FILTER_KEYS.length, 10);
    for (const { key, expected } of FILTER_KEYS)
      assert.ok(problemOf(`${key}:`).startsWith('empty-term') && expected !== '');
  });
});
