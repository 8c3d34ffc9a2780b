/**
 * Which host a request is for and which path has one reading or none. What could be read in two ways is
 * refused at the door; what is let through arrives byte for byte.
 */
import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import { overEach } from '../../support/versions.js';
import type { Visitor } from '../../support/visitor.js';
import { sendLines, type WireResponse } from '../../support/wire.js';

describe('hosts and paths', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', allow: ['@acme.com'] });
  let host: string;
  let cookie: string;

  before(async () => {
    await world.startAgent({ name: 'dev-two' });
    await ana.open(`${world.urlOf('dev-two')}/`);
    host = new URL(world.url).host;
    cookie = `Cookie: ${ana.jar.header(new URL(world.url))}`;
  });

  const ask = (start: string, ...lines: readonly string[]) =>
    sendLines(world.port, [start, ...lines, cookie, 'Connection: close']);

  function isOurs(response: WireResponse, status: number, message: string): void {
    assert.equal(response.status, status, message);
    assert.match(response.values('postern-error').join(), /^ERR_[A-Z_]+$/, message);
    assert.deepEqual(response.values('cache-control'), ['no-store'], message);
    assert.match(response.values('x-request-id').join(), /^[\w-]{36}$/, message);
  }

  /** The start of a request that the edge must refuse itself, so that nothing of it reaches the target. */
  async function isRefused(status: number, start: string, ...lines: readonly string[]): Promise<void> {
    await world.target.forget();
    isOurs(await ask(start, ...lines), status, JSON.stringify([start, ...lines]).slice(0, 200));
    assert.deepEqual(await world.target.seen(), []);
  }

  overEach(
    () => world,
    (version) => {
      const isTwo = version === 'HTTP/2';

      describe('the host', () => {
        test('F3 the host may be written in capitals, with the root’s dot and with any port or none', async () => {
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

        test('F3 the host is canonical for the target, however it was written', async () => {
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
          test(`F3 the host is refused as ${JSON.stringify(spelling.slice(0, 40))}`, () =>
            isRefused(400, 'GET /refused HTTP/1.1', `Host: ${spelling}`));
        }

        const elsewhere = [
          'x.demo.localhost',
          'www.localhost',
          'admin.localhost',
          '-demo.localhost',
          'demo-.localhost',
          'xn--dmo-cma.localhost',
          'de_mo.localhost',
          '_gate.localhost',
          'demo.localhost.localhost',
        ];
        for (const spelling of elsewhere) {
          test(`F4 the host leads nowhere as ${spelling}`, () =>
            isRefused(404, 'GET /nowhere HTTP/1.1', `Host: ${spelling}`));
        }

        // A client of HTTP/2 is told to take another connection for a host that is not ours.
        const foreign = isTwo ? 421 : 404;
        const others = [
          'demo.localhost.evil.example',
          'demolocalhost',
          'xlocalhost',
          'evil.example',
          'localhost.evil.example',
          'demo',
        ];
        for (const spelling of others) {
          test(`F4 the host leads nowhere as ${spelling}`, () =>
            isRefused(foreign, 'GET /nowhere HTTP/1.1', `Host: ${spelling}`));
        }

        const addresses = [
          '127.0.0.1',
          '127.1',
          '0.0.0.0',
          '169.254.169.254',
          '2130706433',
          '0x7f000001',
          '017700000001',
        ];
        for (const spelling of [...addresses, 'rebound.attacker.example', '127.0.0.1.nip.io']) {
          test(`F14 the host leads nowhere when a name was rebound to the edge: ${spelling}`, () =>
            isRefused(foreign, 'GET /nowhere HTTP/1.1', `Host: ${spelling}`));
        }

        test('F5 whether a name is a tunnel is not to be told from the answer, by a stranger or one who may not open it', async () => {
          const eve = world.visitor();
          await eve.signIn(`${world.url}/`, 'eve');
          await eve.open(`${world.urlOf('nobody')}/`);
          const responseFor = async (name: string, visitor: Visitor) => {
            const { status, headers, text } = await visitor.fetch(`${world.urlOf(name)}/private`);
            const id = String(headers['x-request-id']);
            return JSON.stringify([
              status,
              headers['postern-error'],
              text.replaceAll(id, 'ID').replaceAll(name, 'NAME'),
            ]);
          };
          for (const [visitor, status] of [
            [world.visitor(), 401],
            [eve, 403],
          ] as const) {
            const known = await responseFor(world.name, visitor);
            assert.equal(await responseFor('nobody', visitor), known);
            assert.match(known, new RegExp(`^\\[${status},`));
          }
        });

        test('F1 the host must be there, and once', async () => {
          await isRefused(400, 'GET / HTTP/1.1');
          await isRefused(400, 'GET / HTTP/1.0');
          // Over HTTP/2 `:authority` and a `host` that says the same are one.
          if (!isTwo) await isRefused(400, 'GET / HTTP/1.1', `Host: ${host}`, `Host: ${host}`);
          await isRefused(400, 'GET / HTTP/1.1', `Host: ${host}`, 'Host: dev-two.localhost');
          await isRefused(400, 'GET / HTTP/1.1', 'Host: evil.example', `host: ${host}`);
          await isRefused(400, 'GET /ws HTTP/1.1', `Host: ${host}`, 'Host: dev-two.localhost', 'Upgrade: websocket');
        });

        test('F10 the host is not taken from any other header', async () => {
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
        test('F2 the target is a path and no URL', async () => {
          const line = `Host: ${host}`;
          await isRefused(400, `GET http://${host}/x HTTP/1.1`, line);
          await isRefused(400, 'GET http://dev-two.localhost/x HTTP/1.1', line);
          await isRefused(400, 'GET HTTP://dev-two.localhost/x HTTP/1.1', line);
          await isRefused(400, 'GET https://evil.example/ HTTP/1.1', line);
          await isRefused(400, 'GET file:///etc/passwd HTTP/1.1', line);
          await isRefused(400, `POST http://${host} HTTP/1.1`, line, 'Content-Length: 0');
        });

        test('F8 the target has no fragment', async () => {
          const line = `Host: ${host}`;
          for (const path of ['/public#/../secret', '/#', '/a?b#c', '//#', '/.postern/session#'])
            await isRefused(400, `GET ${path} HTTP/1.1`, line);
        });

        test('F12 TRACE, CONNECT, the asterisk and what Node does not know are refused; every other method passes', async () => {
          const line = `Host: ${host}`;
          await isRefused(405, 'TRACE / HTTP/1.1', line);
          await isRefused(405, `CONNECT ${host} HTTP/1.1`, line);
          await isRefused(405, 'CONNECT 169.254.169.254:80 HTTP/1.1', 'Host: 169.254.169.254:80');
          await isRefused(400, 'OPTIONS * HTTP/1.1', line);
          await isRefused(400, 'GET * HTTP/1.1', line);
          // Over HTTP/2 they are the app's to refuse.
          for (const method of isTwo ? [] : ['FOO', 'get', 'GETX']) await isRefused(501, `${method} / HTTP/1.1`, line);
          for (const method of METHODS.filter((name) => !['TRACE', 'CONNECT'].includes(name))) {
            const { status, body } = await ask(`${method} /by-method HTTP/1.1`, line);
            assert.equal(status, 200, method);
            if (method !== 'HEAD') assert.match(body, new RegExp(`"method":"${method}"`));
          }
        });

        test('F12 no method is anonymous', async () => {
          await world.target.forget();
          for (const method of METHODS) {
            const { status } = await sendLines(world.port, [
              `${method} / HTTP/1.1`,
              `Host: ${host}`,
              'Connection: close',
            ]);
            assert.ok(status === 401 || status === 405, `${method} got ${status}`);
          }
          assert.deepEqual(await world.target.seen(), []);
        });

        const doubtful = [
          '/public/..%2fsecret',
          '/public/%2e%2e/secret',
          '/public;/../secret',
          '/public\\..\\secret',
          '//public/../secret',
          '/public/%00',
          '/.postern/..%2fsecret',
          '/x/..;/.postern/userinfo',
          '/.postern%2f..%2fsecret',
          '/./.postern/session/../../secret',
          '/favicon.ico',
          '/robots.txt',
          '/.well-known/acme-challenge/x',
          '/healthz',
          '/secret.css',
          '/oauth2/sign_out',
        ];
        for (const path of doubtful) {
          test(`F7 no path opens without a session: ${path}`, async () => {
            await world.target.forget();
            const response = await sendLines(world.port, [
              `GET ${path} HTTP/1.1`,
              `Host: ${host}`,
              'Connection: close',
            ]);
            assert.ok(response.status === 401 || response.status === 404, String(response.status));
            assert.equal(response.values('postern-error').length, 1);
            assert.deepEqual(await world.target.seen(), []);
          });
        }

        test('F9 a query decides nothing', async () => {
          await world.target.forget();
          for (const path of [
            '/secret?x=/.postern/userinfo',
            '/?/.postern/session',
            '/secret?rd=/public&ticket=x',
            '/secret?public',
          ])
            assert.equal((await world.visitor().bare(world.url, { path })).status, 401, path);
          assert.deepEqual(await world.target.seen(), []);
          const page = await ana.fetch(world.url, { path: '/x?/.postern/session' });
          assert.equal((page.json() as Echo).url, '/x?/.postern/session');
        });

        test('F10 no header replaces the path or the method', async () => {
          const lines = [
            'X-Original-URL: /.postern/userinfo',
            'X-Rewrite-URL: /.postern/userinfo',
            'X-Forwarded-Uri: /public',
            'X-Original-URI: /public',
            'X-Forwarded-Method: GET',
            'X-HTTP-Method-Override: TRACE',
            'X-Method-Override: TRACE',
          ];
          const mine = await ask('GET /mine HTTP/1.1', `Host: ${host}`, ...lines);
          assert.match(mine.body, /"method":"GET","url":"\/mine"/);
          await world.target.forget();
          for (const line of lines) {
            const { status } = await sendLines(world.port, [
              'GET /x HTTP/1.1',
              `Host: ${host}`,
              line,
              'Connection: close',
            ]);
            assert.equal(status, 401, line);
          }
          assert.deepEqual(await world.target.seen(), []);
        });

        test('F11 no program is let in by its name', async () => {
          await world.target.forget();
          const names = [
            'GoogleHC/1.0',
            'kube-probe/1.30',
            'ELB-HealthChecker/2.0',
            'Googlebot/2.1',
            'postern',
            'curl/8',
            '',
          ];
          for (const name of names) {
            const lines = [
              `User-Agent: ${name}`,
              'X-Health-Check: 1',
              'Purpose: prefetch',
              'X-Requested-With: XMLHttpRequest',
            ];
            const response = await sendLines(world.port, [
              'GET /healthz HTTP/1.1',
              `Host: ${host}`,
              ...lines,
              'Connection: close',
            ]);
            assert.equal(response.status, 401, name);
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
          test(`F13 the path arrives as it was sent: ${path.slice(0, 40)}`, async () => {
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
          test(`F6 a path is the app’s unless it is ours to the letter: ${path}`, async () => {
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
          test(`F6 a path that is ours leads nowhere: ${path}`, async () => {
            await isRefused(404, `GET ${path} HTTP/1.1`, `Host: ${host}`);
          });
        }

        test('F6 a path on the base host leads nowhere but to our own', async () => {
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
            const response = await ask(`GET ${path} HTTP/1.1`, `Host: ${base}`);
            assert.ok(response.status === 404 || response.status === 400, `${path} got ${response.status}`);
            isOurs(response, response.status, path);
          }
        });
      });
    },
  );
});
