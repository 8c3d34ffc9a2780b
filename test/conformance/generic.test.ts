/** What every endpoint must accept: the `generic` part of the suite. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { FrameFlag, FrameType } from '../../src/http2/frame/types.js';
import { frame } from '../unit/http2/peers.js';
import { type Case, runCases } from './case.js';
import { COMMON, POST, type Session } from './session.js';

const { DATA, HEADERS, PRIORITY, RST_STREAM, GOAWAY, WINDOW_UPDATE, CONTINUATION } = FrameType;
const { END_STREAM, END_HEADERS, PADDED } = FrameFlag;
const PRIORITY_FLAG = FrameFlag.PRIORITY;

const priority = (id: number, hex = '00000000ff') => frame(PRIORITY, 0, id, hex);
const HELLO = Buffer.from('test');

/** The response to the request is 200 with a body. */
async function answered(session: Session, id = 1): Promise<void> {
  const { fields, body } = await session.answer(id);
  assert.deepEqual(fields.slice(0, 2), [':status', '200']);
  assert.ok(body.length > 0);
}

async function sent(session: Session, ...parts: Buffer[]): Promise<void> {
  session.send(...parts);
  await answered(session);
}

/** A request whose last field is written by hand (RFC 7541 section 6). */
function withField(hex: string): (session: Session) => Promise<void> {
  return (s) =>
    sent(s, frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.concat([s.block(COMMON), Buffer.from(hex, 'hex')])));
}

function withUpdates(hex: string): (session: Session) => Promise<void> {
  return (s) =>
    sent(s, frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.concat([Buffer.from(hex, 'hex'), s.block(COMMON)])));
}

