import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HpackError } from '../../../../src/http2/hpack/hpack-error.js';
import { MAX_INTEGER_BYTES, readInteger, writeInteger } from '../../../../src/http2/hpack/integer.js';
import { fromHex } from './support.js';

function write(value: number, prefixBits: number, flags = 0): string {
  const cursor = { bytes: Buffer.alloc(MAX_INTEGER_BYTES), at: 0 };
  writeInteger(cursor, flags, prefixBits, value);
  return cursor.bytes.toString('hex', 0, cursor.at);
}

function read(digits: string, prefixBits: number): { value: number; at: number } {
  const cursor = { bytes: fromHex(digits), at: 0 };
  const value = readInteger(cursor, prefixBits);
  return { value, at: cursor.at };
}

const EXAMPLES: readonly (readonly [name: string, value: number, prefixBits: number, digits: string])[] = [
  ['C.1.1: 10 in five bits', 10, 5, '0a'],
  ['C.1.2: 1337 in five bits', 1337, 5, '1f9a0a'],
  ['C.1.3: 42 at an octet boundary', 42, 8, '2a'],
  ['zero', 0, 7, '00'],
  ['the largest value of a prefix alone', 126, 7, '7e'],
  ['the first value past a prefix', 127, 7, '7f00'],
  ['the largest value of one octet more', 254, 7, '7f7f'],
  ['the first value of two octets more', 255, 7, '7f8001'],
  ['the prefix of four bits', 15, 4, '0f00'],
  ['the table size of 4096', 4096, 5, '1fe11f'],
];

describe('an integer', () => {
  for (const [name, value, prefixBits, digits] of EXAMPLES) {
    it(`is written: ${name}`, () => assert.equal(write(value, prefixBits), digits));
    it(`is read: ${name}`, () => assert.deepEqual(read(digits, prefixBits), { value, at: digits.length / 2 }));
  }

  it('leaves the bits before its prefix unchanged', () => {
    assert.equal(write(10, 5, 0xe0), 'ea');
    assert.equal(write(1337, 5, 0xe0), 'ff9a0a');
    assert.equal(read('ea', 5).value, 10);
    assert.equal(read('ff9a0a', 5).value, 1337);
  });

  it('may end in zeros that add nothing', () => {
    assert.deepEqual(read('1f9a8a00', 5), { value: 1337, at: 4 });
    assert.deepEqual(read('1f80808000', 5), { value: 31, at: 5 });
  });

  it('is read up to 28 bits after its prefix', () => {
    assert.equal(read('ffffffff7f', 8).value, 2 ** 28 - 1 + 255);
  });

  const WRONG: readonly (readonly [name: string, digits: string])[] = [
    ['is missing', ''],
    ['ends after its prefix', '1f'],
    ['ends within', '1f9a'],
    ['has a fifth octet behind the prefix', '1fffffffff00'],
    ['overflows 32 bits', '1fffffffff0f'],
    ['overflows 64 bits', '1fffffffffffffffffff7f'],
    ['goes on for ever in zeros', `1f${'80'.repeat(100)}00`],
  ];
  for (const [name, digits] of WRONG) {
    it(`is an error when it ${name}`, () => assert.throws(() => read(digits, 5), HpackError));
  }

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 28 }), fc.integer({ min: 1, max: 8 }), (value, prefixBits) => {
        const digits = write(value, prefixBits);
        assert.deepEqual(read(digits, prefixBits), { value, at: digits.length / 2 });
      }),
    );
  });
});
