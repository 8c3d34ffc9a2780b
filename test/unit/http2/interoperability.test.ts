/** The engine and `node:http2` understand each other, in either role, over a loopback connection. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Stream,
} from 'node:http2';
import { PassThrough, pipeline } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, describe, test } from 'node:test';
import type { Connection } from '../../../src/http2/connection.js';
import { type Http2Error, Http2ErrorCode } from '../../../src/http2/errors.js';
import { pseudoField } from '../../../src/http2/message/message-fields.js';
import { type HeadObserver, StreamBody } from '../../../src/http2/stream/duplex.js';
import type { Http2Stream } from '../../../src/http2/stream/stream.js';
import { deferred } from '../../support/deferred.js';
import { engineOver, requestFields, socketPair } from './peers.js';

const SIZES = [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 300_000, 3_000_001];

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}

function sum(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A response as the engine's client role receives it. */
async function fetchBody(connection: Connection, fields: string[], body?: Buffer): Promise<[string, Buffer]> {
  const head = deferred<string>();
  const stream = connection.request(fields, { endStream: body === undefined });
  const content = new StreamBody(stream, { headers: (response) => head.resolve(response[1] ?? '') });
  if (body !== undefined) content.end(body);
  const received = await buffer(content);
  return [await head.promise, received];
}

