/** Every example of RFC 7541 appendix C, byte for byte, both ways; those of C.1 are in `integer.test.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HuffmanUse } from '../../../../src/http2/hpack/string-literal.js';
import { REQUESTS, RESPONSES, type Step } from './appendix-c.js';
import { contents, fromHex, newDecoder, newEncoder } from './support.js';

describe('C.2: one field', () => {
  it('C.2.1: a literal with indexing', () => {
    const block = fromHex('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572');
    const field = ['custom-key', 'custom-header'];
    const encoder = newEncoder({ huffman: 'never' });
    assert.deepEqual(encoder.encode(field), block);
    const decoder = newDecoder();
    assert.deepEqual(decoder.decode(block), field);
    for (const { table } of [encoder, decoder]) {
      assert.deepEqual(contents(table), field);
      assert.equal(table.sizeBytes, 55);
    }
  });

  it('C.2.2: a literal without indexing', () => {
    const block = fromHex('040c 2f73 616d 706c 652f 7061 7468');
    const field = [':path', '/sample/path'];
    // No field enters a table that has no room.
    const encoder = newEncoder({ huffman: 'never', tableSizeBytes: 0 });
    assert.deepEqual(encoder.encode(field), block);
    const decoder = newDecoder();
    assert.deepEqual(decoder.decode(block), field);
    for (const { table } of [encoder, decoder]) assert.equal(table.sizeBytes, 0);
  });

  it('C.2.3: a literal that is never indexed', () => {
    const block = fromHex('1008 7061 7373 776f 7264 0673 6563 7265 74');
    const field = ['password', 'secret'];
    const encoder = newEncoder({ huffman: 'never', neverIndexed: new Set(['password']) });
    assert.deepEqual(encoder.encode(field), block);
    const decoder = newDecoder();
    const secrets = new Set<string>();
    assert.deepEqual(decoder.decode(block, secrets), field);
    assert.deepEqual([...secrets], ['password']);
    for (const { table } of [encoder, decoder]) assert.equal(table.sizeBytes, 0);
  });

  it('C.2.4: an indexed field', () => {
    const encoder = newEncoder();
    assert.deepEqual(encoder.encode([':method', 'GET']), fromHex('82'));
    const decoder = newDecoder();
    assert.deepEqual(decoder.decode(fromHex('82')), [':method', 'GET']);
    for (const { table } of [encoder, decoder]) assert.equal(table.sizeBytes, 0);
  });
});

const SERIES: readonly {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly form: 'plain' | 'coded';
  readonly tableSizeBytes: number;
}[] = [
  { name: 'C.3: requests without Huffman coding', steps: REQUESTS, form: 'plain', tableSizeBytes: 4096 },
  { name: 'C.4: requests with Huffman coding', steps: REQUESTS, form: 'coded', tableSizeBytes: 4096 },
  { name: 'C.5: responses without Huffman coding', steps: RESPONSES, form: 'plain', tableSizeBytes: 256 },
  { name: 'C.6: responses with Huffman coding', steps: RESPONSES, form: 'coded', tableSizeBytes: 256 },
];

for (const { name, steps, form, tableSizeBytes } of SERIES) {
  const huffman: HuffmanUse = form === 'plain' ? 'never' : 'unless-longer';

  it(`${name}: encoded`, () => {
    // The examples put everything in the table, `set-cookie` too.
    const encoder = newEncoder({ huffman, tableSizeBytes, neverIndexed: new Set() });
    for (const step of steps) {
      assert.equal(encoder.encode(step.fields).toString('hex'), fromHex(step[form]).toString('hex'), step.section);
      assert.deepEqual(contents(encoder.table), step.table, step.section);
      assert.equal(encoder.table.sizeBytes, step.tableBytes, step.section);
    }
  });

  it(`${name}: decoded`, () => {
    const decoder = newDecoder({ tableSizeBytes });
    for (const step of steps) {
      assert.deepEqual(decoder.decode(fromHex(step[form])), step.fields, step.section);
      assert.deepEqual(contents(decoder.table), step.table, step.section);
      assert.equal(decoder.table.sizeBytes, step.tableBytes, step.section);
    }
  });
}
