/** What once held a stream back for ever, or could: each case ends with everything delivered. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { CLIENT_PREFACE } from '../../../src/http2/frame-reader.js';
import { Flag, FrameType } from '../../../src/http2/frame-types.js';
import { SettingId } from '../../../src/http2/settings.js';
import { Bare, type Frame, frame, requestFields } from './peers.js';

const settingsAck = frame(FrameType.SETTINGS, Flag.ACK, 0);

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
    const farBytes = 16_777_216;
    const limits = { streamStartBytes: 65_536, streamMostBytes: farBytes, connectionStartBytes: farBytes };
    const bare = new Bare('server', { limits: { flow: { ...limits, connectionMostBytes: 67_108_864 } } });
    bare.give(CLIENT_PREFACE, frame(FrameType.SETTINGS, 0, 0));
    bare.take();
    bare.nowMs = 2_000; // so far away that the window is as wide as can be
    bare.give(settingsAck);
    const wideBytes = announced(bare.take()) ?? 0;
    bare.give(settingsAck, bare.headers(1, requestFields('POST', '/'), 0));
    for (let at = 0; at < 64; at++) bare.give(frame(FrameType.DATA, 0, 1, Buffer.alloc(16_384)));
    let credit = wideBytes - 64 * 16_384 + updates(bare.take());
    void bare.engine.ping();
    const [ping] = bare.take();
    bare.give(frame(FrameType.PING, Flag.ACK, 0, ping?.payload)); // and then near
    credit += (announced(bare.take()) ?? wideBytes) - wideBytes;
    assert.ok(credit < 0, 'the peer may not send any more');
    bare.give(settingsAck);
    assert.ok(credit + updates(bare.take()) > 0, 'all was read, so the peer may send again');
  });
});
