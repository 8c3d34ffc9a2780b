import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boundedMemo } from '../../../src/core/memo.js';

function counted(maxEntries = 10) {
  const computed: string[] = [];
  const memo = boundedMemo(
    (key) => {
      computed.push(key);
      return key.length;
    },
    { maxEntries, maxKeyChars: 20 },
  );
  return { memo, computed };
}

describe('a bounded memo', () => {
  test('computes each key once', () => {
    const { memo, computed } = counted();
    assert.deepEqual([memo('one'), memo('three'), memo('one')], [3, 5, 3]);
    assert.deepEqual(computed, ['one', 'three']);
  });

  test('keeps a false result too', () => {
    let count = 0;
    const memo = boundedMemo(() => ++count > 1, { maxEntries: 10, maxKeyChars: 20 });
    assert.deepEqual([memo('key'), memo('key'), count], [false, false, 1]);
  });

  test('does not keep the result of a long key', () => {
    const { memo, computed } = counted();
    const long = 'k'.repeat(21);
    assert.deepEqual([memo(long), memo(long), computed.length], [21, 21, 2]);
  });

  test('keeps the result of a key in use, whatever other keys a client invents', () => {
    const { memo, computed } = counted();
    for (let at = 0; at < 1_000; at++) {
      memo(`invented ${at}`);
      if (at % 5 === 0) memo('often');
    }
    assert.equal(computed.filter((key) => key === 'often').length, 1);
  });
});
