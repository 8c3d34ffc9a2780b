/** Situations that once stalled a stream for ever, or could: each case ends with everything delivered. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Http2ConnectionError, Http2ErrorCode, type Http2StreamError } from '../../../src/http2/errors.js';
import { CLIENT_PREFACE } from '../../../src/http2/frame/reader.js';
import { SettingId } from '../../../src/http2/frame/settings.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import { StreamBody } from '../../../src/http2/stream/duplex.js';
import type { Http2Stream } from '../../../src/http2/stream/stream.js';
import { Bare, type Frame, frame, Record, requestFields } from './peers.js';

const settingsAck = frame(FrameType.SETTINGS, FrameFlag.ACK, 0);

/** What the frames add to the window of stream 1. */
function updates(frames: readonly Frame[]): number {
  const own = frames.filter(({ type, streamId }) => type === FrameType.WINDOW_UPDATE && streamId === 1);
  return own.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
}

/** The INITIAL_WINDOW_SIZE that the frames announce. */
function announced(frames: readonly Frame[]): number | undefined {
  const settings = frames.find(({ type, flags }) => type === FrameType.SETTINGS && flags === 0);
  if (settings?.payload.readUInt16BE(0) !== SettingId.INITIAL_WINDOW_SIZE) return undefined;
  return settings.payload.readUInt32BE(2);
}

describe('a stream whose window shrinks', () => {
  test('below what was not yet given back is opened again', () => {
    const credits = Array.from({ length: 64 }, (_, at) => shrunk(at + 1));
    assert.ok(
      credits.some(({ before }) => before <= 0),
      'the peer may not send any more',
    );
    for (const { after } of credits) assert.ok(after > 0, 'all was read, so the peer may send again');
  });
});

/**
 * A stream that brings so many KiB over a long path, which then turns out to be short: what the peer may send on it
 * once it has obeyed the narrower window, before and after what the engine then sends.
 */
function shrunk(kibibytes: number): { readonly before: number; readonly after: number } {
  const farBytes = 1_048_576;
  const limits = { initialStreamBytes: 16_384, maxStreamBytes: farBytes, initialConnectionBytes: farBytes };
  const bare = new Bare('server', { limits: { flow: { ...limits, maxConnectionBytes: 67_108_864 } } });
  bare.give(CLIENT_PREFACE, frame(FrameType.SETTINGS, 0, 0));
  bare.take();
  bare.nowMs = 2_000; // so far away that the window is as wide as can be
  bare.give(settingsAck);
  const wideBytes = announced(bare.take()) ?? 0;
  bare.give(settingsAck, bare.headers(1, requestFields('POST', '/'), 0));
  for (let at = 0; at < kibibytes; at++) bare.give(frame(FrameType.DATA, 0, 1, Buffer.alloc(1_024)));
  const credit = wideBytes - kibibytes * 1_024 + updates(bare.take());
  void bare.engine.ping();
  const ping = bare.take().find(({ type }) => type === FrameType.PING);
  bare.give(frame(FrameType.PING, FrameFlag.ACK, 0, ping?.payload)); // and then near
  const before = credit + (announced(bare.take()) ?? wideBytes) - wideBytes;
  bare.give(settingsAck);
  return { before, after: before + updates(bare.take()) };
}

describe('who waits is told', () => {
  for (const end of ['GOAWAY and silence', 'a connection error'] as const) {
    test(`that no answer to a PING can come, after ${end}`, async () => {
      const bare = Bare.greeted('client');
      const asked = bare.engine.ping();
      if (end === 'a connection error') bare.give(frame(FrameType.PING, 0, 1));
      else bare.engine.drain();
      assert.ok(bare.engine.isClosed);
      await assert.rejects(asked, Http2ConnectionError);
      await assert.rejects(bare.engine.ping(), Http2ConnectionError);
    });
  }

  test('that nobody waits for the answer to a request, though its reader has paused', () => {
    const record = new Record();
    const observer = {
      stream: (stream: Http2Stream) => {
        stream.pause();
        stream.observe(record);
      },
      closed: () => {},
    };
    const bare = Bare.greeted('server', { observer });
    bare.give(bare.headers(1, requestFields('POST', '/'), 0), frame(FrameType.DATA, 1, 1, Buffer.alloc(10_000)));
    assert.deepEqual(record.events, []);
    bare.give(frame(FrameType.RST_STREAM, 0, 1, '00000008'));
    assert.deepEqual(record.events, [`failed ${Http2ErrorCode.CANCEL}`]);
    assert.equal(bare.engine.running, 0);
  });

  test('that nobody waits for the answer to a request, though its Duplex is not read', async () => {
    const bodies: StreamBody[] = [];
    const observer = { stream: (stream: Http2Stream) => void bodies.push(new StreamBody(stream)), closed: () => {} };
    const bare = Bare.greeted('server', { observer });
    bare.give(bare.headers(1, requestFields('POST', '/'), 0), frame(FrameType.DATA, 1, 1, Buffer.alloc(10)));
    const [body] = bodies;
    assert.ok(body);
    body.read(0); // reads what has arrived into the Duplex, and nothing out of it
    bare.give(frame(FrameType.RST_STREAM, 0, 1, '00000008'));
    const [error] = (await once(body, 'error')) as [Http2StreamError];
    assert.equal(error.code, Http2ErrorCode.CANCEL);
    assert.ok(body.destroyed);
  });
});
