/** The reaction to each invalid frame: RFC 9113 sections 3.4, 4, 5 and 6, as bytes in and frames out. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { Http2ErrorCode } from '../../../../src/http2/errors.js';
import { CLIENT_PREFACE } from '../../../../src/http2/frame/reader.js';
import { FrameFlag, FrameType } from '../../../../src/http2/frame/types.js';
import { ask, Bare, frame, requestFields } from '../peers.js';

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } =
  FrameType;
const { END_STREAM, END_HEADERS, PADDED, ACK } = FrameFlag;
const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, COMPRESSION_ERROR, CANCEL } =
  Http2ErrorCode;
const { ENHANCE_YOUR_CALM, REFUSED_STREAM } = Http2ErrorCode;

type Expected = 'nothing' | { readonly connection: number } | { readonly stream: readonly [id: number, code: number] };
type Given = (bare: Bare) => readonly Buffer[];
type Row = readonly [section: string, what: string, given: Given, expected: Expected];

const connection = (code: number): Expected => ({ connection: code });
const stream = (id: number, code: number): Expected => ({ stream: [id, code] });

const get = (bare: Bare, id = 1) => bare.headers(id, requestFields('GET', '/'));
const post = (bare: Bare, id = 1) => bare.headers(id, requestFields('POST', '/'), 0);
const settings = (...entries: readonly (readonly [number, number])[]): Buffer => {
  const payload = Buffer.alloc(entries.length * 6);
  entries.forEach(([id, value], at) => {
    payload.writeUInt16BE(id, at * 6);
    payload.writeUInt32BE(value, at * 6 + 2);
  });
  return frame(SETTINGS, 0, 0, payload);
};
const increment = (id: number, bytes: number) => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(WINDOW_UPDATE, 0, id, payload);
};
const reset = (id: number) => frame(RST_STREAM, 0, id, '00000008');
/** A POST with a complete response: half-closed (local) on our side. */
const answered = (bare: Bare): readonly Buffer[] => {
  bare.give(get(bare));
  bare.streams[0]?.stream.sendHeaders([':status', '204'], { endStream: true });
  bare.take();
  return [];
};

