/** What a peer may take its time for, and when its time is over. No test waits: time is what the test says it is. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { MAX_TICK_MS } from '../../../src/http2/clocks.js';
import type { ConnectionOptions } from '../../../src/http2/connection-options.js';
import { Http2ErrorCode } from '../../../src/http2/errors.js';
import { CLIENT_PREFACE } from '../../../src/http2/frame/reader.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import { STRANGER_LIMITS, STRANGER_TIME_LIMITS } from '../../../src/http2/stranger-limits.js';
import { Bare, type Frame, frame, requestFields } from './peers.js';

const { DATA, HEADERS, CONTINUATION, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE } = FrameType;
const { NO_ERROR, PROTOCOL_ERROR, SETTINGS_TIMEOUT, CANCEL, ENHANCE_YOUR_CALM } = Http2ErrorCode;
const LIMITS = STRANGER_TIME_LIMITS;
const SECOND = 1_000;

class Aging {
  readonly bare: Bare;
  overdue = 0;

  constructor(begin: 'fresh' | 'greeted', options: Partial<ConnectionOptions> = {}) {
    const all: Partial<ConnectionOptions> = {
      limits: STRANGER_LIMITS,
      timeLimits: LIMITS,
      ...options,
      observer: {
        closed: (error) => {
          this.bare.closed = error ?? 'whole';
        },
        overdue: () => {
          this.overdue += 1;
        },
      },
    };
    this.bare = begin === 'fresh' ? new Bare('server', all) : Bare.greeted('server', all);
  }

  /** Lets time pass, a second at a time. */
  pass(ms: number, each: (secondsPassed: number) => void = () => {}): this {
    for (let passed = SECOND; passed <= ms && !this.bare.engine.isClosed; passed += SECOND) {
      this.bare.nowMs += SECOND;
      each(passed / SECOND);
      this.bare.engine.tick();
    }
    return this;
  }

  /** The code with which the connection ended. */
  get code(): number | 'whole' | undefined {
    const { closed } = this.bare;
    return closed === undefined || closed === 'whole' ? closed : closed.code;
  }
}

/** The stream is open, and its response is waiting to be sent. */
function waiting(aging: Aging, ids: readonly number[], bytes = 16_384): void {
  const { bare } = aging;
  bare.give(frame(SETTINGS, 0, 0, '000400000000'));
  for (const id of ids) {
    const stream = opened(bare, id);
    stream.sendHeaders([':status', '200'], { endStream: false });
    stream.write(Buffer.alloc(bytes));
  }
  bare.take();
}

function opened(bare: Bare, id: number) {
  bare.give(bare.headers(id, requestFields('POST', '/'), 0));
  const stream = bare.streams.at(-1)?.stream;
  assert.ok(stream);
  return stream;
}

const types = (frames: readonly Frame[]) => frames.map(({ type }) => type);
const update = (id: number, bytes: number) => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(WINDOW_UPDATE, 0, id, payload);
};

