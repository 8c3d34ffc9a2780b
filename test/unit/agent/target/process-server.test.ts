/** A server of this process as the target: no port, and all else as over a socket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { finished } from 'node:stream/promises';
import { describe, it, type TestContext } from 'node:test';
import express from 'express';
import { WebSocketServer } from 'ws';
import { startAgent } from '../../../../src/agent/agent.js';
import { serverAddress } from '../../../../src/agent/target/address.js';
import { ProcessServer, type ServerTarget } from '../../../../src/agent/target/process-server.js';
import { PairedStream } from '../../../../src/agent/target/stream-pair.js';
import { Target } from '../../../../src/agent/target/target.js';
import type { HostHeader } from '../../../../src/core/hostname.js';
import { silentLog } from '../../../../src/core/log.js';
import { FakeInbound, type FakeRequest } from '../fake-inbound.js';

function serve(t: TestContext, server: ServerTarget, hostHeader: HostHeader = 'preserve') {
  const hints: string[] = [];
  const target = new Target(serverAddress(new ProcessServer(server), hostHeader), {
    log: silentLog,
    record: () => {},
    hint: (text) => hints.push(text),
  });
  t.after(() => target.close());
  const ask = (request: FakeRequest = {}) => {
    const stream = new FakeInbound(request);
    target.serve(stream);
    return stream;
  };
  return { ask, target, hints };
}

/** What can be read until the end, which leaves the other direction open. */
async function readable(stream: PairedStream): Promise<string> {
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  await once(stream, 'end');
  return text;
}

/** A pair of streams has no handle that would keep the process. */
function keepAlive(t: TestContext): void {
  const timer = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(timer));
}

describe('a server of this process as the target', () => {
  it('serves requests without listening, on connections that it keeps', async (t) => {
    const sockets = new Set<unknown>();
    const server = http.createServer((request, response) => {
      sockets.add(request.socket);
      response.end(`${request.method} ${request.url} ${request.headers.host} ${request.socket.remoteAddress}`);
    });
    const { ask, target, hints } = serve(t, server);
    await target.probe();
    for (const path of ['/a?b', '/c']) {
      const { status, body } = await ask({ path }).answer();
      assert.deepEqual([status, body], [200, `GET ${path} demo.tunnel.test 127.0.0.1`]);
    }
    assert.deepEqual([server.listening, sockets.size, hints], [false, 1, []]);
  });

  it('may be an Express app, which sees localhost where the host is rewritten', async (t) => {
    const app = express().get('/hello', (request, response) => response.send(`${request.host} ${request.ip}`));
    const { ask } = serve(t, app, 'rewrite');
    assert.equal((await ask({ path: '/hello' }).answer()).body, 'localhost 127.0.0.1');
    assert.equal((await ask({ path: '/else' }).answer()).status, 404);
  });

  it('carries bodies of any size both ways, at the pace of the slower side', async (t) => {
    const { ask } = serve(t, (request, response) => request.pipe(response));
    const size = 3_000_000;
    const stream = ask({ method: 'POST', body: 'x'.repeat(size) });
    assert.equal((await stream.answer()).body.length, size);
  });

  it('stops reading from the app while the visitor does not', async (t) => {
    let written = 0;
    const { ask } = serve(t, (_request, response) => {
      const fill = () => {
        while (response.write('x'.repeat(65_536))) written += 65_536;
      };
      response.on('drain', fill);
      fill();
    });
    const stream = ask();
    await stream.responded;
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    assert.ok(written < 2_000_000, `${written} bytes`);
    stream.leave();
  });

  it('tells the app that a visitor has left', async (t) => {
    const server = http.createServer();
    const { ask } = serve(t, server);
    const stream = ask();
    const [, response] = (await once(server, 'request')) as [unknown, http.ServerResponse];
    response.write('first');
    await stream.responded;
    stream.leave();
    await once(response, 'close');
    assert.equal(response.writableFinished, false);
  });

  it('breaks off with an app that breaks off', async (t) => {
    const { ask } = serve(t, (_request, response) => {
      response.write('first', () => response.destroy());
    });
    const stream = ask();
    await stream.responded;
    await stream.reset;
    const before = serve(t, (request) => request.socket.destroy());
    const { status, headers } = await before.ask().answer();
    assert.deepEqual([status, headers], [502, ['postern-error', 'ERR_TARGET_REFUSED']]);
  });

  it('accepts WebSockets', async (t) => {
    const server = http.createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
    const { ask } = serve(t, server);
    const stream = ask({ protocol: 'websocket', headers: ['sec-websocket-version', '13'] });
    assert.equal((await stream.responded).status, 200);
    stream.far.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])); // a masked text: hi
    const [frame] = (await once(stream.far, 'data')) as [Buffer];
    assert.deepEqual([...frame], [0x81, 2, 0x68, 0x69]);
    stream.leave();
  });

  it('ends connections by the time limits of the server', async (t) => {
    const server = http.createServer(() => {});
    server.setTimeout(20);
    keepAlive(t);
    const { ask } = serve(t, server);
    assert.equal((await ask().answer()).status, 502);
  });

  it('is refused once it was closed', async (t) => {
    const server = http.createServer((_request, response) => response.end());
    const { ask, target, hints } = serve(t, server);
    server.close();
    await once(server, 'close');
    await target.probe();
    assert.match(hints[0] ?? '', /the server of this program was closed/);
    assert.deepEqual((await ask().answer()).headers, ['postern-error', 'ERR_TARGET_REFUSED']);
  });

  it('leaves nothing at a server that goes on', (t) => {
    const server = http.createServer();
    const counts = () => ['close', 'listening'].map((event) => server.listenerCount(event));
    const [closed = 0, listening = 0] = counts();
    const { target } = serve(t, server);
    assert.deepEqual(counts(), [closed + 1, listening + 1]);
    target.close();
    assert.deepEqual(counts(), [closed, listening]);
  });

  it('must be a server of node:http or a function', () => {
    for (const target of [{}, new PairedStream(), null])
      assert.throws(() => startAgent({ edge: 'https://tunnel.test', token: 'x', target: target as never }), {
        code: 'ERR_CONFIG_INVALID',
      });
  });
});

