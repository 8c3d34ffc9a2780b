import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { HpackError } from '../../../../src/http2/hpack/hpack-error.js';
import { contents, fromHex, newDecoder, newEncoder } from './support.js';

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('a list', () => {
  it('may be empty', () => assert.equal(newEncoder().encode([]).length, 0));

  it('takes one octet for each field once its fields are indexed', () => {
    const encoder = newEncoder();
    const fields = [':status', '200', 'server', 'nginx', 'date', 'Mon, 21 Oct 2013 20:13:21 GMT', 'x-a', 'b'];
    encoder.encode(fields);
    assert.equal(encoder.encode(fields).length, 4);
    assert.equal(encoder.encode([...fields.slice(2), ...fields.slice(0, 2)]).length, 4);
  });

  it('refers to a name of the dynamic table', () => {
    const encoder = newEncoder({ huffman: 'never' });
    encoder.encode(['x-name', 'one']);
    assert.equal(hex(encoder.encode(['x-name', 'two'])), '7e0374776f');
  });

  it('may name `__proto__` and `constructor`', () => {
    const fields = ['__proto__', 'a', 'constructor', '__proto__', 'tostring', 'constructor'];
    const encoder = newEncoder();
    const decoder = newDecoder();
    for (let round = 0; round < 2; round++) assert.deepEqual(decoder.decode(encoder.encode(fields)), fields);
  });

  it('is coded only where that is shorter', () => {
    const encoder = newEncoder();
    // Three octets either way; four instead of five; two codes of 28 bits instead of two octets.
    assert.equal(hex(encoder.encode(['x-a', '307']).subarray(-4)), '03333037');
    assert.equal(hex(encoder.encode(['x-a', '00000']).subarray(-5, -4)), '84');
    assert.equal(hex(encoder.encode(['x-a', '\x02\x03']).subarray(-3)), '020203');
  });

  it('that does not end with a value is refused', () => {
    assert.throws(() => newEncoder().encode(['x-a', 'b', 'x-c']), HpackError);
  });
});

describe('a block', () => {
  it('stays unchanged while others are encoded, also by other encoders', () => {
    const blocks: Buffer[] = [];
    const lists: string[][] = [];
    const encoder = newEncoder();
    const other = newEncoder();
    for (let order = 0; order < 300; order++) {
      lists.push(['x-order', String(order), 'x-filler', 'f'.repeat((order * 37) % 1500)]);
      blocks.push(encoder.encode(lists.at(-1) ?? []));
      other.encode(['cookie', '\\'.repeat(200)]);
    }
    const decoder = newDecoder();
    blocks.forEach((block, order) => {
      assert.deepEqual(decoder.decode(block), lists[order]);
    });
  });

  it('may be larger than the shared memory for blocks', () => {
    const fields = ['x-a', 'a'.repeat(100), 'x-large', '"'.repeat(50_000), 'cookie', 'c'.repeat(50_000), 'x-b', 'b'];
    const encoder = newEncoder();
    const decoder = newDecoder({ maxListBytes: 200_000 });
    for (let round = 0; round < 2; round++) assert.deepEqual(decoder.decode(encoder.encode(fields)), fields);
  });
});

describe('a secret', () => {
  it('is a never-indexed literal each time, and in no table', () => {
    const encoder = newEncoder({ huffman: 'never' });
    for (let round = 0; round < 3; round++) {
      assert.equal(hex(encoder.encode(['cookie', 'a=b'])), '1f1103613d62');
      const long = encoder.encode(['authorization', 'x'.repeat(64)]);
      assert.equal(hex(long), `1f0840${'78'.repeat(64)}`);
    }
    assert.deepEqual(contents(encoder.table), []);
  });

  it('without a static name is written completely each time', () => {
    const encoder = newEncoder({ neverIndexed: new Set(['x-proof']), huffman: 'never' });
    encoder.encode(['x-other', 'a']);
    for (let round = 0; round < 2; round++) {
      assert.equal(hex(encoder.encode(['x-proof', 'y'.repeat(40)])), `1007782d70726f6f6628${'79'.repeat(40)}`);
    }
  });

  it('that differs from earlier ones in only one octet, wherever it is, is written correctly', () => {
    const encoder = newEncoder({ neverIndexed: new Set(['x-proof']) });
    const decoder = newDecoder();
    for (let round = 0; round < 2; round++) {
      for (const at of [0, 20, 35, 36, 37, 38, 39, 40]) {
        const proof = `${'y'.repeat(at)}z${'y'.repeat(40 - at)}`.slice(0, 40);
        assert.deepEqual(decoder.decode(encoder.encode(['x-proof', proof])), ['x-proof', proof]);
      }
    }
  });

  it('that is empty, as in the static table, is a never-indexed literal too', () => {
    assert.equal(hex(newEncoder().encode(['cookie', ''])), '1f1100');
  });

  it('of the sender stays one: the representation is kept, even if the field is in a table (7.1.3)', () => {
    const encoder = newEncoder({ huffman: 'never' });
    encoder.encode(['x-a', 'b']);
    const passedOn = encoder.encode(['x-a', 'b'], new Set(['x-a']));
    assert.equal(hex(passedOn), '1003782d610162');
    assert.equal(hex(encoder.encode([':method', 'GET'], new Set([':method']))), '1203474554');
    const secrets = new Set<string>();
    newDecoder().decode(passedOn, secrets);
    assert.deepEqual([...secrets], ['x-a']);
  });
});

