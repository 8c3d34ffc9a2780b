/** What holds for every list, every series of lists and every series of octets. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HeaderListTooLarge, HpackError } from '../../../../src/http2/hpack/hpack-error.js';
import { APPENDIX_B } from './appendix-b.js';
import { contents, newDecoder, newEncoder } from './support.js';

// Few names and values that come again and again, among ones that do not.
const name = fc.oneof(
  fc.constantFrom(':path', ':method', 'cookie', 'x-a', 'x-b', 'etag', 'user-agent', 'authorization', 'set-cookie'),
  fc.string({ minLength: 1, maxLength: 20 }),
);
const octets = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((octet) => String.fromCharCode(octet)),
  maxLength: 80,
});
const value = fc.oneof(fc.constantFrom('', 'GET', '/', 'gzip', 'a'.repeat(50), 'b'.repeat(700)), octets);
const list = fc.array(fc.tuple(name, value), { maxLength: 20 }).map((fields) => fields.flat());
const size = fc.constantFrom(0, 31, 64, 100, 500, 4096, 65_536);
const step = fc.record({
  list,
  sizes: fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, fc.array(size, { maxLength: 3 })),
});

describe('a series of blocks', () => {
  it('decodes to what was encoded, whatever the size updates, and both tables stay equal', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom('never', 'when-shorter', 'unless-longer'),
        (steps, huffman) => {
          const encoder = newEncoder({ huffman });
          const decoder = newDecoder();
          for (const { list: fields, sizes } of steps) {
            for (const bytes of sizes) {
              decoder.setTableSize(bytes);
              encoder.setPeerTableSize(bytes);
            }
            const secrets = new Set<string>();
            assert.deepEqual(decoder.decode(encoder.encode(fields), secrets), fields);
            assert.deepEqual(contents(decoder.table), contents(encoder.table));
            for (const each of ['cookie', 'authorization', 'set-cookie']) {
              assert.equal(
                secrets.has(each),
                fields.some((field, at) => at % 2 === 0 && field === each),
              );
            }
            assert.ok(
              !contents(encoder.table).some(
                (field, at) => at % 2 === 0 && (field === 'cookie' || field === 'authorization'),
              ),
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('with lists that exceed the limits keeps both tables equal', () => {
    fc.assert(
      fc.property(fc.array(list, { maxLength: 20 }), fc.nat({ max: 600 }), (lists, maxListBytes) => {
        const encoder = newEncoder();
        const decoder = newDecoder({ maxListBytes: maxListBytes, maxFields: 8 });
        for (const fields of lists) {
          const bytes = fields.reduce((sum, text) => sum + text.length + 16, 0);
          const block = encoder.encode(fields);
          if (bytes <= maxListBytes && fields.length <= 16) assert.deepEqual(decoder.decode(block), fields);
          else assert.throws(() => decoder.decode(block), HeaderListTooLarge);
          assert.deepEqual(contents(decoder.table), contents(encoder.table));
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Octets that often are representations, so that a random block gets further than its first octet. */
const likely = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '82',
        'be',
        'bf',
        'c0',
        '20',
        '3fe11f',
        '400161',
        '4001',
        '1f1185',
        '0f',
        '7f',
        '0485',
        'ff',
        '00',
        '10',
      ),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      octets.map((text) => newEncoder({ tableSizeBytes: 0 }).encode(['x', text]).toString('hex')),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'hex'));

describe('random octets', () => {
  it('are lists within the limits or the documented errors, and never anything else', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), likely), { maxLength: 8 }), (blocks) => {
        const decoder = newDecoder({ tableSizeBytes: 300, maxListBytes: 500, maxFields: 6 });
        for (const block of blocks) {
          try {
            const fields = decoder.decode(block);
            assert.ok(fields.length <= 12 && fields.length % 2 === 0);
            assert.ok(fields.reduce((sum, text) => sum + text.length + 16, 0) <= 500);
          } catch (error) {
            if (error instanceof HpackError) return;
            assert.ok(error instanceof HeaderListTooLarge, String(error));
          }
          assert.ok(decoder.table.sizeBytes <= 300);
          assert.equal(
            contents(decoder.table).reduce((sum, text) => sum + text.length + 16, 0),
            decoder.table.sizeBytes,
          );
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('that are a list give the same list after encoding and decoding it again', () => {
    fc.assert(
      fc.property(likely, (block) => {
        let fields: string[];
        try {
          fields = newDecoder().decode(block);
        } catch {
          // Whatever is no list is the subject of the test before.
          return;
        }
        assert.deepEqual(newDecoder().decode(newEncoder().encode(fields)), fields);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('any Huffman string', () => {
  it('of symbols with padding is decoded by the table of appendix B', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 255 }), { maxLength: 30 }), (symbols) => {
        const bits = symbols.map((symbol) => {
          const row = APPENDIX_B[symbol] as { code: number; bits: number };
          return row.code.toString(2).padStart(row.bits, '0');
        });
        const coded = bits.join('').padEnd(Math.ceil(bits.join('').length / 8) * 8, '1');
        const bytes = (coded.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2));
        // Thirty codes are at most 105 octets: their length fits its prefix.
        const block = [0, 1, 0x78, 0x80 | bytes.length, ...bytes];
        assert.deepEqual(newDecoder().decode(Uint8Array.from(block)), ['x', String.fromCharCode(...symbols)]);
      }),
    );
  });
});
