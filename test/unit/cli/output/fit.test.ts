import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { fitTo, truncateTo, wrapTo } from '../../../../src/cli/output/fit.js';

describe('truncateTo', () => {
  for (const [text, columns, cut] of [
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['abcd', 1, '…'],
    ['abcd', 0, ''],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['e\u0301e\u0301', 2, 'e\u0301e\u0301'],
    ['👩‍👩‍👧👩‍👩‍👧', 3, '👩‍👩‍👧…'],
  ] as const) {
    it(`returns ${JSON.stringify(cut)} for ${JSON.stringify(text)} in ${columns}`, () =>
      assert.equal(truncateTo(text, columns), cut));
  }

  it('never exceeds the columns', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, columns) => {
        assert.ok(stringWidth(truncateTo(text, columns)) <= columns);
      }),
    );
  });
});

describe('fitTo', () => {
  it('pads by columns, not by characters', () => {
    assert.equal(fitTo('日本', 6), '日本  ');
    assert.equal(fitTo('abcdefg', 6), 'abcde…');
  });
});

describe('wrapTo', () => {
  it('breaks between words, and indents what follows', () => {
    assert.deepEqual(wrapTo('hint  ', 'the app answers 403 to a WebSocket', 20), [
      'hint  the app',
      '      answers 403 to',
      '      a WebSocket',
    ]);
    assert.deepEqual(wrapTo('\x1b[36mhint\x1b[39m  ', '日本 日本', 12), ['\x1b[36mhint\x1b[39m  日本', '      日本']);
  });

  it('leaves a word whole, and all of it in one line where there is no width', () => {
    assert.deepEqual(wrapTo('  ', 'see http://localhost:7180/a ok', 10), [
      '  see',
      '  http://localhost:7180/a',
      '  ok',
    ]);
    assert.deepEqual(wrapTo('  ', 'a b c', undefined), ['  a b c']);
    assert.deepEqual(wrapTo('  ', '', 10), ['  ']);
  });
});
