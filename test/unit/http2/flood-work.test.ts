/**
 * What a frame makes us do is bounded by what it makes possible, and not by how much else waits or is kept
 * (RFC 9113 section 10.5). Counted in calls, never in time.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, type TestContext, test } from 'node:test';
import { Http2ErrorCode } from '../../../src/http2/errors.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import { SendHalf } from '../../../src/http2/send/send-half.js';
import { type Asked, Bare, frame, requestFields } from './peers.js';

const { DATA, HEADERS, SETTINGS, WINDOW_UPDATE } = FrameType;
const END = FrameFlag.END_STREAM | FrameFlag.END_HEADERS;
const STREAMS = 1_000;
const BODY_BYTES = 10_000;
const FIRST_WINDOW_BYTES = 65_535;

const widen = (id: number, bytes: number) => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(WINDOW_UPDATE, 0, id, payload);
};

/** A server with this many downloads that are blocked by the connection’s window, or by their own. */
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

/** How many octets are looked at, one by one, while `run` runs. */
function octetsJudged(t: TestContext, run: () => void): number {
  const { test: judge } = RegExp.prototype;
  let octets = 0;
  const spy = t.mock.method(RegExp.prototype, 'test', function count(this: RegExp, text: string) {
    octets += text.length;
    return judge.call(this, text);
  });
  run();
  spy.mock.restore();
  return octets;
}

/** How often a stream is looked at while `run` runs. */
function visits(t: TestContext, run: () => void): number {
  const { isReady } = Object.getOwnPropertyDescriptors(SendHalf.prototype);
  assert.ok(isReady?.get !== undefined);
  const spy = t.mock.getter(SendHalf.prototype, 'isReady', isReady.get);
  run();
  const count = spy.mock.callCount();
  spy.mock.restore();
  return count;
}

describe('a WINDOW_UPDATE of the connection', () => {
  test('costs the same however many streams are blocked', (t) => {
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

  test('lets END_STREAM pass, which needs no window', () => {
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

  test('finally sends everything that was blocked', () => {
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
      assert.ok(bare.closed !== 'whole' && bare.closed?.code === Http2ErrorCode.ENHANCE_YOUR_CALM);
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

// Each octet of a block once, and as much again for what a Huffman code makes of it; each field its name.
const MAX_JUDGED_PER_OCTET = 4;
const LARGE_BYTES = 1_900;
const LARGEST_BYTES = 4_000;

// The start of a request by the static table, with an authority of one octet.
const HEAD = Buffer.from([0x83, 0x86, 0x84, 0x01, 1, 0x61]);
// The newest entry of the dynamic table has the first index after the static ones.
const NEWEST = 62;

function literal(first: number, name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([first]), string(name), string(value)]);
}

function string(text: string): Buffer {
  const octets = [];
  let rest = text.length - 127;
  if (rest < 0) return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
  for (; rest >= 128; rest >>>= 7) octets.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([127, ...octets, rest]), Buffer.from(text, 'latin1')]);
}

const INSERTED = 0x40;
const indexed = (index: number, count: number) => Buffer.alloc(count, 0x80 | index);
const bigV = 'v'.repeat(LARGE_BYTES);
const bigW = 'w'.repeat(LARGE_BYTES);

describe('a header block', () => {
  const cases: readonly (readonly [what: string, table: Buffer, block: Buffer])[] = [
    [
      'that points to two large values in turn',
      Buffer.concat([literal(INSERTED, 'x', bigV), literal(INSERTED, 'x', bigW)]),
      Buffer.concat(Array(15).fill(Buffer.from([0x80 | NEWEST, 0x80 | (NEWEST + 1)]))),
    ],
    ['that points to one of the largest', literal(INSERTED, 'x', 'v'.repeat(LARGEST_BYTES)), indexed(NEWEST, 30)],
    [
      'that points to a large name, with a value each time',
      literal(INSERTED, 'n'.repeat(LARGEST_BYTES), '1'),
      Buffer.concat(Array(30).fill(Buffer.from([0x0f, NEWEST - 15, 1, 0x32]))),
    ],
    [
      'that points to a value that is none',
      literal(INSERTED, 'x', `${'v'.repeat(LARGEST_BYTES)}\0`),
      indexed(NEWEST, 30),
    ],
    ['that points to a name that is none', literal(INSERTED, 'X'.repeat(LARGEST_BYTES), '1'), indexed(NEWEST, 30)],
  ];
  for (const [what, table, block] of cases) {
    test(`costs what its own octets cost: ${what}`, (t) => {
      const bare = Bare.greeted('server');
      bare.give(frame(HEADERS, END, 1, Buffer.concat([HEAD, table])));
      const octets = octetsJudged(t, () => bare.give(frame(HEADERS, END, 3, Buffer.concat([HEAD, block]))));
      assert.ok(octets <= MAX_JUDGED_PER_OCTET * (HEAD.length + block.length), `${octets} octets`);
      assert.equal(bare.closed, undefined, 'the list was taken, or its stream reset');
    });
  }

  test('that refers to a large path is validated when it arrives', (t) => {
    const bare = Bare.greeted('server');
    const path = literal(INSERTED, ':path', `/${'p'.repeat(LARGEST_BYTES)}`);
    const start = Buffer.from([0x83, 0x86]); // POST, http
    bare.give(frame(HEADERS, END, 1, Buffer.concat([start, path])));
    const again = Buffer.concat([start, indexed(NEWEST, 1)]);
    const octets = octetsJudged(t, () => bare.give(frame(HEADERS, END, 3, again)));
    assert.equal(bare.streams.length, 2);
    assert.ok(octets <= MAX_JUDGED_PER_OCTET * again.length, `${octets} octets`);
  });
});

describe('DATA', () => {
  const upload = () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('POST', '/'), 0));
    return bare;
  };

  test('of one byte each without end is a connection error, for a reset stream too', () => {
    for (const isReset of [false, true]) {
      const bare = upload();
      if (isReset) (bare.streams[0] as Asked).stream.reset();
      const crumbs = Buffer.concat(Array(1_000).fill(frame(DATA, 0, 1, '61')));
      for (let sent = 0; sent < 400 && !bare.engine.isClosed; sent++) bare.give(crumbs);
      assert.ok(bare.closed !== 'whole' && bare.closed?.code === Http2ErrorCode.ENHANCE_YOUR_CALM);
    }
  });

  test('with more content is bounded by flow control', () => {
    const bare = upload();
    const record = (bare.streams[0] as Asked).record;
    const some = Buffer.concat(Array(1_000).fill(frame(DATA, 0, 1, Buffer.alloc(64))));
    for (let sent = 0; sent < 400; sent++) {
      bare.give(some);
      record.chunks.length = 0;
    }
    assert.equal(bare.closed, undefined);
  });
});
