import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { Target } from '../../../../src/agent/target/target.js';
import { silentLog } from '../../../../src/core/log.js';
import { deferred } from '../../../support/deferred.js';
import { PROJECT_ROOT } from '../../../support/project-root.js';
import { FakeInbound, type FakeRequest } from '../fake-inbound.js';
import { type Harness, httpTarget, rawTarget } from '../targets.js';

function ask({ target }: Pick<Harness, 'target'>, request: FakeRequest = {}): FakeInbound {
  const stream = new FakeInbound(request);
  target.serve(stream);
  return stream;
}

const SMALL = { headers: ['content-length', '5'], body: 'hello' };

/** A target that does `act` in the body of its second request; `again` resolves when there is a third. */
async function closingTarget(t: TestContext, act: (socket: net.Socket) => void) {
  const bodies: string[] = [];
  const { promise: again, resolve } = deferred<void>();
  let requests = 0;
  const harness = await httpTarget(t, async (request, response) => {
    requests += 1;
    if (requests === 3) resolve();
    if (requests === 2)
      request.once('data', () => act(request.socket)).once('error', () => {}); // as expected
    else {
      bodies.push(await text(request));
      response.end('ok');
    }
  });
  return { harness, bodies, again };
}

/** A target that responds with the number of the connection, after reading the body. */
async function portTarget(t: TestContext) {
  return httpTarget(t, async (request, response) => {
    await text(request);
    response.end(String(request.socket.remotePort));
  });
}

