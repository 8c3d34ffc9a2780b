/** Peers that make work for nothing lose their connection, in bounded memory; honest ones never notice (section 10.5). */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Http2ErrorCode } from '../../../src/http2/errors.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import type { Http2Stream } from '../../../src/http2/stream/stream.js';
import { type Asked, ask, Bare, frame, Record, requestFields } from './peers.js';

const { ENHANCE_YOUR_CALM } = Http2ErrorCode;
const { DATA, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, PRIORITY, HEADERS, GOAWAY } = FrameType;

const rst = (id: number) => frame(RST_STREAM, 0, id, '00000008');
const widen = (id: number, bytes: number) => frame(WINDOW_UPDATE, 0, id, Buffer.from([0, 0, bytes >> 8, bytes & 255]));

/** Requests that the peer makes us reset: a head with the flags, and a frame after it. */
function madeToReset(
  what: string,
  flags: number,
  offence: (id: number, trailers: Buffer) => Buffer,
): [string, (bare: Bare, turn: number) => void][] {
  const give = (b: Bare, turn: number) => {
    const id = 2 * turn + 1;
    b.give(b.headers(id, requestFields('POST', '/'), flags), offence(id, b.headers(id, [':method', 'GET'])));
  };
  return [[`requests with ${what}`, give]];
}

/** A request that we have reset, and whose peer does not know it yet. */
function resetByUs(bare: Bare): Buffer[] {
  bare.give(bare.headers(1, requestFields('POST', '/'), 0));
  bare.streams[0]?.stream.reset();
  return [];
}

