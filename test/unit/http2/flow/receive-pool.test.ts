import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { BytePool } from '../../../../src/http2/byte-pool.js';
import { DEFAULT_FLOW_LIMITS } from '../../../../src/http2/flow/flow-control.js';
import { SettingId } from '../../../../src/http2/frame/settings.js';
import { FrameType } from '../../../../src/http2/frame/types.js';
import { Bare, frame, requestFields } from '../peers.js';

const UNREAD_BYTES = 200_000;

/** Connections of one process, each with one stream that is not read. */
function unread(pool: BytePool, count: number): Bare[] {
  return Array.from({ length: count }, () => {
    const bare = Bare.greeted('server', { limits: { flow: { ...DEFAULT_FLOW_LIMITS, pool } } });
    bare.give(bare.headers(1, requestFields('POST', '/'), 0));
    bare.streams[0]?.stream.pause();
    for (let left = UNREAD_BYTES; left > 0; left -= 10_000)
      bare.give(frame(FrameType.DATA, 0, 1, Buffer.alloc(10_000)));
    return bare;
  });
}

/** What an engine announces that a new stream may hold. */
function announced(bare: Bare): number | undefined {
  const settings = bare.take().findLast(({ type, flags }) => type === FrameType.SETTINGS && flags === 0);
  return settings?.payload.readUInt16BE(0) === SettingId.INITIAL_WINDOW_SIZE
    ? settings.payload.readUInt32BE(2)
    : undefined;
}

describe('what the readers of all connections leave unread', () => {
  test('is counted together until it is read or dropped', () => {
    const pool = new BytePool(1_000_000);
    const [one, other, third] = unread(pool, 3) as [Bare, Bare, Bare];
    assert.equal(pool.bytes, 3 * UNREAD_BYTES);
    one.streams[0]?.stream.resume();
    assert.equal(pool.bytes, 2 * UNREAD_BYTES);
    other.streams[0]?.stream.reset();
    assert.equal(pool.bytes, UNREAD_BYTES);
    third.engine.destroy();
    assert.equal(pool.bytes, 0);
  });

  test('past its bound leaves each new stream the minimum window, and each connection enough to continue', () => {
    const pool = new BytePool(3 * UNREAD_BYTES - 1);
    const [, , last] = unread(pool, 3) as [Bare, Bare, Bare];
    assert.ok(pool.isExceeded);
    assert.equal(announced(last), 16_384);
    last.give(last.headers(3, requestFields('POST', '/'), 0));
    for (let count = 0; count < 100; count++) last.give(frame(FrameType.DATA, 0, 3, Buffer.alloc(1_000)));
    assert.equal(last.closed, undefined, 'the window of the connection was opened again for those who read');
    assert.equal(last.streams[1]?.record.body.length, 100_000);
    const [below] = unread(new BytePool(3 * UNREAD_BYTES), 1) as [Bare];
    assert.notEqual(announced(below), 16_384);
  });
});
