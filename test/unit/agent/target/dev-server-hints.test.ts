import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { recognizeRefusal } from '../../../../src/agent/target/refusal-table.js';
import { FakeInbound } from '../fake-inbound.js';
import { httpTarget } from '../targets.js';

const HOST = 'demo.tunnel.test';
const VITE = `Blocked request. This host ("${HOST}") is not allowed.\nTo allow this host, add "${HOST}" to \`server.allowedHosts\` in vite.config.js.`;
const RAILS = `<title>Action Controller: Exception caught</title><h1>Blocked hosts: ${HOST}</h1><pre>config.hosts << "${HOST}"</pre>`;

describe('recognizeRefusal', () => {
  it('recognises the refusals of each server', () => {
    const rows: [string, number, string, string][] = [
      ['Vite', 403, '/', VITE],
      ['Vite', 403, '/', `Blocked request. This host (${HOST}) is not allowed.`],
      ['Vite (preview)', 403, '/', VITE.replace('server.', 'preview.')],
      [
        'Angular',
        403,
        '/',
        `<h1>Blocked request. This host ("${HOST}") is not allowed.</h1> <code>serve</code> <code>angular.json</code>`,
      ],
      ['webpack-dev-server', 403, '/', 'Invalid Host header'],
      ['webpack-dev-server', 200, '/', 'Invalid Host header'],
      ['Next.js', 403, '/_next/webpack-hmr', 'Unauthorized'],
      ['Rails', 403, '/', RAILS],
      ['Rails', 403, '/', `Blocked host: ${HOST}`],
      ['Storybook', 403, '/', 'Invalid host'],
      ['Starlette or FastAPI', 400, '/', 'Invalid host header'],
      ['ASP.NET', 400, '/', '<BODY><h2>Bad Request - Invalid Hostname</h2>'],
      ['Symfony', 400, '/', `<h1>Untrusted Host "${HOST}".</h1>`],
      ['Nextcloud', 400, '/', '<h2>Access through untrusted domain</h2>'],
      ['Home Assistant', 400, '/', '400: Bad Request'],
      ['The MCP server', 421, '/mcp', 'Invalid Host header'],
      ['The MCP server', 403, '/mcp', `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Host: ${HOST}"}}`],
      ['The MCP server', 403, '/mcp', 'Invalid Origin header'],
      ['Spring', 403, '/api', 'Invalid CORS request'],
      ['gorilla/csrf (Portainer and others)', 403, '/api', 'Forbidden - origin invalid\n'],
      ['Grafana', 403, '/api/ds/query', '{"message":"origin not allowed"}'],
      ['Django', 403, '/', '<h1>Forbidden</h1>CSRF verification failed. Request aborted. Origin checking failed'],
      ['Rails', 422, '/', '<h1>ActionController::InvalidAuthenticityToken in PostsController#create</h1>'],
      ['SvelteKit or Astro', 403, '/', 'Cross-site POST form submissions are forbidden'],
      ['SvelteKit or Astro', 403, '/', '{"message":"Cross-site PUT form submissions are forbidden"}'],
      ['The object store', 403, '/bucket/x', '<Error><Code>SignatureDoesNotMatch</Code></Error>'],
      ['Django', 400, '/', '<!DOCTYPE html><html><head><title>DisallowedHost\n          at /</title>'],
    ];
    for (const [server, status, path, text] of rows) {
      assert.equal(recognizeRefusal({ status, path, isText: true, text })?.server, server, text);
    }
  });

  it('recognises no other response', () => {
    const rows: [number, string, string][] = [
      [403, '/', 'Forbidden'],
      [403, '/api', 'Unauthorized'],
      [200, '/', VITE],
      [404, '/_next/x', 'Unauthorized'],
      [400, '/', 'Bad Request (400)'],
      [400, '/api', '400: Bad Request'],
      [403, '/', 'invalid host'],
      [403, '/', ''],
    ];
    for (const [status, path, text] of rows)
      assert.equal(recognizeRefusal({ status, path, isText: true, text }), undefined, text);
  });
});

describe('a refused host', () => {
  const forwarded = ['x-forwarded-proto', 'https', 'x-forwarded-host', HOST];

  it('yields a hint with the exact fix once, and passes unchanged', async (t) => {
    const { target, hints } = await httpTarget(t, (_request, response) => response.writeHead(403).end(VITE), {
      hostHeader: 'preserve',
    });
    for (let times = 0; times < 2; times += 1) {
      const stream = new FakeInbound({ headers: forwarded });
      target.serve(stream);
      assert.equal((await stream.answer()).body, VITE);
    }
    assert.equal(hints.length, 1);
    assert.match(hints[0] ?? '', /allowedHosts: \['demo\.tunnel\.test'\]/);
  });

  it('is recognised on a WebSocket as well, by the rejected host', async (t) => {
    const { server, target, hints } = await httpTarget(t, (_request, response) => response.end());
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\nUnauthorized'));
    const stream = new FakeInbound({ protocol: 'websocket', path: '/_next/webpack-hmr', headers: forwarded });
    target.serve(stream);
    assert.equal((await stream.answer()).status, 403);
    assert.match(hints[0] ?? '', /allowedDevOrigins: \['demo\.tunnel\.test'\]/);
  });

  it('is not looked for in a body that is compressed, long or not text', async (t) => {
    const rows: [number, Record<string, string>][] = [
      [403, { 'content-encoding': 'gzip' }],
      [403, { 'content-type': 'application/json' }],
      [200, { 'content-type': 'text/html' }],
    ];
    for (const [status, headers] of rows) {
      const { target, hints } = await httpTarget(t, (_request, response) =>
        response.writeHead(status, headers).end('Invalid Host header'),
      );
      const stream = new FakeInbound();
      target.serve(stream);
      assert.equal((await stream.answer()).body, 'Invalid Host header');
      assert.deepEqual(hints, []);
    }
  });
});

