import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { HeaderListTooLarge, HpackError } from '../../../../src/http2/hpack/hpack-error.js';
import { contents, fromHex, newDecoder, newEncoder } from './support.js';

// custom-key: custom-header, with indexing.
const CUSTOM = '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572';

describe('a block', () => {
  it('may be empty', () => assert.deepEqual(newDecoder().decode(new Uint8Array(0)), []));

  it('may be any Uint8Array, with any offset in its memory', () => {
    const memory = new Uint8Array([...fromHex('ffff'), ...fromHex(CUSTOM), 0xff]);
    assert.deepEqual(newDecoder().decode(memory.subarray(2, -1)), ['custom-key', 'custom-header']);
  });

  it('keeps order, duplicates, empty values and octets outside ASCII', () => {
    const fields = ['x-b', '\xe9', 'x-a', '', 'x-b', '\xe9', 'x-b', '\xff\x00', ':late', '1'];
    assert.deepEqual(newDecoder().decode(newEncoder().encode(fields)), fields);
  });

  it('may refer to an entry inserted earlier in it', () => {
    assert.equal(newDecoder().decode(fromHex(`${CUSTOM} be`)).length, 4);
  });

  it('may refer to the name of an entry that its insertion evicts (4.4)', () => {
    const decoder = newDecoder({ tableSizeBytes: 60 });
    decoder.decode(fromHex(CUSTOM));
    assert.deepEqual(decoder.decode(fromHex('7e 03 616263')), ['custom-key', 'abc']);
    assert.deepEqual(contents(decoder.table), ['custom-key', 'abc']);
  });

  const WRONG: readonly (readonly [name: string, digits: string])[] = [
    ['index 0', '80'],
    ['index 62 of an empty table', 'be'],
    ['the index of a name that is in no table, with indexing', '7e 0161'],
    ['the index of a name that is in no table, without', '0f2f 0161'],
    ['the index of a name that is in no table, never indexed', '1f2f 0161'],
    ['a huge index', 'ffffffff7f'],
    ['an index that is too long', 'ff8080808080808000'],
    ['an index cut short', 'ff'],
    ['a field without a name', '40'],
    ['a field without a value', '400161'],
    ['a name cut short', '400561'],
    ['a value cut short', '4001610561'],
    ['a value whose length is cut short', '4001617f'],
    ['a value of a huge length', '4001617fffffff7f'],
    ['a coded value cut short', '40016185 25a849e9'],
    ['a coded value with an EOS', '40016184 ffffffff'],
    ['a coded value with eight bits of padding', '40016182 07ff'],
    ['a coded value padded with zeros', '40016181 00'],
    ['a secret cut short', '1001610561'],
    ['a size update behind a field', '82 20'],
    ['a size update at the end', '3fe11f 82 3fe11f'],
    ['a size above the setting', '3fe21f'],
    ['a size cut short', '3f'],
    ['a size that overflows', '3fffffffff7f'],
  ];
  for (const [name, digits] of WRONG) {
    it(`is an error with ${name}`, () => assert.throws(() => newDecoder().decode(fromHex(digits)), HpackError));
  }

  it('is an error with an index just past the last entry', () => {
    const decoder = newDecoder();
    decoder.decode(fromHex(CUSTOM));
    decoder.decode(fromHex('be'));
    assert.throws(() => decoder.decode(fromHex('bf')), HpackError);
  });
});

