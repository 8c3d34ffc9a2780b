/** Flow control both ways (RFC 9113 sections 5.2 and 6.9): whose window a reader holds, and whom it holds back. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { Http2ErrorCode } from '../../../../src/http2/errors.js';
import { FrameFlag, FrameType } from '../../../../src/http2/frame/types.js';
import { type Asked, ask, Bare, engines, frame, Record, requestFields } from '../peers.js';

const { DATA, SETTINGS, WINDOW_UPDATE } = FrameType;

const post = (bare: Bare, id: number) => bare.headers(id, requestFields('POST', '/'), 0);
const data = (id: number, size: number, flags = 0) => frame(DATA, flags, id, Buffer.alloc(size, id));
const value = (bytes: number) => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return payload;
};
const updates = (bare: Bare, id: number) =>
  bare
    .take()
    .filter(({ type, streamId }) => type === WINDOW_UPDATE && streamId === id)
    .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
const sentBytes = (bare: Bare) =>
  bare
    .take()
    .filter(({ type }) => type === DATA)
    .reduce((sum, { payload }) => sum + payload.length, 0);

describe('what we receive', () => {
  test('a stream gets credit for what was read, half a window at a time', () => {
    const bare = Bare.greeted('server');
    bare.give(post(bare, 1));
    for (let at = 0; at < 7; at++) bare.give(data(1, 16_384));
    assert.equal(updates(bare, 1), 0);
    bare.give(data(1, 16_384));
    assert.equal(updates(bare, 1), 131_072);
  });

  test('a paused stream gets no credit, and the connection gets credit for what arrived', () => {
    const bare = Bare.greeted('server');
    bare.give(post(bare, 1));
    const [{ stream, record }] = bare.streams as [Asked];
    stream.pause();
    for (let at = 0; at < 16; at++) bare.give(data(1, 16_384));
    assert.deepEqual(record.events, []);
    const sent = bare.take().filter(({ type }) => type === WINDOW_UPDATE);
    assert.deepEqual(new Set(sent.map(({ streamId }) => streamId)), new Set([0]));
    stream.resume();
    assert.equal(record.body.length, 262_144);
    assert.equal(updates(bare, 1), 262_144);
  });

  test('padding is credited, though no reader reads it', () => {
    const bare = Bare.greeted('server');
    bare.give(post(bare, 1));
    const padded = Buffer.alloc(16_384);
    padded[0] = 255;
    for (let at = 0; at < 100; at++) {
      bare.give(frame(DATA, FrameFlag.PADDED, 1, padded));
      bare.take();
    }
    assert.equal(bare.streams[0]?.record.body.length, 100 * (16_384 - 256));
  });

  test('DATA for closed streams is credited to the connection', () => {
    const bare = Bare.greeted('server');
    bare.give(post(bare, 1));
    bare.streams[0]?.stream.reset();
    for (let at = 0; at < 200; at++) bare.give(data(1, 16_384));
    assert.equal(bare.closed, undefined);
  });

  test('what was buffered for a reset stream is credited', () => {
    const bare = Bare.greeted('server', {
      limits: {
        flow: {
          initialStreamBytes: 65_536,
          maxStreamBytes: 65_536,
          initialConnectionBytes: 131_072,
          maxConnectionBytes: 131_072,
        },
      },
    });
    for (let id = 1; id < 200; id += 2) {
      bare.give(post(bare, id));
      bare.streams.at(-1)?.stream.pause();
      for (let at = 0; at < 4; at++) bare.give(data(id, 16_000));
      bare.streams.at(-1)?.stream.reset();
    }
    assert.equal(bare.closed, undefined);
  });

  test('unread bytes shrink the windows, and a stream that is read continues', () => {
    const flow = {
      initialStreamBytes: 262_144,
      maxStreamBytes: 1_048_576,
      initialConnectionBytes: 1_048_576,
      maxConnectionBytes: 8_388_608,
    };
    const bare = Bare.greeted('server', { limits: { flow } });
    bare.give(post(bare, 1));
    for (let at = 0; at < 6; at++) bare.give(data(1, 16_384)); // read, and too little to be given back
    for (let id = 3; id < 25; id += 2) {
      bare.give(post(bare, id));
      bare.streams.at(-1)?.stream.pause();
      for (let at = 0; at < 16; at++) bare.give(data(id, 16_384));
    }
    const announced = bare.take().filter(({ type, flags }) => type === SETTINGS && flags === 0);
    assert.equal(announced.length, 1);
    const initial = announced[0]?.payload.readUInt32BE(2) ?? 0;
    assert.ok(initial <= 131_072, `${initial} bytes`);
    bare.give(frame(SETTINGS, FrameFlag.ACK, 0));
    const given = bare.take().filter(({ type, streamId }) => type === WINDOW_UPDATE && streamId !== 0);
    assert.deepEqual(
      given.map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]),
      [[1, 6 * 16_384]],
    );
    bare.give(data(1, 16_384), post(bare, 25), data(25, 16_384));
    assert.equal(bare.closed, undefined);
    assert.equal(bare.streams.at(-1)?.record.body.length, 16_384);
  });

  test('all streams together never get more credit than the connection may buffer, whatever the peer acknowledges', () => {
    const most = 1_048_576;
    const flow = {
      initialStreamBytes: 262_144,
      maxStreamBytes: 262_144,
      initialConnectionBytes: 262_144,
      maxConnectionBytes: most,
    };
    const bare = Bare.greeted('server', { limits: { flow } });
    let given = flow.initialConnectionBytes; // at the greeting
    let sent = 0;
    for (let id = 1; id < 65; id += 2) {
      bare.give(post(bare, id));
      bare.streams.at(-1)?.stream.pause();
      for (let at = 0; at < 16 && sent + 16_384 <= given; at++) {
        bare.give(data(id, 16_384));
        sent += 16_384;
        given += updates(bare, 0);
      }
    }
    assert.equal(bare.closed, undefined);
    assert.ok(given <= most, `${given} bytes`);
    assert.ok(sent > most / 2, 'and not so few that nothing could be held');
    for (const { stream } of bare.streams) stream.resume();
    assert.ok(updates(bare, 0) > 0, 'once it is read there is room again');
  });

  test('DATA past the connection’s window is a connection error, even within the stream’s window', () => {
    const bytes = 65_536;
    const flow = {
      initialStreamBytes: bytes,
      maxStreamBytes: bytes,
      initialConnectionBytes: bytes,
      maxConnectionBytes: bytes,
    };
    const bare = Bare.greeted('server', { limits: { flow } });
    for (const id of [1, 3]) {
      bare.give(post(bare, id));
      bare.streams.at(-1)?.stream.pause();
    }
    for (let at = 0; at < 4; at++) bare.give(data(1, 16_383));
    assert.equal(bare.engine.isClosed, false);
    bare.give(data(3, 1_000));
    assert.ok(bare.closed !== 'whole' && bare.closed?.code === Http2ErrorCode.FLOW_CONTROL_ERROR);
  });

  test('no WINDOW_UPDATE is sent for a stream that has ended or was reset by its reader', () => {
    const bare = Bare.greeted('server');
    bare.give(post(bare, 1), post(bare, 3));
    const [ended, left] = bare.streams as [Asked, Asked];
    const count = (id: number) => bare.take().filter((it) => it.type === WINDOW_UPDATE && it.streamId === id).length;
    ended.stream.pause();
    for (let at = 0; at < 14; at++) bare.give(data(1, 16_384));
    bare.give(data(1, 16_384, FrameFlag.END_STREAM));
    ended.stream.resume();
    assert.deepEqual(ended.record.events, ['data', 'end']);
    assert.equal(count(1), 0);
    for (let at = 0; at < 7; at++) bare.give(data(3, 16_384));
    left.record.data = () => left.stream.reset();
    bare.give(data(3, 16_384));
    assert.equal(count(3), 0);
  });

  test('no frame names a stream that is idle at the peer', () => {
    const bare = new Bare('client');
    bare.give(frame(SETTINGS, 0, 0));
    bare.take();
    ask(bare.engine, requestFields('GET', '/'));
    bare.engine.receive(frame(SETTINGS, FrameFlag.ACK, 0));
    assert.ok(bare.take().every(({ type, streamId }) => type !== WINDOW_UPDATE || streamId === 0));
  });

  for (const [what, now] of [
    ['', () => performance.now()],
    [', however long the path seems at times', unevenClock(6)],
    [', on a path that seems longer', unevenClock(34)],
    [', on a path that seems to change', unevenClock(146)],
  ] as const) {
    test(`slow readers block no other stream, and together buffer a bounded number of bytes${what}`, () => {
      const limits = {
        flow: {
          initialStreamBytes: 262_144,
          maxStreamBytes: 1_048_576,
          initialConnectionBytes: 1_048_576,
          maxConnectionBytes: 8_388_608,
        },
      };
      const pair = engines(
        (stream) => {
          stream.observe(new Record());
          stream.sendHeaders([':status', '200'], { endStream: false });
          for (let at = 0; at < 64; at++) stream.write(Buffer.alloc(16_384, stream.id));
          stream.end();
        },
        { limits, now },
      );
      const slow: Asked[] = [];
      for (let at = 0; at < 200; at++) {
        const asked = ask(pair.client, requestFields('GET', '/'));
        asked.stream.pause();
        slow.push(asked);
        pair.settle();
      }
      const held = slow.reduce((sum, { stream }) => sum + stream.receiving.bufferedBytes, 0);
      assert.ok(held <= 8_388_608, `${held} bytes are held`);
      const { record } = ask(pair.client, requestFields('GET', '/'));
      pair.settle();
      assert.equal(record.body.length, 1_048_576);
      assert.equal(record.events.at(-1), 'closed');
      for (const { stream } of slow) stream.resume();
      pair.settle();
      for (const asked of slow) {
        assert.ok(asked.record.body.equals(Buffer.alloc(1_048_576, asked.stream.id)));
      }
    });
  }
});

/** A clock that advances by up to ten milliseconds with each call, as on a busy machine. */
function unevenClock(seed: number): () => number {
  let state = seed * 7_919;
  let ms = 0;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    ms += (10 * state) / 0x7fff_ffff;
    return ms;
  };
}