const SERVER: readonly Row[] = [
  ['4.1', 'an unknown frame type', () => [frame(0xbe, 0xff, 0, 'abcd'), frame(0xbe, 0, 77)], 'nothing'],
  ['4.1', 'unknown flags', () => [frame(PING, 0xfe, 0, '0011223344556677')], 'nothing'],
  ['4.1', 'the reserved bit', (b) => [post(b), increment(0x8000_0001, 1), increment(1, 0x8000_0001)], 'nothing'],
  ['4.2', 'the largest frame', (b) => [post(b), frame(DATA, 0, 1, Buffer.alloc(16_384))], 'nothing'],
  ['4.2', 'DATA too large', (b) => [post(b), frame(DATA, 0, 1, Buffer.alloc(16_385))], connection(FRAME_SIZE_ERROR)],
  ['4.2', 'HEADERS too large', () => [frame(HEADERS, 4, 1, Buffer.alloc(16_385))], connection(FRAME_SIZE_ERROR)],
  ['4.2', 'an unknown frame too large', () => [frame(0x42, 0, 0, Buffer.alloc(99_999))], connection(FRAME_SIZE_ERROR)],
  ['4.3', 'a block that cannot be decoded', () => [frame(HEADERS, 5, 1, '80')], connection(COMPRESSION_ERROR)],
  ['4.3', 'a block that ends early', () => [frame(HEADERS, 5, 1, '828684418c')], connection(COMPRESSION_ERROR)],
  [
    '4.3',
    'a frame of another stream inside a block',
    (b) => [post(b), frame(HEADERS, END_STREAM, 3, '8286'), frame(DATA, 0, 1, '00')],
    connection(PROTOCOL_ERROR),
  ],
  [
    '4.3',
    'an unknown frame inside a block',
    () => [frame(HEADERS, END_STREAM, 1, '8286'), frame(0x42, 0, 0, '')],
    connection(PROTOCOL_ERROR),
  ],
  ['5.1', 'DATA, idle', () => [frame(DATA, 0, 1, '00')], connection(PROTOCOL_ERROR)],
  ['5.1', 'RST_STREAM, idle', () => [reset(1)], connection(PROTOCOL_ERROR)],
  ['5.1', 'WINDOW_UPDATE, idle', () => [increment(1, 100)], connection(PROTOCOL_ERROR)],
  ['5.1', 'CONTINUATION, idle', () => [frame(CONTINUATION, END_HEADERS, 1, '')], connection(PROTOCOL_ERROR)],
  ['5.1', 'PRIORITY, idle', () => [frame(PRIORITY, 0, 1, '0000000300')], 'nothing'],
  ['5.1', 'DATA, half-closed (remote)', (b) => [get(b), frame(DATA, 0, 1, '00')], stream(1, STREAM_CLOSED)],
  ['5.1', 'HEADERS, half-closed (remote)', (b) => [get(b), b.headers(1, ['x-late', '1'])], stream(1, STREAM_CLOSED)],
  [
    '5.1',
    'CONTINUATION, half-closed (remote)',
    (b) => [get(b), frame(CONTINUATION, END_HEADERS, 1, '')],
    connection(PROTOCOL_ERROR),
  ],
  [
    '5.1',
    'WINDOW_UPDATE and PRIORITY, half-closed (remote)',
    (b) => [get(b), increment(1, 5), frame(PRIORITY, 0, 1, '0000000300')],
    'nothing',
  ],
  ['5.1', 'DATA, closed by both', (b) => [...answered(b), frame(DATA, 0, 1, '00')], stream(1, STREAM_CLOSED)],
  ['5.1', 'HEADERS, closed by both', (b) => [...answered(b), get(b)], connection(STREAM_CLOSED)],
  [
    '5.1',
    'WINDOW_UPDATE, RST_STREAM and PRIORITY, closed by both',
    (b) => [...answered(b), increment(1, 5), reset(1), frame(PRIORITY, 0, 1, '0000000300')],
    'nothing',
  ],
  ['5.1', 'DATA, reset by the peer', (b) => [post(b), reset(1), frame(DATA, 0, 1, '00')], stream(1, STREAM_CLOSED)],
  ['5.1', 'HEADERS, reset by the peer', (b) => [post(b), reset(1), get(b)], connection(STREAM_CLOSED)],
  ['5.1.1', 'an even stream identifier', (b) => [get(b, 2)], connection(PROTOCOL_ERROR)],
  ['5.1.1', 'a stream identifier below the last', (b) => [post(b, 5), get(b, 3)], connection(PROTOCOL_ERROR)],
  ['5.1.1', 'identifiers that were skipped', (b) => [get(b, 7), get(b, 0x7fff_ffff)], 'nothing'],
  ['5.1.1', 'DATA on a stream that was skipped', (b) => [get(b, 7), frame(DATA, 0, 5, '')], stream(5, STREAM_CLOSED)],
  ['5.1.2', 'one stream too many', (b) => [post(b, 1), post(b, 3), post(b, 5)], stream(5, REFUSED_STREAM)],
  ['6.1', 'DATA on stream 0', () => [frame(DATA, 0, 0, '00')], connection(PROTOCOL_ERROR)],
  ['6.1', 'DATA padded whole', (b) => [post(b), frame(DATA, PADDED, 1, '020000')], 'nothing'],
  ['6.1', 'DATA with too much padding', (b) => [post(b), frame(DATA, PADDED, 1, '0300')], connection(PROTOCOL_ERROR)],
  ['6.1', 'DATA without its pad length', (b) => [post(b), frame(DATA, PADDED, 1)], connection(FRAME_SIZE_ERROR)],
  ['6.2', 'HEADERS on stream 0', (b) => [get(b, 0)], connection(PROTOCOL_ERROR)],
  [
    '6.2',
    'HEADERS padded, with priority',
    (b) => {
      const block = b.block(requestFields('GET', '/'));
      const payload = Buffer.concat([Buffer.from('0300000003ff', 'hex'), block, Buffer.alloc(3)]);
      return [frame(HEADERS, 0x2d, 1, payload)];
    },
    'nothing',
  ],
  ['6.2', 'HEADERS with too much padding', () => [frame(HEADERS, 0xd, 1, '0882')], connection(PROTOCOL_ERROR)],
  ['6.2', 'HEADERS too short for priority', () => [frame(HEADERS, 0x25, 1, '00000003')], connection(FRAME_SIZE_ERROR)],
  [
    '6.2',
    'HEADERS that depend on themselves',
    () => [frame(HEADERS, 0x25, 1, '00000001ff82')],
    connection(PROTOCOL_ERROR),
  ],
  ['6.3', 'PRIORITY on stream 0', () => [frame(PRIORITY, 0, 0, '0000000300')], connection(PROTOCOL_ERROR)],
  ['6.3', 'PRIORITY too short', (b) => [post(b), frame(PRIORITY, 0, 1, '00000003')], stream(1, FRAME_SIZE_ERROR)],
  ['6.3', 'PRIORITY too short, idle', () => [frame(PRIORITY, 0, 1, '00000003')], connection(FRAME_SIZE_ERROR)],
  ['6.3', 'PRIORITY that depends on itself', () => [frame(PRIORITY, 0, 1, '8000000100')], connection(PROTOCOL_ERROR)],
  ['6.4', 'RST_STREAM on stream 0', () => [reset(0)], connection(PROTOCOL_ERROR)],
  ['6.4', 'RST_STREAM too short', (b) => [post(b), frame(RST_STREAM, 0, 1, '0008')], connection(FRAME_SIZE_ERROR)],
  ['6.4', 'RST_STREAM with an unknown code', (b) => [post(b), frame(RST_STREAM, 0, 1, '00abcdef')], 'nothing'],
  ['6.5', 'SETTINGS on a stream', () => [frame(SETTINGS, 0, 1)], connection(PROTOCOL_ERROR)],
  ['6.5', 'SETTINGS not of whole entries', () => [frame(SETTINGS, 0, 0, '000300')], connection(FRAME_SIZE_ERROR)],
  ['6.5', 'an acknowledgement with a payload', () => [frame(SETTINGS, ACK, 0, '00')], connection(FRAME_SIZE_ERROR)],
  ['6.5', 'an acknowledgement of nothing', () => [frame(SETTINGS, ACK, 0)], connection(PROTOCOL_ERROR)],
  ['6.5.2', 'unknown settings', () => [settings([0xff, 1], [0x7, 9], [0, 0])], 'nothing'],
  ['6.5.2', 'ENABLE_PUSH of 2', () => [settings([2, 2])], connection(PROTOCOL_ERROR)],
  ['6.5.2', 'a window past 2^31-1', () => [settings([4, 0x8000_0000])], connection(FLOW_CONTROL_ERROR)],
  ['6.5.2', 'MAX_FRAME_SIZE too small', () => [settings([5, 16_383])], connection(PROTOCOL_ERROR)],
  ['6.5.2', 'MAX_FRAME_SIZE too large', () => [settings([5, 16_777_216])], connection(PROTOCOL_ERROR)],
  ['8441', 'ENABLE_CONNECT_PROTOCOL of 2', () => [settings([8, 2])], connection(PROTOCOL_ERROR)],
  ['8441', 'ENABLE_CONNECT_PROTOCOL taken back', () => [settings([8, 1], [8, 0])], connection(PROTOCOL_ERROR)],
  ['6.6', 'PUSH_PROMISE', (b) => [post(b), frame(PUSH_PROMISE, 4, 1, '0000000282')], connection(PROTOCOL_ERROR)],
  ['6.7', 'PING on a stream', () => [frame(PING, 0, 1, '0011223344556677')], connection(PROTOCOL_ERROR)],
  ['6.7', 'PING too short', () => [frame(PING, 0, 0, '00112233')], connection(FRAME_SIZE_ERROR)],
  ['6.7', 'an answer to no PING', () => [frame(PING, ACK, 0, '0011223344556677')], 'nothing'],
  ['6.8', 'GOAWAY on a stream', () => [frame(GOAWAY, 0, 1, '0000000000000000')], connection(PROTOCOL_ERROR)],
  ['6.8', 'GOAWAY too short', () => [frame(GOAWAY, 0, 0, '00000000')], connection(FRAME_SIZE_ERROR)],
  [
    '6.8',
    'GOAWAY that names more than the last',
    (b) => [post(b), frame(GOAWAY, 0, 0, '0000000000000000'), frame(GOAWAY, 0, 0, '0000000200000000')],
    connection(PROTOCOL_ERROR),
  ],
  ['6.9', 'WINDOW_UPDATE by 0', (b) => [post(b), increment(1, 0)], stream(1, PROTOCOL_ERROR)],
  ['6.9', 'WINDOW_UPDATE of the connection by 0', () => [increment(0, 0)], connection(PROTOCOL_ERROR)],
  [
    '6.9',
    'WINDOW_UPDATE too short',
    (b) => [post(b), frame(WINDOW_UPDATE, 0, 1, '0001')],
    connection(FRAME_SIZE_ERROR),
  ],
  [
    '6.9.1',
    'a window of a stream past 2^31-1',
    (b) => [post(b), increment(1, 0x7fff_ffff)],
    stream(1, FLOW_CONTROL_ERROR),
  ],
  [
    '6.9.1',
    'a window of the connection past 2^31-1',
    () => [increment(0, 0x7fff_ffff)],
    connection(FLOW_CONTROL_ERROR),
  ],
  [
    '6.9.1',
    'DATA past the window of the stream',
    (b) => {
      b.give(post(b));
      b.streams[0]?.stream.pause();
      return Array.from({ length: 17 }, () => frame(DATA, 0, 1, Buffer.alloc(16_384)));
    },
    stream(1, FLOW_CONTROL_ERROR),
  ],
  [
    '6.9.1',
    'padding past the window of the stream',
    (b) => {
      b.give(post(b));
      b.streams[0]?.stream.pause();
      const padded = Buffer.alloc(16_384);
      padded[0] = 255;
      return Array.from({ length: 17 }, () => frame(DATA, PADDED, 1, padded));
    },
    stream(1, FLOW_CONTROL_ERROR),
  ],
  [
    '6.9.2',
    'a window of a stream past 2^31-1 by SETTINGS',
    (b) => [post(b), increment(1, 0x7fff_0000), settings([4, 0x7fff_ffff])],
    connection(FLOW_CONTROL_ERROR),
  ],
  ['6.10', 'CONTINUATION on stream 0', () => [frame(CONTINUATION, 4, 0, '')], connection(PROTOCOL_ERROR)],
  [
    '6.10',
    'CONTINUATION',
    (b) => {
      const block = b.block(requestFields('GET', '/'));
      return [
        frame(HEADERS, END_STREAM, 1, block.subarray(0, 2)),
        frame(CONTINUATION, 0, 1, block.subarray(2, 2)),
        frame(CONTINUATION, END_HEADERS, 1, block.subarray(2)),
      ];
    },
    'nothing',
  ],
  [
    '6.10',
    'CONTINUATION of another stream',
    () => [frame(HEADERS, END_STREAM, 1, '8286'), frame(CONTINUATION, END_HEADERS, 3, '84')],
    connection(PROTOCOL_ERROR),
  ],
  [
    '6.10',
    'CONTINUATION after the end of the block',
    (b) => [get(b), frame(CONTINUATION, END_HEADERS, 1, '')],
    connection(PROTOCOL_ERROR),
  ],
  [
    '10.5.1',
    'CONTINUATION without end',
    () => [frame(HEADERS, 0, 1, '82'), ...Array.from({ length: 40 }, () => frame(CONTINUATION, 0, 1))],
    connection(ENHANCE_YOUR_CALM),
  ],
  [
    '10.5.1',
    'a block past the largest list',
    () => [
      frame(HEADERS, 0, 1, Buffer.alloc(16_384)),
      ...Array.from({ length: 8 }, () => frame(CONTINUATION, 0, 1, Buffer.alloc(16_384))),
    ],
    connection(ENHANCE_YOUR_CALM),
  ],
  [
    '10.5.1',
    'a list past the largest',
    () => {
      // 4 kB go into the table once, and are then named by one byte each.
      const head = Buffer.from('828684010161', 'hex');
      const field = [Buffer.from('400162' + '7fa11e', 'hex'), Buffer.alloc(4_000, 'v')];
      const bomb = Buffer.concat([head, ...field, Buffer.alloc(40, 0xbe)]);
      return [frame(HEADERS, 5, 3, bomb), frame(HEADERS, 5, 5, Buffer.concat([head, Buffer.from('be', 'hex')]))];
    },
    stream(3, ENHANCE_YOUR_CALM),
  ],
];