describe('a flood of', () => {
  const floods: readonly (readonly [what: string, give: (bare: Bare, turn: number) => void])[] = [
    [
      'requests that are reset at once',
      (b, turn) => b.give(b.headers(2 * turn + 1, requestFields('GET', '/')), rst(2 * turn + 1)),
    ],
    [
      'requests that make us reset them',
      (b, turn) => {
        b.give(b.headers(2 * turn + 1, requestFields('POST', '/'), 0));
        b.give(frame(WINDOW_UPDATE, 0, 2 * turn + 1, '00000000'));
      },
    ],
    ...madeToReset('DATA after the end', 1, (id) => frame(DATA, 0, id, '00')),
    ...madeToReset('a window past 2^31-1', 0, (id) => frame(WINDOW_UPDATE, 0, id, '7fffffff')),
    ...madeToReset('PRIORITY of a wrong size', 0, (id) => frame(PRIORITY, 0, id, '00')),
    ...madeToReset('pseudo-fields in trailers', 0, (_, trailers) => trailers),
    [
      'DATA for streams that are closed',
      (b, turn) => {
        const id = 2 * turn + 1;
        b.give(b.headers(id, requestFields('POST', '/'), 0), rst(id), frame(DATA, 0, id, '00'));
      },
    ],
    [
      'ends of a stream that we reset',
      (b, turn) => b.give(...(turn === 0 ? resetByUs(b) : []), frame(DATA, FrameFlag.END_STREAM, 1)),
    ],
    [
      'heads of a stream that we reset',
      (b, turn) => b.give(...(turn === 0 ? resetByUs(b) : []), b.headers(1, ['x-late', '1'])),
    ],
    ['malformed requests', (b, turn) => b.give(b.headers(2 * turn + 1, [':method', 'GET']))],
    [
      'resets of a stream that is gone',
      (b, turn) => b.give(...(turn === 0 ? [b.headers(1, requestFields('POST', '/'), 0)] : []), rst(1)),
    ],
    ['PING', (b) => b.give(frame(PING, 0, 0, '0011223344556677'))],
    ['answers to no PING', (b) => b.give(frame(PING, FrameFlag.ACK, 0, '0011223344556677'))],
    ['SETTINGS', (b) => b.give(frame(SETTINGS, 0, 0))],
    ['PRIORITY', (b) => b.give(frame(PRIORITY, 0, 77, '0000000300'))],
    ['unknown frames', (b) => b.give(frame(0xee, 0, 0, 'ff'))],
    ['GOAWAY', (b) => b.give(b.headers(1, requestFields('POST', '/'), 0), frame(GOAWAY, 0, 0, '0000000000000000'))],
    [
      'DATA with nothing in it',
      (b, turn) => b.give(...(turn === 0 ? [b.headers(1, requestFields('POST', '/'), 0)] : []), frame(DATA, 0, 1)),
    ],
    [
      'DATA with nothing but padding',
      (b, turn) => {
        if (turn === 0) b.give(b.headers(1, requestFields('POST', '/'), 0));
        b.give(frame(DATA, FrameFlag.PADDED, 1, '0100'));
      },
    ],
    ['window updates of the connection', (b) => b.give(widen(0, 1))],
    [
      'window updates of a stream',
      (b, turn) => b.give(...(turn === 0 ? [b.headers(1, requestFields('POST', '/'), 0)] : []), widen(1, 1)),
    ],
    [
      'header blocks that are never whole',
      (b, turn) => b.give(turn === 0 ? frame(HEADERS, 1, 1, '82') : frame(FrameType.CONTINUATION, 0, 1, '86')),
    ],
  ];
  for (const [what, give] of floods) {
    test(`${what} ends the connection`, () => {
      const bare = Bare.greeted('server');
      let turns = 0;
      while (!bare.engine.isClosed && turns < 10_000) give(bare, turns++);
      assert.ok(turns < 5_000, 'within a bounded number of frames');
      const last = bare.take().at(-1);
      assert.equal(last?.type, GOAWAY);
      assert.equal(last.payload.readUInt32BE(4), what === 'GOAWAY' ? last.payload.readUInt32BE(4) : ENHANCE_YOUR_CALM);
      assert.equal(bare.engine.running, 0);
    });
  }

  test('resets by a hostile agent ends its connection', () => {
    const bare = Bare.greeted('client');
    let turns = 0;
    for (; !bare.engine.isClosed && turns < 5_000; turns++) {
      const { stream } = ask(bare.engine, requestFields('GET', '/'));
      bare.take();
      bare.give(rst(stream.id));
    }
    assert.ok(turns < 5_000);
    assert.ok(bare.closed !== 'whole' && bare.closed?.code === ENHANCE_YOUR_CALM);
  });

  test('requests whose responses are not read is bounded by the streams', () => {
    const bare = Bare.greeted('server', { limits: { maxStreams: 10 } });
    bare.holdBack();
    for (let turn = 0; turn < 500 && !bare.engine.isClosed; turn++) {
      bare.give(bare.headers(2 * turn + 1, requestFields('GET', '/')));
      for (const { stream } of bare.streams.splice(0)) {
        stream.sendHeaders([':status', '200', 'x-large', 'v'.repeat(50_000)], { endStream: true });
      }
    }
    assert.ok(bare.engine.running <= 10);
    assert.ok(bare.take().reduce((sum, { payload }) => sum + payload.length, 0) < 300_000);
  });

  test('control frames whose acknowledgements are not read ends the connection', () => {
    let nowMs = 0;
    const bare = Bare.greeted('server', { now: () => nowMs });
    bare.holdBack();
    for (let turn = 0; turn < 200_000 && !bare.engine.isClosed; turn++) {
      nowMs += 10; // slow enough for every budget
      bare.give(frame(PING, 0, 0, '0011223344556677'));
    }
    assert.ok(bare.closed !== 'whole' && bare.closed?.code === ENHANCE_YOUR_CALM);
  });
});

describe('a hostile peer that stays within every budget', () => {
  test('causes no growth of memory', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const record = new Record();
    const observer = { stream: (stream: Http2Stream) => stream.observe(record), closed: () => {} };
    const bare = Bare.greeted('server', { observer });
    const usedBytes = (turns: number, from: number) => {
      for (let turn = from; turn < from + turns; turn++) hostileTurn(bare, turn);
      record.events.length = 0;
      record.chunks.length = 0;
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = usedBytes(3_000, 0); // the reset streams that are remembered, the header tables
    const after = usedBytes(6_000, 3_000);
    assert.equal(bare.engine.isClosed, false);
    assert.equal(bare.engine.running, 0);
    assert.ok(after - before < 500_000, `${after - before} bytes`);
  });
});

