import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { BytePool } from '../../../../src/http2/byte-pool.js';
import { FrameType } from '../../../../src/http2/frame/types.js';
import { type Asked, Bare, frame, requestFields } from '../peers.js';

const NO_WINDOW = '000400000000'; // SETTINGS with INITIAL_WINDOW_SIZE of 0

/** Connections of one process, each with one response that its peer opens no window for. */
function unsent(pool: BytePool, count: number): Bare[] {
  return Array.from({ length: count }, () => {
    const bare = Bare.greeted('server', { limits: { sendPool: pool } });
    bare.give(frame(FrameType.SETTINGS, 0, 0, NO_WINDOW), bare.headers(1, requestFields('GET', '/')));
    bare.streams[0]?.stream.sendHeaders([':status', '200'], { endStream: false });
    return bare;
  });
}

function write(bare: Bare, bytes: number): boolean | undefined {
  return bare.streams[0]?.stream.write(Buffer.alloc(bytes));
}

describe('what the writers of all connections have written and cannot send', () => {
  test('is counted together until it was sent or dropped', () => {
    const pool = new BytePool(1_000_000);
    const [one, other, third] = unsent(pool, 3) as [Bare, Bare, Bare];
    for (const bare of [one, other, third]) write(bare, 10_000);
    assert.equal(pool.bytes, 30_000);
    one.give(frame(FrameType.WINDOW_UPDATE, 0, 1, '00001000'));
    one.take();
    assert.equal(pool.bytes, 30_000 - 4_096);
    one.give(frame(FrameType.RST_STREAM, 0, 1, '00000008'));
    assert.equal(pool.bytes, 20_000);
    other.streams[0]?.stream.reset();
    assert.equal(pool.bytes, 10_000);
    third.engine.destroy();
    assert.equal(pool.bytes, 0);
  });

  test('past its bound makes each writer with pending bytes wait until they were sent', () => {
    const pool = new BytePool(20_000);
    const [one, other] = unsent(pool, 2) as [Bare, Bare];
    assert.equal(write(one, 20_000), true);
    assert.equal(write(other, 100), false);
    one.streams[0]?.stream.reset();
    assert.equal(write(other, 100), false, 'it has been told to wait');
    let drained = 0;
    const { record } = other.streams[0] as Asked;
    Object.assign(record, { drain: () => void drained++ });
    other.give(frame(FrameType.WINDOW_UPDATE, 0, 1, '00001000'));
    other.take();
    assert.equal(drained, 1);
    assert.equal(write(other, 100), true);
  });

  test('without a bound is each stream’s own', () => {
    const [one] = unsent(new BytePool(Number.POSITIVE_INFINITY), 1) as [Bare];
    assert.deepEqual([write(one, 65_535), write(one, 1)], [true, false]);
  });
});