const cases: readonly Case[] = [
  ['generic/1/1', 'a connection preface', (s) => s.lives()],
  ['generic/2/1', 'PRIORITY on an idle stream', (s) => s.send(priority(1)).lives()],
  [
    'generic/2/2',
    'WINDOW_UPDATE on a half-closed (remote) stream',
    async (s) => {
      await s.window(0);
      await sent(s, s.headers(1, COMMON), frame(WINDOW_UPDATE, 0, 1, '00000064'));
    },
  ],
  ['generic/2/3', 'PRIORITY on a half-closed (remote) stream', (s) => sent(s, s.headers(1, COMMON), priority(1))],
  [
    'generic/2/4',
    'RST_STREAM on a half-closed (remote) stream',
    (s) => s.send(s.headers(1, COMMON), frame(RST_STREAM, 0, 1, '00000008')).lives(),
  ],
  [
    'generic/2/5',
    'PRIORITY on a closed stream',
    async (s) => {
      await sent(s, s.headers(1, COMMON));
      s.send(priority(1));
      await s.lives();
    },
  ],
  ['generic/3.1/1', 'a DATA frame', (s) => sent(s, s.headers(1, POST, 0), frame(DATA, END_STREAM, 1, HELLO))],
  [
    'generic/3.1/2',
    'multiple DATA frames',
    (s) => sent(s, s.headers(1, POST, 0), frame(DATA, 0, 1, HELLO), frame(DATA, END_STREAM, 1, HELLO)),
  ],
  [
    'generic/3.1/3',
    'a DATA frame with padding',
    (s) => sent(s, s.headers(1, POST, 0), frame(DATA, END_STREAM | PADDED, 1, '06746573740000000000' + '00')),
  ],
  ['generic/3.2/1', 'a HEADERS frame', (s) => sent(s, s.headers(1, COMMON))],
  [
    'generic/3.2/2',
    'a HEADERS frame with padding',
    (s) => {
      const payload = Buffer.concat([Buffer.from([6]), s.block(COMMON), Buffer.alloc(6)]);
      return sent(s, frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, payload));
    },
  ],
  [
    'generic/3.2/3',
    'a HEADERS frame with priority',
    (s) => {
      const payload = Buffer.concat([Buffer.from('00000000ff', 'hex'), s.block(COMMON)]);
      return sent(s, frame(HEADERS, END_STREAM | END_HEADERS | PRIORITY_FLAG, 1, payload));
    },
  ],
  ['generic/3.3/1', 'PRIORITY with priority 1', (s) => sent(s, priority(1, '0000000000'), s.headers(1, COMMON))],
  ['generic/3.3/2', 'PRIORITY with priority 256', (s) => sent(s, priority(1, '00000000ff'), s.headers(1, COMMON))],
  ['generic/3.3/3', 'PRIORITY with a dependency', (s) => sent(s, priority(1, '0000000310'), s.headers(1, COMMON))],
  ['generic/3.3/4', 'PRIORITY, exclusive', (s) => sent(s, priority(1, '8000000310'), s.headers(1, COMMON))],
  ['generic/3.3/5', 'PRIORITY on an idle stream, then a lower one', (s) => sent(s, priority(7), s.headers(1, COMMON))],
  [
    'generic/3.4/1',
    'a RST_STREAM frame',
    (s) => s.send(s.headers(1, COMMON, 0), frame(RST_STREAM, 0, 1, '00000008')).lives(),
  ],
  ['generic/3.5/1', 'a SETTINGS frame', (s) => s.settings([3, 100]).acknowledged()],
  ['generic/3.7/1', 'a PING frame', (s) => s.lives()],
  [
    'generic/3.8/1',
    'a GOAWAY frame',
    async (s) => {
      s.send(frame(GOAWAY, 0, 0, Buffer.concat([Buffer.alloc(8), HELLO])));
      await s.closed(); // nothing runs
    },
  ],
  [
    'generic/3.8/2',
    'a GOAWAY frame while a request runs',
    (s) => sent(s, s.headers(1, POST, 0), frame(GOAWAY, 0, 0, Buffer.alloc(8)), frame(DATA, END_STREAM, 1, HELLO)),
  ],
  [
    'generic/3.9/1',
    'WINDOW_UPDATE of the connection',
    (s) => sent(s, frame(WINDOW_UPDATE, 0, 0, '00000001'), s.headers(1, COMMON)),
  ],
  [
    'generic/3.9/2',
    'WINDOW_UPDATE of a stream',
    (s) => sent(s, s.headers(1, POST, 0), frame(WINDOW_UPDATE, 0, 1, '00000001'), frame(DATA, END_STREAM, 1, HELLO)),
  ],
  ['generic/3.10/1', 'a CONTINUATION frame', (s) => sent(s, ...inPieces(s, 2))],
  ['generic/3.10/2', 'multiple CONTINUATION frames', (s) => sent(s, ...inPieces(s, 4))],
  ['generic/4/1', 'a GET request', (s) => sent(s, s.headers(1, COMMON))],
  [
    'generic/4/2',
    'a HEAD request',
    async (s) => {
      s.send(s.headers(1, [':method', 'HEAD', ...COMMON.slice(2)]));
      const { fields, body } = await s.answer(1);
      assert.deepEqual([fields[1], body.length], ['200', 0]);
    },
  ],
  ['generic/4/3', 'a POST request', (s) => sent(s, s.headers(1, POST, 0), frame(DATA, END_STREAM, 1, HELLO))],
  [
    'generic/4/4',
    'a POST request with trailers',
    (s) => sent(s, s.headers(1, POST, 0), frame(DATA, 0, 1, HELLO), s.headers(1, ['x-test', 'ok'])),
  ],
  ['generic/5/1', 'an indexed field', withField('90')],
  ['generic/5/2', 'a literal with incremental indexing, indexed name', withField('7a0468327370')],
  ['generic/5/3', 'the same in the Huffman code', withField('7a839d32bf')],
  ['generic/5/4', 'a literal with incremental indexing, new name', withField('4004746573740468327370')],
  ['generic/5/5', 'the same in the Huffman code', withField('408349509f839d32bf')],
  ['generic/5/6', 'a literal without indexing, indexed name', withField('0f2b0468327370')],
  ['generic/5/7', 'the same in the Huffman code', withField('0f2b839d32bf')],
  ['generic/5/8', 'a literal without indexing, new name', withField('0004746573740468327370')],
  ['generic/5/9', 'the same in the Huffman code', withField('008349509f839d32bf')],
  ['generic/5/10', 'a literal never indexed, indexed name', withField('1f2b0468327370')],
  ['generic/5/11', 'the same in the Huffman code', withField('1f2b839d32bf')],
  ['generic/5/12', 'a literal never indexed, new name', withField('1004746573740468327370')],
  ['generic/5/13', 'the same in the Huffman code', withField('108349509f839d32bf')],
  ['generic/5/14', 'a dynamic table size update', withUpdates('3f61')],
  ['generic/5/15', 'multiple dynamic table size updates', withUpdates('203fe11f')],
];

function inPieces(session: Session, count: number): Buffer[] {
  const block = session.block(COMMON);
  const size = Math.ceil(block.length / count);
  return Array.from({ length: count }, (_, at) => {
    const flags = at === count - 1 ? END_HEADERS : 0;
    const part = block.subarray(at * size, (at + 1) * size);
    return at === 0 ? frame(HEADERS, END_STREAM, 1, part) : frame(CONTINUATION, flags, 1, part);
  });
}

runCases('generic', cases);
