import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { acceptKey, closeFrame, completesHandshake, FrameLengths, isKey, newKey } from '../../../src/http/websocket.js';

// The example of RFC 6455 section 1.3.
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

describe('the keys of the opening handshake', () => {
  it('match the example of RFC 6455 section 1.3', () => {
    assert.equal(acceptKey(KEY), ACCEPT);
  });

  it('are 16 bytes in base64, different each time', () => {
    assert.equal(Buffer.from(newKey(), 'base64').length, 16);
    assert.notEqual(newKey(), newKey());
  });

  for (const [what, key, expected] of [
    ['the example of the RFC', KEY, true],
    ['a new key', newKey(), true],
    ['nothing', '', false],
    ['15 bytes', Buffer.alloc(15).toString('base64'), false],
    ['17 bytes', Buffer.alloc(17).toString('base64'), false],
    ['base64url', 'dGhlIHNhbXBsZSBub25j-_==', false],
    ['two keys', `${KEY}, ${KEY}`, false],
    ['a key with a line break', `${KEY}\n`, false],
  ] as const) {
    it(`${expected ? 'accept' : 'reject'} ${what}`, () => assert.equal(isKey(key), expected));
  }

  const upgrade = ['Upgrade', 'WebSocket', 'Connection', 'Upgrade'];
  for (const [what, fields, expected] of [
    ['the right proof', [...upgrade, 'Sec-WebSocket-Accept', ACCEPT], true],
    ['no proof', upgrade, false],
    ['a wrong proof', [...upgrade, 'Sec-WebSocket-Accept', KEY], false],
    ['two proofs', [...upgrade, 'Sec-WebSocket-Accept', ACCEPT, 'Sec-WebSocket-Accept', ACCEPT], false],
    ['no upgrade', ['Sec-WebSocket-Accept', ACCEPT], false],
    ['another protocol', ['Upgrade', 'h2c', 'Sec-WebSocket-Accept', ACCEPT], false],
  ] as const) {
    it(`${expected ? 'complete' : 'do not complete'} a handshake with ${what}`, () => {
      assert.equal(completesHandshake(fields, KEY), expected);
    });
  }
});

describe('a close frame', () => {
  it('carries the status and the reason, unmasked', () => {
    const frame = closeFrame({ code: 1012, reason: 'tunnel lost' });
    assert.deepEqual([frame[0], frame[1], frame.readUInt16BE(2)], [0x88, 13, 1012]);
    assert.equal(frame.toString('utf8', 4), 'tunnel lost');
  });
});

interface FrameShape {
  readonly payloadBytes: number;
  readonly form: 'shortest' | 'two bytes' | 'eight bytes';
  readonly masked: boolean;
}

/** A frame with a payload that looks like headers of other frames. */
function write({ payloadBytes, form, masked }: FrameShape): Buffer {
  const mask = masked ? 0x80 : 0;
  const extended =
    payloadBytes > 65_535 || form === 'eight bytes' ? 8 : payloadBytes > 125 || form === 'two bytes' ? 2 : 0;
  const head = Buffer.alloc(2 + extended + (masked ? 4 : 0), 0x82);
  head[1] = mask | (extended === 8 ? 127 : extended === 2 ? 126 : payloadBytes);
  if (extended === 8) head.writeBigUInt64BE(BigInt(payloadBytes), 2);
  if (extended === 2) head.writeUInt16BE(payloadBytes, 2);
  return Buffer.concat([head, Buffer.alloc(payloadBytes, 0xff)]);
}

const shape = fc.record<FrameShape>({
  payloadBytes: fc.oneof(fc.nat(130), fc.constantFrom(0, 125, 126, 127, 65_535, 65_536, 70_000)),
  form: fc.constantFrom('shortest', 'two bytes', 'eight bytes'),
  masked: fc.boolean(),
});

describe('the lengths of frames', () => {
  it('are followed however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (shapes, cuts) => {
          const frames = shapes.map(write);
          const bytes = Buffer.concat(frames);
          const ends = new Set<number>([0]);
          let end = 0;
          for (const { length } of frames) {
            end += length;
            ends.add(end);
          }
          const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
          const lengths = new FrameLengths();
          let from = 0;
          for (const to of [...points, bytes.length]) {
            lengths.pass(bytes.subarray(from, to));
            from = to;
            assert.equal(lengths.isBetween, ends.has(to), `after ${to} of ${bytes.length} bytes`);
          }
        },
      ),
    );
  });

  it('are followed byte by byte', () => {
    const frames = [
      write({ payloadBytes: 0, form: 'shortest', masked: false }),
      write({ payloadBytes: 300, form: 'shortest', masked: true }),
    ];
    const lengths = new FrameLengths();
    const between: number[] = [];
    const bytes = Buffer.concat(frames);
    for (let at = 0; at < bytes.length; at++) {
      lengths.pass(bytes.subarray(at, at + 1));
      if (lengths.isBetween) between.push(at + 1);
    }
    assert.deepEqual(between, [2, bytes.length]);
  });

  it('are between two frames before the first', () => {
    assert.ok(new FrameLengths().isBetween);
  });
});
