/**
 * The headers of what is forwarded: a target and a visitor see each other's as if nothing stood between them, but for
 * what names the wrong host, what only the edge may say and what a shared cache must not keep.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { headerValues } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import { overEach } from '../../support/versions.js';
import { rawExchange, type VisitOptions, type Visitor } from '../../support/visitor.js';

describe('forwarded headers', () => {
  const { world } = inWorld();
  let host: string;
  let ana: Visitor;

  before(async () => {
    host = new URL(world.url).host;
  });

  const cookie = () => ana.jar.header(new URL(world.url), { site: 'none', safeNavigation: true });
  const seenAt = async (path: string, options: VisitOptions = {}, url = world.url) =>
    (await ana.fetch(`${url}${path}`, options)).json() as Echo;
  const told = (lines: readonly string[], status = 200) => {
    const query = new URLSearchParams([['status', String(status)], ...lines.map((line) => ['header', line])]);
    return ana.fetch(`${world.url}/answer?${query}`);
  };

  overEach(
    () => world,
    (version) => {
      const isTwo = version === 'HTTP/2'; // whose heads are smaller: docs/budgets.md

      before(async () => {
        ana = await world.signedIn('ana'); // without the cookies of other tests
      });

      describe('to the target', () => {
        test('request headers carry the visitor and the public address', async () => {
          const { rawHeaders } = await seenAt('/echo');
          const said = (name: string) => headerValues(rawHeaders, name);
          assert.deepEqual(said('x-forwarded-email'), ['ana@acme.com']);
          assert.deepEqual(said('x-forwarded-user'), ['ana']);
          assert.deepEqual(said('x-forwarded-preferred-username'), ['ana']);
          assert.deepEqual(said('x-forwarded-groups'), ['eng']);
          assert.deepEqual(said('x-forwarded-host'), [host]);
          assert.deepEqual(said('x-forwarded-proto'), ['http']);
          assert.deepEqual(said('x-forwarded-port'), [String(world.ports.edge)]);
          assert.deepEqual(said('x-forwarded-for'), ['127.0.0.1']);
          assert.equal(said('x-request-id').length, 1);
          assert.equal(said('x-postern-assertion').length, 1);
          assert.deepEqual(said('cookie'), []);
        });

        test('request headers are the visitor’s own in everything else, byte for byte', async () => {
          const headers = {
            'x-odd': '\u00e9\u00ff "quoted", and, commas',
            'x-empty': '',
            'x-tab': 'a\tb',
            'accept-language': 'de, en;q=0.5',
            authorization: 'Basic YTpi',
            'if-none-match': 'W/"1", "2"',
            range: 'bytes=0-1',
            __proto__x: 'kept',
            'content-type': 'application/json; charset=utf-8',
            referer: `${world.url}/deep?a=1`,
            priority: 'u=1',
          };
          const { rawHeaders } = await seenAt('/echo', { headers });
          for (const [name, value] of Object.entries(headers))
            assert.deepEqual(headerValues(rawHeaders, name), [value], name);
        });

        test('a repeated request header stays repeated, and so does one named like a prototype', async () => {
          const lines = ['X-Many: one', 'X-Many: two', '__proto__: real', 'Cookie: theme=dark', 'constructor: c'];
          const request = ['GET /echo HTTP/1.1', `Host: ${host}`, `Cookie: ${cookie()}`, ...lines, 'Connection: close'];
          const response = await rawExchange(world.port, `${request.join('\r\n')}\r\n\r\n`);
          const echo = /\{.*\}/s.exec(response)?.[0] ?? '';
          const { rawHeaders } = JSON.parse(echo) as Echo;
          assert.deepEqual(headerValues(rawHeaders, 'x-many'), ['one', 'two']);
          assert.deepEqual(headerValues(rawHeaders, '__proto__'), ['real']);
          assert.deepEqual(headerValues(rawHeaders, 'constructor'), ['c']);
          assert.deepEqual(headerValues(rawHeaders, 'cookie'), ['theme=dark']);
        });

        test('the Host header is the target’s own, the public or a fixed one, as the agent was told', async () => {
          const hostSeen = async (url: string) => headerValues((await seenAt('/echo', {}, url)).rawHeaders, 'host');
          assert.deepEqual(await hostSeen(world.url), [new URL(world.target.url).host]);
          const preserving = `dev-preserve-${version.at(-1)}`;
          for (const [name, argument, expected] of [
            [preserving, 'preserve', new URL(world.urlOf(preserving)).host],
            [`dev-literal-${version.at(-1)}`, 'app.internal:81', 'app.internal:81'],
          ] as const) {
            await world.startAgent({ name, args: ['--host-header', argument] });
            await ana.signIn(`${world.urlOf(name)}/`, 'ana');
            assert.deepEqual(await hostSeen(world.urlOf(name)), [expected]);
          }
        });

        test('the Origin header is left alone, except on the upgrade of a WebSocket', async () => {
          const post = await seenAt('/echo', { method: 'POST', body: 'x' });
          assert.deepEqual(headerValues(post.rawHeaders, 'origin'), [world.url]);
          await world.target.forget();
          (await ana.socket(`${world.url}/ws`)).close();
          await world.target.event('socket-closed', '/ws');
          const [upgrade] = await world.target.seen();
          assert.deepEqual(headerValues(upgrade?.rawHeaders ?? [], 'origin'), [world.target.url]);
        });

        for (const path of [
          '/a%2Fb',
          '/a//b',
          '/%7Euser',
          '/a?',
          '/?',
          '/a?x=1&y=%2F&z',
          '//x/y',
          '/a;b=c',
          '/..%2f..',
        ]) {
          test(`the path ${JSON.stringify(path)} reaches the target as it is`, async () => {
            const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie()}\r\nConnection: close\r\n\r\n`;
            const response = await rawExchange(world.port, request);
            const { url } = JSON.parse(/\{.*\}/s.exec(response)?.[0] ?? '{}') as Echo;
            assert.equal(url, path);
          });
        }

        test('request headers may be nearly as large as the edge accepts', async () => {
          const headers = Object.fromEntries(
            Array.from({ length: isTwo ? 28 : 60 }, (_, at) => [`x-large-${at}`, 'v'.repeat(1_000)]),
          );
          assert.equal((await ana.fetch(`${world.url}/status/200`, { headers })).status, 200);
        });

        test('request headers that are too large get a page that says so', async () => {
          for (const bytes of [70_000, isTwo ? 200_000 : 1_000_000]) {
            const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: a=${'c'.repeat(bytes)}\r\n\r\n`;
            const response = await rawExchange(world.port, request);
            assert.match(response, /^HTTP\/1\.1 431 /);
            assert.match(response, /postern-error: ERR_HEADERS_TOO_LARGE/i);
            assert.match(response, /<h1>/);
          }
        });

        for (const count of [isTwo ? 700 : 900, 5_000]) {
          test(`all of ${count} request headers arrive, or the request is refused`, async () => {
            const names = Array.from({ length: count }, (_, at) => `x-${at}: 1`);
            const lines = ['GET /echo HTTP/1.1', `Host: ${host}`, `Cookie: ${cookie()}`, ...names, 'Connection: close'];
            const response = await rawExchange(world.port, `${lines.join('\r\n')}\r\n\r\n`);
            const isWhole = response.includes(`X-${count - 1}"`);
            assert.match(response, isWhole ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 431 /);
            assert.equal(isWhole, count < 1_000);
          });
        }
      });

      describe('to the visitor', () => {
        test('response headers keep every cookie, in order', async () => {
          const cookies = ['a=1; Path=/', 'b=2; HttpOnly', 'a=3; Path=/deep', 'c="quoted"'];
          const response = await told(cookies.map((line) => `Set-Cookie: ${line}`));
          assert.deepEqual(response.setCookies, cookies);
        });

        test('response headers lose the cookies that would reach the edge or a sibling', async () => {
          const kept = ['x=1', `y=1; Domain=${new URL(world.url).hostname}`];
          const lost = [
            'postern-session=x',
            '__Host-postern-session=x',
            'z=1; Domain=sibling.localhost',
            'w=1; domain=.TEST',
          ];
          const response = await told([...lost, ...kept].map((line) => `Set-Cookie: ${line}`));
          assert.deepEqual(response.setCookies, kept);
        });

        test('response headers name the tunnel where they named the target', async () => {
          const { url, port } = world.target;
          for (const [said, heard] of [
            [`${url}/next?a=b#c`, `${world.url}/next?a=b#c`],
            [`http://localhost:${port}/next`, `${world.url}/next`],
            ['/relative', '/relative'],
            ['https://elsewhere.test/x', 'https://elsewhere.test/x'],
            [`http://127.0.0.1:1/other`, 'http://127.0.0.1:1/other'],
          ] as const) {
            assert.equal((await told([`Location: ${said}`], 302)).headers.location, heard);
          }
          const response = await told([
            'Set-Cookie: a=1; Domain=127.0.0.1; Path=/',
            'Set-Cookie: b=1; Domain=localhost',
          ]);
          const domain = new URL(world.url).hostname;
          assert.deepEqual(response.setCookies, [`a=1; Domain=${domain}; Path=/`, `b=1; Domain=${domain}`]);
        });

        for (const [said, heard] of [
          [[], 'private'],
          [['no-cache'], 'no-cache, private'],
          [['max-age=60'], 'max-age=60, private'],
          [['must-revalidate, max-age=0'], 'must-revalidate, max-age=0, private'],
          [['public, max-age=60'], 'public, max-age=60'],
          [['max-age=60, S-MaxAge=10'], 'max-age=60, S-MaxAge=10'],
          [['no-store'], 'no-store'],
          [['private'], 'private'],
          [['private="set-cookie", max-age=9'], 'private="set-cookie", max-age=9, private'],
          [['x-public-ish'], 'x-public-ish, private'],
          [['max-age=60', 'public'], 'max-age=60, public'],
        ] as const) {
          test(`Cache-Control is ${heard} when the target said ${said.join(' and ') || 'nothing'}`, async () => {
            const response = await told(said.map((value) => `Cache-Control: ${value}`));
            assert.equal(response.headers['cache-control'], heard);
          });
        }

        test('response headers are the target’s own in everything else, and nothing is added but Via', async () => {
          const lines = [
            'X-Odd: a  b',
            'ETag: W/"x"',
            'Vary: Accept',
            'X-Powered-By: tests',
            "Content-Security-Policy: frame-ancestors 'none'",
          ];
          const response = await told(lines);
          for (const line of lines) {
            const [name = '', value = ''] = line.split(': ');
            assert.deepEqual(headerValues(response.rawHeaders, name.toLowerCase()), [value]);
          }
          assert.equal(response.headers['via'], '1.1 postern');
          for (const name of ['server', 'postern-error', 'x-request-id'])
            assert.equal(response.headers[name], undefined);
        });

        test('response headers of a target cannot speak for the edge', async () => {
          const response = await told([
            'Postern-Error: ERR_INTERNAL',
            'Postern_Error: ERR_INTERNAL',
            'Postern-Url: x',
            'X-Own: 1',
          ]);
          assert.equal(response.status, 200);
          assert.equal(response.headers['x-own'], '1');
          assert.deepEqual(
            Object.keys(response.headers).filter((name) => /^postern/.test(name)),
            [],
          );
        });
      });
    },
  );
});
