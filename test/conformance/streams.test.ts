/** The `http2` part of the suite, sections 3 to 5: preface, frame format, stream states, priorities, errors. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { CLIENT_PREFACE } from '../../src/http2/frame/reader.js';
import { FrameFlag, FrameType } from '../../src/http2/frame/types.js';
import { frame } from '../unit/http2/peers.js';
import { type Case, runCases } from './case.js';
import { COMMON, POST, Session } from './session.js';

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } = FrameType;
const { END_STREAM, END_HEADERS } = FrameFlag;

const CANCEL = '00000008';
const MAX_FRAME_BYTES = 16_384;
const data = (flags = END_STREAM) => frame(DATA, flags, 1, Buffer.from('test'));
const reset = (id = 1) => frame(RST_STREAM, 0, id, CANCEL);
const continuation = (s: Session, id = 1) => frame(CONTINUATION, END_HEADERS, id, s.block(COMMON));

const prefaces: readonly Case[] = [
  [
    'http2/3.5/1',
    'a connection preface',
    async (s) => {
      s.send(CLIENT_PREFACE, frame(SETTINGS, 0, 0));
      await s.next(({ type, flags }) => type === SETTINGS && flags === 0);
      await s.acknowledged();
    },
  ],
  [
    'http2/3.5/2',
    'an invalid connection preface',
    async (s) => {
      s.send(Buffer.from('INVALID CONNECTION PREFACE\r\n\r\n'));
      await s.connectionError('PROTOCOL_ERROR');
    },
  ],
];

const formats: readonly Case[] = [
  ['http2/4.1/1', 'a frame of an unknown type', (s) => s.send(frame(0x16, 0, 0, '00'.repeat(8))).lives()],
  [
    'http2/4.1/2',
    'a frame with undefined flags',
    async (s) => {
      s.send(frame(PING, 0x16, 0, '00'.repeat(8)));
      await s.next(({ type, flags }) => type === PING && flags === FrameFlag.ACK);
    },
  ],
  [
    'http2/4.1/3',
    'a frame with the reserved bit set',
    async (s) => {
      s.send(frame(PING, 0, 0x8000_0000, '00'.repeat(8)));
      await s.next(({ type, flags }) => type === PING && flags === FrameFlag.ACK);
    },
  ],
  [
    'http2/4.2/1',
    'a DATA frame of 2^14 octets',
    async (s) => {
      s.send(s.headers(1, POST, 0), frame(DATA, END_STREAM, 1, Buffer.alloc(MAX_FRAME_BYTES)));
      assert.match(String((await s.answer(1)).body), /16384/);
    },
  ],
  [
    'http2/4.2/2',
    'a DATA frame larger than MAX_FRAME_SIZE',
    (s) => {
      s.send(s.headers(1, POST, 0), frame(DATA, END_STREAM, 1, Buffer.alloc(MAX_FRAME_BYTES + 1)));
      return s.connectionError('FRAME_SIZE_ERROR');
    },
  ],
  [
    'http2/4.2/3',
    'a HEADERS frame larger than MAX_FRAME_SIZE',
    (s) => {
      s.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.alloc(MAX_FRAME_BYTES + 1, 0x82)));
      return s.connectionError('FRAME_SIZE_ERROR');
    },
  ],
  [
    'http2/4.3/1',
    'an invalid header block fragment',
    (s) => {
      // A literal whose name is longer than the block.
      s.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, '4001'));
      return s.connectionError('COMPRESSION_ERROR');
    },
  ],
  [
    'http2/4.3/2',
    'PRIORITY within a header block',
    (s) => {
      s.send(frame(HEADERS, END_STREAM, 1, s.block(COMMON)), frame(PRIORITY, 0, 1, '00000000ff'), continuation(s));
      return s.connectionError('PROTOCOL_ERROR');
    },
  ],
  [
    'http2/4.3/3',
    'HEADERS of another stream within a header block',
    (s) => {
      s.send(frame(HEADERS, END_STREAM, 1, s.block(COMMON)), s.headers(3, COMMON));
      return s.connectionError('PROTOCOL_ERROR');
    },
  ],
];

/** What the client sends on stream 1 before the frame in question. */
const halfClosed = (s: Session) => s.send(s.headers(1, COMMON));
const resetByUs = (s: Session) => s.send(s.headers(1, POST, 0), reset());
async function closed(s: Session): Promise<void> {
  s.send(s.headers(1, COMMON));
  await s.answer(1);
}

