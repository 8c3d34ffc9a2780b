/**
 * What a frame makes us do is bounded by what it makes possible, and not by how much else waits or is kept
 * (RFC 9113 section 10.5). Counted in calls, never in time.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, type TestContext, test } from 'node:test';
import { Code } from '../../../src/http2/errors.js';
import { FrameType } from '../../../src/http2/frame-types.js';
import { SendSide } from '../../../src/http2/send-side.js';
import { type Asked, Bare, frame, requestFields } from './peers.js';

const { DATA, SETTINGS, WINDOW_UPDATE } = FrameType;
const STREAMS = 1_000;
const BODY_BYTES = 10_000;
const FIRST_WINDOW_BYTES = 65_535;

const widen = (id: number, bytes: number) => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(WINDOW_UPDATE, 0, id, payload);
};

/** A server of which so many downloads wait for the window of the connection, or for their own. */
function parked(count: number, whose: 'connection' | 'stream' = 'connection'): Bare {
  const bare = Bare.greeted('server');
  if (whose === 'connection') bare.give(frame(SETTINGS, 0, 0, '00047fffffff'));
  else bare.give(frame(SETTINGS, 0, 0, '000400000000'), widen(0, 0x0fff_ffff));
  for (let at = 0; at < count; at++) bare.give(bare.headers(2 * at + 1, requestFields('GET', '/')));
  for (const { stream } of bare.streams) {
    stream.sendHeaders([':status', '200'], { endStream: false });
    stream.write(Buffer.alloc(BODY_BYTES, stream.id & 0xff));
    stream.end();
  }
  bare.take();
  return bare;
}

/** How often a stream is looked at while `run` runs. */
function visits(t: TestContext, run: () => void): number {
  const { isReady } = Object.getOwnPropertyDescriptors(SendSide.prototype);
  assert.ok(isReady?.get !== undefined);
  const spy = t.mock.getter(SendSide.prototype, 'isReady', isReady.get);
  run();
  const count = spy.mock.callCount();
  spy.mock.restore();
  return count;
}

describe('a window update of the connection', () => {
  test('costs the same however many streams wait for it', (t) => {
    const few = parked(10);
    const many = parked(STREAMS);
    const one = visits(t, () => few.give(widen(0, 1)));
    assert.ok(one > 0 && one < 10, `${one} looks at a stream`);
    assert.equal(
      visits(t, () => many.give(widen(0, 1))),
      one,
    );
    assert.equal(many.take().filter(({ type }) => type === DATA).length, 1);
  });

  test('lets an end pass that needs no window', () => {
    const bare = parked(10);
    bare.give(bare.headers(2 * STREAMS + 1, requestFields('GET', '/')));
    const { stream } = bare.streams.at(-1) as Asked;
    stream.sendHeaders([':status', '200'], { endStream: false });
    bare.take();
    stream.end();
    assert.deepEqual(
      bare.take().map(({ type, streamId, payload }) => [type, streamId, payload.length]),
      [[DATA, stream.id, 0]],
    );
  });

  test('in the end carries all that waited for it', () => {
    const bare = parked(50);
    let carried = 0;
    for (let round = 0; round < 200 && bare.engine.running > 0; round++) {
      bare.give(widen(0, 5_000));
      for (const { type, streamId, payload } of bare.take()) {
        if (type !== DATA) continue;
        assert.ok(payload.every((octet) => octet === (streamId & 0xff)));
        carried += payload.length;
      }
    }
    assert.equal(bare.engine.running, 0);
    assert.equal(carried, 50 * BODY_BYTES - FIRST_WINDOW_BYTES);
  });

  for (const whose of ['connection', 'stream'] as const) {
    test(`by one byte, of a ${whose}, does not pay for the next`, () => {
      const bare = parked(100, whose);
      let updates = 0;
      for (; updates < 20_000 && !bare.engine.isClosed; updates++) bare.give(widen(whose === 'stream' ? 1 : 0, 1));
      assert.ok(bare.closed !== 'whole' && bare.closed?.code === Code.ENHANCE_YOUR_CALM);
      assert.ok(updates < 5_000, `${updates} updates`);
    });
  }

  test('for each four kilobytes that are read, of the stream and of the connection, is honest', () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('GET', '/')));
    const [{ stream }] = bare.streams as [Asked];
    stream.sendHeaders([':status', '200'], { endStream: false });
    for (let round = 0; round < 5_000; round++) {
      while (stream.write(Buffer.alloc(16_384)));
      bare.give(widen(0, 4_096), widen(1, 4_096));
      bare.take();
    }
    assert.equal(bare.closed, undefined);
  });
});