describe('a pair of streams', () => {
  it('ends each direction on its own', async () => {
    const [one, other] = PairedStream.create();
    const ended = Promise.all([finished(one), finished(other)]);
    const [received, returned] = [readable(other), readable(one)];
    one.end('to the other');
    assert.equal(await received, 'to the other');
    assert.equal(other.writable, true);
    other.end('back');
    assert.equal(await returned, 'back');
    await ended;
  });

  it('ends at one end when the other is destroyed, and takes no more there', async () => {
    const [one, other] = PairedStream.create();
    other.resume();
    one.destroy();
    await once(other, 'end');
    const failed = once(other, 'error');
    other.write('x');
    assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, 'EPIPE');
  });

  it('releases a write that waits for an end which is destroyed', async () => {
    const [one, other] = PairedStream.create();
    const failed = once(one, 'error');
    one.write(Buffer.alloc(1_000_000));
    other.destroy();
    assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, 'EPIPE');
  });

  // The timer that it starts, and begins again with each byte; mocked ones cannot begin again.
  it('times out after silence in both directions only', (t) => {
    const idle = { refresh: t.mock.fn(() => idle), unref: () => idle };
    const start = t.mock.method(globalThis, 'setTimeout', () => idle as unknown as NodeJS.Timeout);
    const [one, other] = PairedStream.create();
    let timeouts = 0;
    one.setTimeout(40, () => timeouts++);
    const [over, ms] = start.mock.calls[0]?.arguments ?? [];
    assert.equal(ms, 40);
    one.write('x');
    other.write('x');
    assert.deepEqual([idle.refresh.mock.callCount(), timeouts], [2, 0]);
    over?.();
    assert.equal(timeouts, 1);
    t.mock.restoreAll();
    one.destroy();
    other.destroy();
  });
});
