/** JSON in the inspector's page: errors where they are, children on demand, nothing lost of what was written. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { indentJson } from '../../../../../src/agent/inspector/web/body/json-indent.js';
import { findJsonError, jsonPage, jsonValueEnd } from '../../../../../src/agent/inspector/web/body/json-scan.js';
import { lineOf } from '../../../../../src/agent/inspector/web/body/position.js';

describe('the JSON scanner', () => {
  test('takes what JSON.parse takes, and nothing else', () => {
    const piece = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"a"',
        '"\\u00e9"',
        '"\\x"',
        '"',
        '1',
        '-',
        '0',
        '01',
        '1.',
        '1e5',
        'null',
        'nul',
        ' ',
        '\n',
        '\u00a0',
        '\u0001',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        assert.equal(findJsonError(text) === undefined, parses(text), text);
      }),
      { numRuns: 3_000 },
    );
    fc.assert(fc.property(fc.json(), (text) => assert.equal(findJsonError(text), undefined)));
  });

  const errors: readonly (readonly [text: string, at: number])[] = [
    ['', 0],
    ['{"a": 1,, "b": 2}', 8],
    ['{"a" 1}', 5],
    ['[1, 2', 5],
    ['{"a": tru}', 6],
    ['[1] x', 4],
    ['"open', 5],
    ['{a: 1}', 1],
  ];
  for (const [text, at] of errors)
    test(`finds the error of ${JSON.stringify(text)}`, () => assert.equal(findJsonError(text)?.at, at));

  test('is not overflowed by depth, nor by a long string', () => {
    const depth = 200_000;
    assert.equal(findJsonError('['.repeat(depth) + ']'.repeat(depth)), undefined);
    assert.equal(findJsonError('['.repeat(depth))?.at, depth);
    const long = `"${'a\\n'.repeat(400_000)}"`;
    assert.equal(findJsonError(long), undefined);
    assert.equal(jsonValueEnd(long, 0), long.length);
  });

  test('gives the children of one value, a page at a time', () => {
    const text = JSON.stringify({ list: Array.from({ length: 1_234 }, (_, at) => ({ at })) });
    const [list] = jsonPage(text, 0, 0, 500).children;
    assert.equal(list?.key, '"list"');
    const page = jsonPage(text, list.at, 1_000, 500);
    assert.equal(page.total, 1_234);
    assert.deepEqual(page.children.map(({ at, end }) => text.slice(at, end)).at(0), '{"at":1000}');
    assert.equal(page.children.length, 234);
  });

  test('keeps equal keys and all digits', () => {
    const text = '{ "n" : 12345678901234567890 , "n": 1.0, "__proto__": {} }';
    const { children } = jsonPage(text, 0, 0, 10);
    assert.deepEqual(
      children.map(({ key, at, end }) => `${key}=${text.slice(at, end)}`),
      ['"n"=12345678901234567890', '"n"=1.0', '"__proto__"={}'],
    );
  });

  test('has no children of a scalar', () => assert.deepEqual(jsonPage('"[1]"', 0, 0, 5), { children: [], total: 0 }));
});

test('JSON is indented without a change of its values', () => {
  assert.equal(
    indentJson('{"a":[1,2.0,{}],"b":"x: {"}'),
    '{\n  "a": [\n    1,\n    2.0,\n    {}\n  ],\n  "b": "x: {"\n}',
  );
  fc.assert(fc.property(fc.json(), (text) => assert.deepEqual(JSON.parse(indentJson(text)), JSON.parse(text))));
});

test('a position is a line and a column', () => {
  assert.deepEqual(lineOf('ab\ncd\n', 4), { line: 2, column: 2 });
  assert.deepEqual(lineOf('ab\n', 2), { line: 1, column: 3 });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
