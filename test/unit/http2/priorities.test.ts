/** Priorities as clients signal them (RFC 9218), and the order in which responses leave. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { Http2ErrorCode } from '../../../src/http2/errors.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import { isIncremental, NO_PRIORITY, parsePriority, urgencyOf } from '../../../src/http2/message/priority.js';
import { STRANGER_LIMITS, STRANGER_STREAMS } from '../../../src/http2/stranger-limits.js';
import { Bare, frame, requestFields } from './peers.js';

const { DATA, GOAWAY, RST_STREAM, SETTINGS, PRIORITY_UPDATE, WINDOW_UPDATE } = FrameType;
const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, ENHANCE_YOUR_CALM } = Http2ErrorCode;
const FRAME_BYTES = 16_384;

const prioritized = () => Bare.greeted('server', { priorities: true, limits: STRANGER_LIMITS });
const get = (bare: Bare, id: number, priority?: string) =>
  bare.headers(id, requestFields('GET', '/', priority === undefined ? [] : ['priority', priority]));

function updated(id: number, value: string): Buffer {
  const payload = Buffer.alloc(4 + value.length);
  payload.writeUInt32BE(id);
  payload.write(value, 4, 'latin1');
  return frame(PRIORITY_UPDATE, 0, 0, payload);
}

/** Requests by their priorities, each with a response of so many frames; returns the streams of the DATA frames in order. */
function order(
  bare: Bare,
  priorities: readonly (string | undefined)[],
  frames = 3,
  between: () => void = () => {},
): string {
  bare.give(frame(SETTINGS, 0, 0, '00047fffffff'), frame(WINDOW_UPDATE, 0, 0, '7f000000'));
  bare.take();
  bare.give(frame(SETTINGS, 0, 0, '000400000000')); // nothing leaves before all have written
  bare.give(...priorities.map((priority, at) => get(bare, 2 * at + 1, priority)));
  bare.streams.forEach(({ stream }) => {
    stream.sendHeaders([':status', '200'], { endStream: false });
    stream.write(Buffer.alloc(frames * FRAME_BYTES));
    stream.end();
  });
  between();
  bare.take();
  const sent: string[] = [];
  bare.give(frame(SETTINGS, 0, 0, '00047fffffff'));
  for (const { type, streamId, payload } of bare.take())
    if (type === DATA && payload.length > 0) sent.push(`${streamId}`);
  return sent.filter((id, at) => id !== sent[at - 1]).join(' ');
}

const turns = (sent: string) => sent.split(' ').length;

describe('the value of `priority`', () => {
  const rows: readonly (readonly [value: string, urgency: number, incremental: boolean])[] = [
    ['u=0', 0, false],
    ['u=7, i', 7, true],
    ['i', 3, true],
    ['u=2,i=?1', 2, true],
    ['i=?0', 3, false],
    ['u=1;a=b, i;c', 1, true],
    ['u=5, u=4', 4, false],
    ['unknown=1, u=6', 6, false],
    ['u=8, i', 3, true],
    ['u=-1', 3, false],
    ['u="1"', 3, false],
    ['', 3, false],
    [' u=1\t,\ti ', 1, true],
  ];
  for (const [value, urgency, incremental] of rows) {
    test(`${JSON.stringify(value)} is ${urgency}${incremental ? ', incremental' : ''}`, () => {
      const priority = parsePriority(value);
      assert.deepEqual([urgencyOf(priority), isIncremental(priority)], [urgency, incremental]);
    });
  }

  test('of more than 64 characters is none', () => {
    assert.equal(parsePriority(`u=1,${' '.repeat(64)}`), NO_PRIORITY);
  });
});

describe('responses leave', () => {
  test('the most urgent first', () => {
    assert.equal(order(prioritized(), ['u=5', 'u=0', 'u=3']), '3 5 1');
  });

  test('sequentially if only the whole is of use, and by turns if parts are', () => {
    const sequential = order(prioritized(), ['u=3', 'u=3', 'u=3'], 8);
    assert.equal(sequential.split(' ').slice(-2).join(' '), '3 5');
    assert.ok(turns(order(prioritized(), ['i', 'i'], 8)) > 8);
    assert.ok(turns(sequential) < 8, sequential);
  });

  test('all in turn if the client signals nothing', () => {
    assert.ok(turns(order(prioritized(), [undefined, undefined], 8)) > 8);
    assert.ok(turns(order(Bare.greeted('server'), ['u=7', 'u=0'], 8)) > 8, 'or nobody listens');
  });

  test('less urgent ones too, while a download of the highest urgency runs', () => {
    const sent = order(prioritized(), ['u=0', 'u=7', 'u=7'], 40).split(' ');
    const runsUntil = sent.lastIndexOf('1');
    assert.ok(sent.indexOf('3') < runsUntil && sent.indexOf('5') < runsUntil, sent.join(' '));
    assert.ok(sent.indexOf('3') > 0);
  });

  test('by turns once a sequential one has become a download', () => {
    const sent = order(prioritized(), ['u=3', 'u=3'], 100);
    assert.ok(sent.split(' ').filter((id) => id === '1').length > 30, sent);
  });

  test('by the PRIORITY_UPDATE that came last, before or after their requests', () => {
    const before = prioritized();
    before.give(updated(3, 'u=7'), updated(3, 'u=0'));
    assert.equal(order(before, ['u=4', 'u=5']), '3 1');
    const after = prioritized();
    assert.equal(
      order(after, ['u=4', 'u=5'], 3, () => after.give(updated(3, 'u=0'))),
      '3 1',
    );
  });

  test('by a PRIORITY_UPDATE that comes while they wait for the window of the connection', () => {
    const bare = prioritized();
    bare.give(frame(SETTINGS, 0, 0, '00047fffffff'), get(bare, 1, 'u=4'), get(bare, 3, 'u=5'));
    for (const { stream } of bare.streams) {
      stream.sendHeaders([':status', '200'], { endStream: false });
      stream.write(Buffer.alloc(200_000));
    }
    bare.take();
    bare.give(updated(3, 'u=0'), frame(WINDOW_UPDATE, 0, 0, '00008000'));
    assert.deepEqual([...new Set(bare.take().map(({ streamId }) => streamId))], [3]);
  });
});

