/**
 * HTTP/2 of visitors: what only this version has or says. What holds over both is in the tables of their subjects, which run
 * over each (test/support/versions.ts).
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { type Asked, Http2Visitor, whole } from '../../support/http2-visitor.js';
import { inWorld } from '../../support/in-world.js';
import type { Line } from '../../support/processes.js';
import { FRAME, frame } from '../../support/raw-peer.js';
import { SlowReader } from '../../support/slow-reader.js';
import type { Echo } from '../../support/target-paths.js';
import { rawExchange } from '../../support/visitor.js';

describe('a visitor over HTTP/2', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let host: string;
  let cookie: string;
  let h2: Http2Visitor;

  before(async () => {
    await world.startAgent({ name: 'dev-two' });
    await ana.open(`${world.urlOf('dev-two')}/`);
    host = new URL(world.url).host;
    cookie = ana.jar.header(new URL(world.url), { site: 'none', safeNavigation: true });
    h2 = await Http2Visitor.open(world.port, { ':authority': host, cookie });
  });
  after(() => h2?.close());

  const echoOf = (text: string) => JSON.parse(text) as Echo;
  const valuesOf = ({ rawHeaders }: Echo, name: string) =>
    rawHeaders.flatMap((value, at) => (at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name ? [value] : []));

  /** What the edge must refuse itself: nothing of it reaches the target. */
  async function isRefused(status: number, code: string, asked: Asked): Promise<void> {
    await world.target.forget();
    const { status: got, headers } = await h2.ask(asked);
    const message = JSON.stringify(asked).slice(0, 200);
    assert.deepEqual([got, headers['postern-error']], [status, code], message);
    assert.equal(headers['cache-control'], 'no-store', message);
    assert.match(String(headers['x-request-id']), /^[\w-]{36}$/, message);
    assert.deepEqual(await world.target.seen(), [], message);
  }

  test('F13 the path, the body and the identity arrive as over HTTP/1.1', async () => {
    const path = '/upload/a%2Fb//c?x=%20&y';
    const { status, headers, text } = await h2.ask({ ':method': 'POST', ':path': path, 'x-own': 'kept' }, 'a body');
    const echo = echoOf(text);
    assert.deepEqual([status, echo.method, echo.url, echo.bodyBytes], [200, 'POST', path, 6]);
    assert.deepEqual(valuesOf(echo, 'x-forwarded-email'), ['ana@acme.com']);
    assert.deepEqual(valuesOf(echo, 'x-own'), ['kept']);
    assert.match(String(valuesOf(echo, 'via')), /2\.0 postern/);
    assert.deepEqual(
      [headers.connection, headers['keep-alive'], headers['transfer-encoding']],
      [undefined, undefined, undefined],
    );
    assert.equal(headers['cache-control'], 'private');
    assert.match(String(headers.date), /GMT$/);
  });

  test('E1 what only the edge may say is taken out in every spelling, and no cookie of its own goes on', async () => {
    const { text } = await h2.ask({
      ':path': '/spoofed',
      'x-forwarded-email': 'eve@evil.test',
      x_forwarded_email: 'eve@evil.test',
      'postern-error': 'x',
      cookie: [...cookie.split('; '), 'app=1', 'more=2'],
    });
    const echo = echoOf(text);
    assert.deepEqual(valuesOf(echo, 'x-forwarded-email'), ['ana@acme.com']);
    assert.ok(!JSON.stringify(echo.rawHeaders).includes('evil'));
    assert.deepEqual(valuesOf(echo, 'cookie'), ['app=1; more=2']);
  });

  test('G9 trailers pass both ways, and bring neither identity nor cookie nor framing', async () => {
    const stream = h2.send({ ':method': 'POST', ':path': '/mirror' }, { waitForTrailers: true });
    stream.on('wantTrailers', () =>
      stream.sendTrailers({
        'x-sum': '1',
        'x-forwarded-email': 'eve@evil.test',
        'x-real-ip': '1.2.3.4',
      }),
    );
    stream.end('mirrored');
    const { text, trailers } = await whole(stream);
    assert.equal(text, 'mirrored');
    assert.deepEqual(Object.entries(trailers), [['x-sum', '1']]);
    for (const name of ['cookie', 'host', 'content-length', 'authorization']) {
      const refused = h2.send({ ':method': 'POST', ':path': '/mirror' }, { waitForTrailers: true });
      refused.on('wantTrailers', () => refused.sendTrailers({ [name]: '1' }));
      refused.end('x');
      await new Promise((resolve) => refused.once('close', resolve));
      assert.equal(refused.rstCode, constants.NGHTTP2_PROTOCOL_ERROR, name);
    }
  });

  test('G7 100-continue is met once the gate has let the request in; 103 passes', async () => {
    const stream = h2.send({ ':method': 'POST', ':path': '/upload', expect: '100-continue' });
    const continued = once(stream, 'continue');
    await continued;
    stream.end('on demand');
    assert.equal(echoOf((await whole(stream)).text).bodyBytes, 9);
    const { informational, text } = await h2.ask({ ':path': '/early-hints' });
    assert.deepEqual([informational[0]?.[':status'], informational[0]?.['x-hint'], text], [103, 'one', 'hinted']);
    await isRefused(417, 'ERR_EXPECTATION_FAILED', { ':path': '/', expect: 'x' });
  });

  test('F15 each request is judged by its own authority, on one connection', async () => {
    const two = new URL(world.urlOf('dev-two'));
    const own = await h2.ask({ ':path': '/own' });
    assert.equal(own.status, 200);
    // The session of one host is worth nothing on another one.
    await isRefused(401, 'ERR_LOGIN_REQUIRED', { ':authority': two.host, ':path': '/other' });
    const other = ana.jar.header(two, { site: 'none', safeNavigation: true });
    const { text } = await h2.ask({ ':authority': two.host, ':path': '/other', cookie: other });
    assert.deepEqual(valuesOf(echoOf(text), 'x-forwarded-host'), [two.host]);
  });

  for (const [status, code, what, asked] of [
    [421, 'ERR_MISDIRECTED', 'a name that is not ours', { ':authority': 'evil.test' }],
    [404, 'ERR_TUNNEL_UNKNOWN', 'a name below a tunnel', { ':authority': 'x.demo.localhost' }],
    [404, 'ERR_TUNNEL_UNKNOWN', 'a reserved name', { ':authority': 'www.localhost' }],
    [400, 'ERR_BAD_REQUEST', 'another host beside it', { host: 'evil.test' }],
  ] as const) {
    test(`F15 the authority leads nowhere: ${what}`, () => isRefused(status, code, { ':path': '/', ...asked }));
  }

  for (const [status, code, what, asked] of [
    [400, 'ERR_BAD_REQUEST', 'another scheme', { ':scheme': 'https' }],
    [400, 'ERR_BAD_REQUEST', 'a scheme that is none', { ':scheme': 'file' }],
    [400, 'ERR_BAD_REQUEST', 'the path *', { ':method': 'OPTIONS', ':path': '*' }],
    [400, 'ERR_BAD_REQUEST', 'GET *', { ':path': '*' }],
    [400, 'ERR_BAD_REQUEST', 'a fragment', { ':path': '/public#/../secret' }],
    [400, 'ERR_BAD_REQUEST', 'a path in absolute form', { ':path': 'http://demo.localhost/x' }],
    [400, 'ERR_BAD_REQUEST', 'a value with a line break', { 'x-a': 'a\x01b' }],
    [405, 'ERR_METHOD_REFUSED', 'TRACE', { ':method': 'TRACE' }],
    [501, 'ERR_METHOD_UNKNOWN', 'get, of a path of the edge', { ':method': 'get', ':path': '/.postern/userinfo' }],
    [501, 'ERR_METHOD_UNKNOWN', 'a word, of a path of the edge', { ':method': 'FOO', ':path': '/.postern/userinfo' }],
    [405, 'ERR_METHOD_REFUSED', 'CONNECT', { ':method': 'CONNECT', ':path': undefined, ':scheme': undefined }],
    [
      501,
      'ERR_METHOD_UNKNOWN',
      'another :protocol',
      { ':method': 'CONNECT', ':protocol': 'connect-udp', ':scheme': 'http' },
    ],
  ] as const) {
    test(`G11 is refused: ${what}`, () => isRefused(status, code, { ':path': '/', ...asked }));
  }

  test('R13 a list of headers that is too large is 431 with a page, and the connection goes on', async () => {
    const fat = Array.from({ length: 40 }, (_, at) => `fat${at}=${'x'.repeat(3_000)}`);
    for (const cookies of [fat.slice(0, 15), fat]) {
      const { status, headers, text } = await h2.ask({ ':path': '/', cookie: cookies });
      assert.deepEqual([status, headers['postern-error']], [431, 'ERR_HEADERS_TOO_LARGE']);
      assert.match(text, /cookies/);
    }
    assert.equal((await h2.ask({ ':path': '/' })).status, 200);
  });

  test('C1 nobody is let in without a session; a person is led to the sign-in, whose pages are served', async () => {
    await isRefused(401, 'ERR_LOGIN_REQUIRED', { ':path': '/', cookie: undefined });
    await isRefused(403, 'ERR_CROSS_SITE', {
      ':path': '/',
      origin: 'https://evil.test',
      'sec-fetch-site': 'cross-site',
    });
    const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const led = await h2.ask({ ':path': '/deep?x', cookie: undefined, ...navigation, 'sec-fetch-site': 'none' });
    assert.equal(led.status, 302);
    const { pathname, search, host: base } = new URL(String(led.headers.location));
    const begun = await h2.ask({
      ...{ ':authority': base, ':path': `${pathname}${search}`, cookie: undefined },
      ...{ ...navigation, 'sec-fetch-site': 'same-site' },
    });
    assert.deepEqual([begun.status, begun.headers['content-type']], [200, 'text/html; charset=utf-8']);
    const told = await h2.ask({ ':path': '/.postern/userinfo', 'sec-fetch-site': 'same-origin' });
    assert.equal(JSON.parse(told.text).email, 'ana@acme.com');
  });

  test('I15 a visitor who resets a stream ends the request at the target, and no other', async () => {
    const held = h2.ask({ ':path': '/held?key=h2' });
    const stream = h2.send({ ':path': '/sse' });
    await once(stream, 'response');
    stream.close(constants.NGHTTP2_CANCEL);
    await world.target.event('aborted', '/sse');
    await world.target.release('h2');
    assert.equal((await held).status, 200);
  });

  test('N1 a response that breaks off is reset, and never looks whole', async () => {
    const stream = h2.send({ ':path': '/die?key=http2' });
    await once(stream, 'response'); // before that it would be a whole 502
    const body = stream.toArray();
    body.catch(() => {}); // it may be rejected before the next line is reached
    await world.target.release('http2');
    await assert.rejects(body);
    assert.equal(stream.rstCode, constants.NGHTTP2_INTERNAL_ERROR);
  });

  describe('who opens a WebSocket', () => {
    const open = (asked: Asked = {}) =>
      h2.send({
        ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/ws' },
        ...{ 'sec-websocket-version': '13', origin: `http://${host}`, ...asked },
      });

    test('H13 is connected to the app, and bytes pass both ways', async () => {
      const stream = open({ 'sec-websocket-protocol': 'chat' });
      const [head] = await once(stream, 'response');
      assert.deepEqual([head[':status'], head['sec-websocket-protocol']], [200, 'chat']);
      assert.deepEqual(
        [head.upgrade, head.connection, head['sec-websocket-accept']],
        [undefined, undefined, undefined],
      );
      stream.write(masked('hello'));
      let echoed = '';
      while (!echoed.includes('hello')) echoed += String((await once(stream, 'data'))[0]);
      stream.close(constants.NGHTTP2_CANCEL);
      await world.target.event('socket-closed', '/ws');
    });

    for (const [status, code, what, asked] of [
      [401, 'ERR_LOGIN_REQUIRED', 'nobody is signed in', { cookie: undefined }],
      [403, 'ERR_CROSS_SITE', 'a page of another origin', { origin: 'https://evil.test' }],
      [403, 'ERR_CROSS_SITE', 'a page of a sibling', { origin: 'http://dev-two.localhost' }],
      [403, 'ERR_CROSS_SITE', 'a page without an origin', { origin: 'null' }],
      [426, 'ERR_PROTOCOL_VERSION', 'another version', { 'sec-websocket-version': '8' }],
      [404, 'ERR_NOT_FOUND', 'a path of the edge', { ':path': '/.postern/userinfo' }],
      [421, 'ERR_MISDIRECTED', 'another host', { ':authority': 'evil.test' }],
    ] as const) {
      test(`H13 is refused: ${what}`, async () => {
        await world.target.forget();
        const stream = open(asked);
        const { status: got, headers } = await whole(stream);
        assert.deepEqual([got, headers['postern-error']], [status, code]);
        assert.deepEqual(await world.target.seen(), []);
      });
    }
  });

  test('R13 the resets of one network are bounded: its connection ends, and others go on', async () => {
    const mark = world.edge.mark();
    const flood = await Http2Visitor.open(world.port, { ':authority': host });
    const resets = await resetsUntilGoaway(flood);
    assert.ok(resets >= 1_000, `a browser that leaves a page is no flood: ${resets}`);
    assert.equal((await h2.ask({ ':path': '/' })).status, 200);
    const isFlood = (line: Line) => line['event'] === 'connection-failed' && line['reason'] === 'ENHANCE_YOUR_CALM';
    await world.edge.record(isFlood, mark); // its line is none of the next test's
  });

  test('R13 a connection that ends with an error is in the log with its reason, and counted; one that is closed is not', async () => {
    const mark = world.edge.mark();
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    (await Http2Visitor.open(world.port, { ':authority': host })).close();
    await rawExchange(world.port, Buffer.concat([preface, frame(FRAME.settings, 0, 1)])); // until the edge closes
    const failed = await world.edge.record((line) => line['event'] === 'connection-failed', mark);
    assert.deepEqual(
      [failed['reason'], failed['address'], typeof failed['detail']],
      ['PROTOCOL_ERROR', '127.0.0.1', 'string'],
    );
    const metrics = await (await fetch(`${world.adminUrl}/metrics`)).text();
    assert.match(metrics, /^postern_http2_connections_failed_total\{reason="PROTOCOL_ERROR"\} 1$/m);
  });

  test('N10 a drain ends the connection behind what runs on it, and behind what was on its way', async () => {
    const held = h2.ask({ ':path': '/held?key=drain' });
    const slow = new SlowReader(world.port);
    const request = (path: string) => [
      ...[':method', 'GET', ':scheme', 'http', ':authority', host, ':path', path],
      ...['cookie', cookie],
    ];
    assert.equal(await (await slow.send(request('/early'))).status, '200');
    await world.target.event('request', '/held?key=drain');
    const away = once(h2.session, 'goaway');
    slow.hold();
    const stopped = world.edge.terminate();
    assert.equal((await away)[0], constants.NGHTTP2_NO_ERROR);
    await slow.holds(FIRST_GOAWAY);
    const late = await slow.send(request('/late'));
    slow.read();
    assert.equal(await late.status, '200');
    await world.target.release('drain');
    assert.equal((await held).status, 200);
    await stopped;
    assert.equal(h2.session.destroyed, true);
  });
});

// The highest identifier that there is, and NO_ERROR (RFC 9113 section 6.8).
const FIRST_GOAWAY = frame(FRAME.goaway, 0, 0, Buffer.from('7fffffff00000000', 'hex'));

/** How many streams a client can reset before its connection ends. */
async function resetsUntilGoaway(flood: Http2Visitor): Promise<number> {
  const ended = once(flood.session, 'goaway');
  let isOver = false;
  flood.session.on('error', () => {}).on('close', () => (isOver = true));
  let resets = 0;
  // In batches below the concurrent streams of a connection: Node's client keeps back what is beyond them.
  while (!isOver && !flood.session.destroyed) {
    const streams = Array.from({ length: 50 }, () => flood.send({ ':path': '/flood' }));
    const closed = streams.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await Promise.all(closed);
    resets += streams.length;
  }
  assert.equal((await ended)[0], constants.NGHTTP2_ENHANCE_YOUR_CALM);
  flood.close();
  return resets;
}

/** A text frame of a client (RFC 6455 section 5.2). */
function masked(text: string): Buffer {
  const key = randomBytes(4);
  const payload = Buffer.from(text).map((byte, at) => byte ^ (key[at % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), key, payload]);
}
