/** What one connection of a stranger, and all of them together, make the engine hold, and what it refuses them. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { BytePool } from '../../../src/http2/byte-pool.js';
import { Http2ConnectionError, Http2ErrorCode } from '../../../src/http2/errors.js';
import { FloodGuard } from '../../../src/http2/flood-guard.js';
import { CLIENT_PREFACE } from '../../../src/http2/frame/reader.js';
import { SettingId } from '../../../src/http2/frame/settings.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import {
  STRANGER_HEADER_LIST_BYTES,
  STRANGER_LIMITS,
  STRANGER_STREAM_BYTES,
  STRANGER_STREAMS,
  STRANGER_UNREAD_BYTES,
  STRANGER_UNSENT_BYTES,
} from '../../../src/http2/stranger-limits.js';
import type { Http2Stream } from '../../../src/http2/stream/stream.js';
import { Bare, frame, Record, requestFields } from './peers.js';

const { DATA, HEADERS, CONTINUATION, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE } = FrameType;
const { ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED, INADEQUATE_SECURITY, PROTOCOL_ERROR, REFUSED_STREAM } = Http2ErrorCode;
const NO_WINDOW = '000400000000'; // SETTINGS with INITIAL_WINDOW_SIZE of 0
const CHUNK = Buffer.alloc(16_384);
const limits = STRANGER_LIMITS;
const stranger = (more = {}) => Bare.greeted('server', { limits: { ...limits, ...more } });
const ids = Array.from({ length: STRANGER_STREAMS }, (_, at) => 2 * at + 1);

function resets(bare: Bare): (readonly [number, number])[] {
  return bare
    .take()
    .filter(({ type }) => type === RST_STREAM)
    .map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]);
}

/** A list that is too large for one frame, or in one piece. */
function long(bare: Bare, id: number, fields: readonly string[], flags: number = FrameFlag.END_STREAM): Buffer[] {
  const block = bare.block(fields);
  const [first, rest] = [block.subarray(0, CHUNK.length), block.subarray(CHUNK.length)];
  if (rest.length === 0) return [frame(HEADERS, flags | FrameFlag.END_HEADERS, id, first)];
  return [frame(HEADERS, flags, id, first), frame(CONTINUATION, FrameFlag.END_HEADERS, id, rest)];
}

describe('what waits to be sent', () => {
  /** A response on each stream, whose source is read as long as it is wanted. Returns how much each source gave. */
  function respond(bare: Bare): number[] {
    const given = new Array<number>(bare.streams.length).fill(0);
    bare.streams.forEach(({ stream, record }, at) => {
      stream.sendHeaders([':status', '200'], { endStream: false });
      const write = () => {
        do given[at] = (given[at] ?? 0) + CHUNK.length;
        while (stream.write(CHUNK) && (given[at] ?? 0) < 1_000_000);
      };
      Object.assign(record, { drain: write });
      write();
    });
    return given;
  }

  test('is one chunk a stream where the peer opens no window, and its source is read no further', () => {
    const pool = new BytePool(Number.POSITIVE_INFINITY);
    const bare = stranger({ sendPool: pool });
    bare.give(frame(SETTINGS, 0, 0, NO_WINDOW), ...ids.map((id) => bare.headers(id, requestFields('GET', '/'))));
    const given = respond(bare);
    bare.take();
    assert.deepEqual(
      given,
      ids.map(() => CHUNK.length),
    );
    assert.equal(pool.bytes, STRANGER_STREAMS * CHUNK.length);
    // A window that takes half of the chunk lets nothing more in; one that takes it does.
    bare.give(frame(WINDOW_UPDATE, 0, 1, '00002000'));
    bare.take();
    assert.equal(given[0], CHUNK.length);
    bare.give(frame(WINDOW_UPDATE, 0, 1, '00002000'));
    bare.take();
    assert.equal(given[0], 2 * CHUNK.length);
    bare.engine.destroy();
    assert.equal(pool.bytes, 0);
  });

  test('is one chunk a stream where the connection has no window left', () => {
    const bare = stranger();
    bare.give(frame(SETTINGS, 0, 0, '00047fffffff'), ...ids.map((id) => bare.headers(id, requestFields('GET', '/'))));
    respond(bare);
    bare.take();
    const held = bare.streams.reduce((sum, { stream }) => sum + stream.pendingBytes, 0);
    const bound = STRANGER_UNSENT_BYTES + STRANGER_STREAMS * CHUNK.length;
    assert.ok(held <= bound, `${held} bytes`);
  });

  test('has a bound for each connection, for its address and for the process', () => {
    const ofProcess = new BytePool(100_000);
    const ofAddress = new BytePool(60_000, ofProcess);
    const open = () => {
      const bare = stranger({ sendPool: ofAddress, maxSendBytes: 40_000, maxBlockedBytes: 65_536 });
      bare.give(frame(SETTINGS, 0, 0, NO_WINDOW), bare.headers(1, requestFields('GET', '/')));
      const { stream } = bare.streams[0] as { stream: Http2Stream };
      stream.sendHeaders([':status', '200'], { endStream: false });
      return stream;
    };
    const [one, other] = [open(), open()];
    assert.equal(one.write(Buffer.alloc(40_000)), true);
    assert.equal(one.write(Buffer.alloc(1)), false, 'its connection');
    assert.equal(other.write(Buffer.alloc(20_000)), false, 'its address');
    assert.equal(ofProcess.bytes, 60_001);
    one.reset();
    other.reset();
    assert.equal(ofProcess.bytes, 0);
  });
});