const CLIENT: readonly Row[] = [
  ['5.1', 'HEADERS, idle', (b) => [b.headers(3, [':status', '200'])], connection(PROTOCOL_ERROR)],
  ['5.1.1', 'an even stream', (b) => [b.headers(2, [':status', '200'])], connection(PROTOCOL_ERROR)],
  [
    '5.1',
    'HEADERS after the end',
    (b) => [b.headers(1, [':status', '200']), b.headers(1, [':status', '200'])],
    stream(1, STREAM_CLOSED),
  ],
  ['6.6', 'PUSH_PROMISE', () => [frame(PUSH_PROMISE, 4, 1, '0000000288')], connection(PROTOCOL_ERROR)],
  ['6.5.2', 'ENABLE_PUSH of 1', () => [settings([2, 1])], connection(PROTOCOL_ERROR)],
  ['6.5.2', 'ENABLE_PUSH of 0', () => [settings([2, 0])], 'nothing'],
  ['8.1', 'DATA before the head', () => [frame(DATA, END_STREAM, 1, '00')], stream(1, PROTOCOL_ERROR)],
  [
    '6.8',
    'GOAWAY while a stream runs',
    () => [frame(GOAWAY, 0, 0, '0000000100000000'), frame(PING, 0, 0, '0011223344556677')],
    'nothing',
  ],
];