describe('a refused origin', () => {
  const origin = `https://${HOST}`;
  const forwarded = ['x-forwarded-proto', 'https', 'x-forwarded-host', HOST];
  const fromItsPage = [...forwarded, 'origin', origin];

  it('is recognised by its text, JSON and XML too, with the setting to change, once', async (t) => {
    const rows: [type: string, text: string, named: RegExp][] = [
      [
        'application/json',
        '{"message":"origin not allowed"}',
        /^Grafana .* --host-header preserve, or .*csrf_trusted_origins/,
      ],
      ['text/html', 'Origin checking failed', /^Django .*CSRF_TRUSTED_ORIGINS/],
      ['application/xml', '<Code>SignatureDoesNotMatch</Code>', /^The object store .*--host-header preserve/],
    ];
    for (const [type, text, named] of rows) {
      const { target, hints } = await httpTarget(t, (_request, response) =>
        response.writeHead(403, { 'content-type': type }).end(text),
      );
      for (let times = 0; times < 2; times += 1) {
        const stream = new FakeInbound({ method: 'POST', headers: fromItsPage });
        target.serve(stream);
        assert.equal((await stream.answer()).body, text);
      }
      assert.equal(hints.length, 1);
      assert.match(hints[0] ?? '', named);
    }
  });

  /** The hints after these requests; the target responds to each with the status that it names. */
  async function hintsAfter(
    t: TestContext,
    requests: readonly [method: string, path: string, status: number, headers?: readonly string[]][],
    hostHeader: 'rewrite' | 'preserve' = 'rewrite',
  ): Promise<string[]> {
    const statuses = requests.map(([, , status]) => status);
    const { target, hints } = await httpTarget(
      t,
      (_request, response) => response.writeHead(statuses.shift() ?? 0).end(),
      {
        hostHeader,
      },
    );
    for (const [method, path, , headers = fromItsPage] of requests) {
      const stream = new FakeInbound({ method, path, headers });
      target.serve(stream);
      await stream.answer();
    }
    return hints;
  }

  it('is recognised once by the behaviour of the app, without a text', async (t) => {
    const page: [string, string, number] = ['GET', '/api/sessions?x=1', 200];
    for (const status of [403, 404]) {
      const hints = await hintsAfter(t, [page, ['POST', '/api/sessions', status], ['POST', '/api/sessions', status]]);
      assert.equal(hints.length, 1);
      assert.match(hints[0] ?? '', /--host-header preserve/);
    }
  });

  it('is named as what it was, when it was a WebSocket', async (t) => {
    const { server, target, hints } = await httpTarget(t, ({ method }, response) => response.end(method));
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
    for (const protocol of [undefined, 'websocket'] as const) {
      const stream = new FakeInbound({ path: '/', headers: fromItsPage, ...(protocol && { protocol }) });
      target.serve(stream);
      await stream.answer();
    }
    assert.match(hints[0] ?? '', /^The app answers 403 to a WebSocket from its own page/);
  });

  it('of a server that says why in its log only is recognised by behaviour and name', async (t) => {
    const { target, hints } = await httpTarget(t, ({ method }, response) =>
      response.writeHead(method === 'GET' ? 200 : 404, { server: 'TornadoServer/6.4.1' }).end(),
    );
    for (const method of ['GET', 'POST']) {
      const stream = new FakeInbound({ method, path: '/api/sessions', headers: fromItsPage });
      target.serve(stream);
      await stream.answer();
    }
    assert.deepEqual(hints, [
      `Jupyter refuses what comes from ${origin}: set c.ServerApp.allow_origin = '${origin}' in jupyter_server_config.py.`,
    ]);
  });

  it('yields no advice to preserve the host where only a setting helps', async (t) => {
    const { target, hints } = await httpTarget(t, (_request, response) =>
      response.writeHead(403).end('Origin checking failed'),
    );
    const stream = new FakeInbound({ method: 'POST', headers: fromItsPage });
    target.serve(stream);
    await stream.answer();
    assert.deepEqual(hints, [
      `Django refuses what comes from ${origin}: add '${origin}' to CSRF_TRUSTED_ORIGINS in settings.py.`,
    ]);
  });

  it('is not assumed where the response may mean something else', async (t) => {
    const page: [string, string, number] = ['GET', '/there', 200];
    assert.deepEqual(await hintsAfter(t, [['POST', '/there', 403]]), [], 'nothing is known of its GETs');
    assert.deepEqual(await hintsAfter(t, [page, ['POST', '/elsewhere', 404]]), [], 'there may be nothing');
    assert.deepEqual(await hintsAfter(t, [page, ['POST', '/there', 403, forwarded]]), [], 'no origin');
    assert.deepEqual(
      await hintsAfter(t, [page, ['POST', '/there', 403, [...forwarded, 'origin', 'https://x.test']]]),
      [],
    );
    assert.deepEqual(await hintsAfter(t, [page, ['GET', '/there', 403]]), [], 'a safe method');
    assert.deepEqual(await hintsAfter(t, [page, ['POST', '/there', 403]], 'preserve'), [], 'the host is preserved');
  });
});
