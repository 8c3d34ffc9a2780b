/** The `http2` part of the suite, section 8: what makes a request malformed. Each resets its stream, and no more. */
import { Buffer } from 'node:buffer';
import { FrameFlag, FrameType } from '../../src/http2/frame/types.js';
import { frame } from '../unit/http2/peers.js';
import { type Case, runCases } from './case.js';
import { COMMON, POST, type Session } from './session.js';

const data = (flags: number) => frame(FrameType.DATA, flags, 1, Buffer.from('test'));
const without = (name: string) => COMMON.filter((_, at) => COMMON[at - (at % 2)] !== name);

/** The request resets stream 1, and gets no response. */
const malformed = (section: string, what: string, parts: (session: Session) => readonly Buffer[]): Case => [
  section,
  what,
  (s) => s.send(...parts(s)).streamError(1, 'PROTOCOL_ERROR'),
];

const fields = (section: string, what: string, list: readonly string[]): Case =>
  malformed(section, what, (s) => [s.headers(1, list)]);

const cases: readonly Case[] = [
  malformed('http2/8.1/1', 'a second HEADERS without END_STREAM', (s) => [
    s.headers(1, POST, 0),
    s.headers(1, ['x-test', 'ok'], 0),
    data(FrameFlag.END_STREAM),
  ]),
  fields('http2/8.1.2/1', 'a name in upper case', [...COMMON, 'X-TEST', 'ok']),
  fields('http2/8.1.2.1/1', 'an unknown pseudo-field', [':test', 'ok', ...COMMON]),
  fields('http2/8.1.2.1/2', 'a pseudo-field of answers', [...COMMON, ':status', '200']),
  malformed('http2/8.1.2.1/3', 'a pseudo-field in trailers', (s) => [
    s.headers(1, POST, 0),
    data(0),
    s.headers(1, [':method', 'GET']),
  ]),
  fields('http2/8.1.2.1/4', 'a pseudo-field behind others', ['x-test', 'ok', ...COMMON]),
  fields('http2/8.1.2.2/1', 'a field of the connection', [...COMMON, 'connection', 'keep-alive']),
  fields('http2/8.1.2.2/2', 'TE with more than trailers', [...COMMON, 'te', 'trailers, deflate']),
  fields('http2/8.1.2.3/1', 'an empty :path', [...without(':path'), ':path', '']),
  fields('http2/8.1.2.3/2', 'no :method', without(':method')),
  fields('http2/8.1.2.3/3', 'no :scheme', without(':scheme')),
  fields('http2/8.1.2.3/4', 'no :path', without(':path')),
  fields('http2/8.1.2.3/5', 'two :method', [...COMMON, ':method', 'GET']),
  fields('http2/8.1.2.3/6', 'two :scheme', [...COMMON, ':scheme', 'http']),
  fields('http2/8.1.2.3/7', 'two :path', [...COMMON, ':path', '/']),
  malformed('http2/8.1.2.6/1', 'content-length other than the size of DATA', (s) => [
    s.headers(1, [...POST, 'content-length', '1'], 0),
    data(FrameFlag.END_STREAM),
  ]),
  malformed('http2/8.1.2.6/2', 'content-length other than the size of all DATA', (s) => [
    s.headers(1, [...POST, 'content-length', '1'], 0),
    data(0),
    data(FrameFlag.END_STREAM),
  ]),
];

runCases('http2, 8', cases);
