/** Express behind visits of both protocols: the edge's own pages are the same on each. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:http2';
import { describe, it, type TestContext } from 'node:test';
import express from 'express';
import { routerOf } from '../../../../src/edge/routes/route.js';
import { serveWith } from '../../../../src/edge/visitors/pages.js';
import { visitOf } from '../../../../src/edge/visitors/visit-of.js';
import { deferred } from '../../../support/deferred.js';
import { serveHttp2Visits, serveVisits } from '../visits.js';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
type Said = readonly [status: number, headers: Readonly<Record<string, unknown>>, text: string];

const json = express.json({ limit: 100 });
const app = express();
app.use(
  routerOf(
    [
      [
        'get',
        '/page/:id',
        (_visit, { params }) => ({ status: 200, headers: { 'X-Id': String(params['id']) }, body: 'page' }),
      ],
      [
        'post',
        '/json',
        (_visit, { body }) => ({ status: 201, headers: {}, body: JSON.stringify(body ?? 'none') }),
        json,
      ],
    ],
    visitOf,
  ),
);
app.use(((error, asked, _response, _next) => {
  visitOf(asked).reply({ status: error.status, headers: {}, body: String(error.type) });
}) as express.ErrorRequestHandler);

const accept = (visit: Parameters<typeof serveWith>[1]) => serveWith(app, visit);

async function overHttp1(t: TestContext, { method, path, headers, body }: Asked): Promise<Said> {
  const port = await serveVisits(t, { accept });
  const sent = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    agent: false,
    headers: { host: 'localhost', ...headers },
  });
  sent.end(body);
  const [response] = await once(sent, 'response');
  return [response.statusCode, response.headers, String(Buffer.concat(await response.toArray()))];
}

async function overHttp2(t: TestContext, { method, path, headers, body }: Asked): Promise<Said> {
  const session = connect(`http://127.0.0.1:${await serveHttp2Visits(t, { accept })}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':authority': 'localhost', ':method': method, ':path': path, ...headers });
  stream.end(body);
  const [response] = await once(stream, 'response');
  return [response[':status'], response, String(Buffer.concat(await stream.toArray()))];
}

for (const [protocol, ask] of [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const) {
  describe(`a page over ${protocol}`, () => {
    const type = { 'content-type': 'application/json' };

    it('is found by method and path', async (t) => {
      const [status, headers, text] = await ask(t, { method: 'GET', path: '/page/7?x' });
      assert.deepEqual([status, headers['x-id'], text], [200, '7', 'page']);
    });

    it('says to OPTIONS what Express says', async (t) => {
      const [status, { allow }, text] = await ask(t, { method: 'OPTIONS', path: '/page/7' });
      assert.deepEqual([status, allow, text], [200, 'GET, HEAD', 'GET, HEAD']);
    });

    it('is not found elsewhere, in the words of Express', async (t) => {
      const [status] = await ask(t, { method: 'GET', path: '/other' });
      assert.equal(status, 404);
    });

    for (const [what, headers, body, said] of [
      ['a body with a length', { ...type, 'content-length': '7' }, '{"a":1}', [201, '{"a":1}']],
      ['a body without a length', type, '{"a":1}', [201, '{"a":1}']],
      ['a body of another type', { 'content-type': 'text/plain' }, '{"a":1}', [201, '"none"']],
      ['no JSON', type, 'a', [400, 'entity.parse.failed']],
      ['too much', type, JSON.stringify('a'.repeat(500)), [413, 'entity.too.large']],
    ] as const) {
      it(`reads ${what}`, async (t) => {
        const [status, , text] = await ask(t, { method: 'POST', path: '/json', headers, body });
        assert.deepEqual([status, text], said);
      });
    }
  });
}

it('a page learns that its visitor has left in the middle of the body', async (t) => {
  const broken = deferred<Error>();
  const reading = express();
  reading.use(json, ((error, _asked, _response, _next) => broken.resolve(error)) as express.ErrorRequestHandler);
  const port = await serveHttp2Visits(t, { accept: (visit) => serveWith(reading, visit) });
  const session = connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':authority': 'localhost', ':method': 'POST', 'content-type': 'application/json' });
  stream.write('{"a"');
  await once(stream, 'ready');
  await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  stream.close();
  assert.match((await broken.promise).message, /aborted/);
});
