import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HpackError } from '../../../../src/http2/hpack/hpack-error.js';
import { huffmanBytes, readHuffman, writeHuffman } from '../../../../src/http2/hpack/huffman.js';
import { CODE_BITS, CODES, EOS } from '../../../../src/http2/hpack/huffman-code.js';
import { APPENDIX_B } from './appendix-b.js';
import { fromHex } from './support.js';

function write(text: string): Buffer {
  const bytes = Buffer.alloc(huffmanBytes(text) + 4);
  return bytes.subarray(0, writeHuffman(text, bytes, 0));
}

function read(bytes: Uint8Array, room = 10_000): string {
  const target = Buffer.alloc(room);
  return target.toString('latin1', 0, readHuffman(bytes, 0, bytes.length, target));
}

/** The octets of a string of zeros and ones, whose number is a multiple of eight. */
function fromBits(bits: string): Buffer {
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

function bitsOf(symbol: number): string {
  const { code, bits } = APPENDIX_B[symbol] as { code: number; bits: number };
  return code.toString(2).padStart(bits, '0');
}

function padded(bits: string): string {
  return bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
}

const ANY_TEXT = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((octet) => String.fromCharCode(octet)) });

describe('the Huffman code', () => {
  it('is that of appendix B', () => {
    assert.equal(APPENDIX_B.length, 257);
    APPENDIX_B.forEach(({ code, bits }, symbol) => {
      assert.deepEqual([CODES[symbol], CODE_BITS[symbol]], [code, bits], `symbol ${symbol}`);
    });
  });

  it('is that of appendix B for each octet, both ways, before and after another', () => {
    for (let octet = 0; octet < EOS; octet++) {
      for (const text of [
        String.fromCharCode(octet),
        `a${String.fromCharCode(octet)}`,
        `${String.fromCharCode(octet)}~`,
      ]) {
        const expected = fromBits(padded([...text].map((sign) => bitsOf(sign.charCodeAt(0))).join('')));
        assert.deepEqual(write(text), expected);
        assert.equal(huffmanBytes(text), expected.length);
        assert.equal(read(expected), text);
      }
    }
  });

  // The strings of appendix C.
  const EXAMPLES: readonly (readonly [text: string, digits: string])[] = [
    ['www.example.com', 'f1e3 c2e5 f23a 6ba0 ab90 f4ff'],
    ['no-cache', 'a8eb 1064 9cbf'],
    ['custom-key', '25a8 49e9 5ba9 7d7f'],
    ['custom-value', '25a8 49e9 5bb8 e8b4 bf'],
    ['302', '6402'],
    ['private', 'aec3 771a 4b'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff'],
    ['https://www.example.com', '9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3'],
    ['gzip', '9bd9 ab'],
    ['', ''],
  ];
  for (const [text, digits] of EXAMPLES) {
    it(`writes and reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(write(text), fromHex(digits));
      assert.equal(read(fromHex(digits)), text);
    });
  }

  it('decodes what it encoded, whatever the octets, and writes exactly the announced length', () => {
    fc.assert(
      fc.property(ANY_TEXT, (text) => {
        const bytes = write(text);
        assert.equal(bytes.length, huffmanBytes(text));
        assert.equal(read(bytes), text);
      }),
      { numRuns: 500 },
    );
  });

  it('writes nothing past its end', () => {
    const bytes = Buffer.alloc(20, 0xee);
    const end = writeHuffman('no-cache', bytes, 3);
    assert.equal(end, 9);
    assert.deepEqual(bytes.subarray(0, 3), Buffer.alloc(3, 0xee));
    assert.deepEqual(bytes.subarray(end), Buffer.alloc(20 - end, 0xee));
  });

  it('rejects characters that are not octets, and never keeps their low byte', () => {
    for (const text of ['\u010a', 'a\u0161', '\ud83d\ude00', '\uffff'])
      assert.throws(() => huffmanBytes(text), HpackError);
  });

  it('counts what does not fit without writing it', () => {
    const target = Buffer.alloc(4, 0xee);
    const bytes = write('custom-value\\');
    assert.equal(readHuffman(bytes, 0, bytes.length, target.subarray(0, 3)), 13);
    assert.equal(target.toString('latin1'), 'cus\xee');
  });

  it('reads only between the given positions', () => {
    const bytes = Buffer.concat([fromHex('0000'), write('gzip'), fromHex('0000')]);
    const target = Buffer.alloc(10);
    assert.equal(target.toString('latin1', 0, readHuffman(bytes, 2, 5, target)), 'gzip');
  });
});

describe('padding', () => {
  for (let ones = 0; ones <= 7; ones++) {
    // Five zeros are the code of "0"; eight of them fill five octets.
    const text = '0'.repeat([0, 3, 6, 1, 4, 7, 2, 5][ones] as number);
    it(`of ${ones} ones is accepted`, () => {
      const bits = '00000'.repeat(text.length) + '1'.repeat(ones);
      assert.equal(bits.length % 8, 0);
      assert.equal(read(fromBits(bits)), text);
    });
  }

  const WRONG: readonly (readonly [name: string, bits: string])[] = [
    ['with zeros', '00000000'],
    ['with a zero among ones', '00000110'],
    ['with a zero first', '00000011'],
    ['behind a long code with zeros', `${bitsOf(60)}0`],
    ['of eight ones', '11111111'],
    ['of eight ones behind a string', `${'00000'.repeat(8)}11111111`],
    ['of ten ones', `${'00000'.repeat(6)}1111111111`],
    ['of fifteen ones', `${'00000'.repeat(5)}111111111111111`],
    ['of 24 ones', '1'.repeat(24)],
    ['of 29 ones', `${'00000'.repeat(7)}${'1'.repeat(29)}`],
    ['of an EOS', padded(bitsOf(EOS))],
    ['of two EOS', padded(bitsOf(EOS).repeat(2))],
  ];
  for (const [name, bits] of WRONG) {
    it(`${name} is an error`, () => {
      assert.equal(bits.length % 8, 0);
      assert.throws(() => read(fromBits(bits)), HpackError);
    });
  }

  it('of an EOS between two octets is an error', () => {
    assert.throws(() => read(fromBits(padded(bitsOf(48) + bitsOf(EOS) + bitsOf(48)))), HpackError);
  });

  it('is an error for every truncated code', () => {
    for (let octet = 0; octet < EOS; octet++) {
      const code = bitsOf(octet);
      for (let kept = 8; kept < code.length; kept += 8) {
        assert.throws(() => read(fromBits(code.slice(0, kept))), HpackError, code);
      }
    }
  });
});

describe('random octets', () => {
  it('are a string or an error, and a string is encoded back to the same octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let text: string;
        try {
          text = read(bytes);
        } catch (error) {
          assert.ok(error instanceof HpackError);
          return;
        }
        assert.deepEqual(Buffer.from(write(text)), Buffer.from(bytes));
      }),
      { numRuns: 3000 },
    );
  });
});
