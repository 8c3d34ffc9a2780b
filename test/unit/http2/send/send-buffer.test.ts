/** What a sender keeps of a body: what has been sent is released, however slowly and unevenly the windows open. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameType } from '../../../../src/http2/frame/types.js';
import { SendBuffer } from '../../../../src/http2/send/send-buffer.js';
import { WriteBuffer } from '../../../../src/http2/send/write-buffer.js';
import type { Http2Stream } from '../../../../src/http2/stream/stream.js';
import { type Asked, ask, Bare, frame, requestFields } from '../peers.js';

const { DATA, WINDOW_UPDATE } = FrameType;
const CHUNK_BYTES = 16_384;
const STEP_BYTES = 12_288;
// The high-water mark of `write`.
const FULL_BYTES = 65_536;

const widen = (id: number, bytes: number) => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(WINDOW_UPDATE, 0, id, payload);
};

function uploading(): [Bare, Http2Stream] {
  const bare = Bare.greeted('client');
  return [bare, ask(bare.engine, requestFields('POST', '/'), { endStream: false }).stream];
}

function downloading(): [Bare, Http2Stream] {
  const bare = Bare.greeted('server');
  bare.give(bare.headers(1, requestFields('GET', '/')));
  const [{ stream }] = bare.streams as [Asked];
  stream.sendHeaders([':status', '200'], { endStream: false });
  return [bare, stream];
}

describe('a body that is sent in small window steps', () => {
  for (const [role, begin] of [
    ['client', uploading],
    ['server', downloading],
  ] as const) {
    test(`keeps no more than what is pending, in the ${role} role`, () => {
      const [bare, stream] = begin();
      while (stream.write(Buffer.alloc(CHUNK_BYTES)));
      bare.take(); // all that the initial window permits
      let sent = 0;
      for (let round = 0; round < 1_000; round++) {
        while (stream.pendingBytes < FULL_BYTES) stream.write(Buffer.alloc(CHUNK_BYTES, round));
        sent += bare.take().reduce((sum, { type, payload }) => (type === DATA ? sum + payload.length : sum), 0);
        bare.give(widen(0, STEP_BYTES), widen(stream.id, STEP_BYTES));
        const { retainedBytes, pendingBytes } = stream.sending;
        assert.ok(pendingBytes > 0, 'the buffer never runs empty');
        assert.ok(retainedBytes < pendingBytes + CHUNK_BYTES, `${retainedBytes} bytes for ${pendingBytes}`);
        assert.ok(retainedBytes <= FULL_BYTES + CHUNK_BYTES, `${retainedBytes} bytes`);
      }
      assert.ok(sent > 900 * STEP_BYTES, `${sent} bytes`);
    });
  }

  test('keeps nothing once it is reset', () => {
    const [, stream] = downloading();
    stream.write(Buffer.alloc(100_000));
    stream.reset();
    assert.deepEqual([stream.sending.retainedBytes, stream.pendingBytes], [0, 0]);
  });
});

describe('a send buffer', () => {
  test('returns every byte once, in order, whatever the sizes of reads and writes', () => {
    const step = fc.record({ add: fc.integer({ min: 0, max: 50 }), move: fc.integer({ min: 0, max: 60 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const buffer = new SendBuffer();
        const written: number[] = [];
        const sent: Buffer[] = [];
        const output = new WriteBuffer((bytes) => sent.push(bytes), 0);
        for (const { add, move } of steps) {
          const chunk = Buffer.from(Array.from({ length: add }, (_, at) => (written.length + at) & 0xff));
          written.push(...chunk);
          buffer.add(chunk);
          buffer.moveTo(output, Math.min(move, buffer.bytes));
          assert.ok(buffer.retainedBytes < buffer.bytes + 50 || buffer.bytes === 0);
        }
        buffer.moveTo(output, buffer.bytes);
        assert.equal(buffer.retainedBytes, 0);
        output.close();
        assert.deepEqual([...Buffer.concat(sent)], written);
      }),
    );
  });

  test('keeps few slots of released chunks', () => {
    const buffer = new SendBuffer();
    const output = new WriteBuffer(() => {}, 0);
    for (let at = 0; at < 10_000; at++) {
      buffer.add(Buffer.from('ab'));
      if (at > 10) buffer.moveTo(output, 2);
      assert.ok(buffer.slots < 100);
    }
  });
});

describe('a copy of what is written', () => {
  for (const bytes of [1, 8_192, 49_151, 49_152, 65_536, 100_000]) {
    test(`of ${bytes} bytes stays as it was, whatever its memory is used for afterwards`, () => {
      const buffer = new SendBuffer();
      const sent: Buffer[] = [];
      const memory = Buffer.alloc(bytes);
      for (let value = 1; value <= 40; value++) {
        buffer.addCopy(memory.fill(value));
        memory.fill(0xff);
        if (value % 4 === 0) sent.push(...written(buffer, buffer.bytes - (value % 8 === 0 ? 0 : Math.min(10, bytes))));
      }
      const expected = Buffer.concat(Array.from({ length: 40 }, (_, at) => Buffer.alloc(bytes, at + 1)));
      assert.ok(Buffer.concat(sent).equals(expected));
    });
  }

  test('takes memory that is used again once it is sent, or dropped', () => {
    const buffer = new SendBuffer();
    const seen = new Set<ArrayBufferLike>();
    for (let round = 0; round < 200; round++) {
      buffer.addCopy(Buffer.alloc(FULL_BYTES, round));
      const output = new WriteBuffer(() => {}, 0);
      if (round % 2 === 0) buffer.clear();
      else
        buffer.moveTo({ fill: (bytes: Buffer) => void seen.add(bytes.buffer) } as unknown as WriteBuffer, FULL_BYTES);
      output.close();
    }
    assert.ok(seen.size < 5, `${seen.size} times memory for a hundred chunks`);
  });
});

/** Moves so many bytes out of a buffer. */
function written(buffer: SendBuffer, count: number): Buffer[] {
  const sent: Buffer[] = [];
  const fill = (bytes: Buffer, start: number, end: number) => void sent.push(Buffer.from(bytes.subarray(start, end)));
  buffer.moveTo({ fill } as unknown as WriteBuffer, count);
  return sent;
}