describe('the server role', () => {
  for (const row of SERVER) {
    run(row, () => {
      const bare = Bare.greeted('server', { limits: { maxStreams: 2 } });
      return bare;
    });
  }

  test('3.4: another preface ends the connection', () => {
    const bare = new Bare('server');
    bare.give(Buffer.from('GET / HTTP/1.1\r\nHost: demo.localhost\r\n\r\n'));
    expect(bare, connection(PROTOCOL_ERROR));
  });

  test('3.4: a preface without SETTINGS ends the connection', () => {
    const bare = new Bare('server');
    bare.give(CLIENT_PREFACE, frame(PING, 0, 0, '0011223344556677'));
    expect(bare, connection(PROTOCOL_ERROR));
  });

  test('3.4: a preface that begins with an acknowledgement ends the connection', () => {
    const bare = new Bare('server');
    bare.give(CLIENT_PREFACE, frame(SETTINGS, ACK, 0));
    expect(bare, connection(PROTOCOL_ERROR));
  });

  test('5.4.2: frames for a stream that we reset are no error, and count for the connection', () => {
    const bare = Bare.greeted('server');
    bare.give(post(bare));
    bare.streams[0]?.stream.reset(CANCEL);
    assert.deepEqual(resets(bare), [[1, CANCEL]]);
    bare.give(frame(DATA, 0, 1, Buffer.alloc(16_384)), bare.headers(1, ['x-late', '1']), increment(1, 1), reset(1));
    expect(bare, 'nothing');
    for (let at = 0; at < 50; at++) bare.give(frame(DATA, 0, 1, Buffer.alloc(16_384)));
    assert.equal(bare.closed, undefined);
    assert.ok(bare.take().some(({ type, streamId }) => type === WINDOW_UPDATE && streamId === 0));
  });

  test('6.8: a request after the final GOAWAY is ignored, and still updates the dynamic table', () => {
    const bare = Bare.greeted('server');
    bare.give(post(bare));
    bare.engine.drain();
    // The acknowledgement of the PING after our first GOAWAY: the next GOAWAY is the final one.
    const pings = bare.take().filter(({ type, flags }) => type === PING && flags === 0);
    for (const { payload } of pings) bare.give(frame(PING, ACK, 0, payload));
    bare.give(bare.headers(3, requestFields('GET', '/', ['x-kept', 'value'])), frame(DATA, 0, 3, 'aabb'));
    expect(bare, 'nothing');
    assert.equal(bare.streams.length, 1);
    bare.give(bare.headers(1, ['x-kept', 'value']));
    expect(bare, 'nothing');
    bare.streams[0]?.stream.sendHeaders([':status', '200'], { endStream: true });
    const last = bare.take().at(-1);
    assert.deepEqual([last?.type, last?.payload.readUInt32BE()], [GOAWAY, 1], 'what was ignored was not processed');
  });

  test('6.8: a request after the peer’s own GOAWAY is one like any other', () => {
    const bare = Bare.greeted('server');
    bare.give(post(bare), frame(GOAWAY, 0, 0, '0000000000000000'), bare.headers(3, requestFields('GET', '/')));
    expect(bare, 'nothing');
    for (const { stream } of bare.streams) stream.sendHeaders([':status', '200'], { endStream: true });
    assert.deepEqual(
      bare.take().map(({ type, streamId }) => [type, streamId]),
      [
        [HEADERS, 1],
        [HEADERS, 3],
      ],
    );
    bare.give(frame(DATA, END_STREAM, 1));
    const last = bare.take().at(-1);
    assert.deepEqual([last?.type, last?.payload.readUInt32BE()], [GOAWAY, 3]);
    assert.equal(bare.closed, 'whole');
  });

  test('4.3: the list of a refused stream still updates the dynamic table', () => {
    const bare = Bare.greeted('server', { limits: { maxStreams: 1 } });
    bare.give(post(bare, 1), bare.headers(3, requestFields('GET', '/', ['x-kept', 'value'])));
    assert.deepEqual(resets(bare), [[3, REFUSED_STREAM]]);
    bare.give(reset(1), bare.headers(5, requestFields('GET', '/', ['x-kept', 'value'])));
    expect(bare, 'nothing');
    assert.equal(bare.streams.length, 2);
  });
});

