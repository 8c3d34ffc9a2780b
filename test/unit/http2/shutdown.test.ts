/** How a connection ends (RFC 9113 section 6.8), between two engines. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import { Bare, engines, frame, Record, requestFields } from './peers.js';

/** The first of two GOAWAY: nothing is lost yet. */
const NOTICE = frame(FrameType.GOAWAY, 0, 0, '7fffffff00000000');

describe('a graceful shutdown', () => {
  it('of a client follows the requests that it has opened before: a server without streams ends at once', () => {
    const arrived: string[] = [];
    const { client, server, closed, settle } = engines((stream, fields) => {
      arrived.push(fields[7] as string);
      stream.sendHeaders([':status', '204'], { endStream: true });
      return new Record();
    });
    settle();
    const responses = ['/one', '/two'].map((path) => {
      const response = new Record();
      client.request(requestFields('GET', path), { endStream: true }).observe(response);
      return response;
    });
    client.drain();
    settle();
    assert.deepEqual(arrived, ['/one', '/two']);
    assert.deepEqual(
      responses.map(({ fields, error }) => [fields[1], error]),
      [
        ['204', undefined],
        ['204', undefined],
      ],
    );
    assert.deepEqual(closed, { client: 'whole', server: 'whole' });
    assert.ok(server.isClosed);
  });

  // Otherwise the server would say in its final GOAWAY that it has not seen the request (RFC 9113 section 6.8).
  it('of a server hears from a client that it knows of it only behind the requests of before', () => {
    const bare = Bare.greeted('client');
    bare.engine.request(requestFields('GET', '/late'), { endStream: true }).observe(new Record());
    bare.give(NOTICE, frame(FrameType.PING, 0, 0, '0000000000000001'));
    assert.deepEqual(
      bare.take().map(({ type }) => type),
      [FrameType.HEADERS, FrameType.PING],
    );
  });

  it('of a server hears so also when these requests wait for room behind an upload', () => {
    const bare = Bare.greeted('client');
    bare.give(frame(FrameType.SETTINGS, 0, 0, '00047fffffff'), frame(FrameType.WINDOW_UPDATE, 0, 0, '7fff0000'));
    bare.take();
    bare.holdBack();
    const upload = bare.engine.request(requestFields('PUT', '/upload'), { endStream: false });
    upload.observe(new Record());
    upload.write(Buffer.alloc(4_000_000));
    const before = bare.take();
    bare.engine.request(requestFields('GET', '/late'), { endStream: true }).observe(new Record());
    bare.give(NOTICE, frame(FrameType.PING, 0, 0, '0000000000000001'));
    assert.deepEqual(bare.take(), []);
    bare.engine.sent(before.reduce((bytes, { payload }) => bytes + 9 + payload.length, 0));
    const heads = bare.take().filter(({ type }) => type !== FrameType.DATA);
    assert.deepEqual(
      heads.map(({ type }) => type),
      [FrameType.HEADERS, FrameType.PING],
    );
  });

  it('of a server serves what was on its way, and tells its owner when nothing more can be', () => {
    const told: string[] = [];
    const bare = Bare.greeted('server', {
      observer: {
        stream: (stream, fields) => {
          told.push(fields[7] as string);
          stream.observe(new Record());
          stream.sendHeaders([':status', '204'], { endStream: true });
        },
        finalGoaway: () => told.push('no more'),
        closed: () => told.push('closed'),
      },
    });
    bare.engine.drain();
    const ping = bare.take().find(({ type }) => type === FrameType.PING);
    bare.give(bare.headers(1, requestFields('GET', '/late')));
    bare.give(frame(FrameType.PING, FrameFlag.ACK, 0, ping?.payload.toString('hex')));
    bare.give(bare.headers(3, requestFields('GET', '/too-late')));
    assert.deepEqual(told, ['/late', 'no more', 'closed']);
  });
});