describe('PRIORITY_UPDATE', () => {
  const failures: readonly (readonly [what: string, code: number, give: () => Buffer])[] = [
    ['on a stream', PROTOCOL_ERROR, () => frame(PRIORITY_UPDATE, 0, 1, '00000001')],
    ['too short', FRAME_SIZE_ERROR, () => frame(PRIORITY_UPDATE, 0, 0, '000001')],
    ['for stream 0', PROTOCOL_ERROR, () => updated(0, 'u=1')],
    ['for a stream that only a server opens', PROTOCOL_ERROR, () => updated(2, 'u=1')],
  ];
  for (const [what, code, give] of failures) {
    test(`${what} ends the connection`, () => {
      const bare = prioritized();
      bare.give(give());
      const last = bare.take().at(-1);
      assert.deepEqual([last?.type, last?.payload.readUInt32BE(4)], [GOAWAY, code]);
    });
  }

  test('from a server ends the connection', () => {
    const bare = Bare.greeted('client');
    bare.give(updated(1, 'u=1'));
    assert.equal(bare.take().at(-1)?.payload.readUInt32BE(4), PROTOCOL_ERROR);
  });

  test('for a stream that is over is ignored', () => {
    const bare = prioritized();
    bare.give(get(bare, 1), frame(RST_STREAM, 0, 1, '00000008'), updated(1, 'u=1'));
    assert.equal(bare.closed, undefined);
  });

  test('is kept for as many streams as may be open, together with those that are', () => {
    const bare = prioritized();
    bare.give(get(bare, 1));
    for (let at = 1; at < STRANGER_STREAMS; at++) bare.give(updated(2 * at + 1, 'u=1'), updated(2 * at + 1, 'u=2'));
    assert.equal(bare.closed, undefined);
    bare.give(updated(999, 'u=1'));
    assert.equal(bare.take().at(-1)?.payload.readUInt32BE(4), PROTOCOL_ERROR);
  });

  test('for streams that were passed over is forgotten when room is needed', () => {
    const bare = prioritized();
    for (let at = 0; at < STRANGER_STREAMS; at++) bare.give(updated(2 * at + 1, 'u=1'));
    bare.give(get(bare, 999), frame(RST_STREAM, 0, 999, '00000008'), updated(1_001, 'u=1'));
    assert.equal(bare.closed, undefined);
  });

  test('without end is a flood', () => {
    const bare = prioritized();
    bare.give(get(bare, 1));
    for (let turn = 0; turn < 2_000 && bare.closed === undefined; turn++) bare.give(updated(1, `u=${turn % 8}`));
    assert.equal(bare.take().at(-1)?.payload.readUInt32BE(4), ENHANCE_YOUR_CALM);
  });
});

describe('SETTINGS_NO_RFC7540_PRIORITIES', () => {
  const setting = (value: string) => frame(SETTINGS, 0, 0, `0009${value}`);

  test('is announced where priorities are followed', () => {
    const first = (priorities: boolean) => new Bare('server', { priorities }).take()[0]?.payload.toString('hex') ?? '';
    assert.deepEqual([first(true).includes('000900000001'), first(false).includes('0009')], [true, false]);
  });

  for (const [what, first, second, isPermitted] of [
    ['1 and again', '00000001', '00000001', true],
    ['1 and then 0', '00000001', '00000000', false],
    ['0 and then 1', '00000000', '00000001', false],
    ['2', '00000002', '00000002', false],
  ] as const) {
    test(`of ${what} is ${isPermitted ? '' : 'not '}permitted`, () => {
      const bare = new Bare('server', { priorities: true });
      bare.give(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), setting(first), setting(second));
      const last = bare.take().at(-1);
      assert.equal(last?.type === GOAWAY && last.payload.readUInt32BE(4) === PROTOCOL_ERROR, !isPermitted);
      assert.equal(last?.type === SETTINGS && last.flags === FrameFlag.ACK, isPermitted);
    });
  }
});
