import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { fitTo, truncateTo } from '../../../../src/cli/output/fit.js';

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
