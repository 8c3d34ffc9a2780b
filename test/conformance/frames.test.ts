/** The `http2` part of the suite, sections 6 and 7: each frame type, and error codes. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { SettingId } from '../../src/http2/frame/settings.js';
import { FrameFlag, FrameType } from '../../src/http2/frame/types.js';
import { frame } from '../unit/http2/peers.js';
import { type Case, runCases } from './case.js';
import { COMMON, POST, type Session } from './session.js';

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } = FrameType;
const { END_STREAM, END_HEADERS, PADDED, ACK } = FrameFlag;
const { ENABLE_PUSH, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE } = SettingId;

type Parts = (session: Session) => readonly Buffer[];

/** What is sent ends the connection. */
const connection = (
  section: string,
  what: string,
  code: 'PROTOCOL_ERROR' | 'FRAME_SIZE_ERROR' | 'FLOW_CONTROL_ERROR',
  parts: Parts,
): Case => [section, what, (s) => s.send(...parts(s)).connectionError(code)];

const HEX_8 = '0102030405060708';
const open = (s: Session) => s.headers(1, POST, 0);
const part = (s: Session, flags = END_STREAM) => frame(HEADERS, flags, 1, s.block(COMMON));
const more = (flags: number, id = 1) => frame(CONTINUATION, flags, id, '');
const update = (id: number, hex: string) => frame(WINDOW_UPDATE, 0, id, hex);
const setting = (id: number, value: number): Parts => {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(id);
  payload.writeUInt32BE(value, 2);
  return () => [frame(SETTINGS, 0, 0, payload)];
};

