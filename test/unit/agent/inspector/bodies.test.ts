import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { decodeBody } from '../../../../src/agent/inspector/body-decoding.js';

const TEXT = Buffer.from('{"hello":"world"} '.repeat(1_000));

// A frame of zstd (RFC 8878) with one raw block and one block that repeats a byte.
function zstd({ window = 0x38, content = 'hello', repeat = 3 } = {}): Buffer {
  const raw = Buffer.from(content);
  const block = (last: number, type: number, size: number) => {
    const header = Buffer.alloc(3);
    header.writeUIntLE(last | (type << 1) | (size << 3), 0, 3);
    return header;
  };
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, window]);
  return Buffer.concat([head, block(0, 0, raw.length), raw, block(1, 1, repeat), Buffer.from('!')]);
}

describe('decodeBody', () => {
  test('undoes each coding, several of them, and none', async () => {
    const cases: readonly [encoding: string | null, bytes: Buffer][] = [
      ['gzip', gzipSync(TEXT)],
      ['X-Gzip', gzipSync(TEXT)],
      ['br', brotliCompressSync(TEXT)],
      ['deflate', deflateSync(TEXT)],
      ['deflate', deflateRawSync(TEXT)],
      ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
      [null, TEXT],
      ['identity', TEXT],
    ];
    for (const [encoding, bytes] of cases)
      assert.deepEqual(
        await decodeBody(bytes, encoding, 1_000_000),
        { bytes: TEXT, isCut: false, problem: undefined },
        String(encoding),
      );
    const { bytes, problem } = await decodeBody(zstd(), 'zstd', 1_000);
    assert.deepEqual([bytes.toString(), problem], ['hello!!!', undefined]);
  });

  test('decodes the part of a body that was kept', async () => {
    for (const [encoding, whole] of [
      ['gzip', gzipSync(TEXT)],
      ['br', brotliCompressSync(TEXT)],
      ['deflate', deflateSync(TEXT)],
    ] as const) {
      const { bytes, problem } = await decodeBody(whole.subarray(0, whole.length - 12), encoding, 1_000_000);
      assert.equal(problem, undefined, encoding);
      assert.deepEqual(bytes, TEXT.subarray(0, bytes.length), encoding);
    }
  });

  test('K16 stops at its bound, whatever a body would become', async () => {
    const zeros = Buffer.alloc(3_000_000);
    for (const [encoding, bomb] of [
      ['gzip', gzipSync(zeros)],
      ['br', brotliCompressSync(zeros)],
    ] as const) {
      const { bytes, isCut } = await decodeBody(bomb, encoding, 10_000);
      assert.deepEqual([bytes.length, isCut], [10_000, true], encoding);
    }
    const { bytes, isCut } = await decodeBody(zstd({ repeat: 100_000 }), 'zstd', 1_000);
    assert.deepEqual([bytes.length, isCut], [1_000, true]);
    const nested = Array.from({ length: 9 }, () => 'gzip').join();
    assert.match((await decodeBody(gzipSync(TEXT), nested, 1_000)).problem ?? '', /more content codings/);
  });

  test('K16 says what is no body of its coding, and gives zstd no memory that it asks for', async () => {
    for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'compress', '__proto__', 'toString'])
      assert.notEqual((await decodeBody(Buffer.from('no such body'), encoding, 1_000)).problem, undefined, encoding);
    assert.notEqual(
      (await decodeBody(zstd({ window: 0xf8 }), 'zstd', 1_000)).problem,
      undefined,
      'a window of two terabytes',
    );
    const empty = Buffer.concat([zstd().subarray(0, 6), Buffer.alloc(900_000)]);
    assert.notEqual((await decodeBody(empty, 'zstd', 1_000)).problem, undefined, '300,000 empty blocks');
    assert.notEqual(
      (await decodeBody(Buffer.concat([zstd(), zstd({ window: 0xf8 })]), 'zstd', 1_000)).problem,
      undefined,
      'a second frame',
    );
  });
});
