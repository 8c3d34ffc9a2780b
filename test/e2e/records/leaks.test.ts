/**
 * What answers, pages, logs and caches must not give away. Everything hostile that can stand in a request or in an
 * identity is put where a page or a log line shows it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { readHandOff } from '../../support/hand-off.js';
import { knock } from '../../support/knock.js';
import { callbackUrl, ticketUrl } from '../../support/sign-in-steps.js';
import { overEach } from '../../support/versions.js';
import { rawExchange, type Visitor, type VisitorResponse } from '../../support/visitor.js';
import { readResponse } from '../../support/wire.js';
import { startWorld, type World } from '../../support/world.js';
import { PEOPLE } from '../../support/world-options.js';

const SCRIPT = '"\'></pre><script>alert(1)</script><img src=x onerror=alert(1)>';
const XSS = encodeURIComponent(SCRIPT);

// What a stack, a module path or an address of the inside looks like.
const INSIDE = /\n\s+at |node:|file:\/\/|\/src\/|\.[jt]s:\d|[A-Z][a-z]+Error:|ECONN|HPE_|127\.0\.0\.1:\d|undefined/;

describe('leaks', () => {
  let world: World;
  let ana: Visitor;
  let eve: Visitor;
  let odd: Visitor;
  let trails: readonly VisitorResponse[];

  before(async () => {
    const account = { sub: `odd-${SCRIPT}`, name: SCRIPT, email: "o'hara&co@elsewhere.test", email_verified: true };
    const accounts = [...PEOPLE, { ...account, preferred_username: SCRIPT, groups: [SCRIPT] }];
    world = await startWorld({ accounts, edgeEnv: { POSTERN_LOG_LEVEL: 'debug' } });
    [ana, eve, odd] = [world.visitor(), world.visitor(), world.visitor()];
    trails = [await ana.signIn(`${world.url}/`, 'ana'), await eve.signIn(`${world.url}/`, 'eve')];
    await odd.signIn(`${world.url}/`, account.sub);
    assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
  });
  after(async () => world?.close());

  /** Pages of every kind, each with something hostile in all that its request says. */
  async function pages(): Promise<VisitorResponse[]> {
    const stranger = world.visitor();
    const query = `rd=${XSS}&error=${XSS}&error_description=${XSS}&code=${XSS}&state=${XSS}&iss=${XSS}`;
    const headers = { 'user-agent': SCRIPT, referer: `https://evil.test/?${XSS}`, 'x-forwarded-host': SCRIPT };
    return Promise.all([
      stranger.navigate(`${world.base}/oauth2/callback?${query}`, { headers }),
      stranger.navigate(`${world.base}/${XSS}?${query}`, { headers }),
      stranger.open(`${world.url}/.postern/session?ticket=${XSS}&rd=${XSS}`, { headers }),
      stranger.navigate(`${world.url}/.postern/${XSS}`, { headers }),
      stranger.navigate(`${world.url}/${XSS}`, { headers, method: 'POST', initiator: world.url }),
      stranger.navigate(`${world.url.replace('demo', 'www')}/${XSS}`, { headers }),
      stranger.navigate(`${world.base}/oauth2/signed_out?${query}`, { headers }),
      ana.navigate(`${world.base}/?${query}`, { headers }),
      ana.open(`${world.url}/.postern/sign_out?${query}`, { headers, initiator: 'https://evil.test' }),
      ana.navigate(`${world.base}/oauth2/sign_out?of=${XSS}`, { headers }),
      eve.navigate(`${world.url}/${XSS}?${query}`, { headers }),
      odd.navigate(`${world.url}/${XSS}?${query}`, { headers }),
      odd.navigate(`${world.base}/?${query}`, { headers }),
      ana.navigate(`${world.url}/x`, { headers: { expect: SCRIPT } }),
    ]);
  }

  overEach(
    () => world,
    (version) => {
      test('L1 no page shows anything hostile as anything but text, and none may run a script', async () => {
        for (const { text: html, headers, url, status } of await pages()) {
          assert.match(String(headers['content-type']), /^text\/html/, `${status} ${url}`);
          assert.doesNotMatch(html, /<script|<img|onerror=alert\(1\)>|javascript:/i, url);
          assert.match(
            String(headers['content-security-policy']),
            /^default-src 'none'; style-src 'sha256-[^']+';/,
            url,
          );
        }
      });

      test('L1 a page that names an account shows it letter by letter', async () => {
        const page = await odd.navigate(`${world.url}/`);
        assert.equal(page.status, 403);
        assert.match(page.text, /o(?:'|&#39;|&#x27;|&apos;)hara&amp;co@elsewhere\.test/);
      });

      test('L2 no page of ours is framed, sniffed, kept or told where its visitor came from', async () => {
        for (const { headers, url } of await pages()) {
          assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/, url);
          assert.deepEqual(
            [
              headers['x-frame-options'],
              headers['x-content-type-options'],
              headers['referrer-policy'],
              headers['cache-control'],
            ],
            ['DENY', 'nosniff', 'no-referrer', 'no-store'],
            url,
          );
        }
      });

      test('L2 no answer of ours to a program is sniffed or kept either', async () => {
        const stranger = world.visitor();
        for (const visitor of [stranger, eve]) {
          for (const url of [`${world.url}/`, `${world.base}/nothing`, `${world.base}/oauth2/userinfo`]) {
            const { headers } = await visitor.fetch(url);
            assert.match(String(headers['content-type']), /^application\/json/, url);
            assert.deepEqual(
              [headers['x-content-type-options'], headers['cache-control']],
              ['nosniff', 'no-store'],
              url,
            );
          }
        }
      });

      test('L2 the same holds for what never became a request', async () => {
        const nonsense = version === 'HTTP/1.1' ? ['nonsense\r\n\r\n'] : [];
        for (const bytes of [...nonsense, `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${'x'.repeat(70_000)}\r\n\r\n`]) {
          const response = readResponse(await rawExchange(world.port, bytes));
          assert.match(
            response.values('content-security-policy')[0] ?? '',
            /default-src 'none'.*frame-ancestors 'none'/,
          );
          assert.deepEqual(response.values('x-content-type-options'), ['nosniff']);
          assert.deepEqual(response.values('cache-control'), ['no-store']);
        }
      });

      test('L3 whatever a request or an identity holds, a log line is one JSON object of bounded length', async () => {
        const { host } = new URL(world.url);
        const cookie = ana.jar.header(new URL(world.url));
        const unsafe = '\x9b31m\x85\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xef\xbb\xbf","level":"error","msg":"forged"}';
        const requests = [
          `GET /${unsafe.replaceAll(' ', '')} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${unsafe}\r\nCookie: ${cookie}`,
          `GET /%0d%0a%7b%22forged%22%3a1%7d%1b%5b2J HTTP/1.1\r\nHost: ${host}\r\nX-Request-Id: ${unsafe}\r\nCookie: ${cookie}`,
          `GET /${'x'.repeat(40_000)} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${'y'.repeat(10_000)}\r\nCookie: ${cookie}`,
          `GET / HTTP/1.1\r\nHost: ${unsafe}`,
          `FORGED${unsafe} / HTTP/1.1\r\nHost: ${host}`,
          `GET /.postern/link HTTP/1.1\r\nHost: ${new URL(world.base).host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: postern.h2\r\nAuthorization: Bearer x\r\nPostern-Tunnel: ${unsafe}`,
        ];
        for (const head of requests) await rawExchange(world.port, `${head}\r\nConnection: close\r\n\r\n`);
        await odd.navigate(`${world.url}/`);
        const last = await ana.fetch(`${world.url}/last`);
        assert.equal(last.status, 200);
        await world.edge.record(({ path }) => path === '/last');
        for (const line of world.edge.stdout.split('\n')) {
          const { level, msg } = JSON.parse(line) as Record<string, unknown>;
          assert.ok(level !== 'error' && msg !== 'forged', line);
          assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
          assert.ok(line.length < 10_000, `a line of ${line.length} letters`);
        }
        assert.equal(world.edge.stderr, '');
      });

      test('L3 a header that is far too large is refused, and not a word of it logged', async () => {
        // Over HTTP/2 a connection ends that brings more than 256 KiB of them.
        const large = 'needle'.repeat(version === 'HTTP/2' ? 40_000 : 170_000);
        const response = await rawExchange(world.port, `GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: ${large}\r\n\r\n`);
        assert.match(response, /^HTTP\/1\.1 431 /);
        assert.doesNotMatch(world.edge.stdout, /needle/);
      });

      test('L5 no answer to anything malformed holds a stack, a path of the program or an address of the inside', async () => {
        const { host } = new URL(world.url);
        const base = new URL(world.base).host;
        const chunks = `GET / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\nzz`;
        const ofHttp1 = version === 'HTTP/1.1' ? [chunks] : [];
        const malformed = [
          'nonsense',
          'GET / HTTP/9.9\r\nHost: x',
          `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}`,
          `GET http://x/ HTTP/1.1\r\nHost: ${host}`,
          `GET /%zz%00 HTTP/1.1\r\nHost: ${base}`,
          `GET /oauth2/callback?code=%&state=%E0%A4%A HTTP/1.1\r\nHost: ${base}`,
          `GET /oauth2/start?rd=%E0%A4%A HTTP/1.1\r\nHost: ${base}`,
          `GET /.postern/session?ticket=%E0%A4%A HTTP/1.1\r\nHost: ${host}`,
          `GET /%E0%A4%A HTTP/1.1\r\nHost: ${base}\r\nAccept: text/html`,
          `POST /oauth2/sign_out HTTP/1.1\r\nHost: ${base}\r\nContent-Length: 3\r\nContent-Type: application/json\r\n\r\n{{{`,
          `GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: ${'='.repeat(500)}; postern-session=%00; __proto__=x`,
          `GET /.postern/link HTTP/1.1\r\nHost: ${base}\r\nConnection: Upgrade\r\nUpgrade: websocket`,
          ...ofHttp1,
          `OPTIONS * HTTP/1.1\r\nHost: ${host}`,
          `TRACE / HTTP/1.1\r\nHost: ${host}`,
          `CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: ${host}`,
        ];
        for (const head of malformed) {
          const response = await rawExchange(world.port, `${head}\r\nConnection: close\r\n\r\n`);
          assert.match(response, /^HTTP\/1\.1 [234]\d\d /, head);
          assert.doesNotMatch(response, INSIDE, head);
        }
        for (const path of ['/die-first', '/nonsense', '/die']) {
          const response = await ana.navigate(world.url + path).catch(() => undefined);
          if (response !== undefined) assert.doesNotMatch(response.text, INSIDE, path);
        }
      });

      test('L6 what tells visitors who they are tells nothing that lets anybody in', async () => {
        for (const url of [`${world.url}/.postern/userinfo`, `${world.base}/oauth2/userinfo`]) {
          const response = await ana.fetch(url);
          assert.deepEqual([response.status, response.headers['cache-control']], [200, 'no-store']);
          assert.match(response.text, /"email":"ana@acme\.com"/);
          assert.doesNotMatch(response.text, /eyJ|token|secret|ticket/i);
          for (const { value } of ana.jar.all()) assert.ok(!response.text.includes(value));
        }
        const page = await eve.navigate(`${world.url}/`);
        assert.doesNotMatch(page.text, /eyJ|@acme\.com/, 'the page names the rules');
      });

      const CACHING: readonly (readonly [said: string, kept: string])[] = [
        ['', 'private'],
        ['max-age=3600', 'max-age=3600, private'],
        ['no-cache', 'no-cache, private'],
        ['private, max-age=60', 'private, max-age=60'],
        ['no-store', 'no-store'],
        ['public, max-age=3600', 'public, max-age=3600'],
        ['s-maxage=60', 's-maxage=60'],
      ];
      for (const [said, kept] of CACHING) {
        test(`L7 behind the gate "${said}" of a target is "${kept}": no cache shares what it did not share itself`, async () => {
          const query = said === '' ? '' : `?${new URLSearchParams({ header: `Cache-Control: ${said}` })}`;
          const response = await ana.fetch(`${world.url}/answer${query}`);
          assert.equal(response.headers['cache-control'], kept);
        });
      }

      test('L7 no answer of ours is kept by any cache', async () => {
        const stranger = world.visitor();
        const ours = [
          await stranger.navigate(`${world.url}/`),
          await stranger.fetch(`${world.url}/`),
          await eve.navigate(`${world.url}/`),
          await eve.fetch(`${world.url}/`),
          await stranger.navigate(`${world.base}/oauth2/start?rd=%2F`),
          await stranger.navigate(`${world.base}/oauth2/callback?code=x&state=y`),
          await stranger.navigate(`${world.url}/.postern/session?ticket=x`),
          await ana.navigate(`${world.base}/`),
        ];
        for (const { headers, url } of ours) assert.equal(headers['cache-control'], 'no-store', url);
      });

      for (const path of [
        '/account/x.css',
        '/account%2fx.css',
        '/account;x.js',
        '/account/%0ax.png',
        '/account?x=.ico',
        '/robots.txt',
      ]) {
        test(`L8 ${path} looks like a file that caches share, and is none behind the gate`, async () => {
          const stranger = world.visitor();
          for (const response of [await stranger.navigate(world.url + path), await stranger.bare(world.url + path)]) {
            assert.notEqual(response.status, 200);
            assert.equal(response.headers['cache-control'], 'no-store');
          }
          assert.equal((await ana.fetch(world.url + path)).headers['cache-control'], 'private');
        });
      }

      test('L10 a stranger, and whoever is not allowed, cannot tell a tunnel that is there from a name that is not', async () => {
        const left = `dev-gone-${version.at(-1)}`;
        const token = await world.token({ tunnels: left });
        const gone = await knock(
          { base: world.base, port: world.ports.edge },
          { token, name: left, allow: '@acme.com' },
        );
        const down = world.edge.record(({ event, tunnel }) => event === 'tunnel-down' && tunnel === left);
        gone.link.terminate();
        await down;
        const names = [world.name, left, 'nobody-has-this'];
        for (const name of names) await eve.signIn(`${world.urlOf(name)}/`, 'eve');
        for (const visitor of [world.visitor(), eve]) {
          for (const ask of ['navigate', 'fetch', 'bare'] as const) {
            for (const path of ['/', '/deep?x=1', '/.postern/userinfo', '/.postern/session?ticket=x']) {
              const answers = [];
              for (const name of names) answers.push(anonymous(await visitor[ask](world.urlOf(name) + path), name));
              for (const response of answers) assert.deepEqual(response, answers[0], `${ask} ${path}`);
            }
          }
        }
      });

      test('L12 the line of a request names nobody; who it was is in the audit stream, by session', async () => {
        const response = await ana.fetch(`${world.url}/who?email=ana@acme.com`);
        assert.equal(response.status, 200);
        await world.edge.record(({ path }) => path === '/who');
        const lines = world.edge.records().filter(({ stream }) => stream !== 'audit');
        assert.ok(lines.length > 10);
        for (const line of lines) assert.doesNotMatch(JSON.stringify(line), /ana@|eve@|hara&co/);
        await world.edge.record(({ event, email }) => event === 'allow' && email === 'ana@acme.com');
      });
    },
  );

  test('L9 what is on the admin address is not on the front door, and health tells nothing but that it is there', async () => {
    const stranger = world.visitor();
    for (const path of ['/healthz', '/readyz', '/metrics', '/debug', '/debug/pprof/', '/status', '/.well-known/x']) {
      const onBase = await stranger.bare(world.base + path);
      assert.deepEqual([onBase.status, onBase.headers['postern-error']], [404, 'ERR_NOT_FOUND'], path);
      const byAddress = await stranger.bare(`http://127.0.0.1:${world.port}${path}`);
      assert.deepEqual([byAddress.status, byAddress.headers['postern-error']], [404, 'ERR_TUNNEL_UNKNOWN'], path);
      // On a tunnel's host these paths are the app's, and for those who may open it.
      assert.equal((await stranger.bare(world.url + path)).status, 401, path);
      assert.equal((await ana.fetch(world.url + path)).status, 200, path);
    }
    assert.deepEqual(await admin('/healthz'), [200, 'ok\n']);
    assert.deepEqual(await admin('/readyz'), [200, 'ready\n']);
    for (const path of [
      '/',
      '/.postern/link',
      '/oauth2/start',
      '/debug',
      '/healthz/',
      '/ask',
      '/ask?domain=elsewhere.test',
    ]) {
      assert.deepEqual(await admin(path), [404, 'not found\n'], path);
    }
  });

  async function admin(path: string): Promise<[status: number | undefined, text: string]> {
    const [response] = await once(
      get(world.adminUrl + path, { agent: false, headers: { host: 'rebound.evil.test' } }),
      'response',
    );
    return [response.statusCode, await text(response)];
  }

  test('L11 no address that holds a code or a ticket is told to the next, and none stays in the address bar', async () => {
    for (const { url, trail } of trails) {
      assert.equal(url, `${world.url}/`);
      const secret = trail.filter(
        (visited) => /[?&](?:code|ticket|state)=/.test(visited) && !visited.startsWith(world.issuer),
      );
      assert.ok(
        secret.some((visited) => visited.includes('code=')) && secret.some((visited) => visited.includes('ticket=')),
      );
      for (const visited of secret) {
        // Asked again they fail, on a page.
        const again = await world.visitor().navigate(visited);
        assert.equal(again.headers['referrer-policy'], 'no-referrer', visited);
      }
    }
    for (const reach of [callbackUrl, ticketUrl]) {
      const visitor = world.visitor();
      const url = await reach(visitor, `${world.url}/deep?x=1`, 'ana');
      const response = await visitor.navigate(url);
      const isPage = readHandOff(response.text) !== undefined; // its script leaves the address at once
      assert.deepEqual(
        [response.status, response.headers['referrer-policy']],
        [isPage ? 200 : 302, 'no-referrer'],
        url,
      );
      assert.equal(response.headers['cache-control'], 'no-store');
      if (!isPage) assert.equal(response.text, '');
    }
  });
});

/** An answer without what differs from one request to the next, and without the name that was asked for. */
function anonymous({ status, headers, text: body, setCookies }: VisitorResponse, name: string): unknown {
  const id = String(headers['x-request-id']);
  const strip = (words: string) =>
    words
      .replaceAll(id, 'ID')
      .replaceAll(name, 'NAME')
      .replace(/nonce=[\w.-]+/g, 'nonce=N')
      .replace(/expires_at":"[^"]+/, 'expires_at":"LATER');
  const { date: _date, 'x-request-id': _id, 'set-cookie': _cookies, 'content-length': _length, ...rest } = headers;
  const cookies = setCookies.map((line) => line.replace(/=[^;]+/, '=V'));
  return { status, headers: JSON.parse(strip(JSON.stringify(rest))), body: strip(body), cookies };
}