describe('what a stranger sends', () => {
  test('is announced as permitted: streams, lists, windows', () => {
    const bare = new Bare('server', { limits });
    const settings = bare.take()[0]?.payload.toString('hex');
    assert.equal(settings?.includes(`0003${STRANGER_STREAMS.toString(16).padStart(8, '0')}`), true);
    assert.equal(settings?.includes(`0006${STRANGER_HEADER_LIST_BYTES.toString(16).padStart(8, '0')}`), true);
  });

  test('is unread up to a mebibyte a connection and 256 KiB a stream, however it uses its windows', () => {
    const bare = new Bare('server', { limits });
    bare.give(CLIENT_PREFACE, frame(SETTINGS, 0, 0));
    const left = new Map([[0, 65_535]]);
    let initialBytes = 65_535;
    const learn = () => {
      for (const { type, flags, streamId, payload } of bare.take()) {
        if (type === WINDOW_UPDATE) left.set(streamId, (left.get(streamId) ?? 0) + payload.readUInt32BE());
        if (type !== SETTINGS || flags !== 0) continue;
        if (payload.readUInt16BE() === SettingId.INITIAL_WINDOW_SIZE) {
          const change = payload.readUInt32BE(2) - initialBytes;
          initialBytes += change;
          for (const id of ids) if (left.has(id)) left.set(id, (left.get(id) ?? 0) + change);
        }
        bare.give(frame(SETTINGS, FrameFlag.ACK, 0));
      }
    };
    learn();
    for (const id of ids) {
      left.set(id, initialBytes);
      bare.give(bare.headers(id, requestFields('POST', '/'), 0));
      bare.streams.at(-1)?.stream.pause();
    }
    for (let wasMoving = true; wasMoving; ) {
      wasMoving = false;
      for (const id of ids) {
        learn();
        const bytes = Math.min(left.get(id) ?? 0, left.get(0) ?? 0, CHUNK.length);
        if (bytes < 100) continue;
        wasMoving = true;
        left.set(id, (left.get(id) ?? 0) - bytes);
        left.set(0, (left.get(0) ?? 0) - bytes);
        bare.give(frame(DATA, 0, id, CHUNK.subarray(0, bytes)));
        assert.equal(bare.closed, undefined);
      }
    }
    const held = bare.streams.map(({ stream }) => stream.receiving.bufferedBytes);
    const sum = held.reduce((all, bytes) => all + bytes, 0);
    assert.ok(sum <= STRANGER_UNREAD_BYTES && sum > STRANGER_UNREAD_BYTES / 2, `${sum} bytes`);
    assert.ok(Math.max(...held) <= STRANGER_STREAM_BYTES);
  });

  test('is refused beyond a hundred streams', () => {
    const bare = stranger();
    for (const id of [...ids, 201]) bare.give(bare.headers(id, requestFields('GET', '/')));
    assert.deepEqual(resets(bare), [[201, REFUSED_STREAM]]);
  });

  test('of unfinished frames and blocks is counted with that of others, and given back', () => {
    const pool = new BytePool(5_000);
    const begun = (bytes: Buffer) => {
      const bare = stranger({ unfinishedPool: pool });
      bare.give(bytes);
      return bare;
    };
    const half = frame(PING, 0, 0, '0011223344556677');
    const whole = begun(half.subarray(0, 12));
    assert.ok(pool.bytes > 0);
    whole.give(half.subarray(12));
    assert.equal(pool.bytes, 0, 'a frame that is whole');
    const announced = begun(frame(DATA, 0, 1, CHUNK).subarray(0, 9));
    assert.ok(pool.bytes <= 9 * 4, 'nine bytes that announce sixteen thousand');
    assert.equal(announced.closed, undefined);
    announced.engine.destroy();
    assert.equal(pool.bytes, 0, 'a connection that has ended');
    const block = begun(frame(HEADERS, 0, 1, Buffer.alloc(4_000)));
    assert.equal(pool.bytes, 4_000);
    const last = begun(frame(HEADERS, 0, 1, Buffer.alloc(4_000)));
    assert.ok(last.closed instanceof Http2ConnectionError && last.closed.code === ENHANCE_YOUR_CALM);
    assert.equal(block.closed, undefined);
    assert.equal(pool.bytes, 4_000);
  });

  test('in resets is counted across its connections', () => {
    let nowMs = 0;
    const shared = new FloodGuard({ ...limits.abuse, resets: { burst: 30, perSecond: 10 } }, () => nowMs);
    const connect = () => Bare.greeted('server', { limits, sharedBudgets: shared });
    const reset = (bare: Bare, count: number) => {
      for (let turn = 0; turn < count && bare.closed === undefined; turn++) {
        const id = 2 * turn + 1;
        bare.give(bare.headers(id, requestFields('GET', '/')), frame(RST_STREAM, 0, id, '00000008'));
      }
      return bare.closed;
    };
    assert.equal(reset(connect(), 30), undefined);
    const error = reset(connect(), 1);
    assert.ok(error instanceof Http2ConnectionError && error.code === ENHANCE_YOUR_CALM);
    nowMs = 1_000;
    assert.equal(reset(connect(), 9), undefined, 'a second gives ten back');
  });
});