describe('the client role against node:http2', () => {
  async function begin(response: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void) {
    const [near, far] = await socketPair();
    const session = performServerHandshake(far, { settings: { enableConnectProtocol: true } });
    session.on('stream', response);
    session.on('error', () => {});
    const announced = deferred<void>();
    const draining = deferred<void>();
    const closed = deferred<Http2Error | undefined>();
    const connection = engineOver(near, {
      role: 'client',
      observer: {
        settings: () => announced.resolve(),
        goaway: () => draining.resolve(),
        closed: (error) => closed.resolve(error),
      },
    });
    open.push(() => {
      connection.destroy();
      session.destroy();
    });
    await announced.promise;
    const lose = () => far.destroy();
    return { connection, session, lose, draining: draining.promise, closed: closed.promise };
  }

  for (const size of SIZES) {
    test(`sends and receives ${size} bytes`, async () => {
      const { connection } = await begin((stream) => {
        stream.respond({ ':status': 200 });
        stream.pipe(stream);
      });
      const body = bytesOf(size);
      const [status, received] = await fetchBody(connection, requestFields('POST', '/echo'), body);
      assert.equal(status, '200');
      assert.equal(received.length, size);
      assert.equal(sum(received), sum(body));
    });
  }

  test('sends fields that node receives, and receives those that node sends', async () => {
    const long = 'v'.repeat(40_000); // CONTINUATION, both ways
    const { connection } = await begin((stream, headers) => {
      stream.respond({ ':status': 200, 'x-long': headers['x-long'], 'set-cookie': ['a=1', 'b=2'] });
      stream.end(`${headers[':path']} ${headers['x-name']} ${headers.cookie}`, 'latin1');
    });
    for (let at = 0; at < 3; at++) {
      const fields = requestFields('GET', '/caf\u00e9', ['x-long', long, 'x-name', 'Zo\u00eb', 'cookie', 'c=1']);
      const head = deferred<string[]>();
      const stream = connection.request(fields, { endStream: true });
      const body = new StreamBody(stream, { headers: head.resolve });
      assert.equal((await buffer(body)).toString('latin1'), '/caf\u00e9 Zo\u00eb c=1');
      const response = await head.promise;
      assert.equal(response[response.indexOf('x-long') + 1], long);
      assert.deepEqual(
        response.filter((_, index) => response[index - 1] === 'set-cookie'),
        ['a=1', 'b=2'],
      );
    }
  });

  test('receives 1xx heads and trailers', async () => {
    const { connection } = await begin((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</style.css>' });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': 'abc' }));
      stream.end('hello');
    });
    const events: string[] = [];
    const heads: HeadObserver = {
      informational: (fields) => events.push(fields.join(' ')),
      headers: (fields) => events.push(fields[1] ?? ''),
      trailers: (fields) => events.push(fields.join(' ')),
    };
    const body = new StreamBody(connection.request(requestFields('GET', '/'), { endStream: true }), heads);
    assert.equal(await text(body), 'hello');
    assert.deepEqual(events, [':status 103 link </style.css>', '200', 'x-checksum abc']);
  });

  test('sends trailers', async () => {
    const trailers = deferred<IncomingHttpHeaders>();
    const { connection } = await begin((stream) => {
      stream.on('trailers', trailers.resolve);
      stream.resume().on('end', () => stream.respond({ ':status': 204 }, { endStream: true }));
    });
    const stream = connection.request(requestFields('POST', '/'), { endStream: false });
    const body = new StreamBody(stream, { writeTrailers: () => ['x-checksum', 'abc'] });
    body.resume().end('hello');
    assert.equal((await trailers.promise)['x-checksum'], 'abc');
    await once(body, 'close');
  });

  test('reports a reset as an error, never as an end', async () => {
    const { connection } = await begin((stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200 });
      stream.write('part', () => stream.destroy(new Error('broken')));
    });
    const body = new StreamBody(connection.request(requestFields('GET', '/'), { endStream: true }));
    await assert.rejects(text(body), { code: Http2ErrorCode.INTERNAL_ERROR });
  });

  test('resets a stream, and the others continue', async () => {
    const aborted = deferred<number>();
    const { connection } = await begin((stream, headers) => {
      stream.on('error', () => {});
      stream.on('close', () => headers[':path'] === '/reset' && aborted.resolve(stream.rstCode));
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/reset') stream.write('part');
      else stream.end('whole');
    });
    const body = new StreamBody(connection.request(requestFields('GET', '/reset'), { endStream: true }));
    await once(body, 'data');
    body.destroy();
    assert.equal(await aborted.promise, Http2ErrorCode.CANCEL);
    assert.equal((await fetchBody(connection, requestFields('GET', '/')))[1].toString(), 'whole');
  });

  test('finishes open streams after GOAWAY, and then ends', async () => {
    let finish = () => {};
    const { connection, session, draining, closed } = await begin((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('one ');
      finish = () => stream.end('two');
    });
    const body = new StreamBody(connection.request(requestFields('GET', '/'), { endStream: true }));
    await once(body, 'data');
    session.close();
    await draining;
    assert.throws(() => connection.request(requestFields('GET', '/'), { endStream: true }), { code: 7 });
    finish();
    assert.equal(await text(body), 'two');
    assert.equal(await closed, undefined);
  });

  test('drains: open streams finish', async () => {
    const requests: ServerHttp2Stream[] = [];
    const came = deferred<void>();
    const { connection, session, closed } = await begin((stream) => {
      requests.push(stream);
      came.resolve();
    });
    const response = fetchBody(connection, requestFields('GET', '/'));
    await came.promise;
    connection.drain();
    await once(session, 'goaway');
    requests[0]?.respond({ ':status': 200 });
    requests[0]?.end('whole');
    assert.equal((await response)[1].toString(), 'whole');
    assert.equal(await closed, undefined);
  });

  test('opens a WebSocket (RFC 8441)', async () => {
    const { connection } = await begin((stream, headers) => {
      assert.equal(headers[':protocol'], 'websocket');
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const fields = [':method', 'CONNECT', ':protocol', 'websocket', ...requestFields('', '/chat').slice(2)];
    const body = new StreamBody(connection.request(fields, { endStream: false }));
    for (const word of ['hello', 'again']) {
      body.write(word);
      assert.equal(((await once(body, 'data')) as [Buffer])[0].toString(), word);
    }
    body.end();
    await text(body);
  });

  test('carries 100 streams at once, each its own bytes', async () => {
    const { connection } = await begin((stream, headers) => {
      const size = Number(headers['x-size']);
      stream.respond({ ':status': 200 });
      stream.resume().on('end', () => stream.end(bytesOf(size)));
    });
    await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const size = (at * 7_919) % 200_000;
        const fields = requestFields('POST', `/${at}`, ['x-size', String(size)]);
        const [, received] = await fetchBody(connection, fields, bytesOf((at * 104_729) % 100_000));
        assert.equal(sum(received), sum(bytesOf(size)));
      }),
    );
    assert.equal(connection.running, 0);
  });

  test('measures a round trip and acknowledges one', async () => {
    const { connection, session } = await begin(() => {});
    assert.ok((await connection.ping()) >= 0);
    await new Promise<void>((resolve, reject) => {
      session.ping((error) => (error === null ? resolve() : reject(error)));
    });
  });

  test('fails every stream when the connection is lost', async () => {
    const { connection, lose, closed } = await begin((stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200 });
      stream.write('part');
    });
    const body = new StreamBody(connection.request(requestFields('GET', '/'), { endStream: true }));
    const received = text(body);
    await once(body, 'data');
    lose();
    await assert.rejects(received);
    await closed;
  });
});