describe('a peer that', () => {
  const rows: readonly (readonly [what: string, limitMs: number, code: number, begin: () => Aging])[] = [
    ['sends nothing', LIMITS.prefaceMs, PROTOCOL_ERROR, () => new Aging('fresh')],
    [
      'sends half a preface',
      LIMITS.prefaceMs,
      PROTOCOL_ERROR,
      () => begun(new Aging('fresh'), CLIENT_PREFACE.subarray(0, 12)),
    ],
    [
      'sends a preface without SETTINGS',
      LIMITS.prefaceMs,
      PROTOCOL_ERROR,
      () => begun(new Aging('fresh'), CLIENT_PREFACE),
    ],
    [
      'does not acknowledge our SETTINGS',
      LIMITS.settingsAckMs,
      SETTINGS_TIMEOUT,
      () => begun(new Aging('fresh'), CLIENT_PREFACE, frame(SETTINGS, 0, 0)),
    ],
    [
      'sends half a frame',
      LIMITS.frameMs,
      ENHANCE_YOUR_CALM,
      () => begun(new Aging('greeted'), frame(PING, 0, 0, '0011223344556677').subarray(0, 10)),
    ],
    [
      'sends a header block without end',
      LIMITS.frameMs,
      ENHANCE_YOUR_CALM,
      () => begun(new Aging('greeted'), frame(HEADERS, FrameFlag.END_STREAM, 1, '82')),
    ],
  ];
  for (const [what, limitMs, code, begin] of rows) {
    test(`${what} has its time for that and no more`, () => {
      const aging = begin();
      assert.equal(aging.pass(limitMs - SECOND).code, undefined);
      assert.equal(aging.pass(2 * SECOND).code, code);
    });
  }

  test('sends one byte of a frame, or one frame of a block, every second has no more time than another', () => {
    for (const [first, more] of [
      [frame(DATA, 0, 1, Buffer.alloc(16_384)).subarray(0, 10), Buffer.alloc(1)],
      [frame(HEADERS, FrameFlag.END_STREAM, 1, '82'), frame(CONTINUATION, 0, 1, '86')],
    ] as const) {
      const aging = begun(new Aging('greeted'), first);
      aging.pass(2 * LIMITS.frameMs, () => aging.bare.give(more));
      assert.equal(aging.code, ENHANCE_YOUR_CALM);
      assert.equal(aging.bare.nowMs, LIMITS.frameMs + SECOND, 'as of the first tick that saw it');
    }
  });

  test('sends frame after frame, each in two pieces, has no limit', () => {
    const aging = new Aging('greeted');
    opened(aging.bare, 1);
    const ping = frame(0xee, 0, 0, '0011223344556677');
    aging.bare.give(ping.subarray(0, 10));
    aging.pass(10 * LIMITS.frameMs, () => aging.bare.give(ping.subarray(10), ping.subarray(0, 10)));
    assert.equal(aging.code, undefined);
  });

  test('opens no stream is drained: two GOAWAY, and the end', () => {
    const aging = new Aging('greeted');
    aging.pass(LIMITS.idleMs - SECOND, () => alive(aging));
    assert.ok(!types(aging.bare.take()).includes(GOAWAY));
    aging.pass(LIMITS.finalGoawayMs + 3 * SECOND);
    assert.equal(aging.code, 'whole');
    const sent = aging.bare.take().filter(({ type }) => type === GOAWAY);
    assert.deepEqual(
      sent.map(({ payload }) => payload.readUInt32BE()),
      [0x7fff_ffff, 0, 0],
    );
  });

  test('is silent is asked by PING once, and has time to respond', () => {
    const aging = new Aging('greeted');
    opened(aging.bare, 1);
    aging.pass(LIMITS.keepAliveMs + 2 * SECOND);
    const pings = aging.bare.take().filter(({ type }) => type === PING);
    assert.equal(pings.length, 1);
    aging.bare.give(frame(PING, FrameFlag.ACK, 0, pings[0]?.payload));
    aging.pass(LIMITS.keepAliveMs + LIMITS.pingMs - SECOND);
    assert.equal(aging.code, undefined);
    aging.pass(2 * SECOND);
    assert.equal(aging.code, NO_ERROR);
  });

  test('does not read at all is not asked for what it cannot see', () => {
    const aging = new Aging('greeted');
    aging.bare.holdBack();
    opened(aging.bare, 1).sendHeaders([':status', '200'], { endStream: false });
    aging.bare.take();
    aging.pass(2 * (LIMITS.keepAliveMs + LIMITS.pingMs));
    assert.ok(!types(aging.bare.take()).includes(PING));
    assert.equal(aging.code, undefined);
    aging.pass(2 * LIMITS.stall.ms);
    assert.equal(aging.code, ENHANCE_YOUR_CALM);
  });
});

