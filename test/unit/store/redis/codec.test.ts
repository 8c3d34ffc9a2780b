/** Keys and entries in Redis: any text comes back, bytes have the order of code units, and what is foreign is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeText, encodeText, expiryText, readEntry, readVersion } from '../../../../src/store/redis/codec.js';

const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });

describe('a text in Redis', () => {
  it('is ASCII, and comes back as it was, lone surrogates too', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const encoded = encodeText(text);
        assert.match(encoded, /^[\0-\x7f]*$/);
        assert.equal(decodeText(encoded), text);
      }),
    );
  });

  it('has the order of UTF-16 code units', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        assert.equal(encodeText(one) < encodeText(other), one < other);
      }),
    );
  });

  for (const foreign of ['\x7f', '\x7f00g0', '\x7f00', 'ü', 7, null, undefined, ['a']]) {
    it(`is none when it is ${JSON.stringify(foreign)}`, () => assert.equal(decodeText(foreign), undefined));
  }
});

describe('an entry in Redis', () => {
  it('has version, time and value', () => {
    const entry = { key: 'grant:a', value: 'a:b', version: 7, expiresAtMs: 1_790_000_000_000 };
    assert.deepEqual(readEntry('grant:a', '7:1790000000000:a:b'), entry);
    assert.deepEqual(readEntry('grant:a', '7::'), { ...entry, value: '', expiresAtMs: undefined });
  });

  for (const foreign of [
    '',
    '7',
    '7:8',
    '-7::a',
    '1e3::a',
    '7:x:a',
    `${'9'.repeat(16)}::a`,
    '7::\x7f',
    7,
    null,
    `7::${'a'.repeat(65_537)}`,
  ]) {
    it(`is none when it is ${JSON.stringify(foreign)?.slice(0, 20)}`, () =>
      assert.equal(readEntry('grant:a', foreign), undefined));
  }

  it('expires at whole milliseconds that a date can hold, or never', () => {
    assert.deepEqual([undefined, 1.2, -5, 1e300].map(expiryText), ['', '2', '0', '8640000000000000']);
  });
});

it('a version that a script returns is a whole number', () => {
  assert.equal(readVersion('12'), 12);
  for (const foreign of [12, '', '1e3', '-1', null, ['12']])
    assert.throws(() => readVersion(foreign), { code: 'ERR_STORE_UNAVAILABLE' });
});
