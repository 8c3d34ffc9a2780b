/** What leaves first, and how much at once. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { Connection } from '../../../../src/http2/connection.js';
import { type Http2ConnectionError, Http2ErrorCode } from '../../../../src/http2/errors.js';
import { FrameFlag, FrameType } from '../../../../src/http2/frame/types.js';
import { type Asked, ask, Bare, frame, requestFields } from '../peers.js';

const { DATA, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE } = FrameType;

/** A server whose peer has given it all the window that there is. */
function wide(): Bare {
  const bare = Bare.greeted('server');
  bare.give(frame(SETTINGS, 0, 0, '00047fffffff'), frame(WINDOW_UPDATE, 0, 0, '7fff0000'));
  bare.take();
  return bare;
}

function answered(bare: Bare, id: number, size: number): Asked {
  bare.give(bare.headers(id, requestFields('GET', '/')));
  const asked = bare.streams.at(-1) as Asked;
  asked.stream.sendHeaders([':status', '200'], { endStream: false });
  asked.stream.write(Buffer.alloc(size));
  return asked;
}

describe('the send queue', () => {
  test('ends the connection when `send` throws, and does not hang', () => {
    const scheduled: (() => void)[] = [];
    const ended: unknown[] = [];
    const engine = new Connection({
      role: 'server',
      observer: { closed: (error) => ended.push(error) },
      schedule: (run) => scheduled.push(run),
      send: () => {
        throw new Error('the socket is gone');
      },
    });
    scheduled.shift()?.();
    assert.ok(engine.isClosed);
    assert.deepEqual(
      ended.map((error) => (error as Http2ConnectionError).code),
      [Http2ErrorCode.INTERNAL_ERROR],
    );
  });

  test('sends control frames, then heads, then DATA', () => {
    const bare = wide();
    const { stream } = answered(bare, 1, 100);
    stream.end();
    bare.engine.receive(frame(PING, 0, 0, '0011223344556677'));
    assert.deepEqual(
      bare.take().map(({ type }) => type),
      [PING, HEADERS, DATA],
    );
  });

  test('alternates between streams, 16 KiB each', () => {
    const bare = wide();
    for (const id of [1, 3, 5]) bare.give(bare.headers(id, requestFields('GET', '/')));
    for (const { stream } of bare.streams) {
      stream.sendHeaders([':status', '200'], { endStream: false });
      stream.write(Buffer.alloc(50_000));
    }
    const order = dataOrder(bare);
    assert.equal(order.length, 12);
    // A new stream gets every other turn, and then they alternate.
    for (const id of [1, 3, 5]) assert.ok(order.indexOf(id) <= 4);
    for (const id of [1, 3, 5]) assert.ok(order.lastIndexOf(id) >= 6);
  });

  test('lets a small response overtake many large ones', () => {
    const bare = wide();
    bare.holdBack();
    for (let at = 0; at < 50; at++) answered(bare, 2 * at + 1, 60_000);
    const begun = new Set<number>();
    while (begun.size < 50) {
      for (const id of dataOrder(bare)) begun.add(id);
      bare.engine.sent(1_000_000);
    }
    dataOrder(bare);
    answered(bare, 201, 1_000).stream.end();
    bare.engine.sent(1_000_000);
    assert.equal(dataOrder(bare)[0], 201);
  });

  test('gives a bounded number of bytes to `send` until they have left', () => {
    const bare = wide();
    bare.holdBack();
    for (let at = 0; at < 20; at++) answered(bare, 2 * at + 1, 60_000);
    const first = size(bare);
    assert.ok(first >= 131_072 && first < 131_072 + 2 * 16_384, `${first} bytes`);
    assert.equal(size(bare), 0);
    bare.engine.sent(50_000);
    assert.equal(size(bare), 0, 'not before half of it has left');
    bare.engine.sent(50_000);
    assert.ok(size(bare) > 60_000);
  });

  test('does not fill the backlog with tiny frames when the connection’s window grows', () => {
    const bare = Bare.greeted('server');
    bare.give(frame(SETTINGS, 0, 0, '00047fffffff'), frame(WINDOW_UPDATE, 0, 0, '00ffffff'));
    bare.take();
    bare.holdBack();
    for (let at = 0; at < 20; at++) answered(bare, 2 * at + 1, 60_000);
    assert.ok(size(bare) >= 131_072);
    bare.engine.sent(40_000);
    bare.give(frame(WINDOW_UPDATE, 0, 0, '00010000'));
    assert.equal(size(bare), 0);
  });

  test('sends control frames while everything else is blocked', () => {
    const bare = wide();
    bare.holdBack();
    for (let at = 0; at < 20; at++) answered(bare, 2 * at + 1, 60_000);
    bare.take();
    bare.give(frame(PING, 0, 0, '0011223344556677'));
    assert.deepEqual(
      bare.take().map(({ type }) => type),
      [PING],
    );
  });

  test('drops what a reset stream had to send, its head too', () => {
    const bare = wide();
    const { stream } = answered(bare, 1, 60_000);
    stream.reset();
    assert.deepEqual(
      bare.take().map(({ type, streamId }) => [type, streamId]),
      [[RST_STREAM, 1]],
    );
  });

  test('joins small writes into one frame, and all of a turn into one call', () => {
    const bare = wide();
    bare.give(bare.headers(1, requestFields('GET', '/')));
    const [{ stream }] = bare.streams as [Asked];
    stream.sendHeaders([':status', '200'], { endStream: false });
    for (let at = 0; at < 100; at++) stream.write(Buffer.from([at]));
    stream.end();
    const [head, body, ...more] = bare.take();
    assert.equal(head?.type, HEADERS);
    assert.deepEqual([...(body?.payload ?? [])], [...Array(100).keys()]);
    assert.equal(body?.flags, FrameFlag.END_STREAM);
    assert.deepEqual(more, []);
  });

  test('tells a writer when to wait and when to continue', () => {
    const bare = wide();
    bare.holdBack();
    const drained: number[] = [];
    bare.give(bare.headers(1, requestFields('GET', '/')));
    const [{ stream }] = bare.streams as [Asked];
    const nothing = () => {};
    stream.observe({
      data: nothing,
      trailers: nothing,
      end: nothing,
      closed: nothing,
      drain: () => drained.push(stream.pendingBytes),
    });
    stream.sendHeaders([':status', '200'], { endStream: false });
    while (stream.write(Buffer.alloc(40_000)));
    assert.deepEqual(drained, []);
    bare.take();
    assert.equal(drained.length, 1, 'all of it fits below');
    while (stream.write(Buffer.alloc(60_000)));
    bare.take();
    assert.equal(drained.length, 1, 'what waits below leaves no room');
    bare.engine.sent(1_000_000);
    bare.take();
    assert.equal(drained.length, 2);
  });

  test('sends what one turn of the event loop produced in few calls', () => {
    const messages: Buffer[] = [];
    const runs: (() => void)[] = [];
    const connection = new Connection({
      role: 'client',
      schedule: (run) => runs.push(run),
      send: (bytes) => messages.push(bytes),
      observer: { closed: () => {} },
    });
    for (let at = 0; at < 50; at++) ask(connection, requestFields('GET', `/${at}`));
    assert.equal(runs.length, 1);
    runs[0]?.();
    assert.equal(messages.length, 1);
  });

  test('closes at once: GOAWAY is the last frame', () => {
    const bare = wide();
    answered(bare, 1, 60_000);
    bare.engine.destroy();
    const types = bare.take().map(({ type }) => type);
    assert.equal(types.at(-1), FrameType.GOAWAY);
    assert.ok(!types.includes(DATA));
  });
});

function size(bare: Bare): number {
  return bare.take().reduce((sum, { payload }) => sum + payload.length + 9, 0);
}

function dataOrder(bare: Bare): number[] {
  return bare
    .take()
    .filter(({ type }) => type === DATA)
    .map(({ streamId }) => streamId);
}