describe('a size update', () => {
  it('evicts, and comes before the fields', () => {
    const decoder = newDecoder();
    decoder.decode(fromHex(CUSTOM));
    assert.deepEqual(decoder.decode(fromHex('20 82')), [':method', 'GET']);
    assert.deepEqual(contents(decoder.table), []);
    assert.equal(decoder.table.maxBytes, 0);
  });

  it('may be alone, and may occur twice: to a smaller size and up again (4.2)', () => {
    const decoder = newDecoder();
    decoder.decode(fromHex(CUSTOM));
    assert.deepEqual(decoder.decode(fromHex('20 3fe11f')), []);
    assert.equal(decoder.table.maxBytes, 4096);
    assert.deepEqual(contents(decoder.table), []);
  });

  it('may grow the table up to a setting above 4096, which starts with 4096', () => {
    const decoder = newDecoder({ tableSizeBytes: 8192 });
    assert.equal(decoder.table.maxBytes, 4096);
    decoder.decode(fromHex('3fe13f'));
    assert.equal(decoder.table.maxBytes, 8192);
    assert.throws(() => decoder.decode(fromHex('3fe23f')), HpackError);
  });

  it('is required in the next block after the setting has shrunk', () => {
    const decoder = newDecoder();
    decoder.setTableSize(100);
    assert.throws(() => decoder.decode(fromHex('82')), HpackError);
    for (const block of ['', '3fe11f']) {
      const other = newDecoder();
      other.setTableSize(100);
      assert.throws(() => other.decode(fromHex(block)), HpackError);
    }
  });

  it('is satisfied by the setting or less, once', () => {
    for (const [block, size] of [
      ['3f45 82', 100],
      ['20 82', 0],
      ['20 3f45 82', 100],
    ] as const) {
      const decoder = newDecoder();
      decoder.setTableSize(100);
      assert.deepEqual(decoder.decode(fromHex(block)), [':method', 'GET']);
      assert.equal(decoder.table.maxBytes, size);
      assert.deepEqual(decoder.decode(fromHex('82')), [':method', 'GET']);
    }
  });

  it('is required for the smallest of several settings between two blocks (4.2)', () => {
    const decoder = newDecoder();
    decoder.setTableSize(100);
    decoder.setTableSize(4096);
    assert.throws(() => decoder.decode(fromHex('3fe11f 82')), HpackError);
    const other = newDecoder();
    other.setTableSize(100);
    other.setTableSize(4096);
    assert.deepEqual(other.decode(fromHex('3f45 3fe11f 82')), [':method', 'GET']);
  });

  it('is not required if the setting has grown, or the table was not larger', () => {
    const decoder = newDecoder();
    decoder.setTableSize(8192);
    decoder.decode(fromHex('82'));
    decoder.decode(fromHex('20'));
    decoder.setTableSize(100);
    assert.deepEqual(decoder.decode(fromHex('82')), [':method', 'GET']);
  });
});

describe('a list past the limits', () => {
  const LIMIT = { maxListBytes: 100, maxFields: 2 };

  it('is refused by its octets, with 32 more for each field, and not before they exceed the limit', () => {
    const decoder = newDecoder({ maxListBytes: 84 });
    assert.equal(decoder.decode(fromHex('82 82')).length, 4);
    assert.throws(() => newDecoder({ maxListBytes: 83 }).decode(fromHex('82 82')), HeaderListTooLarge);
  });

  it('is refused by the number of its fields', () => {
    const decoder = newDecoder({ maxFields: 2 });
    assert.equal(decoder.decode(fromHex('82 82')).length, 4);
    assert.throws(() => decoder.decode(fromHex('82 82 82')), HeaderListTooLarge);
  });

  it('updates the table like every other block: the next one is decoded correctly', () => {
    const decoder = newDecoder(LIMIT);
    const encoder = newEncoder();
    const many = ['x-a', '1', 'x-b', '2', 'x-c', '3', 'x-d', 'y'.repeat(300), 'cookie', 'z'.repeat(300), 'x-e', '5'];
    assert.throws(() => decoder.decode(encoder.encode(many)), HeaderListTooLarge);
    assert.deepEqual(contents(decoder.table), contents(encoder.table));
    assert.deepEqual(decoder.decode(encoder.encode(['x-c', '3', 'x-e', '5'])), ['x-c', '3', 'x-e', '5']);
  });

  it('is still checked to its end', () => {
    assert.throws(() => newDecoder(LIMIT).decode(fromHex('82 82 82 82 80')), HpackError);
    assert.throws(() => newDecoder(LIMIT).decode(fromHex('82 82 82 82 000161 84 ffffffff')), HpackError);
  });

  it('with an entry larger than the table empties the table', () => {
    const decoder = newDecoder({ tableSizeBytes: 60, maxListBytes: 60 });
    decoder.decode(fromHex(CUSTOM));
    const block = Buffer.concat([fromHex('400161 7f01'), Buffer.alloc(128, 'x')]);
    assert.throws(() => decoder.decode(block), HeaderListTooLarge);
    assert.deepEqual(contents(decoder.table), []);
  });

  it('keeps nothing of a bomb: one entry that is referenced ten thousand times', () => {
    const decoder = newDecoder({ maxListBytes: 16_384 });
    const encoder = newEncoder();
    const entry = ['x-bomb', 'b'.repeat(1900)];
    const block = Buffer.concat([encoder.encode(entry), Buffer.alloc(10_000, 0xbe)]);
    assert.throws(() => decoder.decode(block), HeaderListTooLarge);
    assert.deepEqual(decoder.decode(fromHex('be')), entry);
  });

  it('keeps nothing of a string that exceeds the limits, plain or coded, and continues after it', () => {
    for (const huffman of ['never', 'when-shorter'] as const) {
      for (const name of ['x-large', 'cookie']) {
        const decoder = newDecoder();
        const block = newEncoder({ huffman }).encode([name, 'a'.repeat(1_000_000), 'x-b', '2']);
        assert.throws(() => decoder.decode(block), HeaderListTooLarge);
        assert.deepEqual(contents(decoder.table), ['x-b', '2']);
      }
    }
  });

  it('differs from a large list within them, which is accepted', () => {
    const decoder = newDecoder({ maxListBytes: 1_100_000 });
    const fields = ['x-large', 'a'.repeat(1_000_000), 'cookie', '\\'.repeat(20_000), 'x-b', '2'];
    assert.deepEqual(decoder.decode(newEncoder().encode(fields)), fields);
  });
});