describe('the client role', () => {
  for (const row of CLIENT) {
    run(row, () => {
      const bare = Bare.greeted('client');
      ask(bare.engine, requestFields('GET', '/'));
      bare.take();
      return bare;
    });
  }

  test('6.8: has nothing to say to a peer that drains already, and what runs finishes', () => {
    const bare = Bare.greeted('client');
    const { record } = ask(bare.engine, requestFields('GET', '/'));
    bare.take();
    bare.give(frame(GOAWAY, 0, 0, '0000000100000000'));
    bare.engine.drain();
    assert.deepEqual(bare.take(), []);
    bare.give(bare.headers(1, [':status', '200']));
    assert.deepEqual(record.events, ['headers, the last', 'end', 'closed']);
    assert.equal(bare.closed, 'whole');
  });

  test('3.4: a response in HTTP/1.1 ends the connection', () => {
    const bare = new Bare('client');
    bare.give(Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'));
    expect(bare, connection(PROTOCOL_ERROR));
  });
});

function run([section, what, given, expected]: Row, begin: () => Bare): void {
  test(`${section}: ${what}`, () => {
    const bare = begin();
    bare.give(...given(bare));
    expect(bare, expected);
  });
}

function expect(bare: Bare, expected: Expected): void {
  if (typeof expected === 'object' && 'connection' in expected) expectGoaway(bare, expected.connection);
  else expectOpen(bare, expected === 'nothing' ? [] : [expected.stream]);
}

function expectOpen(bare: Bare, expected: readonly (readonly [number, number])[]): void {
  assert.deepEqual(resets(bare), expected);
  assert.equal(bare.closed, undefined);
  bare.give(frame(PING, 0, 0, 'aa11223344556677'));
  const [response] = bare.take().filter(({ type }) => type === PING);
  assert.equal(response?.payload.toString('hex'), 'aa11223344556677', 'the connection goes on');
}

function expectGoaway(bare: Bare, code: number): void {
  const last = bare.take().at(-1);
  assert.equal(last?.type, GOAWAY);
  assert.equal(last.payload.readUInt32BE(4), code);
  assert.ok(bare.engine.isClosed);
  assert.ok(bare.closed !== 'whole' && bare.closed?.code === code);
  bare.give(frame(PING, 0, 0, '0011223344556677'));
  assert.deepEqual(bare.take(), [], 'nothing follows GOAWAY');
}

function resets(bare: Bare): (readonly [number, number])[] {
  const sent = bare.take();
  assert.ok(!sent.some(({ type, payload }) => type === GOAWAY && payload.readUInt32BE(4) !== 0), 'no GOAWAY');
  return sent
    .filter(({ type }) => type === RST_STREAM)
    .map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]);
}
