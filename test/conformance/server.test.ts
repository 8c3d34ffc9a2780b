/** What the conformance server guarantees to tools, in addition to a response to everything. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { FrameFlag, FrameType } from '../../src/http2/frame/types.js';
import { frame } from '../unit/http2/peers.js';
import { type Case, runCases } from './case.js';
import { COMMON } from './session.js';

const path = (text: string) => [':method', 'GET', ':scheme', 'http', ':path', text, ':authority', 'localhost'];

const cases: readonly Case[] = [
  [
    '/big?bytes=N',
    'is answered with so many bytes',
    async (s) => {
      await s.window(0x7fff_ffff);
      s.send(frame(FrameType.WINDOW_UPDATE, 0, 0, '0fffffff'), s.headers(1, path('/big?bytes=1000000')));
      assert.equal((await s.answer(1)).body.length, 1_000_000);
      s.send(s.headers(3, path('/big?bytes=-1')));
      assert.equal((await s.answer(3)).body.length, 0);
    },
  ],
  [
    '/trailers',
    'is answered with trailers',
    async (s) => {
      s.send(s.headers(1, path('/trailers')));
      assert.deepEqual((await s.answer(1)).trailers, ['x-received', '0']);
    },
  ],
  [
    'extended CONNECT',
    'is echoed',
    async (s) => {
      const connect = [':method', 'CONNECT', ':protocol', 'websocket', ...COMMON.slice(2)];
      s.send(s.headers(1, connect, 0), frame(FrameType.DATA, 0, 1, Buffer.from('echo')));
      assert.equal(String(await s.data(1)), 'echo');
      s.send(frame(FrameType.DATA, FrameFlag.END_STREAM, 1));
      assert.equal((await s.data(1)).length, 0);
    },
  ],
];

runCases('the conformance server', cases);
