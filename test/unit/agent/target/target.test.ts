import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type net from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { Target } from '../../../../src/agent/target/target.js';
import { silentLog } from '../../../../src/core/log.js';
import { freePort } from '../../../support/free-port.js';
import { FakeInbound, type FakeRequest } from '../fake-inbound.js';
import { type Harness, httpTarget, rawTarget } from '../targets.js';

function ask({ target }: Harness, request: FakeRequest = {}): FakeInbound {
  const stream = new FakeInbound(request);
  target.serve(stream);
  return stream;
}

/** A target that exposes its next request. */
function onceAsked(): {
  listener: (request: IncomingMessage, response: ServerResponse) => void;
  asked: Promise<[IncomingMessage, ServerResponse]>;
} {
  let resolve: (pair: [IncomingMessage, ServerResponse]) => void;
  const asked = new Promise<[IncomingMessage, ServerResponse]>((settle) => {
    resolve = settle;
  });
  return { listener: (request, response) => resolve([request, response]), asked };
}

describe('a request to the target', () => {
  it('keeps method, path bytes, headers and body, and returns the response', async (t) => {
    const harness = await httpTarget(t, async (request, response) => {
      const body = await text(request);
      response.writeHead(201, [
        'X-Seen',
        `${request.method} ${request.url}`,
        'X-Two',
        '1',
        'X-Two',
        '2',
        'X-Raw',
        request.rawHeaders.slice(2, 6).join(),
      ]);
      response.end(`got ${body}`);
    });
    const path = '/a%2Fb//c;x/../%C3%a9?q=%zz&r';
    const answer = await ask(harness, { method: 'PUT', path, headers: ['B', '1', 'a', '2'], body: 'hello' }).answer();
    assert.equal(answer.status, 201);
    assert.equal(answer.body, 'got hello');
    assert.deepEqual(answer.headers.slice(0, 8), [
      'x-seen',
      `PUT ${path}`,
      'x-two',
      '1',
      'x-two',
      '2',
      'x-raw',
      'B,1,A,2',
    ]);
    assert.equal(harness.records.length, 1);
    const [record] = harness.records;
    assert.deepEqual([record?.method, record?.path, record?.status, record?.aborted], ['PUT', path, 201, false]);
  });

  it('spells header names in the usual HTTP/1.1 case', async (t) => {
    const heads: string[] = [];
    const harness = await rawTarget(t, (socket, head) => {
      heads.push(head);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const headers = ['content-type', 'a/b', 'if-none-match', '*', 'x-request-id', '1', 'dnt', '1', 'te', 'trailers'];
    await ask(harness, { method: 'POST', headers, body: 'x' }).answer();
    const names = heads[0]
      ?.split('\r\n')
      .slice(1, -2)
      .map((line) => line.split(':')[0]);
    const ours = ['Transfer-Encoding', 'Connection'];
    assert.deepEqual(names, ['Host', 'Content-Type', 'If-None-Match', 'X-Request-Id', 'DNT', ...ours]);
  });

  it('is recorded with the email that the edge verified', async (t) => {
    const harness = await httpTarget(t, (_request, response) => response.end());
    await ask(harness, { headers: ['x-forwarded-email', 'zo%C3%AB@acme.com'] }).answer();
    await ask(harness, { headers: ['x-forwarded-email', '%zz'] }).answer();
    await ask(harness).answer();
    assert.deepEqual(
      harness.records.map((record) => record.email),
      ['zo\xeb@acme.com', '%zz', undefined],
    );
  });

  it('goes to the configured target, regardless of its authority', async (t) => {
    const seen: unknown[] = [];
    const harness = await httpTarget(t, (request, response) => {
      seen.push(request.url, request.headers.host);
      response.end();
    });
    for (const path of ['//169.254.169.254/latest', '/@evil/', '/http://evil/']) {
      await ask(harness, { path, authority: '169.254.169.254', headers: ['host', 'evil.test'] }).answer();
      assert.deepEqual(seen.splice(0), [path, `127.0.0.1:${harness.port}`]);
    }
  });

  it('is rejected when its path is not in origin form', async (t) => {
    const harness = await httpTarget(t, () => assert.fail('reached the target'));
    for (const path of ['*', '', 'http://evil/', 'x', '@evil/', '/a b', '/a\r\nx: y', '/\u0161', '/\0']) {
      const { status, headers } = await ask(harness, { path }).answer();
      assert.deepEqual([status, headers], [400, ['postern-error', 'ERR_BAD_REQUEST']], path);
    }
    const { headers } = await ask(harness, { method: 'CONNECT' }).answer();
    assert.deepEqual(headers, ['postern-error', 'ERR_METHOD_REFUSED']);
    const { status } = await ask(harness, { method: 'GE T' }).answer();
    assert.equal(status, 400);
  });

  it('is rejected when HTTP/1.1 cannot carry its headers', async (t) => {
    const harness = await httpTarget(t, () => assert.fail('reached the target'));
    for (const headers of [
      ['x', 'a\r\nb: c'],
      ['x', 'a\0'],
      ['x', '\u0161'],
      ['a b', '1'],
    ]) {
      const answer = await ask(harness, { headers }).answer();
      assert.deepEqual([answer.status, answer.headers], [400, ['postern-error', 'ERR_BAD_REQUEST']]);
    }
  });

  it('frames a body by its declared length, and rejects a body of another length', async (t) => {
    const bodies: string[] = [];
    const harness = await httpTarget(t, async (request, response) => {
      const body = await text(request).catch(() => 'cut');
      bodies.push(`${request.headers['content-length']} ${request.headers['transfer-encoding']} ${body}`);
      response.end();
    });
    await ask(harness, { method: 'POST', headers: ['content-length', '5'], body: 'hello' }).answer();
    assert.deepEqual(bodies, ['5 undefined hello']);
    for (const length of ['4', '6', '0']) {
      const answer = await ask(harness, {
        method: 'POST',
        headers: ['content-length', length],
        body: 'hello',
      }).answer();
      assert.deepEqual([answer.status, answer.headers], [400, ['postern-error', 'ERR_BAD_REQUEST']]);
    }
  });

  it('frames the body of a GET explicitly, and sends a length of zero for a POST without a body', async (t) => {
    const heads: string[] = [];
    const harness = await rawTarget(t, (socket, head) => {
      heads.push(head);
      socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    });
    await ask(harness, { method: 'GET', body: 'x' }).answer();
    await ask(harness, { method: 'POST' }).answer();
    await ask(harness, { method: 'GET' }).answer();
    assert.match(heads[0] ?? '', /\r\nTransfer-Encoding: chunked\r\n/);
    assert.match(heads[1] ?? '', /\r\nContent-Length: 0\r\n/);
    assert.doesNotMatch(heads[2] ?? '', /content-length|transfer-encoding/i);
  });

  it('streams an upload and a download at the same time', async (t) => {
    const harness = await httpTarget(t, (request, response) => {
      response.flushHeaders();
      request.pipe(response);
    });
    const stream = ask(harness, { method: 'POST', body: 'open' });
    assert.equal((await stream.responded).status, 200);
    for (const piece of ['one', 'two']) {
      stream.far.write(piece);
      const [echoed] = await once(stream.far, 'data');
      assert.equal(String(echoed), piece);
    }
    stream.far.end();
    await once(stream.far, 'end');
  });

  it('holds a fast target back while the visitor does not read', async (t) => {
    const { listener, asked } = onceAsked();
    const harness = await httpTarget(t, listener);
    const stream = ask(harness);
    const [, response] = await asked;
    const chunk = Buffer.alloc(1 << 20);
    let sent = 0;
    while (response.write(chunk)) sent += 1;
    for (; sent < 64; sent += 1) response.write(chunk);
    response.end();
    await stream.responded;
    await once(stream.far, 'readable');
    assert.ok(stream.far.readableLength < 1 << 20);
    assert.equal((await buffer(stream.far)).length, (sent + 1) << 20);
  });

  it('passes trailers both ways', async (t) => {
    const harness = await httpTarget(t, async (request, response) => {
      response.write(await text(request));
      response.addTrailers([
        ['X-Sum', String(request.trailers['x-sum'])],
        ['Set-Cookie', 'a=b'],
      ] as never);
      response.end();
    });
    const stream = ask(harness, { method: 'POST', body: 'open' });
    stream.far.write('body');
    stream.endWithTrailers(['x-sum', '42', 'x-forwarded-email', 'eve@evil.test', 'cookie', 'a=b']);
    const answer = await stream.answer();
    assert.equal(answer.body, 'body');
    assert.deepEqual(answer.trailers, ['x-sum', '42']);
  });

  it('passes informational heads on, in order', async (t) => {
    const harness = await httpTarget(t, (_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('x');
    });
    const stream = ask(harness);
    assert.equal((await stream.answer()).status, 200);
    assert.deepEqual(stream.heads, [
      { status: 102, headers: [] },
      { status: 103, headers: ['link', '</a.css>; rel=preload'] },
    ]);
  });

  it('passes Expect and the 100 for it, or a final response instead', async (t) => {
    const harness = await httpTarget(t, (_request, response) => response.end());
    harness.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/no') return void response.writeHead(417).end();
      response.writeContinue();
      text(request).then((body) => response.end(body));
    });
    const expecting = { method: 'POST', headers: ['expect', '100-continue'], body: 'open' } as const;
    const stream = ask(harness, expecting);
    stream.far.end('hello');
    assert.equal((await stream.answer()).body, 'hello');
    assert.deepEqual(stream.heads, [{ status: 100, headers: [] }]);
    const refused = ask(harness, { ...expecting, path: '/no' });
    assert.equal((await refused.responded).status, 417);
  });

  it('keeps bytes above 0x7F in path and headers, with a body and with Expect', async (t) => {
    const harness = await rawTarget(t, (socket, head) => {
      const raw = /^PUT (\S+)[\s\S]*\r\nX: (\S+)/.exec(head);
      if (raw === null) return;
      if (head.includes('\r\nExpect: 100-continue\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      socket.end(`HTTP/1.1 200 OK\r\n\r\n${raw[1]} ${raw[2]}`, 'latin1');
    });
    for (const expect of [[], ['expect', '100-continue']]) {
      const headers = ['x', '\xe9', ...expect, 'content-length', '5'];
      const stream = ask(harness, { method: 'PUT', path: '/\xc3\xa9', headers, body: 'hello' });
      assert.equal((await stream.answer()).body, '/\xc3\xa9 \xe9');
      assert.deepEqual(stream.heads, expect.length === 0 ? [] : [{ status: 100, headers: [] }]);
    }
  });

  it('ends HEAD, 204 and 304 with their head', async (t) => {
    const harness = await httpTarget(t, (request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { 'content-length': 5 }).end();
    });
    const head = await ask(harness, { method: 'HEAD', path: '/200' }).responded;
    assert.deepEqual([head.endOfBody, head.headers.slice(0, 2)], [true, ['content-length', '5']]);
    assert.equal((await ask(harness, { path: '/304' }).responded).endOfBody, true);
    const empty = await ask(harness, { path: '/204' }).responded;
    assert.equal(empty.endOfBody, true);
    assert.equal(empty.headers.includes('content-length'), false);
  });

  it('does not follow redirects', async (t) => {
    const harness = await httpTarget(t, (_request, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    );
    const { status, headers } = await ask(harness).answer();
    assert.deepEqual([status, headers.slice(0, 2)], [302, ['location', 'http://169.254.169.254/']]);
  });

  it('reuses a connection for the next request', async (t) => {
    const harness = await httpTarget(t, (request, response) => response.end(String(request.socket.remotePort)));
    const first = (await ask(harness).answer()).body;
    assert.equal((await ask(harness).answer()).body, first);
  });

  it('finds a target that listens on either address of localhost', async (t) => {
    const harness = await httpTarget(t, (_request, response) => response.end('v4'), { url: 'http://localhost:PORT' });
    assert.equal((await ask(harness).answer()).body, 'v4');
  });
});

describe('a request that ends early', () => {
  it('ends at the target when the visitor disconnects before the response', async (t) => {
    const { listener, asked } = onceAsked();
    const harness = await httpTarget(t, listener);
    const stream = ask(harness);
    const [, response] = await asked;
    stream.leave();
    await once(response, 'close');
    assert.deepEqual(
      harness.records.map(({ status, aborted }) => [status, aborted]),
      [[499, true]],
    );
  });

  it('ends at the target when the visitor disconnects during upload or download', async (t) => {
    const { listener, asked } = onceAsked();
    const harness = await httpTarget(t, listener);
    const stream = ask(harness, { method: 'POST', body: 'open' });
    stream.far.write('part');
    const [request, response] = await asked;
    request.on('error', () => {});
    response.write('part');
    await stream.responded;
    stream.leave();
    await once(response, 'close');
    assert.equal(request.complete, false);
    assert.deepEqual(
      harness.records.map(({ status, aborted }) => [status, aborted]),
      [[200, true]],
    );
  });

  it('is whole when it is an event stream, which ends when the visitor leaves', async (t) => {
    const { listener, asked } = onceAsked();
    const harness = await httpTarget(t, listener);
    const left = ask(harness);
    const [, response] = await asked;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
    await left.responded;
    left.leave();
    await once(response, 'close');
    assert.deepEqual(
      harness.records.map(({ status, aborted }) => [status, aborted]),
      [[200, false]],
    );
  });

  it('keeps an early response although the target stops reading the upload', async (t) => {
    const harness = await rawTarget(t, (socket) => {
      socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge', () =>
        socket.destroy(),
      );
    });
    const stream = ask(harness, { method: 'POST', body: 'open' });
    stream.far.write(Buffer.alloc(1 << 20));
    const answer = await stream.answer();
    assert.deepEqual([answer.status, answer.body], [413, 'large']);
    stream.far.end(Buffer.alloc(4 << 20));
    await once(stream.far, 'finish');
  });

  it('is a reset, not a short response, when the target breaks off', async (t) => {
    for (const head of ['Content-Length: 20\r\n', 'Transfer-Encoding: chunked\r\n']) {
      let target: net.Socket | undefined;
      const harness = await rawTarget(t, (socket) => {
        target = socket;
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n4\r\npart\r\n`);
      });
      const stream = ask(harness);
      stream.far.resume();
      await stream.responded;
      target?.resetAndDestroy();
      await stream.reset;
      assert.deepEqual(
        harness.records.map(({ status, aborted }) => [status, aborted]),
        [[200, true]],
      );
    }
  });
});

describe('a response that was sent completely', () => {
  it('is not recorded as aborted when the visitor disconnects afterwards', async (t) => {
    const harness = await httpTarget(t, (_request, response) => response.end('all'));
    const stream = ask(harness);
    assert.equal((await stream.answer()).body, 'all');
    stream.leave();
    assert.deepEqual(
      harness.records.map(({ status, aborted }) => [status, aborted]),
      [[200, false]],
    );
  });
});

describe('a target that fails', () => {
  it('is ERR_TARGET_REFUSED when nothing listens', async (t) => {
    const port = await freePort();
    for (const url of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      const target = new Target(readTargetAddress(new URL(url), 'rewrite'), {
        log: silentLog,
        record: () => {},
        hint: () => {},
      });
      t.after(() => target.close());
      const stream = new FakeInbound({ method: 'POST', body: 'hello' });
      target.serve(stream);
      const { status, headers, body } = await stream.answer();
      assert.deepEqual([status, headers, body], [502, ['postern-error', 'ERR_TARGET_REFUSED'], '']);
    }
  });

  it('is ERR_TARGET_REFUSED when it closes or resets without a response', async (t) => {
    for (const end of [(socket: net.Socket) => socket.end(), (socket: net.Socket) => socket.resetAndDestroy()]) {
      const harness = await rawTarget(t, end);
      assert.deepEqual((await ask(harness).answer()).headers, ['postern-error', 'ERR_TARGET_REFUSED']);
    }
  });

  it('is ERR_TARGET_TIMEOUT when no connection is established in time', async (t) => {
    const mute = await rawTarget(t, () => {}, { url: 'https://127.0.0.1:PORT', connectTimeoutMs: 20 });
    const { status, headers } = await ask(mute).answer();
    assert.deepEqual([status, headers], [504, ['postern-error', 'ERR_TARGET_TIMEOUT']]);
  });

  it('receives a request without a body again when it closed the idle connection', async (t) => {
    let answers = 0;
    const harness = await rawTarget(t, (socket) => {
      answers += 1;
      if (answers === 2) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    await ask(harness).answer();
    assert.equal((await ask(harness).answer()).body, 'ok');
    assert.equal(answers, 3);
  });

  it('never receives a body, or a POST, twice', async (t) => {
    for (const request of [{ method: 'POST' }, { method: 'PUT', body: 'x' }]) {
      let answers = 0;
      const harness = await rawTarget(t, (socket) => {
        answers += 1;
        if (answers === 2) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
      await ask(harness).answer();
      assert.deepEqual((await ask(harness, request).answer()).headers, ['postern-error', 'ERR_TARGET_REFUSED']);
      assert.equal(answers, 2);
    }
  });
});
