/** A visit over HTTP/2, with the client of Node as the visitor. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { describe, it, type TestContext } from 'node:test';
import type { VisitEnd } from '../../../../../src/edge/ops/events.js';
import type { Visit } from '../../../../../src/edge/request/visit.js';
import { deferred } from '../../../../support/deferred.js';
import { type Doings, serveHttp2Visits } from '../../visits.js';

const AUTHORITY = 'demo.localhost';

/** A visitor of a door that does this with a request, and how its visits end. */
async function visitorOf(t: TestContext, accept: (visit: Visit) => void, doings: Partial<Doings> = {}) {
  const ended = deferred<VisitEnd>();
  const port = await serveHttp2Visits(t, { accept, ended: (_visit, end) => ended.resolve(end), ...doings });
  const session = connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const ask = (headers: OutgoingHttpHeaders = {}, options = {}) =>
    session.request({ ':authority': AUTHORITY, ...headers }, options);
  return { ask, ended: ended.promise, session };
}

async function headOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  return (await once(stream, 'response'))[0];
}

async function textOf(stream: ClientHttp2Stream): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString('latin1');
}

describe('a visit over HTTP/2', () => {
  it('has the head that was sent, with one Cookie of all crumbs', async (t) => {
    const seen = deferred<Visit>();
    const { ask } = await visitorOf(t, (visit) => {
      seen.resolve(visit);
      visit.reply({ status: 204, headers: {}, body: '' });
    });
    ask({ ':path': '/a%2Fb?x=1', 'x-a': '1', cookie: ['a=1', 'b=2', 'c=3'] });
    const visit = await seen.promise;
    const { method, path, host, place, version, address, scheme } = visit;
    assert.deepEqual(
      { method, path, host, place, version, address, scheme },
      {
        ...{ method: 'GET', path: '/a%2Fb?x=1', host: AUTHORITY, place: { kind: 'tunnel', name: 'demo' } },
        ...{ version: '2.0', address: '198.51.100.1', scheme: 'http' },
      },
    );
    assert.deepEqual(visit.headers, ['x-a', '1', 'cookie', 'a=1; b=2; c=3']);
    assert.equal(visit.header['cookie'], 'a=1; b=2; c=3');
  });

  it('gets a reply, with a date, the id and the code', async (t) => {
    const { ask, ended } = await visitorOf(t, (visit) =>
      visit.reply({ status: 404, headers: { 'Set-Cookie': ['a=1', 'b=2'] }, body: 'nothing', error: 'ERR_NOT_FOUND' }),
    );
    const stream = ask();
    const head = await headOf(stream);
    assert.deepEqual([head[':status'], head['content-length'], head['set-cookie']], [404, '7', ['a=1', 'b=2']]);
    assert.equal(head['postern-error'], 'ERR_NOT_FOUND');
    assert.match(String(head['x-request-id']), /^[0-9a-f-]{36}$/);
    assert.ok(Math.abs(Date.parse(String(head.date)) - Date.now()) < 10_000);
    assert.equal(await textOf(stream), 'nothing');
    assert.deepEqual(await ended, { status: 404, code: 'ERR_NOT_FOUND', aborted: undefined, cutBy: undefined });
  });

  it('gets no body in reply to HEAD', async (t) => {
    const { ask } = await visitorOf(t, (visit) => visit.reply({ status: 200, headers: {}, body: 'text' }));
    const stream = ask({ ':method': 'HEAD' });
    const head = await headOf(stream);
    assert.equal(head['content-length'], '4');
    assert.equal(await textOf(stream), '');
  });

  it('passes on body and trailers of the request once it is observed, and those of the response', async (t) => {
    const { ask, ended } = await visitorOf(t, (visit) => {
      let body = '';
      setImmediate(() =>
        visit.observe({
          data: (chunk) => {
            body += chunk;
          },
          trailers: (trailers) => {
            body += ` ${trailers.join('=')}`;
          },
          end: () => {
            visit.respond({ status: 200, headers: ['x-y', 'z'] }, { endOfBody: false });
            visit.write(Buffer.from(body));
            visit.end(['X-Sum', '1']);
          },
          ...{ drain: () => {}, sent: () => {}, cancelled: () => {} },
        }),
      );
    });
    const stream = ask({ ':method': 'POST' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': 'ok' }));
    stream.end('some content');
    const trailers = once(stream, 'trailers');
    const head = await headOf(stream);
    assert.equal(head['x-y'], 'z');
    assert.equal(await textOf(stream), 'some content x-check=ok');
    assert.equal((await trailers)[0]['x-sum'], '1');
    assert.equal((await ended).status, 200);
  });

  it('sends 100 and 103 before the final head', async (t) => {
    const { ask } = await visitorOf(t, (visit) => {
      visit.sendContinue();
      visit.informational({ status: 103, headers: ['link', '</a>'] });
      visit.reply({ status: 204, headers: {}, body: '' });
    });
    const stream = ask({ ':method': 'POST', expect: '100-continue' });
    const interim: unknown[] = [];
    stream.on('headers', (head) => interim.push(head[':status']));
    await headOf(stream);
    assert.deepEqual(interim, [100, 103]);
  });

  it('is cancelled when its visitor resets the stream', async (t) => {
    const cancelled = deferred<void>();
    const { ask, ended } = await visitorOf(t, (visit) => {
      visit.observe({
        ...{ data: () => {}, trailers: () => {}, end: () => {}, drain: () => {}, sent: () => assert.fail('sent') },
        cancelled: () => cancelled.resolve(),
      });
      visit.respond({ status: 200, headers: [] }, { endOfBody: false });
    });
    const stream = ask();
    await headOf(stream);
    stream.close(constants.NGHTTP2_CANCEL);
    await cancelled.promise;
    assert.deepEqual(await ended, { status: 200, code: undefined, aborted: true, cutBy: 'visitor' });
  });

  it('is reset when it is cut, and never looks whole', async (t) => {
    const { ask, ended } = await visitorOf(t, (visit) => {
      visit.respond({ status: 200, headers: [] }, { endOfBody: false });
      visit.write(Buffer.from('half'));
      setImmediate(() => {
        visit.cutBy = 'target';
        visit.cancel();
      });
    });
    const stream = ask();
    await assert.rejects(textOf(stream), { code: 'ERR_HTTP2_STREAM_ERROR' });
    assert.equal((await ended).cutBy, 'target');
  });

  it('can be replied to in place of a response whose head has not left', async (t) => {
    const { ask, ended } = await visitorOf(t, (visit) => {
      visit.respond({ status: 200, headers: ['x-of', 'the app'] }, { endOfBody: false });
      visit.write(Buffer.from('half'));
      assert.equal(visit.isResponding, false);
      visit.reply({ status: 502, headers: {}, body: 'of ours' });
    });
    const stream = ask();
    const head = await headOf(stream);
    assert.deepEqual([head[':status'], head['x-of']], [502, undefined]);
    assert.equal(await textOf(stream), 'of ours');
    assert.equal((await ended).status, 502);
  });

  it('stops an upload that is not read once the response was sent', async (t) => {
    const { ask } = await visitorOf(t, (visit) => visit.reply({ status: 413, headers: {}, body: 'too much' }));
    const stream = ask({ ':method': 'POST' });
    stream.write('the first of many');
    assert.equal((await headOf(stream))[':status'], 413);
    assert.equal(await textOf(stream), 'too much');
    await once(stream, 'close');
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
  });

  for (const [when, endStream] of [
    ['with the request', true],
    ['before it is accepted', false],
  ] as const) {
    it(`that is a WebSocket tells the app of the end of the visitor’s direction: ${when}`, async (t) => {
      const offered = deferred<Visit>();
      const doings = { acceptWebSocket: (visit: Visit) => offered.resolve(visit) };
      const { ask, session } = await visitorOf(t, () => assert.fail('it was no WebSocket'), doings);
      await once(session, 'remoteSettings');
      const request = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/ws' };
      const stream = ask(request, { endStream });
      const visit = await offered.promise;
      if (!endStream) await new Promise((resolve) => stream.end(resolve));
      await new Promise((resolve) => session.ping(resolve));
      visit.respond({ status: 200, headers: [] }, { endOfBody: false });
      const body = visit.takeBody();
      await once(body.resume(), 'end');
      body.end('the last word');
      assert.equal(await textOf(stream), 'the last word');
    });
  }

  it('makes its visitor wait while the body is not read', async (t) => {
    const held = deferred<Visit>();
    const { ask, session } = await visitorOf(t, (visit) => held.resolve(visit));
    const stream = ask({ ':method': 'POST' });
    let isSent = false;
    stream.end(Buffer.alloc(4_000_000), () => {
      isSent = true;
    });
    const visit = await held.promise;
    await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
    assert.equal(isSent, false);
    let bytes = 0;
    visit.observe({
      data: (chunk) => {
        bytes += chunk.length;
      },
      end: () => visit.reply({ status: 200, headers: {}, body: String(bytes) }),
      ...{ trailers: () => {}, drain: () => {}, sent: () => {}, cancelled: () => {} },
    });
    assert.equal(await textOf(stream), '4000000');
  });
});

it('a request whose scheme is not the real one is refused', async (t) => {
  const { ask } = await visitorOf(t, () => assert.fail('it was accepted'), {
    replyWithError: (visit, { status }) => visit.reply({ status, headers: {}, body: '' }),
  });
  assert.equal((await headOf(ask({ ':scheme': 'https' })))[':status'], 400);
});