describe('never-indexed fields', () => {
  it('are reported by name, others are not', () => {
    const secrets = new Set<string>();
    newDecoder().decode(fromHex('82 0001610162 1001630164 1f08 0165 4001660167'), secrets);
    assert.deepEqual([...secrets], ['c', 'authorization']);
  });

  it('enter no table', () => {
    const decoder = newDecoder();
    decoder.decode(newEncoder().encode(['cookie', 'a=b', 'authorization', `Bearer ${'x'.repeat(100)}`]));
    assert.deepEqual(contents(decoder.table), []);
  });

  it('are decoded the same however often they come, and however similar they are', () => {
    const decoder = newDecoder();
    const encoder = newEncoder();
    for (let round = 0; round < 3; round++) {
      for (let person = 0; person < 20; person++) {
        for (const middle of ['x', 'y']) {
          const cookie = `sid=${'a'.repeat(40)}${middle}${person % 10}${'b'.repeat(40)}`;
          assert.deepEqual(decoder.decode(encoder.encode(['cookie', cookie])), ['cookie', cookie]);
        }
      }
    }
  });

  it('have the current name of their index, however often the same octets came before', () => {
    const decoder = newDecoder();
    const secret = `1f2f 28 ${'61'.repeat(40)}`; // its name is that of the newest entry
    for (const [name, entry] of Object.entries({ a: '400161 0178', b: '400162 0178', c: '400163 0178' })) {
      assert.deepEqual(decoder.decode(fromHex(`${entry} ${secret}`)), [name, 'x', name, 'a'.repeat(40)]);
    }
  });

  it('are reported by name, and count for the limits, also when they are cached', () => {
    const decoder = newDecoder({ maxListBytes: 500 });
    const encoder = newEncoder({ neverIndexed: new Set(['x-proof']) });
    const proof = ['x-proof', 'p'.repeat(100)];
    for (let round = 0; round < 3; round++) {
      const secrets = new Set<string>();
      assert.deepEqual(decoder.decode(encoder.encode([...proof, ...proof, ...proof]), secrets).length, 6);
      assert.deepEqual([...secrets], ['x-proof']);
      const tooMany = encoder.encode([...proof, ...proof, ...proof, ...proof]);
      assert.throws(() => decoder.decode(tooMany), HeaderListTooLarge);
    }
  });

  it('are errors when they are truncated, also if they were complete before', () => {
    const decoder = newDecoder();
    const block = newEncoder().encode(['cookie', 'a'.repeat(100)]);
    decoder.decode(block);
    for (const end of [1, 2, 3, 4, block.length - 1]) {
      assert.throws(() => decoder.decode(block.subarray(0, end)), HpackError);
    }
  });
});