describe('the connections to the target', () => {
  it('are as many as the concurrent requests: none waits for another', async (t) => {
    const waiting: http.ServerResponse[] = [];
    const harness = await httpTarget(t, (_request, response) => {
      waiting.push(response);
      if (waiting.length === 64) for (const held of waiting) held.end('all');
    });
    const answers = await Promise.all(Array.from({ length: 64 }, () => ask(harness).answer()));
    assert.ok(answers.every(({ status, body }) => status === 200 && body === 'all'));
  });

  it('carry the next request after a body of a known length, and after chunks', async (t) => {
    const harness = await portTarget(t);
    const known = { method: 'POST', headers: ['content-length', '5'], body: 'hello' };
    for (const request of [known, { method: 'POST', body: 'hello' }]) {
      const first = (await ask(harness, request).answer()).body;
      assert.equal((await ask(harness).answer()).body, first);
    }
  });

  it('are new for a request that may not be repeated: the target may just have closed the idle one', async (t) => {
    let times = 0;
    const harness = await rawTarget(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      setTimeout(() => socket.destroy(), times % 3); // before, with and after the next request
    });
    for (; times < 100; times += 1) {
      const method = ['POST', 'PUT', 'PATCH', 'DELETE'][times % 4] as string;
      assert.equal((await ask(harness, { method, body: 'hello' }).answer()).body, 'ok');
    }
  });

  for (const method of ['PUT', 'DELETE', 'POST']) {
    it(`that are closed a moment after each response lose no ${method}, and the target receives none twice`, async (t) => {
      const heard: string[] = [];
      const harness = await rawTarget(t, (socket, head) => {
        heard.push(/^\S+ (\S+)/.exec(head)?.[1] ?? '');
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        setTimeout(() => socket.destroy(), 10); // without a response
      });
      const paths = Array.from({ length: 100 }, (_, at) => `/${at}`);
      for (const [at, path] of paths.entries()) {
        const { status } = await ask(harness, { method, path, ...SMALL }).answer();
        assert.equal(status, 200, path);
        await delay(at % 14); // before, with and after the close
      }
      assert.deepEqual(heard, paths);
    });
  }

  it('carry a small PUT, which is sent again completely when its connection was closed before a response', async (t) => {
    const { harness, bodies, again } = await closingTarget(t, (socket) => socket.resetAndDestroy());
    await ask(harness).answer();
    const stream = ask(harness, { method: 'PUT', headers: ['content-length', '10'], body: 'open' });
    stream.far.write('hello');
    await again;
    stream.far.end('world');
    assert.equal((await stream.answer()).body, 'ok');
    assert.deepEqual(bodies, ['', 'helloworld']);
  });

  it('carry a PUT once only when the target had begun to respond', async (t) => {
    const { harness, bodies } = await closingTarget(t, (socket) => socket.end('HTTP/1.1 2'));
    await ask(harness).answer();
    assert.equal((await ask(harness, { method: 'PUT', ...SMALL }).answer()).status, 502);
    assert.deepEqual(bodies, ['']);
  });

  for (const [bytes, isKept] of [
    [16_384, true],
    [16_385, false],
  ] as const) {
    it(`carry a PUT of ${bytes} bytes ${isKept ? 'on an idle one' : 'on a new one'}`, async (t) => {
      const harness = await portTarget(t);
      const idle = (await ask(harness).answer()).body;
      const request = { method: 'PUT', headers: ['content-length', String(bytes)], body: 'x'.repeat(bytes) };
      assert.equal((await ask(harness, request).answer()).body === idle, isKept);
    });
  }

  it('do not become more by that: an idle one is closed', async (t) => {
    const open = new Set<unknown>();
    const harness = await httpTarget(t, async (request, response) => {
      open.add(request.socket);
      request.socket.once('close', () => open.delete(request.socket));
      response.end(await text(request));
    });
    for (let times = 0; times < 10; times += 1) await ask(harness, { method: 'POST', body: 'x' }).answer();
    assert.ok(open.size <= 2, `${open.size} connections`);
  });

  it('are kept while idle up to 256, and no more', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] }); // no connection is closed for its age
    const waiting: http.ServerResponse[] = [];
    const sockets: net.Socket[] = [];
    const harness = await httpTarget(t, (_request, response) => {
      waiting.push(response);
      if (waiting.length === 260) for (const held of waiting) held.end('all');
    });
    const closings = new EventEmitter();
    harness.server.on('connection', (socket: net.Socket) => {
      sockets.push(socket);
      socket.once('close', () => closings.emit('close'));
    });
    await Promise.all(Array.from({ length: 260 }, () => ask(harness).answer()));
    while (sockets.filter((socket) => socket.closed).length < 4) await once(closings, 'close');
    assert.equal(sockets.filter((socket) => !socket.closed).length, 256);
  });

  it('carry the next request after a response that the visitor reads slowly', async (t) => {
    const large = 'x'.repeat(300_000);
    const harness = await httpTarget(t, (request, response) => {
      response.setHeader('x-port', String(request.socket.remotePort));
      response.end(large);
    });
    const ports = new Set<string | undefined>();
    for (let times = 0; times < 3; times += 1) {
      const stream = ask(harness);
      const { headers } = await stream.responded;
      await once(stream.far, 'readable'); // more is held back from now on
      ports.add(headers[headers.indexOf('x-port') + 1]);
      assert.equal((await stream.answer()).body, large);
    }
    assert.equal(ports.size, 1);
  });

  it('carry nothing more when the target responded before it had the whole body', async (t) => {
    const ports: unknown[] = [];
    const harness = await httpTarget(t, (request, response) => {
      ports.push(request.socket.remotePort);
      response.end('early');
    });
    const stream = ask(harness, { method: 'POST', body: 'open' });
    stream.far.write('part');
    assert.equal((await stream.answer()).body, 'early');
    stream.far.end('the rest');
    await once(stream.far, 'finish');
    assert.equal((await ask(harness).answer()).body, 'early');
    assert.equal(new Set(ports).size, 2);
  });

  it('are closed when the target asks for it', async (t) => {
    let connections = 0;
    const harness = await rawTarget(t, (socket) => {
      connections += 1;
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
    });
    for (let times = 1; times <= 2; times += 1) {
      assert.equal((await ask(harness).answer()).body, 'ok');
      assert.equal(connections, times);
    }
  });

  it('are closed after some time idle, before the target would close them', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const sockets: net.Socket[] = [];
    const harness = await rawTarget(t, (socket) => {
      sockets.push(socket);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const now = t.mock.method(performance, 'now', () => 0);
    await ask(harness).answer();
    now.mock.mockImplementation(() => 1_500);
    const [socket] = sockets;
    assert.ok(socket);
    const closed = once(socket, 'close');
    t.mock.timers.tick(1_500);
    await closed;
  });

  it('are not picked after some time idle', async (t) => {
    const harness = await portTarget(t);
    const now = t.mock.method(performance, 'now', () => 0);
    const first = (await ask(harness).answer()).body;
    now.mock.mockImplementation(() => 1_499);
    assert.equal((await ask(harness).answer()).body, first);
    now.mock.mockImplementation(() => 3_000);
    assert.notEqual((await ask(harness).answer()).body, first);
  });

  it('reject a self-signed certificate off loopback', async (t) => {
    const read = (name: string) => readFileSync(join(PROJECT_ROOT, 'test', 'support', 'certificate', name));
    const server = https.createServer({ cert: read('certificate.pem'), key: read('key.pem') }, () =>
      assert.fail('asked'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(`https://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
    // The same server, under an address that does not count as this machine.
    const address = { ...readTargetAddress(url, 'rewrite'), loopback: false, isVerified: true };
    const target = new Target(address, { log: silentLog, record: () => {}, hint: () => {} });
    t.after(() => {
      target.close();
      server.close();
    });
    for (const request of [{}, { protocol: 'websocket' } as const]) {
      const { headers } = await ask({ target }, request).responded;
      assert.equal(headers[0], 'postern-error');
    }
  });

  it('use TLS, and accept a self-signed certificate on loopback', async (t) => {
    const read = (name: string) => readFileSync(join(PROJECT_ROOT, 'test', 'support', 'certificate', name));
    const server = https.createServer(
      { cert: read('certificate.pem'), key: read('key.pem') },
      async (request, response) => {
        response.end(`${await text(request)} by ${request.socket.remotePort}`);
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(`https://localhost:${(server.address() as net.AddressInfo).port}`);
    const target = new Target(readTargetAddress(url, 'rewrite'), { log: silentLog, record: () => {}, hint: () => {} });
    t.after(() => {
      target.close();
      server.closeAllConnections();
      server.close();
    });
    const { body } = await ask({ target }, { method: 'POST', body: 'hello' }).answer();
    assert.match(body, /^hello by \d+$/);
    assert.equal((await ask({ target }).answer()).body, body.replace('hello', ''));
  });
});