const states: readonly Case[] = [
  ['http2/5.1/1', 'idle: DATA', (s) => s.send(data()).connectionError('PROTOCOL_ERROR')],
  ['http2/5.1/2', 'idle: RST_STREAM', (s) => s.send(reset()).connectionError('PROTOCOL_ERROR')],
  [
    'http2/5.1/3',
    'idle: WINDOW_UPDATE',
    (s) => s.send(frame(WINDOW_UPDATE, 0, 1, '00000064')).connectionError('PROTOCOL_ERROR'),
  ],
  ['http2/5.1/4', 'idle: CONTINUATION', (s) => s.send(continuation(s)).connectionError('PROTOCOL_ERROR')],
  [
    'http2/5.1/5',
    'half-closed (remote): DATA',
    async (s) => {
      await s.window(0); // so that the response cannot end
      halfClosed(s);
      s.send(data());
      await s.streamError(1, 'STREAM_CLOSED');
    },
  ],
  [
    'http2/5.1/6',
    'half-closed (remote): HEADERS',
    async (s) => {
      await s.window(0);
      halfClosed(s);
      s.send(s.headers(1, COMMON));
      await s.streamError(1, 'STREAM_CLOSED');
    },
  ],
  [
    'http2/5.1/7',
    'half-closed (remote): CONTINUATION',
    (s) => {
      halfClosed(s);
      s.send(continuation(s));
      return s.connectionError('PROTOCOL_ERROR', 'STREAM_CLOSED');
    },
  ],
  [
    'http2/5.1/8',
    'closed by RST_STREAM: DATA',
    (s) => {
      resetByUs(s);
      s.send(data());
      return s.streamError(1, 'STREAM_CLOSED');
    },
  ],
  [
    'http2/5.1/9',
    'closed by RST_STREAM: HEADERS',
    (s) => {
      resetByUs(s);
      s.send(s.headers(1, COMMON));
      return s.connectionError('STREAM_CLOSED');
    },
  ],
  [
    'http2/5.1/10',
    'closed by RST_STREAM: CONTINUATION',
    (s) => {
      resetByUs(s);
      s.send(continuation(s));
      return s.connectionError('STREAM_CLOSED', 'PROTOCOL_ERROR');
    },
  ],
  [
    'http2/5.1/11',
    'closed: DATA',
    async (s) => {
      await closed(s);
      s.send(data());
      await s.streamError(1, 'STREAM_CLOSED');
    },
  ],
  [
    'http2/5.1/12',
    'closed: HEADERS',
    async (s) => {
      await closed(s);
      s.send(s.headers(1, COMMON));
      await s.connectionError('STREAM_CLOSED');
    },
  ],
  [
    'http2/5.1/13',
    'closed: CONTINUATION',
    async (s) => {
      await closed(s);
      s.send(continuation(s));
      await s.connectionError('STREAM_CLOSED', 'PROTOCOL_ERROR');
    },
  ],
  ['http2/5.1.1/1', 'an even stream identifier', (s) => s.send(s.headers(2, COMMON)).connectionError('PROTOCOL_ERROR')],
  [
    'http2/5.1.1/2',
    'a stream identifier lower than the last',
    (s) => s.send(s.headers(5, COMMON), s.headers(3, COMMON)).connectionError('PROTOCOL_ERROR'),
  ],
  [
    'http2/5.1.2/1',
    'more streams than were permitted',
    async (s) => {
      await s.window(0); // so that no response ends
      const ids = Array.from({ length: s.maxStreams + 1 }, (_, at) => 2 * at + 1);
      s.send(...ids.map((id) => s.headers(id, COMMON)));
      await s.streamError(ids.at(-1) ?? 0, 'REFUSED_STREAM', 'PROTOCOL_ERROR');
    },
  ],
  [
    'http2/5.3.1/1',
    'HEADERS that depend on themselves',
    (s) => {
      const block = Buffer.concat([Buffer.from('00000001ff', 'hex'), s.block(COMMON)]);
      s.send(frame(HEADERS, END_STREAM | END_HEADERS | FrameFlag.PRIORITY, 1, block));
      return s.connectionError('PROTOCOL_ERROR');
    },
  ],
  [
    'http2/5.3.1/2',
    'PRIORITY that depends on itself',
    (s) => s.send(frame(PRIORITY, 0, 2, '00000002ff')).connectionError('PROTOCOL_ERROR'),
  ],
  [
    'http2/5.4.1/1',
    'an invalid frame closes the connection',
    async (s) => {
      s.send(frame(PING, 0, 3, '00'.repeat(8)));
      await s.closed();
    },
  ],
  [
    'http2/5.4.1/2',
    'an invalid frame is answered by GOAWAY with the last stream',
    async (s) => {
      await closed(s);
      s.send(frame(PING, 0, 3, '00'.repeat(8)));
      const { payload } = await s.next(({ type }) => type === GOAWAY);
      assert.equal(payload.toString('hex'), '0000000100000001');
    },
  ],
  ['http2/5.5/1', 'an unknown extension frame', (s) => s.send(frame(0xff, 0, 0, '00')).lives()],
  [
    'http2/5.5/2',
    'an unknown extension frame within a header block',
    (s) => {
      s.send(frame(HEADERS, END_STREAM, 1, s.block(COMMON)), frame(0xff, 0, 0, '00'), continuation(s));
      return s.connectionError('PROTOCOL_ERROR');
    },
  ],
];

runCases('http2, 3.5', prefaces, Session.connect);
runCases('http2, 4', formats);
runCases('http2, 5', states);
