/** A message is framed where it is: whoever reads WebSockets gets it, and what lies before and behind it stays. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { frameInPlace, MAX_HEADER_BYTES } from '../../../src/link/message-frame.js';

const PAYLOAD = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 251));
const UNTOUCHED = 0xee;

/** What a frame says of itself, and its payload without the mask (RFC 6455 sections 5.2 and 5.3). */
function read(frame: Buffer) {
  const [first = 0, second = 0] = frame;
  const short = second & 0x7f;
  const length = short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
  const maskAt = short < 126 ? 2 : short === 126 ? 4 : 10;
  const isMasked = (second & 0x80) !== 0;
  const key = isMasked ? frame.subarray(maskAt, maskAt + 4) : Buffer.alloc(4);
  const payload = Buffer.from(frame.subarray(maskAt + (isMasked ? 4 : 0)));
  for (let at = 0; at < payload.length; at++) payload[at] = (payload[at] ?? 0) ^ (key[at % 4] ?? 0);
  return { first, length, isMasked, key: key.toString('hex'), payload };
}

/** Memory with the payload in its middle. */
function lay(bytes: number): { readonly memory: Buffer; readonly payload: Buffer } {
  const memory = Buffer.alloc(bytes + 2 * MAX_HEADER_BYTES, UNTOUCHED);
  PAYLOAD.copy(memory, MAX_HEADER_BYTES, 0, bytes);
  return { memory, payload: memory.subarray(MAX_HEADER_BYTES, MAX_HEADER_BYTES + bytes) };
}

describe('the frame of a message', () => {
  for (const bytes of [1, 125, 126, 65_535, 65_536, 70_000]) {
    for (const isMasked of [true, false]) {
      test(`of ${bytes} bytes, ${isMasked ? 'masked' : 'unmasked'}, is in the memory of its payload`, () => {
        const { memory, payload } = lay(bytes);
        const frame = frameInPlace(payload, isMasked);
        const { key, ...said } = read(frame);
        assert.deepEqual(said, { first: 0x82, length: bytes, isMasked, payload: PAYLOAD.subarray(0, bytes) });
        assert.equal(frame.buffer, memory.buffer);
        const start = frame.byteOffset - memory.byteOffset;
        assert.ok(memory.subarray(0, start).every((byte) => byte === UNTOUCHED));
        assert.ok(memory.subarray(start + frame.length).every((byte) => byte === UNTOUCHED));
      });
    }
  }

  test('has a masking key of its own (RFC 6455 section 5.3)', () => {
    const keys = new Set(Array.from({ length: 50 }, () => read(frameInPlace(lay(100).payload, true)).key));
    assert.equal(keys.size, 50);
  });
});
