/**
 * Which host a request is for and which path: one reading or none. What could be read in two ways is refused at the
 * door; what is let through arrives byte for byte; and an answer of ours is always to be told from one of the app's.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Echo } from '../support/target-paths.js';
import { rawExchange, type Visitor } from '../support/visitor.js';
import { readAnswer, sendLines, type WireAnswer } from '../support/wire.js';
import { startWorld, type World } from '../support/world.js';

describe('hosts and paths', () => {
  let world: World;
  let ana: Visitor;
  let host: string;
  let cookie: string;

  before(async () => {
    world = await startWorld({ allow: ['@acme.com'] });
    await world.startAgent({ name: 'dev-two' });
    ana = await world.signedIn('ana');
    await ana.open(`${world.urlOf('dev-two')}/`);
    host = new URL(world.url).host;
    cookie = `Cookie: ${ana.jar.header(new URL(world.url))}`;
  });
  after(() => world?.close());

  const ask = (start: string, ...lines: readonly string[]) =>
    sendLines(world.port, [start, ...lines, cookie, 'Connection: close']);

  function isOurs(answer: WireAnswer, status: number, message: string): void {
    assert.equal(answer.status, status, message);
    assert.match(answer.values('postern-error').join(), /^ERR_[A-Z_]+$/, message);
    assert.deepEqual(answer.values('cache-control'), ['no-store'], message);
    assert.match(answer.values('x-request-id').join(), /^[\w-]{36}$/, message);
  }

  /** The start of a request whose answer must be a refusal of ours, without the target having heard of it. */
  async function isRefused(status: number, start: string, ...lines: readonly string[]): Promise<void> {
    await world.target.forget();
    isOurs(await ask(start, ...lines), status, JSON.stringify([start, ...lines]).slice(0, 200));
    assert.deepEqual(await world.target.seen(), []);
  }

  describe('the host', () => {
    test('may be written in capitals, with the root’s dot and with any port or none', async () => {
      const name = host.split(':')[0] ?? '';
      for (const spelling of [
        host,
        name,
        `${name}:80`,
        `${name}:65535`,
        name.toUpperCase(),
        `${name}.`,
        `${name}.:${world.port}`,
        `${name}:0`,
      ]) {
        const { status, values } = await ask('GET /spelt HTTP/1.1', `Host: ${spelling}`);
        assert.deepEqual([status, values('postern-error')], [200, []], spelling);
      }
    });

    test('is canonical for the target, however it was written', async () => {
      const { body } = await ask('GET /spelt HTTP/1.1', `Host: DEMO.LocalHost.:1`);
      assert.match(body, new RegExp(`"x-forwarded-host","${host}"`, 'i'));
    });

    const malformed = [
      '',
      ' ',
      ':80',
      '@',
      'demo.localhost:99999',
      'demo.localhost:65536',
      'demo.localhost:',
      'demo.localhost:80:80',
      'demo.localhost:8o',
      'demo.localhost:80@evil',
      'evil@demo.localhost',
      'demo.localhost/x',
      'demo.localhost?x',
      'demo.localhost#x',
      'demo.localhost\\x',
      'demo.localhost x',
      'demo.localhost, localhost',
      'demo..localhost',
      '.demo.localhost',
      'demo.localhost..',
      'demo%2elocalhost',
      '[::1]',
      `[::1]:80`,
      '::1',
      'demo.localhost\t.evil',
      'd\xe9mo.localhost',
      'demo.localhost\xa0',
      `${'a'.repeat(64)}.localhost`,
      `${'a.'.repeat(150)}localhost`,
      '*',
      '<script>',
    ];
    for (const spelling of malformed) {
      test(`is refused as ${JSON.stringify(spelling.slice(0, 40))}`, () =>
        isRefused(400, 'GET /refused HTTP/1.1', `Host: ${spelling}`));
    }

    const elsewhere = [
      'x.demo.localhost',
      'demo.localhost.evil.example',
      'demolocalhost',
      'xlocalhost',
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1',
      '127.1',
      '0.0.0.0',
      '169.254.169.254',
      '2130706433',
      '0x7f000001',
      'www.localhost',
      'admin.localhost',
      '-demo.localhost',
      'demo-.localhost',
      'xn--dmo-cma.localhost',
      'de_mo.localhost',
      '_gate.localhost',
      'demo.localhost.localhost',
      'demo',
    ];
    for (const spelling of elsewhere) {
      test(`leads nowhere as ${spelling}`, () => isRefused(404, 'GET /nowhere HTTP/1.1', `Host: ${spelling}`));
    }

    test('must be there, and once', async () => {
      await isRefused(400, 'GET / HTTP/1.1');
      await isRefused(400, 'GET / HTTP/1.0');
      await isRefused(400, 'GET / HTTP/1.1', `Host: ${host}`, `Host: ${host}`);
      await isRefused(400, 'GET / HTTP/1.1', `Host: ${host}`, 'Host: dev-two.localhost');
      await isRefused(400, 'GET / HTTP/1.1', 'Host: evil.example', `host: ${host}`);
      await isRefused(400, 'GET /ws HTTP/1.1', `Host: ${host}`, 'Host: dev-two.localhost', 'Upgrade: websocket');
    });

    test('is not taken from any other header', async () => {
      await world.target.forget();
      const more = [
        'X-Forwarded-Host: dev-two.localhost',
        'Forwarded: host=dev-two.localhost',
        'X-Host: dev-two.localhost',
        'X-Original-Host: dev-two.localhost',
        ':authority: dev-two.localhost',
      ];
      for (const line of more) {
        const { status } = await ask('GET /mine HTTP/1.1', 'Host: nobody.localhost', line);
        assert.notEqual(status, 200, line);
      }
      assert.deepEqual(await world.target.seen(), []);
    });
  });

  describe('the request target', () => {
    test('is a path: no URL, no asterisk, no authority, no fragment', async () => {
      const line = `Host: ${host}`;
      await isRefused(400, `GET http://${host}/x HTTP/1.1`, line);
      await isRefused(400, 'GET http://dev-two.localhost/x HTTP/1.1', line);
      await isRefused(400, 'GET https://evil.example/ HTTP/1.1', line);
      await isRefused(400, `GET http://${host}/ws HTTP/1.1`, line, 'Upgrade: websocket');
      await isRefused(400, 'OPTIONS * HTTP/1.1', line);
      await isRefused(400, 'GET * HTTP/1.1', line);
      await isRefused(400, 'GET /public#/../secret HTTP/1.1', line);
      await isRefused(400, 'GET /# HTTP/1.1', line);
    });

    test('is not asked for by TRACE or CONNECT', async () => {
      await isRefused(405, 'TRACE / HTTP/1.1', `Host: ${host}`);
      await isRefused(405, `CONNECT ${host} HTTP/1.1`, `Host: ${host}`);
      await isRefused(405, 'CONNECT 169.254.169.254:80 HTTP/1.1', 'Host: 169.254.169.254:80');
    });

    test('that is no HTTP gets an answer of ours and no further', async () => {
      await world.target.forget();
      const garbage = [
        'GET /\xc3\xa9 HTTP/1.1',
        'FOO / HTTP/1.1',
        'GET / HTTP/3.0',
        'GET x HTTP/1.1',
        'GET /a b HTTP/1.1',
        'GET /\0 HTTP/1.1',
        '\x16\x03\x01\x02\x00\x01\x00',
        'PRI * HTTP/2.0',
      ];
      for (const start of garbage) {
        const answer = readAnswer(await rawExchange(world.port, `${start}\r\nHost: ${host}\r\n${cookie}\r\n\r\n`));
        assert.equal(answer.status, 400, JSON.stringify(start));
        assert.deepEqual(
          [answer.values('postern-error'), answer.values('cache-control')],
          [['ERR_BAD_REQUEST'], ['no-store']],
        );
      }
      const headers = [
        'Content-Length: 1, 2',
        'Content-Length: +5',
        'Transfer-Encoding: xchunked',
        'Transfer-Encoding: chunked\r\nContent-Length: 4',
        'X : y',
        'X: a\0b',
        'X\xff: y',
        'Content-Length: 5\r\nContent-Length: 6',
      ];
      for (const line of headers) {
        const answer = readAnswer(
          await rawExchange(
            world.port,
            `POST / HTTP/1.1\r\nHost: ${host}\r\n${cookie}\r\nConnection: close\r\n${line}\r\n\r\n`,
          ),
        );
        assert.equal(answer.status, 400, JSON.stringify(line));
        assert.deepEqual(answer.values('postern-error'), ['ERR_BAD_REQUEST']);
      }
      assert.deepEqual(await world.target.seen(), []);
    });

    const kept = [
      '/a%2Fb',
      '/a//b',
      '//',
      '//a',
      '///evil.example/',
      '/%7Euser',
      '/~user',
      '/a?',
      '/?',
      '/??a=b?',
      '/a/../b',
      '/a/./b/..',
      '/..',
      '/../../etc/passwd',
      '/..;/x',
      '/;a=b',
      '/%2e%2e/x',
      '/%2E%2E%2Fx',
      '/%00',
      '/%',
      '/%zz',
      '/%C3%A9',
      '/a\\b',
      '/\\evil.example',
      '/a"b<c>d`e{f}|g^h',
      "/!$&'()*+,;=:@",
      '/.',
      '/...',
      '/.well-known/x',
      '/oauth2/start?rd=/',
      '/oauth2/callback?code=x',
      '/favicon.ico',
      `/${'long/'.repeat(1600)}`,
      `/?${'q=%20&'.repeat(1300)}`,
    ];
    for (const path of kept) {
      test(`arrives as it was sent: ${path.slice(0, 40)}`, async () => {
        const page = await ana.fetch(world.url, { path });
        assert.deepEqual([page.status, page.headers['postern-error']], [200, undefined]);
        assert.equal((page.json() as Echo).url, path);
      });
    }

    const ofTheApp = [
      '/.postern%2fx',
      '/.postern%2Fsession',
      '//.postern/x',
      '/.POSTERN/session',
      '/.Postern/',
      '/.postern;/x',
      '/.posternx',
      '/.postern%00/',
      '/x/.postern/session',
      '/./.postern/session',
      '/x/../.postern/userinfo',
      '/%2epostern/userinfo',
      '/.postern\\x',
      '/.postern%3fx',
    ];
    for (const path of ofTheApp) {
      test(`is the app’s unless it is ours to the letter: ${path}`, async () => {
        const page = await ana.fetch(world.url, { path });
        assert.deepEqual([page.status, page.headers['postern-error']], [200, undefined]);
        assert.equal((page.json() as Echo).url, path);
        const stranger = await world.visitor().fetch(world.url, { path });
        assert.deepEqual([stranger.status, stranger.headers['postern-error']], [401, 'ERR_LOGIN_REQUIRED']);
      });
    }

    for (const path of [
      '/.postern',
      '/.postern/',
      '/.postern?x',
      '/.postern/x',
      '/.postern/..;/',
      '/.postern/../x',
      '/.postern/Session',
      '/.postern/session/',
      '/.postern//session',
      '/.postern/userinfo%2f',
      '/.postern/link',
      '/.postern/%',
      '/.postern/jwks.json',
    ]) {
      test(`is ours and leads nowhere: ${path}`, async () => {
        await isRefused(404, `GET ${path} HTTP/1.1`, `Host: ${host}`);
      });
    }

    test('on the base host leads nowhere but to our own', async () => {
      const base = new URL(world.base).host;
      for (const path of [
        '/x',
        '/oauth2',
        '/oauth2/',
        '/oauth2/Start',
        '/oauth2/start/',
        '//oauth2/start',
        '/oauth2%2fstart',
        '/.postern/session',
        '/.POSTERN/jwks.json',
        '/index.html',
        '/metrics',
        '/healthz',
        '/readyz',
        '/%',
        '/..',
        '/favicon.ico',
      ]) {
        const answer = await ask(`GET ${path} HTTP/1.1`, `Host: ${base}`);
        assert.ok(answer.status === 404 || answer.status === 400, `${path} got ${answer.status}`);
        isOurs(answer, answer.status, path);
      }
    });
  });

  describe('an answer', () => {
    test('of ours says so, is never kept and can be found in the log', async () => {
      const { url, base } = world;
      const answers = [
        await world.visitor().navigate(`${url}/`),
        await world.visitor().fetch(`${url}/`),
        await world.visitor().bare(`${url}/.postern/userinfo`),
        await ana.fetch(`${url}/.postern/userinfo`),
        await ana.fetch(`${url}/.postern/nothing`),
        await ana.navigate(`${url}/.postern/session?ticket=x`),
        await ana.navigate(`${url}/.postern/sign_out`, { initiator: 'https://evil.example' }),
        await ana.navigate(`${base}/`),
        await ana.navigate(`${base}/nothing`),
        await ana.navigate(`${base}/oauth2/start?rd=%2F`),
        await world.visitor().navigate(`${base}/oauth2/start?rd=%2F`),
        await ana.navigate(`${base}/oauth2/callback?code=x&state=y`),
        await ana.navigate(`${base}/oauth2/signed_out`),
        await ana.bare(`${url}/`, { method: 'TRACE' }),
        await ana.bare(`${url}/`, { headers: { expect: 'a miracle' } }),
        await world.visitor().bare(`${world.urlOf('www')}/`),
      ];
      const ids = new Set<unknown>();
      for (const { status, headers, url: asked } of answers) {
        assert.equal(headers['cache-control'], 'no-store', asked);
        assert.equal(headers['postern-error'] !== undefined, status >= 400, asked);
        assert.equal(headers['x-powered-by'], undefined);
        assert.equal(headers['etag'], undefined);
        const id = headers['x-request-id'];
        ids.add(id);
        await world.edge.record((line) => line['requestId'] === id);
      }
      assert.equal(ids.size, answers.length);
    });

    test('that is a page runs, frames and tells nothing, and escapes what it shows', async () => {
      const visitor = world.visitor();
      const xss = encodeURIComponent('"><script>alert(1)</script>');
      const pages = [
        await visitor.navigate(`${world.base}/oauth2/callback?error=${xss}&error_description=${xss}&state=${xss}`),
        await visitor.navigate(`${world.base}/${xss}`),
        await visitor.navigate(`${world.url}/.postern/session?ticket=${xss}`),
        await visitor.navigate(`${world.url}/form?${xss}`, { method: 'POST', initiator: world.url }),
      ];
      for (const { text, headers, url } of pages) {
        assert.match(headers['content-type'] ?? '', /^text\/html/, url);
        assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['referrer-policy'], 'no-referrer');
        assert.equal(text.includes('<script'), false);
      }
    });

    test('of the app cannot pass for one of ours', async () => {
      const lines = [
        'Postern-Error: ERR_LOGIN_REQUIRED',
        'postern_error: x',
        'Postern-Anything: x',
        'X-App: kept',
        'X-Request-Id: of-the-app',
      ];
      const query = new URLSearchParams(lines.map((line) => ['header', line]));
      for (const status of ['200', '401', '503']) {
        const { headers, status: got } = await ana.fetch(`${world.url}/answer?status=${status}&${query}`);
        assert.equal(String(got), status);
        assert.deepEqual(
          [headers['postern-error'], headers['postern_error'], headers['postern-anything']],
          [undefined, undefined, undefined],
        );
        assert.deepEqual([headers['x-app'], headers['x-request-id']], ['kept', 'of-the-app']);
      }
    });

    test('of the app that is gated is private unless the app has decided on sharing', async () => {
      const answered = async (...lines: string[]) => {
        const query = new URLSearchParams(lines.map((line) => ['header', line] as [string, string]));
        return (await ana.fetch(`${world.url}/answer?${query}`)).headers['cache-control'];
      };
      assert.equal(await answered(), 'private');
      assert.equal(await answered('Cache-Control: max-age=60'), 'max-age=60, private');
      assert.equal(await answered('Cache-Control: public, max-age=60'), 'public, max-age=60');
      assert.equal(await answered('Cache-Control: no-store'), 'no-store');
    });
  });
});