describe('a request whose list is too large', () => {
  const asked: { stream: Http2Stream; pseudoFields: readonly string[]; record: Record }[] = [];
  const responding = () => {
    asked.length = 0;
    return Bare.greeted('server', {
      limits,
      observer: {
        closed: () => {},
        oversized: (stream, pseudoFields) => {
          const record = new Record();
          stream.observe(record);
          asked.push({ stream, pseudoFields, record });
          stream.sendHeaders([':status', '431'], { endStream: true });
          stream.discard();
        },
      },
    });
  };
  const cookie = ['cookie', 'c'.repeat(STRANGER_HEADER_LIST_BYTES)];

  test('can be responded to, and the connection goes on', () => {
    const bare = responding();
    bare.give(...long(bare, 1, requestFields('GET', '/x', cookie)));
    assert.deepEqual(asked[0]?.pseudoFields, requestFields('GET', '/x'));
    assert.deepEqual(
      bare.take().map(({ type, streamId }) => [type, streamId]),
      [[HEADERS, 1]],
    );
    assert.deepEqual(asked[0]?.record.events, ['closed']);
    bare.give(bare.headers(3, requestFields('GET', '/')));
    assert.equal(bare.engine.running, 1);
  });

  test('is told to stop where it goes on with content', () => {
    const bare = responding();
    bare.give(...long(bare, 1, requestFields('POST', '/x', cookie), 0), frame(DATA, 0, 1, '00'));
    assert.deepEqual(resets(bare), [[1, Http2ErrorCode.NO_ERROR]]);
  });

  test('counts each indexed field with its decoded size', () => {
    const bare = responding();
    bare.give(bare.headers(1, requestFields('GET', '/', ['x-large', 'v'.repeat(2_000)])));
    const indexed = Buffer.alloc(STRANGER_HEADER_LIST_BYTES / 2_000, 0x80 | 62);
    bare.give(frame(HEADERS, 5, 3, Buffer.concat([bare.block(requestFields('GET', '/')), indexed])));
    assert.equal(asked.length, 1);
  });

  test('that is a long path alone has no :path to respond about', () => {
    const bare = responding();
    bare.give(...long(bare, 1, requestFields('GET', `/${'p'.repeat(STRANGER_HEADER_LIST_BYTES)}`)));
    assert.equal(asked[0]?.pseudoFields.includes(':path'), false);
  });

  test('and is malformed before its limit is reset', () => {
    const bare = responding();
    // A name in upper case, which our encoder does not write, and then the rest.
    const block = Buffer.concat([Buffer.from('0001580131', 'hex'), bare.block(requestFields('GET', '/', cookie))]);
    bare.give(frame(HEADERS, FrameFlag.END_STREAM, 1, block.subarray(0, CHUNK.length)));
    bare.give(frame(CONTINUATION, FrameFlag.END_HEADERS, 1, block.subarray(CHUNK.length)));
    assert.equal(asked.length, 0);
    assert.deepEqual(resets(bare), [[1, ENHANCE_YOUR_CALM]]);
  });

  test('is one stream too many as any other', () => {
    const bare = responding();
    for (const id of ids) bare.give(bare.headers(id, requestFields('GET', '/')));
    bare.give(...long(bare, 201, requestFields('GET', '/', cookie)));
    assert.deepEqual(resets(bare), [[201, REFUSED_STREAM]]);
  });
});