describe('a stream whose response waits', () => {
  test('is reset if less than the rate leaves, be it a byte every second; another goes on', () => {
    const aging = new Aging('greeted');
    waiting(aging, [1, 3]);
    aging.pass(2 * LIMITS.stall.ms, (second) => {
      alive(aging);
      aging.bare.give(update(1, 1));
      if (second % 60 === 0) aging.bare.give(update(3, 8_192), update(0, 8_192));
      const third = aging.bare.streams[1]?.stream;
      if (third !== undefined && !third.isOver && third.pendingBytes < 8_192) third.write(Buffer.alloc(16_384));
    });
    const resets = aging.bare.take().filter(({ type }) => type === RST_STREAM);
    assert.deepEqual(
      resets.map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]),
      [[1, CANCEL]],
    );
    assert.equal(aging.bare.streams[0]?.record.error?.code, CANCEL);
  });

  test('that has nothing to send may be silent for days', () => {
    const aging = new Aging('greeted');
    opened(aging.bare, 1).sendHeaders([':status', '200'], { endStream: false });
    aging.pass(10 * LIMITS.stall.ms, () => alive(aging));
    assert.deepEqual([aging.code, aging.bare.engine.running], [undefined, 1]);
  });
});

describe('a drain', () => {
  test('has its final GOAWAY without the acknowledgement of its PING', () => {
    const aging = new Aging('greeted');
    opened(aging.bare, 1);
    aging.bare.engine.drain();
    aging.pass(LIMITS.finalGoawayMs + SECOND);
    const last = aging.bare.take().filter(({ type }) => type === GOAWAY);
    assert.deepEqual(
      last.map(({ payload }) => payload.readUInt32BE()),
      [0x7fff_ffff, 1],
    );
    aging.bare.give(aging.bare.headers(3, requestFields('GET', '/')));
    assert.equal(aging.bare.streams.length, 1, 'what comes now is not taken');
  });

  test('ends the streams that go on past its limit', () => {
    const aging = new Aging('greeted');
    opened(aging.bare, 1);
    aging.bare.engine.drain();
    aging.pass(LIMITS.drainMs - SECOND);
    assert.equal(aging.code, undefined);
    aging.pass(3 * SECOND);
    assert.equal(aging.code, NO_ERROR);
  });
});

describe('a connection that has ended', () => {
  test('is overdue, once, if its transport has not closed in time', () => {
    const aging = new Aging('greeted');
    aging.bare.engine.destroy();
    const ticks = (count: number) => {
      for (let tick = 0; tick < count; tick++) {
        aging.bare.nowMs += SECOND;
        aging.bare.engine.tick();
      }
    };
    ticks(LIMITS.closeMs / SECOND);
    assert.equal(aging.overdue, 0);
    ticks(10);
    assert.equal(aging.overdue, 1);
  });
});

describe('time', () => {
  test('in which the process stood still does not count', () => {
    const aging = begun(new Aging('greeted'), frame(HEADERS, FrameFlag.END_STREAM, 1, '82'));
    aging.pass(SECOND);
    aging.bare.nowMs += 10 * LIMITS.idleMs;
    aging.bare.engine.tick();
    assert.equal(aging.code, undefined);
    aging.pass(LIMITS.frameMs - MAX_TICK_MS - SECOND);
    assert.equal(aging.code, undefined);
    aging.pass(3 * SECOND);
    assert.equal(aging.code, ENHANCE_YOUR_CALM);
  });

  test('has no limits where the owner has set none', () => {
    const bare = new Bare('server');
    for (let hour = 0; hour < 100; hour++) {
      bare.nowMs += 3_600_000;
      bare.engine.tick();
    }
    assert.equal(bare.closed, undefined);
  });
});

function begun(aging: Aging, ...parts: readonly Buffer[]): Aging {
  aging.bare.give(...parts);
  return aging;
}

/** The peer sends something that means nothing. */
function alive(aging: Aging): void {
  aging.bare.give(frame(0xee, 0, 0));
}