/** A second in which everything is done that budgets permit: new names, new sizes, streams that are reset by each side. */
function hostileTurn(bare: Bare, turn: number): void {
  const id = 4 * turn + 1;
  bare.nowMs += 1_000;
  bare.give(
    bare.headers(id, requestFields('POST', `/${turn}`, [`x-${turn}`, 'v'.repeat(turn % 500)]), 0),
    frame(DATA, 0, id, Buffer.alloc(turn % 2_000)),
    rst(id),
    bare.headers(id + 2, requestFields('POST', '/'), 0),
    frame(WINDOW_UPDATE, 0, id + 2, '00000000'), // we reset this one
    frame(DATA, 0, id + 2, Buffer.alloc(100)),
    frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, turn >> 8, turn & 255, 0, 1, 0, 0, turn >> 8, turn & 255])),
    frame(PRIORITY, 0, id + 2, '0000000100'),
    frame(0xbe, 0, id, 'ff'),
    frame(PING, 0, 0, '0011223344556677'),
    widen(0, 1),
  );
  bare.take();
}

describe('an honest peer', () => {
  test('may send all of it for hours, at the rate of a busy link', () => {
    const bare = Bare.greeted('server');
    for (let turn = 0; turn < 20_000; turn++) {
      bare.nowMs += 10;
      const id = 2 * turn + 1;
      bare.give(bare.headers(id, requestFields('GET', '/')), rst(id), frame(PING, 0, 0, '0011223344556677'));
    }
    assert.equal(bare.closed, undefined);
  });

  test('may send two WINDOW_UPDATE frames for each DATA frame', () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('GET', '/')));
    const [{ stream }] = bare.streams as [Asked];
    stream.sendHeaders([':status', '200'], { endStream: false });
    for (let turn = 0; turn < 5_000; turn++) {
      stream.write(Buffer.alloc(100));
      bare.take();
      bare.give(widen(0, 100), widen(1, 100));
    }
    assert.equal(bare.closed, undefined);
  });

  test('may send 100 kB in frames of one byte, and the memory does not grow with their number', () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('POST', '/'), 0));
    const [{ stream, record }] = bare.streams as [Asked];
    stream.pause();
    const message = Buffer.concat(Array.from({ length: 1_000 }, () => frame(DATA, 0, 1, '61')));
    for (let turn = 0; turn < 100; turn++) bare.give(Buffer.from(message));
    assert.equal(bare.closed, undefined);
    stream.resume();
    assert.ok(record.chunks.length < 20, 'gathered');
    assert.ok(record.body.equals(Buffer.alloc(100_000, 'a')));
    assert.ok(record.chunks.reduce((sum, chunk) => sum + chunk.buffer.byteLength, 0) < 200_000, 'nothing else pinned');
  });
});

describe('a peer that grants no window', () => {
  test('blocks its own stream, whose writer can see how much was sent', () => {
    const bare = Bare.greeted('server');
    bare.give(frame(SETTINGS, 0, 0, '000400000004')); // INITIAL_WINDOW_SIZE of 4
    bare.give(bare.headers(1, requestFields('GET', '/')));
    const [{ stream }] = bare.streams as [Asked];
    stream.sendHeaders([':status', '200'], { endStream: false });
    stream.write(Buffer.alloc(10));
    bare.take();
    assert.deepEqual([stream.writtenBytes, stream.pendingBytes], [10, 6]);
  });

  test('makes us buffer at most the high-water mark of a stream', () => {
    const bare = Bare.greeted('client');
    bare.give(frame(SETTINGS, 0, 0, '000400000000'));
    const { stream } = ask(bare.engine, requestFields('POST', '/'), { endStream: false });
    let taken = 0;
    while (stream.write(Buffer.alloc(1_000))) taken += 1_000;
    assert.ok(taken <= 65_536);
    assert.equal(bare.take().filter(({ type }) => type === DATA).length, 0);
  });
});