const cases: readonly Case[] = [
  connection('http2/6.1/1', 'DATA on stream 0', 'PROTOCOL_ERROR', () => [frame(DATA, END_STREAM, 0, '74')]),
  [
    'http2/6.1/2',
    'DATA on a stream that is not open',
    async (s) => {
      await s.window(0);
      s.send(s.headers(1, COMMON), frame(DATA, END_STREAM, 1, '74'));
      await s.streamError(1, 'STREAM_CLOSED');
    },
  ],
  connection('http2/6.1/3', 'DATA with an invalid pad length', 'PROTOCOL_ERROR', (s) => [
    open(s),
    frame(DATA, END_STREAM | PADDED, 1, '0574657374'),
  ]),
  connection('http2/6.2/1', 'PRIORITY within a header block', 'PROTOCOL_ERROR', (s) => [
    part(s),
    frame(PRIORITY, 0, 1, '00000000ff'),
  ]),
  connection('http2/6.2/2', 'HEADERS of another stream within a header block', 'PROTOCOL_ERROR', (s) => [
    part(s),
    s.headers(3, COMMON),
  ]),
  connection('http2/6.2/3', 'HEADERS on stream 0', 'PROTOCOL_ERROR', (s) => [s.headers(0, COMMON)]),
  connection('http2/6.2/4', 'HEADERS with an invalid pad length', 'PROTOCOL_ERROR', (s) => {
    const block = s.block(COMMON);
    const padded = Buffer.concat([Buffer.from([block.length + 1]), block]);
    return [frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, padded)];
  }),
  connection('http2/6.3/1', 'PRIORITY on stream 0', 'PROTOCOL_ERROR', () => [frame(PRIORITY, 0, 0, '00000000ff')]),
  [
    'http2/6.3/2',
    'PRIORITY of a wrong size',
    (s) => s.send(open(s), frame(PRIORITY, 0, 1, '80000001')).streamError(1, 'FRAME_SIZE_ERROR'),
  ],
  connection('http2/6.4/1', 'RST_STREAM on stream 0', 'PROTOCOL_ERROR', () => [frame(RST_STREAM, 0, 0, '00000008')]),
  connection('http2/6.4/2', 'RST_STREAM on an idle stream', 'PROTOCOL_ERROR', () => [
    frame(RST_STREAM, 0, 1, '00000008'),
  ]),
  connection('http2/6.4/3', 'RST_STREAM of a wrong size', 'FRAME_SIZE_ERROR', (s) => [
    open(s),
    frame(RST_STREAM, 0, 1, '000000'),
  ]),
  connection('http2/6.5/1', 'an acknowledgement with a payload', 'FRAME_SIZE_ERROR', () => [
    frame(SETTINGS, ACK, 0, '00'),
  ]),
  connection('http2/6.5/2', 'SETTINGS on a stream', 'PROTOCOL_ERROR', () => [frame(SETTINGS, 0, 1, '000300000064')]),
  connection('http2/6.5/3', 'SETTINGS of a wrong size', 'FRAME_SIZE_ERROR', () => [frame(SETTINGS, 0, 0, '000300')]),
  connection('http2/6.5.2/1', 'ENABLE_PUSH other than 0 and 1', 'PROTOCOL_ERROR', setting(ENABLE_PUSH, 2)),
  connection(
    'http2/6.5.2/2',
    'INITIAL_WINDOW_SIZE past 2^31-1',
    'FLOW_CONTROL_ERROR',
    setting(INITIAL_WINDOW_SIZE, 2 ** 31),
  ),
  connection('http2/6.5.2/3', 'MAX_FRAME_SIZE below 2^14', 'PROTOCOL_ERROR', setting(MAX_FRAME_SIZE, 16_383)),
  connection('http2/6.5.2/4', 'MAX_FRAME_SIZE past 2^24-1', 'PROTOCOL_ERROR', setting(MAX_FRAME_SIZE, 2 ** 24)),
  ['http2/6.5.2/5', 'an unknown setting', (s) => s.send(...setting(0xff, 1)(s)).lives()],
  [
    'http2/6.5.3/1',
    'the last of several values counts',
    async (s) => {
      s.settings([INITIAL_WINDOW_SIZE, 100], [INITIAL_WINDOW_SIZE, 1]);
      await s.acknowledged();
      s.send(s.headers(1, COMMON));
      assert.equal((await s.data(1)).length, 1);
    },
  ],
  ['http2/6.5.3/2', 'SETTINGS are acknowledged', (s) => s.settings([3, 100]).acknowledged()],
  ['http2/6.7/1', 'PING is answered with its payload', (s) => s.lives()],
  [
    'http2/6.7/2',
    'an answer to no PING is not answered',
    async (s) => {
      s.send(frame(PING, ACK, 0, HEX_8), frame(PING, 0, 0, '1112131415161718'));
      const { payload } = await s.next(({ type }) => type === PING);
      assert.equal(payload.toString('hex'), '1112131415161718');
    },
  ],
  connection('http2/6.7/3', 'PING on a stream', 'PROTOCOL_ERROR', () => [frame(PING, 0, 1, HEX_8)]),
  connection('http2/6.7/4', 'PING of a wrong size', 'FRAME_SIZE_ERROR', () => [frame(PING, 0, 0, '010203040506')]),
  connection('http2/6.8/1', 'GOAWAY on a stream', 'PROTOCOL_ERROR', () => [frame(GOAWAY, 0, 1, '00'.repeat(8))]),
  connection('http2/6.9/1', 'WINDOW_UPDATE of the connection by 0', 'PROTOCOL_ERROR', () => [update(0, '00000000')]),
  [
    'http2/6.9/2',
    'WINDOW_UPDATE of a stream by 0',
    (s) => s.send(open(s), update(1, '00000000')).streamError(1, 'PROTOCOL_ERROR'),
  ],
  connection('http2/6.9/3', 'WINDOW_UPDATE of a wrong size', 'FRAME_SIZE_ERROR', () => [update(0, '000001')]),
  [
    'http2/6.9.1/1',
    'a window of one octet lets one octet leave',
    async (s) => {
      await s.window(1);
      s.send(s.headers(1, COMMON));
      assert.equal((await s.data(1)).length, 1);
    },
  ],
  connection('http2/6.9.1/2', 'a window of the connection past 2^31-1', 'FLOW_CONTROL_ERROR', () => [
    update(0, '7fffffff'),
    update(0, '7fffffff'),
  ]),
  [
    'http2/6.9.1/3',
    'a window of a stream past 2^31-1',
    (s) => s.send(open(s), update(1, '7fffffff'), update(1, '7fffffff')).streamError(1, 'FLOW_CONTROL_ERROR'),
  ],
  [
    'http2/6.9.2/1',
    'INITIAL_WINDOW_SIZE changes the windows of open streams',
    async (s) => {
      await s.window(0);
      s.send(s.headers(1, COMMON));
      s.settings([INITIAL_WINDOW_SIZE, 1]);
      assert.equal((await s.data(1)).length, 1);
    },
  ],
  [
    'http2/6.9.2/2',
    'a window may get negative',
    async (s) => {
      await s.window(3);
      s.send(s.headers(1, COMMON));
      assert.equal((await s.data(1)).length, 3);
      await s.window(2);
      s.send(update(1, '00000002'));
      assert.equal((await s.data(1)).length, 1);
    },
  ],
  connection(
    'http2/6.9.2/3',
    'INITIAL_WINDOW_SIZE past 2^31-1',
    'FLOW_CONTROL_ERROR',
    setting(INITIAL_WINDOW_SIZE, 2 ** 31),
  ),
  [
    'http2/6.10/1',
    'multiple CONTINUATION frames behind HEADERS',
    async (s) => {
      s.send(part(s), more(0), more(0), more(END_HEADERS));
      await s.answer(1);
    },
  ],
  connection('http2/6.10/2', 'another frame within a header block', 'PROTOCOL_ERROR', (s) => [
    part(s),
    more(0),
    frame(DATA, END_STREAM, 1, '74'),
  ]),
  connection('http2/6.10/3', 'CONTINUATION on stream 0', 'PROTOCOL_ERROR', (s) => [part(s), more(END_HEADERS, 0)]),
  connection('http2/6.10/4', 'CONTINUATION behind HEADERS with END_HEADERS', 'PROTOCOL_ERROR', (s) => [
    s.headers(1, COMMON),
    more(END_HEADERS),
  ]),
  connection('http2/6.10/5', 'CONTINUATION behind CONTINUATION with END_HEADERS', 'PROTOCOL_ERROR', (s) => [
    part(s),
    more(END_HEADERS),
    more(END_HEADERS),
  ]),
  connection('http2/6.10/6', 'CONTINUATION behind DATA', 'PROTOCOL_ERROR', (s) => [
    open(s),
    frame(DATA, END_STREAM, 1, '74'),
    more(END_HEADERS),
  ]),
  [
    'http2/7/1',
    'GOAWAY with an unknown code',
    async (s) => {
      s.send(open(s), frame(GOAWAY, 0, 0, '00000000000000ff'));
      await s.lives(); // a stream runs
    },
  ],
  ['http2/7/2', 'RST_STREAM with an unknown code', (s) => s.send(open(s), frame(RST_STREAM, 0, 1, '000000ff')).lives()],
  connection('http2/8.2/1', 'PUSH_PROMISE', 'PROTOCOL_ERROR', (s) => {
    const request = open(s);
    const promise = Buffer.concat([Buffer.from('00000003', 'hex'), s.block(COMMON)]);
    return [request, frame(FrameType.PUSH_PROMISE, END_HEADERS, 1, promise)];
  }),
];

runCases('http2, 6 and 7', cases);
