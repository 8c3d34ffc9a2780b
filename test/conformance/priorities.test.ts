/** Priorities (RFC 9218) and graceful shutdown (RFC 9113 section 6.8), of which the public suite has no cases. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { FrameFlag, FrameType } from '../../src/http2/frame/types.js';
import { frame } from '../unit/http2/peers.js';
import { type Case, runCases } from './case.js';
import { COMMON, POST } from './session.js';

const { DATA, GOAWAY, PRIORITY_UPDATE } = FrameType;
const NO_RFC7540_PRIORITIES = 0x9;

const update = (id: string, value: string) =>
  frame(PRIORITY_UPDATE, 0, 0, Buffer.concat([Buffer.from(id, 'hex'), Buffer.from(value, 'latin1')]));

const priorities: readonly Case[] = [
  [
    'rfc9218/2.1/1',
    'the setting with 2',
    (s) => s.settings([NO_RFC7540_PRIORITIES, 2]).connectionError('PROTOCOL_ERROR'),
  ],
  [
    'rfc9218/2.1/2',
    'the setting with 1, not in the first SETTINGS',
    (s) => s.settings([NO_RFC7540_PRIORITIES, 1]).connectionError('PROTOCOL_ERROR'),
  ],
  [
    'rfc9218/4/1',
    'a request with a priority that is none',
    async (s) => {
      s.send(s.headers(1, [...COMMON, 'priority', 'u=99, i=4, "']));
      assert.equal((await s.answer(1)).fields[1], '200');
    },
  ],
  [
    'rfc9218/7.1/1',
    'PRIORITY_UPDATE before, within and after its request',
    async (s) => {
      s.send(update('00000001', 'u=1, i'), s.headers(1, POST, 0), update('00000001', 'u=7'));
      s.send(frame(DATA, FrameFlag.END_STREAM, 1));
      assert.equal((await s.answer(1)).fields[1], '200');
      await s.send(update('00000001', 'u=0')).lives();
    },
  ],
  [
    'rfc9218/7.1/2',
    'PRIORITY_UPDATE on a stream',
    (s) => s.send(frame(PRIORITY_UPDATE, 0, 1, '00000001')).connectionError('PROTOCOL_ERROR'),
  ],
  [
    'rfc9218/7.1/3',
    'PRIORITY_UPDATE of three octets',
    (s) => s.send(frame(PRIORITY_UPDATE, 0, 0, '000001')).connectionError('FRAME_SIZE_ERROR'),
  ],
  [
    'rfc9218/7.1/4',
    'PRIORITY_UPDATE for stream 0',
    (s) => s.send(update('00000000', 'u=1')).connectionError('PROTOCOL_ERROR'),
  ],
  [
    'rfc9218/7.1/5',
    'PRIORITY_UPDATE for more streams than may be open',
    (s) => {
      for (let id = 1; id <= 2 * s.maxStreams + 1; id += 2) s.send(update(id.toString(16).padStart(8, '0'), 'u=1'));
      return s.connectionError('PROTOCOL_ERROR');
    },
  ],
];

const shutdown: readonly Case[] = [
  [
    'http2/6.8/2',
    'a request after the client’s own GOAWAY',
    async (s) => {
      s.send(s.headers(1, POST, 0), frame(GOAWAY, 0, 0, Buffer.alloc(8)), s.headers(3, COMMON));
      assert.equal((await s.answer(3)).fields[1], '200');
      s.send(frame(DATA, FrameFlag.END_STREAM, 1));
      assert.equal((await s.answer(1)).fields[1], '200');
      await s.connectionError('NO_ERROR');
    },
  ],
];

runCases('RFC 9218', priorities);
runCases('RFC 9113, shutdown', shutdown);