describe('what we send', () => {
  test('stops at the stream’s window, and continues with a WINDOW_UPDATE', () => {
    const bare = Bare.greeted('client');
    bare.give(frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from('0004', 'hex'), value(10)])));
    const { stream, record } = ask(bare.engine, requestFields('POST', '/'), { endStream: false });
    stream.write(Buffer.alloc(25));
    stream.end();
    assert.equal(sentBytes(bare), 10);
    bare.give(frame(WINDOW_UPDATE, 0, 1, value(1)));
    assert.equal(sentBytes(bare), 1);
    bare.give(frame(WINDOW_UPDATE, 0, 1, value(100)));
    const frames = bare.take();
    assert.equal(frames.length, 1);
    assert.equal(frames[0]?.flags, FrameFlag.END_STREAM);
    assert.deepEqual(record.events, []);
  });

  test('stops at the connection’s window, which all streams share', () => {
    const bare = Bare.greeted('client');
    const streams = [1, 2].map(() => ask(bare.engine, requestFields('POST', '/'), { endStream: false }).stream);
    for (const stream of streams) for (let at = 0; at < 4; at++) stream.write(Buffer.alloc(16_384));
    assert.equal(sentBytes(bare), 65_535);
    bare.give(frame(WINDOW_UPDATE, 0, 0, value(1_000)));
    assert.equal(sentBytes(bare), 1_000);
    for (const stream of streams) stream.end();
    bare.give(frame(WINDOW_UPDATE, 0, 0, value(1_000_000)));
    assert.equal(sentBytes(bare), 2 * 65_535 - 66_535, 'up to the windows of the streams');
  });

  test('END_STREAM without content needs no window', () => {
    const bare = Bare.greeted('client');
    const full = ask(bare.engine, requestFields('POST', '/'), { endStream: false }).stream;
    for (let at = 0; at < 5; at++) full.write(Buffer.alloc(16_384));
    const empty = ask(bare.engine, requestFields('POST', '/'), { endStream: false }).stream;
    bare.take();
    empty.end();
    assert.deepEqual(
      bare.take().map(({ streamId, flags }) => [streamId, flags]),
      [[empty.id, FrameFlag.END_STREAM]],
    );
  });

  test('a window that SETTINGS made negative must become positive first (section 6.9.2)', () => {
    const bare = Bare.greeted('client');
    const { stream } = ask(bare.engine, requestFields('POST', '/'), { endStream: false });
    stream.write(Buffer.alloc(60_000));
    assert.equal(sentBytes(bare), 60_000);
    bare.give(frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from('0004', 'hex'), value(1_000)])));
    stream.write(Buffer.alloc(500));
    assert.equal(sentBytes(bare), 0);
    bare.give(frame(WINDOW_UPDATE, 0, 1, value(59_000)));
    assert.equal(sentBytes(bare), 0);
    bare.give(frame(WINDOW_UPDATE, 0, 1, value(1)));
    assert.equal(sentBytes(bare), 1);
  });

  test('streams continue when SETTINGS opens their window', () => {
    const bare = Bare.greeted('client');
    bare.give(frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from('0004', 'hex'), value(0)])));
    const { stream } = ask(bare.engine, requestFields('POST', '/'), { endStream: false });
    stream.write(Buffer.alloc(500));
    assert.equal(sentBytes(bare), 0);
    bare.give(frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from('0004', 'hex'), value(1_000)])));
    assert.equal(sentBytes(bare), 500);
  });
});
