/** The comparison of two exchanges in the inspector's page. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareHeaders } from '../../../../../src/agent/inspector/web/compare/headers.js';
import { MAX_LINES, shortened } from '../../../../../src/agent/inspector/web/compare/hunks.js';
import { compareLines } from '../../../../../src/agent/inspector/web/compare/lines.js';

const shown = (before: string, after: string) =>
  compareLines(before.split(''), after.split('')).map(
    ({ kind, text }) => `${{ same: ' ', removed: '-', added: '+' }[kind]}${text}`,
  );

describe('a comparison of lines', () => {
  test('is the shortest script', () => {
    assert.deepEqual(shown('abcabba', 'cbabac').filter((line) => !line.startsWith(' ')).length, 5); // Myers' own example
    assert.deepEqual(shown('abc', 'axc'), [' a', '-b', '+x', ' c']);
    assert.deepEqual(shown('', ''), []);
  });

  test('gives both texts back', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const changes = compareLines(before, after);
        assert.deepEqual(
          changes.filter(({ kind }) => kind !== 'added').map(({ text }) => text),
          before,
        );
        assert.deepEqual(
          changes.filter(({ kind }) => kind !== 'removed').map(({ text }) => text),
          after,
        );
      }),
    );
  });

  test('is bounded: texts that have nothing in common are shown one after the other', () => {
    const [before, after] = ['a', 'b'].map((letter) => Array.from({ length: 20_000 }, (_, at) => letter + at));
    assert.equal(compareLines(before ?? [], after ?? []).length, 40_000);
  });

  test('leaves out long stretches without a change', () => {
    const before = Array.from({ length: 100 }, (_, at) => String(at));
    const pieces = shortened(compareLines(before, before.with(50, 'x')));
    assert.deepEqual(pieces.map(({ kind }) => kind[1]).join(''), 'kaaaedaaak');
    assert.equal(pieces[0]?.text, '47 equal lines');
    const many = compareLines(
      Array.from({ length: 9_000 }, () => 'a'),
      [],
    );
    assert.equal(shortened(many).length, MAX_LINES + 1);
  });
});

test('headers are compared by name, whatever their case, with all values of one', () => {
  const changes = compareHeaders(
    [
      ['A', '1'],
      ['set-cookie', 'x'],
      ['Set-Cookie', 'y'],
      ['b', '2'],
    ],
    [
      ['a', '1'],
      ['set-cookie', 'x'],
      ['c', '3'],
    ],
  );
  assert.deepEqual(changes, [
    { name: 'a', before: '1', after: '1', isSame: true },
    { name: 'set-cookie', before: 'x\ny', after: 'x', isSame: false },
    { name: 'b', before: '2', after: undefined, isSame: false },
    { name: 'c', before: undefined, after: '3', isSame: false },
  ]);
});