describe('the table', () => {
  it('never holds a field of more than half its size', () => {
    const encoder = newEncoder();
    encoder.encode(['x-a', 'b', 'x-large', 'l'.repeat(2048 - 32 - 6)]);
    assert.deepEqual(contents(encoder.table), ['x-a', 'b']);
    encoder.encode(['x-large', 'l'.repeat(2048 - 32 - 7)]);
    assert.equal(contents(encoder.table).length, 4);
  });

  it('stops indexing values of a name that never repeat, and indexes one that does', () => {
    const encoder = newEncoder();
    for (let order = 0; order < 100; order++) encoder.encode(['x-id', `id-${order}`, 'x-agent', 'same']);
    assert.equal(contents(encoder.table).length, 2 * 5);
    encoder.encode(['x-id', 'stays']);
    encoder.encode(['x-id', 'stays']);
    assert.deepEqual(contents(encoder.table).slice(0, 2), ['x-id', 'stays']);
    assert.deepEqual([...encoder.encode(['x-id', 'stays'])], [0xbe]);
  });

  it('keeps indexing values of a name as long as they are used', () => {
    const encoder = newEncoder();
    for (let order = 0; order < 20; order++) {
      encoder.encode(['x-path', `/${order}`]);
      encoder.encode(['x-path', `/${order}`]);
    }
    assert.equal(contents(encoder.table).length, 2 * 20);
  });

  it('is never referred to by an evicted entry', () => {
    const encoder = newEncoder({ tableSizeBytes: 256 });
    const decoder = newDecoder({ tableSizeBytes: 256 });
    for (let order = 0; order < 200; order++) {
      const fields = ['x-a', 'same', `x-${order % 7}`, `v${order % 5}`, 'x-b', String(order % 3), 'x-a', 'same'];
      assert.deepEqual(decoder.decode(encoder.encode(fields)), fields);
      assert.deepEqual(contents(encoder.table), contents(decoder.table));
    }
  });
});

describe('a setting of the peer', () => {
  it('is announced in the next block, once', () => {
    const encoder = newEncoder();
    encoder.setPeerTableSize(100);
    assert.equal(hex(encoder.encode([':method', 'GET'])), '3f4582');
    assert.equal(hex(encoder.encode([':method', 'GET'])), '82');
  });

  it('that changes nothing is not announced', () => {
    const encoder = newEncoder();
    encoder.setPeerTableSize(4096);
    assert.equal(hex(encoder.encode([':method', 'GET'])), '82');
  });

  it('that shrank and grew between two blocks is announced as the smallest and the last (4.2)', () => {
    const encoder = newEncoder();
    encoder.encode(['x-a', 'b']);
    for (const size of [1000, 0, 500, 4096]) encoder.setPeerTableSize(size);
    assert.equal(hex(encoder.encode([':method', 'GET'])), '203fe11f82');
    assert.deepEqual(contents(encoder.table), []);
  });

  it('above our maximum is used up to the maximum', () => {
    const encoder = newEncoder({ maxTableSizeBytes: 8192 });
    encoder.setPeerTableSize(2 ** 32 - 1);
    assert.equal(encoder.table.maxBytes, 8192);
    assert.deepEqual(encoder.encode([]), fromHex('3fe13f'));
    encoder.setPeerTableSize(10_000);
    assert.equal(encoder.encode([]).length, 0);
  });

  it('of zero leaves literals only', () => {
    const encoder = newEncoder({ huffman: 'never' });
    encoder.setPeerTableSize(0);
    assert.equal(hex(encoder.encode(['x-a', 'b'])), '200003782d610162');
    assert.equal(hex(encoder.encode(['x-a', 'b'])), '0003782d610162');
  });

  it('starts with a smaller table if we want no more', () => {
    const encoder = newEncoder({ maxTableSizeBytes: 0 });
    assert.equal(hex(encoder.encode([':method', 'GET'])), '2082');
  });
});

describe('a field that is not octets', () => {
  const WRONG = [
    ['x-a', '\u0161'],
    ['x-\u010a', 'a'],
    ['cookie', 'a\u{1f600}'],
    ['x-a', `${'a'.repeat(100)}\u0100`],
  ];
  for (const field of WRONG) {
    it(`fails its own block and no other: ${JSON.stringify(field).slice(0, 30)}`, () => {
      const encoder = newEncoder();
      const decoder = newDecoder();
      const before = ['x-before', '1'];
      decoder.decode(encoder.encode(before));
      assert.throws(() => encoder.encode(['x-new', '2', ...field]), HpackError);
      for (const fields of [['x-new', '2', ...before], before, ['x-new', '2']]) {
        assert.deepEqual(decoder.decode(encoder.encode(fields)), fields);
        assert.deepEqual(contents(encoder.table), contents(decoder.table));
      }
    });
  }

  it('fails no setting either: it is announced in the next block', () => {
    const encoder = newEncoder();
    encoder.setPeerTableSize(100);
    assert.throws(() => encoder.encode(['x-a', '\u0161']), HpackError);
    assert.equal(hex(encoder.encode([])), '203f45');
  });
});