describe('a peer that may not speak HTTP/2', () => {
  const waiting = () => new Bare('server', { limits, awaitsPreface: true });

  test('gets no byte before its preface, and SETTINGS first after it', () => {
    const bare = waiting();
    assert.deepEqual(bare.take(), []);
    bare.give(CLIENT_PREFACE.subarray(0, 5));
    assert.deepEqual(bare.take(), []);
    bare.give(CLIENT_PREFACE.subarray(5), frame(SETTINGS, 0, 0));
    assert.equal(bare.take()[0]?.type, SETTINGS);
  });

  for (const [what, bytes] of [
    ['a request in HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['the start of TLS', Buffer.from('16030100', 'hex')],
    ['one wrong byte', Buffer.concat([CLIENT_PREFACE.subarray(0, 8), Buffer.from('X')])],
  ] as const) {
    test(`gets a close and no byte for ${what}`, () => {
      const bare = waiting();
      bare.give(bytes);
      assert.ok(bare.closed instanceof Http2ConnectionError && bare.closed.code === PROTOCOL_ERROR);
      assert.deepEqual(bare.take(), []);
    });
  }

  test('is told which security or protocol is required', () => {
    const bare = stranger();
    bare.give(bare.headers(1, requestFields('GET', '/')));
    bare.streams[0]?.stream.reset(HTTP_1_1_REQUIRED);
    assert.deepEqual(resets(bare), [[1, HTTP_1_1_REQUIRED]]);
    bare.engine.destroy(new Http2ConnectionError(INADEQUATE_SECURITY, 'a cipher of RFC 9113 appendix A'));
    const last = bare.take().at(-1);
    assert.deepEqual([last?.type, last?.payload.readUInt32BE(4)], [GOAWAY, INADEQUATE_SECURITY]);
  });
});

describe('a drain', () => {
  test('takes as many requests as can be in flight, though its PING is not acknowledged', () => {
    const bare = stranger();
    bare.engine.drain();
    bare.take();
    for (let turn = 0; turn < 3 * STRANGER_STREAMS && !bare.engine.isClosed; turn++) {
      bare.give(bare.headers(2 * turn + 1, requestFields('GET', '/')));
      bare.streams.at(-1)?.stream.sendHeaders([':status', '200'], { endStream: true });
    }
    assert.equal(bare.streams.length, STRANGER_STREAMS);
    const goaway = bare.take().filter(({ type }) => type === GOAWAY);
    assert.deepEqual(
      goaway.map(({ payload }) => payload.readUInt32BE()),
      [199, 199],
    );
    assert.equal(bare.closed, 'whole');
  });
});

describe('a request with', () => {
  const rows: readonly (readonly [what: string, give: (bare: Bare) => Buffer[]])[] = [
    [
      'a second content-length',
      (b) => [b.headers(1, requestFields('POST', '/', ['content-length', '1', 'content-length', '1']), 0)],
    ],
    ...[
      'host',
      'cookie',
      'content-length',
      'authorization',
      'content-type',
      'set-cookie',
      'te',
      'trailer',
      'range',
    ].map((name): [string, (bare: Bare) => Buffer[]] => [
      `${name} in its trailers`,
      (b) => [b.headers(1, requestFields('POST', '/'), 0), b.headers(1, [name, name === 'te' ? 'trailers' : '0'])],
    ]),
  ];
  for (const [what, give] of rows) {
    test(`${what} is malformed`, () => {
      const bare = stranger();
      bare.give(...give(bare));
      assert.deepEqual(resets(bare), [[1, PROTOCOL_ERROR]]);
    });
  }

  test('other trailers is none', () => {
    const bare = stranger();
    bare.give(bare.headers(1, requestFields('POST', '/'), 0), bare.headers(1, ['x-checksum', '0']));
    assert.deepEqual(resets(bare), []);
  });
});
