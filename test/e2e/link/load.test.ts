/**
 * Many requests on the links at once. Nothing is mixed between tunnels or visitors, nobody who is slow holds
 * up another visitor or fills a memory, and a visitor who leaves is gone at the target too.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { HostileEdge } from '../../support/hostile-edge.js';
import { inWorld } from '../../support/in-world.js';
import { knock } from '../../support/knock.js';
import { startTarget, type Target } from '../../support/target.js';
import type { Echo } from '../../support/target-paths.js';
import { patternBytes } from '../../support/target-paths.js';
import { Transcript } from '../../support/transcript.js';

// More than all windows and buffers on the way hold together, far less than what would be sent.
const MAX_ON_THE_WAY_BYTES = 64_000_000;
const ENDLESS_BYTES = 1_000_000_000;

describe('many requests at once', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let other: Target;
  let otherUrl: string;

  before(async () => {
    other = await startTarget();
    otherUrl = world.urlOf('dev-other');
    await world.startAgent({ name: 'dev-other', targetUrl: other.url });
    assert.equal((await ana.open(`${otherUrl}/`)).status, 200);
  });
  after(async () => {
    await other?.close();
  });

  test('I11 bodies, answers, paths and headers of two tunnels and forty visits are never mixed', async () => {
    const visits = Array.from({ length: 40 }, async (_, at) => {
      const url = at % 2 === 0 ? world.url : otherUrl;
      const body = Buffer.alloc(100_000 + at, `visit ${at} `);
      const headers = { 'x-visit': String(at), cookie: `${ana.jar.header(new URL(url))}; visit=${at}` };
      const echo = (await ana.fetch(`${url}/upload?${at}`, { method: 'POST', body, headers })).json() as Echo;
      const download = await ana.fetch(`${url}/bytes?n=${200_000 + at}&chunked`);
      return { at, url, echo, download };
    });
    for (const { at, url, echo, download } of await Promise.all(visits)) {
      const value = (name: string) => echo.rawHeaders[echo.rawHeaders.findIndex((it) => it.toLowerCase() === name) + 1];
      const sent = createHash('sha256')
        .update(Buffer.alloc(100_000 + at, `visit ${at} `))
        .digest('hex');
      assert.equal(echo.bodySha256, sent, `upload ${at}`);
      assert.deepEqual(
        [echo.url, value('x-visit'), value('cookie'), value('x-forwarded-host')],
        [`/upload?${at}`, String(at), `visit=${at}`, new URL(url).host],
      );
      assert.ok(download.bytes.equals(Buffer.concat([...patternBytes(200_000 + at)])), `download ${at}`);
    }
    const reached = (await other.seen()).filter(({ url }) => url.startsWith('/upload?')).map(({ url }) => url);
    assert.deepEqual(
      reached.filter((url) => Number(url.slice('/upload?'.length)) % 2 === 0),
      [],
      'a request of the one tunnel reached the target of the other',
    );
    assert.equal(reached.length, 20);
  });

  test('I12 two hundred small requests pass a large download that nobody reads, and one that is read', async () => {
    const unread = await ana.stream(`${world.url}/bytes?n=${ENDLESS_BYTES}`);
    const read = await ana.stream(`${world.url}/bytes?n=${ENDLESS_BYTES}`);
    const order: string[] = [];
    read.body.once('end', () => order.push('download'));
    read.body.resume();
    const small = Array.from({ length: 200 }, (_, at) =>
      ana.fetch(`${world.url}/small/${at}`).then(({ status }) => order.push(`small ${status}`)),
    );
    await Promise.all(small);
    assert.deepEqual(order, Array(200).fill('small 200'));
    for (const { body } of [unread, read]) {
      assert.equal(body.readableEnded, false);
      body.destroy();
    }
  });

  describe('I13', () => {
    let server: Server;
    let socket: Socket;
    let url: string;

    before(async () => {
      server = createServer((request, response) => {
        socket = request.socket;
        if (request.url === '/fast')
          response.writeHead(200, { 'Content-Length': ENDLESS_BYTES }).write('x'); // the rest by hand
        else if (request.url !== '/slow') response.end('signed in');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = world.urlOf('dev-flow');
      await world.startAgent({
        name: 'dev-flow',
        targetUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      });
      assert.equal((await ana.open(`${url}/`)).text, 'signed in');
    });
    after(() => {
      server?.closeAllConnections();
      server?.close();
    });

    /** Writes until a hundred small requests have passed elsewhere without a byte more having left. */
    async function pour(into: Socket): Promise<number> {
      const chunk = Buffer.alloc(65_536, 'x');
      let last = -1;
      for (let still = 0; still < 5; ) {
        assert.ok(into.writable, 'the connection ended');
        while (into.bytesWritten - into.writableLength < ENDLESS_BYTES && into.writableLength < 1_000_000)
          into.write(chunk);
        await Promise.all(Array.from({ length: 20 }, (_, at) => ana.fetch(`${otherUrl}/pour/${at}`)));
        const left = into.bytesWritten - into.writableLength;
        still = left === last ? still + 1 : 0;
        last = left;
        if (left > MAX_ON_THE_WAY_BYTES) break;
      }
      return last;
    }

    test('I13 a visitor who does not read holds the target back, and no memory fills', async () => {
      const cookie = ana.jar.header(new URL(url));
      const visitor = connect(world.port, '127.0.0.1');
      visitor.pause();
      visitor.write(`GET /fast HTTP/1.1\r\nHost: ${new URL(url).host}\r\nCookie: ${cookie}\r\n\r\n`);
      await once(server, 'request');
      const passed = await pour(socket);
      assert.ok(passed < MAX_ON_THE_WAY_BYTES, `${passed} bytes are on the way`);
      const closed = new Promise((resolve) => socket.once('close', resolve)); // also after a reset
      visitor.destroy();
      await closed;
    });

    test('I13 a target that does not read holds the visitor back, and no memory fills', async () => {
      const cookie = ana.jar.header(new URL(url));
      const visitor = connect(world.port, '127.0.0.1');
      visitor.on('error', () => {}); // reset by the side that gives up first
      const head = `POST /slow HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Length: ${ENDLESS_BYTES}\r\nCookie: ${cookie}\r\n\r\n`;
      visitor.write(head);
      await once(server, 'request');
      const passed = await pour(visitor);
      assert.ok(passed < MAX_ON_THE_WAY_BYTES, `${passed} bytes are on the way`);
      visitor.destroy();
    });
  });

  test('I14 neither end of a link compresses it', async () => {
    const offered = { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' };
    const { answer, link } = await knock(world, { token: await world.token(), name: 'dev-zip', headers: offered });
    assert.equal(answer.headers['sec-websocket-extensions'], undefined);
    assert.equal(link.extensions, '');
    link.terminate();
    const edge = await HostileEdge.start();
    edge.agentFor(world.target.url);
    await edge.link();
    assert.equal(edge.offers[0]?.headers['sec-websocket-extensions'], undefined);
    await edge.close();
  });

  for (const [what, path, until] of [
    ['a download', '/bytes?n=1000000000&', '1 1 1'],
    ['a stream of events', '/sse?key=never&', 'event 0'],
    ['an answer that has only begun', '/hang-after-head?', 'half'],
  ] as const) {
    test(`I15 a visitor who leaves ${what} ends it at the target, twenty times`, async () => {
      for (let at = 0; at < 20; at++) {
        const { body } = await ana.stream(`${world.url}${path}left=${at}`);
        await new Transcript(body).says(until);
        body.destroy();
        await world.target.event('aborted', `${path}left=${at}`);
      }
    });
  }

  test('I15 a visitor who leaves an upload ends it at the target, twenty times', async () => {
    for (let at = 0; at < 20; at++) {
      const upload = new PassThrough();
      upload.write('the beginning');
      const options = { method: 'POST', body: upload };
      const { body, request } = await ana.stream(`${world.url}/mirror?left=${at}`, 'fetch', options);
      await new Transcript(body).says('the beginning');
      request.destroy();
      await world.target.event('aborted', `/mirror?left=${at}`);
    }
  });

  // As nginx and Go's net/http decide: a tab that is closed says FIN too, and nothing more until something is written to it.
  for (const [what, path] of [
    ['before the response', '/hang?half-closed'],
    ['in the middle of it', '/hang-after-head?half-closed'],
  ] as const) {
    test(`I15 a visitor who half-closes (FIN behind a whole request) has left, ${what}`, async () => {
      const { host } = new URL(world.url);
      const socket = connect({ port: world.port, host: '127.0.0.1', allowHalfOpen: true });
      const closed = once(socket.resume(), 'close');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${ana.jar.header(new URL(world.url))}\r\n\r\n`);
      await world.target.event('request', path);
      socket.end();
      await world.target.event('aborted', path);
      await closed;
    });
  }

  test('I15 a visitor who leaves a WebSocket ends it at the target', async () => {
    const socket = await ana.socket(`${world.url.replace('http', 'ws')}/ws?left`);
    assert.equal(socket.readyState, WebSocket.OPEN);
    socket.terminate();
    await world.target.event('socket-closed', '/ws?left');
  });
});
