import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type net from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { FakeInbound, type FakeRequest } from '../fake-inbound.js';
import { type Harness, httpTarget, rawTarget } from '../targets.js';

const VERSION = ['sec-websocket-version', '13'];

function open({ target }: Harness, request: FakeRequest = {}): FakeInbound {
  const stream = new FakeInbound({ protocol: 'websocket', headers: VERSION, path: '/ws?x=1', ...request });
  target.serve(stream);
  return stream;
}

function acceptOf(head: string): string {
  const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1] ?? '';
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

function accepted(head: string, more = ''): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(head)}\r\n${more}\r\n`;
}

describe('a WebSocket at the target', () => {
  it('is opened with a key of the agent and accepted with what the target chose', async (t) => {
    const heads: string[] = [];
    const harness = await rawTarget(t, (socket, head) => {
      heads.push(head);
      socket.write(
        `${accepted(head, 'Sec-WebSocket-Protocol: vite-hmr\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSet-Cookie: a=b\r\n')}first`,
      );
    });
    const stream = open(harness, {
      headers: [
        ...VERSION,
        'sec-websocket-protocol',
        'vite-hmr, x',
        'sec-websocket-key',
        'visitors',
        'origin',
        'https://demo.tunnel.test',
        'cookie',
        'c=d',
      ],
    });
    const { status, headers } = await stream.responded;
    assert.equal(status, 200);
    assert.deepEqual(headers, [
      'sec-websocket-protocol',
      'vite-hmr',
      'sec-websocket-extensions',
      'permessage-deflate',
      'set-cookie',
      'a=b',
    ]);
    const [bytes] = await once(stream.far, 'data');
    assert.equal(String(bytes), 'first');
    assert.match(heads[0] ?? '', /^GET \/ws\?x=1 HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/);
    assert.match(
      heads[0] ?? '',
      /\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: vite-hmr, x\r\nOrigin: http:\/\/127\.0\.0\.1:\d+\r\nCookie: c=d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: /,
    );
    assert.equal(heads[0]?.includes('visitors'), false);
    assert.deepEqual(
      harness.records.map(({ method, status: code, aborted }) => [method, code, aborted]),
      [['GET', 101, false]],
    );
  });

  it('carries bytes both ways and ends each direction on its own', async (t) => {
    let received: Promise<string> | undefined;
    let target: net.Socket | undefined;
    const harness = await rawTarget(t, (socket, head) => {
      target = socket;
      socket.removeAllListeners('data');
      socket.write(accepted(head));
      socket.end('last words');
      received = text(socket);
    });
    const stream = open(harness);
    await stream.responded;
    assert.equal(await stream.text(), 'last words');
    stream.far.end('after the end');
    assert.equal(await received, 'after the end');
    assert.ok(target);
    if (!target.closed) await once(target, 'close');
  });

  it('works with a real server: subprotocol, echo, close code', async (t) => {
    const harness = await httpTarget(t, (_request, response) => response.end());
    const sockets = new WebSocketServer({ server: harness.server, handleProtocols: () => 'chat' });
    t.after(() => sockets.close());
    const stream = open(harness, { headers: [...VERSION, 'sec-websocket-protocol', 'chat'] });
    const [socket] = await once(sockets, 'connection');
    assert.deepEqual((await stream.responded).headers, ['sec-websocket-protocol', 'chat']);
    socket.close(4321, 'bye');
    let frame = Buffer.alloc(0);
    while (frame.length < 4) frame = Buffer.concat([frame, (await once(stream.far, 'data'))[0] as Buffer]);
    assert.equal(frame.readUInt16BE(2), 4321);
    stream.leave();
    await once(socket, 'close');
  });

  it('ends at the target when the visitor disconnects, before and after it is accepted', async (t) => {
    for (const answers of [true, false]) {
      let reached: (socket: net.Socket) => void = () => {};
      const arrived = new Promise<net.Socket>((resolve) => {
        reached = resolve;
      });
      const harness = await rawTarget(t, (socket, head) => {
        if (answers) socket.write(accepted(head));
        reached(socket);
      });
      const stream = open(harness);
      const socket = await arrived;
      if (answers) await stream.responded;
      const closed = once(socket, 'close');
      stream.leave();
      await closed;
      assert.deepEqual(
        harness.records.map(({ status }) => status),
        [answers ? 101 : 499],
      );
    }
  });

  it('is a reset when the target resets the connection', async (t) => {
    let target: net.Socket | undefined;
    const harness = await rawTarget(t, (socket, head) => {
      target = socket;
      socket.write(accepted(head));
    });
    const stream = open(harness);
    await stream.responded;
    target?.resetAndDestroy();
    await stream.reset;
  });

  it('is cut when the agent closes', async (t) => {
    const harness = await rawTarget(t, (socket, head) => socket.write(accepted(head)));
    const stream = open(harness);
    await stream.responded;
    harness.target.closeLongLived();
    await stream.reset;
  });
});

describe('a WebSocket that the target does not open', () => {
  it('passes the response on: status, headers and body', async (t) => {
    for (const status of [302, 400, 403, 426, 503]) {
      const harness = await rawTarget(t, (socket) => {
        socket.end(`HTTP/1.1 ${status} X\r\nSec-WebSocket-Version: 13\r\nContent-Length: 2\r\n\r\nno`);
      });
      const response = await open(harness, { headers: ['sec-websocket-version', '777'] }).answer();
      assert.deepEqual([response.status, response.headers.slice(0, 2), response.body], [status, VERSION, 'no']);
    }
  });

  it('is never accepted by a 2xx response, nor by a wrong Sec-WebSocket-Accept', async (t) => {
    const rows = [
      () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
      () => 'HTTP/1.1 204 No Content\r\n\r\n',
      () => 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: bm8=\r\n\r\n',
      () => 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      (head: string) => accepted(head).replace('WebSocket', 'h2c'),
      (head: string) => accepted(head, `Sec-WebSocket-Accept: ${acceptOf(head)}\r\n`),
      (head: string) => accepted(head).replace('Upgrade: WebSocket\r\n', ''),
      () => 'garbage\r\n\r\n',
    ];
    for (const row of rows) {
      let closed: Promise<void> | undefined;
      const harness = await rawTarget(t, (socket, head) => {
        closed = new Promise((resolve) => socket.once('close', resolve));
        socket.write(row(head));
      });
      const { status, headers } = await open(harness).answer();
      assert.deepEqual([status, headers], [502, ['postern-error', 'ERR_TARGET_PROTOCOL']], row(''));
      await closed;
    }
  });

  it('is ERR_TARGET_REFUSED when the target closes', async (t) => {
    const harness = await rawTarget(t, (socket) => socket.end());
    assert.deepEqual((await open(harness).answer()).headers, ['postern-error', 'ERR_TARGET_REFUSED']);
  });
});