describe('the server role against node:http2', () => {
  type Answer = (stream: Http2Stream, fields: string[], endStream: boolean) => void;

  async function begin(response: Answer) {
    const [near, far] = await socketPair();
    const closed = deferred<Http2Error | undefined>();
    const connection = engineOver(far, {
      role: 'server',
      connectProtocol: true,
      observer: { stream: response, closed: (error) => closed.resolve(error) },
    });
    const session: ClientHttp2Session = connect('http://demo.localhost', {
      createConnection: () => near,
      maxSessionMemory: 100, // what node itself refuses to hold otherwise
    });
    session.on('error', () => {});
    open.push(() => {
      session.destroy();
      connection.destroy();
    });
    await once(session, 'remoteSettings');
    return { session, connection, closed: closed.promise };
  }

  const echo: Answer = (stream) => {
    const body = new StreamBody(stream);
    stream.sendHeaders([':status', '200'], { endStream: false });
    pipeline(body, new PassThrough(), body, () => {});
  };

  for (const size of SIZES) {
    test(`receives and sends ${size} bytes`, async () => {
      const { session } = await begin(echo);
      const body = bytesOf(size);
      const stream = session.request({ ':method': 'POST', ':path': '/' });
      stream.end(body);
      const received = await buffer(stream);
      assert.equal(received.length, size);
      assert.equal(sum(received), sum(body));
    });
  }

  test('sends heads, content and trailers that node receives', async () => {
    const { session } = await begin((stream, fields) => {
      stream.observe({ data: () => {}, trailers: () => {}, end: () => {}, closed: () => {} });
      stream.sendInformational([':status', '103', 'link', '</style.css>']);
      stream.sendHeaders([':status', '200', 'x-path', pseudoField(fields, ':path') ?? ''], { endStream: false });
      stream.write(Buffer.from('hello'));
      stream.end(['x-checksum', 'abc']);
    });
    const stream = session.request({ ':path': '/a?b=c' });
    const events: unknown[] = [];
    stream.on('headers', (headers: IncomingHttpHeaders) => events.push(headers['link']));
    stream.on('response', (headers) => events.push(headers['x-path']));
    stream.on('trailers', (headers: IncomingHttpHeaders) => events.push(headers['x-checksum']));
    assert.equal(await text(stream), 'hello');
    assert.deepEqual(events, ['</style.css>', '/a?b=c', 'abc']);
  });

  test('receives trailers', async () => {
    const trailers = deferred<string[]>();
    const { session } = await begin((stream) => {
      new StreamBody(stream, { trailers: trailers.resolve }).resume();
      stream.sendHeaders([':status', '204'], { endStream: true });
    });
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': 'abc' }));
    stream.end('hello');
    assert.deepEqual(await trailers.promise, ['x-checksum', 'abc']);
    stream.close();
  });

  test('receives a reset, and sends one', async () => {
    const error = deferred<Http2Error | undefined>();
    const came = deferred<void>();
    const { session } = await begin((stream, fields) => {
      came.resolve();
      if (pseudoField(fields, ':path') === '/ours') {
        stream.observe({ data: () => {}, trailers: () => {}, end: () => {}, closed: () => {} });
        stream.reset(Http2ErrorCode.ENHANCE_YOUR_CALM);
      } else new StreamBody(stream, { closed: error.resolve }).on('error', () => {});
    });
    const theirs = session.request({ ':method': 'POST', ':path': '/theirs' });
    theirs.on('error', () => {});
    await came.promise;
    theirs.close(constants.NGHTTP2_CANCEL);
    assert.equal((await error.promise)?.code, Http2ErrorCode.CANCEL);
    const ours = session.request({ ':path': '/ours' });
    await assert.rejects(once(ours, 'response'));
    assert.equal(ours.rstCode, Http2ErrorCode.ENHANCE_YOUR_CALM);
  });

  test('drains: open streams and requests in flight finish, nothing new begins', async () => {
    const streams: Http2Stream[] = [];
    const one = deferred<void>();
    const two = deferred<void>();
    const { session, connection, closed } = await begin((stream) => {
      stream.observe({ data: () => {}, trailers: () => {}, end: () => {}, closed: () => {} });
      streams.push(stream);
      (streams.length === 1 ? one : two).resolve();
    });
    const requests: ClientHttp2Stream[] = [session.request({ ':path': '/1' })];
    await one.promise;
    requests.push(session.request({ ':path': '/2' })); // crosses the first GOAWAY
    connection.drain();
    const gone = once(session, 'goaway');
    await two.promise;
    await gone;
    for (const stream of streams) {
      stream.sendHeaders([':status', '200'], { endStream: false });
      stream.write(Buffer.from('whole'));
      stream.end();
    }
    assert.deepEqual(await Promise.all(requests.map((request) => text(request))), ['whole', 'whole']);
    assert.equal(await closed, undefined);
  });

  test('accepts a WebSocket (RFC 8441)', async () => {
    const { session } = await begin((stream, fields) => {
      assert.equal(pseudoField(fields, ':protocol'), 'websocket');
      echo(stream, fields, false);
    });
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' });
    stream.write('hello');
    assert.equal(((await once(stream, 'data')) as [Buffer])[0].toString(), 'hello');
    stream.end();
    await text(stream);
  });

  test('carries 100 streams at once, each its own bytes', async () => {
    const { session } = await begin(echo);
    await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const body = bytesOf((at * 104_729) % 300_000);
        const stream = session.request({ ':method': 'POST', ':path': `/${at}` });
        stream.end(body);
        assert.equal(sum(await buffer(stream)), sum(body));
      }),
    );
  });
});
