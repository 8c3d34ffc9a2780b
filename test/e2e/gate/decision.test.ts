/**
 * The gate: nothing reaches the target, nor even the agent, before the decision is allow; who is refused hears it in the
 * form that the asking program can use; and the decision is the one that the rules say.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { headerValue } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import {
  RefusedUpgrade,
  rawExchange,
  type VisitOptions,
  type Visitor,
  type VisitorResponse,
} from '../../support/visitor.js';
import { readResponse, sendLines, type WireResponse } from '../../support/wire.js';

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'PROPFIND',
  'PURGE',
  'QUERY',
  'M-SEARCH',
  'FOO',
  'get',
];
// `node:http` knows the registered methods only; another one is no request at all.
const NOT_HTTP = ['FOO', 'get'];

describe('before the decision is allow', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', manyAddresses: true });
  let eve: Visitor;
  let host: string;

  before(async () => {
    eve = world.visitor();
    await eve.signIn(`${world.url}/`, 'eve');
    host = new URL(world.url).host;
  });

  /** Runs something that must not reach the target; then one allowed request shows what did. */
  async function reachesNothing(attempt: () => Promise<unknown>): Promise<void> {
    await world.target.forget();
    const mark = world.agent.mark();
    await attempt();
    assert.equal((await ana.fetch(`${world.url}/canary`)).status, 200);
    const seen = await world.target.seen();
    assert.deepEqual(
      seen.map(({ url }) => url),
      ['/canary'],
    );
    await world.agent.record((line) => line['path'] === '/canary', mark);
    const told = world.agent.records(mark).filter((line) => line['event'] === 'request');
    assert.deepEqual(
      told.map((line) => line['path']),
      ['/canary'],
    );
  }

  const cookieOf = (visitor: Visitor | undefined) => visitor?.jar.header(new URL(world.url)) ?? '';

  function isOurs(response: WireResponse, statuses: readonly number[], message: string): void {
    assert.ok(statuses.includes(response.status), `${message} got ${response.status}`);
    assert.equal(response.values('postern-error').length, 1, message);
    assert.deepEqual(response.values('cache-control'), ['no-store'], message);
  }

  for (const who of ['a stranger', 'somebody who is signed in and not allowed'] as const) {
    const cookies = () => (who === 'a stranger' ? [] : [`Cookie: ${cookieOf(eve)}`]);
    const refusal = who === 'a stranger' ? 401 : 403;

    test(`no method of ${who} reaches the target`, () =>
      reachesNothing(async () => {
        for (const method of METHODS) {
          const lines = [`${method} /${method} HTTP/1.1`, `Host: ${host}`, ...cookies(), 'Connection: close'];
          isOurs(await sendLines(world.port, lines), NOT_HTTP.includes(method) ? [501] : [refusal], method);
        }
      }));

    test(`no body of ${who} reaches the target, nor is it asked for`, () =>
      reachesNothing(async () => {
        for (const framing of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
          const body = framing.startsWith('C') ? 'hello' : '5\r\nhello\r\n0\r\n\r\n';
          const lines = ['POST /body HTTP/1.1', `Host: ${host}`, ...cookies(), framing];
          isOurs(await sendLines(world.port, [...lines, 'Connection: close'], body), [refusal], framing);
          const expecting = await rawExchange(
            world.port,
            [...lines, 'Expect: 100-continue', 'Connection: close', '', ''].join('\r\n'),
          );
          assert.equal(readResponse(expecting).status, refusal);
        }
      }));

    test(`no preflight of ${who} reaches the target`, () =>
      reachesNothing(async () => {
        for (const origin of ['https://evil.example', world.url, world.urlOf('dev-two')]) {
          const lines = [
            'OPTIONS /api HTTP/1.1',
            `Host: ${host}`,
            ...cookies(),
            `Origin: ${origin}`,
            'Access-Control-Request-Method: PUT',
            'Access-Control-Request-Headers: x-custom',
            'Connection: close',
          ];
          // A page of another origin hears the same whoever the visitor is.
          isOurs(await sendLines(world.port, lines), [origin === world.url ? refusal : 403], origin);
        }
      }));

    test(`no upgrade of ${who} reaches the target`, () =>
      reachesNothing(async () => {
        const key = `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`;
        const websocket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key];
        const upgrades: Record<string, string[]> = {
          'a WebSocket': websocket,
          'a WebSocket of the page': [...websocket, `Origin: ${world.url}`],
          'a WebSocket that accepts HTML': [...websocket, 'Accept: text/html'],
          h2c: [
            'Connection: Upgrade, HTTP2-Settings, close',
            'Upgrade: h2c',
            'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
          ],
          TLS: ['Connection: Upgrade, close', 'Upgrade: TLS/1.0'],
          'the link’s own subprotocol': [...websocket, 'Sec-WebSocket-Protocol: postern.h2', 'Authorization: Bearer x'],
        };
        for (const [name, lines] of Object.entries(upgrades)) {
          for (const path of ['/ws', '/.postern/link', '/']) {
            const response = await sendLines(world.port, [
              `GET ${path} HTTP/1.1`,
              `Host: ${host}`,
              ...cookies(),
              ...lines,
            ]);
            isOurs(response, path === '/.postern/link' ? [404] : [refusal], `${name} ${path}`);
            assert.deepEqual(response.values('location'), []);
          }
        }
      }));
  }

  test('no path of ours reaches the target, by any method, for anybody', () =>
    reachesNothing(async () => {
      const paths = [
        '/.postern',
        '/.postern/',
        '/.postern?x',
        '/.postern/session',
        '/.postern/session?ticket=x',
        '/.postern/userinfo',
        '/.postern/nothing',
        '/.postern/../x',
        '/.postern/jwks.json',
        '/.postern//x',
        '/.postern/%2e%2e/x',
        '/.postern/..;/x',
      ];
      for (const visitor of [undefined, eve, ana]) {
        for (const path of paths) {
          for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE', 'PROPFIND', 'HEAD']) {
            const lines = [
              `${method} ${path} HTTP/1.1`,
              `Host: ${host}`,
              `Cookie: ${cookieOf(visitor)}`,
              'Connection: close',
            ];
            const { status, values } = await sendLines(world.port, lines);
            assert.ok(status >= 200 && status < 500, `${method} ${path} got ${status}`);
            assert.deepEqual(values('x-request-id').length, 1, `${method} ${path}`);
          }
        }
      }
    }));

  test('a hundred malformed cookies reach nothing, and each is an answer', () =>
    reachesNothing(async () => {
      const session = ana.jar.cookies(world.url).find(({ name }) => name === 'postern-session');
      const malformed = malformedCookies(`postern-session=${session?.value}`);
      assert.ok(malformed.length >= 100);
      for (const cookie of malformed) {
        const lines = ['GET /malformed HTTP/1.1', `Host: ${host}`, `Cookie: ${cookie}`, 'Connection: close'];
        isOurs(await sendLines(world.port, lines), [400, 401, 431], JSON.stringify(cookie.slice(0, 80)));
      }
    }));

  test('what a request claims about itself does not open the gate', () =>
    reachesNothing(async () => {
      const claims: Record<string, string>[] = [
        { 'x-forwarded-email': 'ana@acme.com', 'x-forwarded-user': 'ana', 'x-postern-assertion': 'x' },
        { 'user-agent': 'GoogleHC/1.0' },
        { 'user-agent': 'kube-probe/1.29' },
        { 'x-original-url': '/.postern/jwks.json', 'x-rewrite-url': '/.postern/session', 'x-forwarded-uri': '/x' },
        { 'x-http-method-override': 'OPTIONS', 'x-method-override': 'GET' },
        { 'x-forwarded-host': 'localhost', forwarded: 'host=localhost;for=127.0.0.1' },
        { authorization: 'Basic YW5hOmFuYQ==' },
        { authorization: `Bearer ${await world.token()}` },
      ];
      for (const headers of claims) {
        const response = await world.visitor().bare(`${world.url}/claim`, { headers });
        assert.equal(response.status, 401, JSON.stringify(headers));
      }
    }));

  test('a request in front of another one on the same connection lends it nothing', () =>
    reachesNothing(async () => {
      const request = (path: string, cookie: string, more = '') =>
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n${more}\r\n`;
      const bytes =
        request('/canary-not', '') + request('/canary-not', cookieOf(eve)) + request('/x', '', 'Connection: close\r\n');
      const text = await rawExchange(world.port, bytes);
      assert.deepEqual(
        [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status),
        ['401', '403', '401'],
      );
    }));

  test('a connection that carries several people, as that of a proxy does, takes none for another', async () => {
    const app = 'theme=dark';
    const cookies = [cookieOf(ana), cookieOf(ana), cookieOf(eve), '', app, `${app}; ${cookieOf(ana)}`, cookieOf(ana)];
    const lines = (cookie: string, at: number) =>
      `GET /many-${at} HTTP/1.1\r\nHost: ${host}\r\n${cookie && `Cookie: ${cookie}\r\n`}`;
    const bytes = `${cookies.map(lines).join('\r\n')}Connection: close\r\n\r\n`;
    await world.target.forget();
    const text = await rawExchange(world.port, bytes);
    assert.deepEqual(
      [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status),
      ['200', '200', '403', '401', '401', '200', '200'],
    );
    const seen = await world.target.seen();
    const told = seen.map(({ url, rawHeaders }) => [
      url,
      headerValue(rawHeaders, 'x-forwarded-email'),
      headerValue(rawHeaders, 'cookie'),
    ]);
    assert.deepEqual(told, [
      ['/many-0', 'ana@acme.com', undefined],
      ['/many-1', 'ana@acme.com', undefined],
      ['/many-5', 'ana@acme.com', app],
      ['/many-6', 'ana@acme.com', undefined],
    ]);
  });
});

describe('what a visitor without a session gets', () => {
  const { world } = inWorld();

  const navigations: Record<string, VisitOptions> = {
    'a navigation': {},
    'a navigation by HEAD': { method: 'HEAD' },
    'a navigation from elsewhere': { initiator: 'https://mail.example' },
    'an old browser': {
      headers: { 'sec-fetch-mode': undefined, 'sec-fetch-dest': undefined, 'sec-fetch-site': undefined },
    },
  };
  for (const [name, options] of Object.entries(navigations)) {
    test(`${name} is sent to sign in`, async () => {
      const visitor = world.visitor();
      const response = await visitor.navigate(`${world.url}/page?x=1`, options);
      assert.equal(response.status, 302);
      assert.equal(response.headers['cache-control'], 'no-store');
      const location = new URL(response.headers.location ?? '');
      assert.equal(location.origin + location.pathname, `${world.base}/oauth2/start`);
      assert.equal(location.searchParams.get('rd'), `${world.url}/page?x=1`);
      assert.deepEqual(
        visitor.jar.all().map((cookie) => cookie.name),
        ['postern-nonce'],
      );
    });
  }

  const fetched = (dest: string, more: Record<string, string> = {}): Record<string, string> => ({
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': dest,
    'sec-fetch-site': 'same-origin',
    ...more,
  });
  const background: Record<string, VisitOptions> = {
    'a fetch': { headers: fetched('empty') },
    'a fetch that accepts HTML': { headers: fetched('empty', { accept: 'text/html' }) },
    'a module': { headers: fetched('script') },
    'a stylesheet': { headers: fetched('style', { accept: 'text/css,*/*;q=0.1', 'sec-fetch-mode': 'no-cors' }) },
    'a manifest': { headers: fetched('manifest') },
    'a worker': { headers: fetched('worker', { 'sec-fetch-mode': 'same-origin' }) },
    'an EventSource': { headers: fetched('empty', { accept: 'text/event-stream' }) },
    'a POST by fetch': {
      method: 'POST',
      body: '{}',
      headers: fetched('empty', { 'content-type': 'application/json' }),
    },
    'a beacon': { method: 'POST', body: 'x', headers: fetched('empty', { 'sec-fetch-mode': 'no-cors' }) },
    'an image': { headers: fetched('image', { 'sec-fetch-mode': 'no-cors', accept: 'image/avif,image/*,*/*;q=0.8' }) },
    curl: { headers: { accept: '*/*', 'user-agent': 'curl/8.5.0' } },
    'a tool without a word': {},
    'a PROPFIND': { method: 'PROPFIND' },
  };
  for (const [name, options] of Object.entries(background)) {
    test(`${name} gets 401 as JSON with where to sign in, and no redirect`, async () => {
      const visitor = world.visitor();
      const response = await visitor.bare(`${world.url}/api?x=1`, options);
      isRefused(response, 401, 'ERR_LOGIN_REQUIRED');
      assert.equal(loginUrlOf(response).origin, world.url);
      assert.deepEqual(visitor.jar.all(), []);
    });
  }

  test('a form that is posted and a frame get a page with a link, and no redirect', async () => {
    const visitor = world.visitor();
    const posted = await visitor.navigate(`${world.url}/form`, { method: 'POST', body: 'a=1', initiator: world.url });
    const framed = await visitor.navigate(`${world.url}/frame`, { headers: { 'sec-fetch-dest': 'iframe' } });
    for (const response of [posted, framed]) {
      assert.deepEqual([response.status, response.headers.location], [401, undefined]);
      assert.equal(response.headers['cache-control'], 'no-store');
      assert.match(response.headers['content-type'] ?? '', /^text\/html/);
      assert.match(response.text, /href="[^"]*\/\.postern\/session\?rd=/);
    }
  });

  test('a WebSocket upgrade gets 401 as JSON with where to sign in', async () => {
    const socket = world.visitor().socket(`${world.url}/ws`);
    await assert.rejects(socket, (error) => {
      assert.ok(error instanceof RefusedUpgrade);
      assert.deepEqual([error.status, error.headers.location], [401, undefined]);
      assert.equal(error.headers['cache-control'], 'no-store');
      assert.equal(error.headers['postern-error'], 'ERR_LOGIN_REQUIRED');
      const { login_url } = JSON.parse(error.text) as { login_url: string };
      assert.equal(new URL(login_url).origin, world.url);
      return true;
    });
  });

  test('the page that a fetch came from is where its sign-in ends', async () => {
    const visitor = world.visitor();
    const headers = { referer: `${world.url}/board?id=7#part` };
    const page = await visitor.signIn(loginUrlOf(await visitor.fetch(`${world.url}/api`, { headers })).href, 'ana');
    assert.equal(page.url, `${world.url}/board?id=7`);
    for (const referer of [
      'https://evil.example/x',
      `${world.urlOf('dev-two')}/x`,
      'nonsense',
      `${world.url}//evil.example`,
    ]) {
      const response = await world.visitor().fetch(`${world.url}/api`, { headers: { referer } });
      assert.equal(loginUrlOf(response).searchParams.get('rd'), '/');
    }
  });

  describe('across origins', () => {
    const visitors = {
      'a stranger': async () => world.visitor(),
      'somebody who is signed in': async () => {
        const eve = world.visitor();
        await eve.signIn(`${world.url}/`, 'eve');
        return eve;
      },
    };
    for (const [who, visitorOf] of Object.entries(visitors)) {
      test(`a sibling tunnel may read that it is refused, and nobody else, for ${who}`, async () => {
        const visitor = await visitorOf();
        // The names below localhost are sites of their own, so a browser sends no Lax cookie; below a domain it would.
        const cookie = visitor.jar.header(new URL(world.url)) || undefined;
        const initiator = world.urlOf('dev-two');
        const ask = (origin: string) => visitor.fetch(`${world.url}/api`, { initiator, headers: { origin, cookie } });
        for (const origin of [world.urlOf('dev-two'), world.urlOf('not-there'), world.base]) {
          const { headers, status: got } = await ask(origin);
          assert.deepEqual([got, headers['postern-error']], [403, 'ERR_CROSS_SITE']);
          assert.equal(headers['access-control-allow-origin'], origin);
          assert.equal(headers['access-control-allow-credentials'], 'true');
          assert.match(headers.vary ?? '', /\bOrigin\b/);
        }
        const foreign = [
          'null',
          'https://evil.example',
          world.urlOf('dev-two').replace('http:', 'https:'),
          world.urlOf('dev-two').replace(/:\d+$/, ''),
          world.urlOf('dev-two').replace(/\d+$/, '1'),
          world.urlOf('a.b'),
          world.urlOf('www'),
          `${world.urlOf('dev-two')}/`,
          world.urlOf('dev-two').toUpperCase(),
          world.urlOf('dev-two').replace('localhost', 'localhost.evil.example'),
          world.urlOf('dev-two').replace('localhost', 'evillocalhost'),
          `${world.urlOf('dev-two')}@evil.example`,
        ];
        for (const origin of foreign) {
          const { headers, status: got } = await ask(origin);
          assert.deepEqual([got, headers['postern-error']], [403, 'ERR_CROSS_SITE']);
          assert.equal(headers['access-control-allow-origin'], undefined, origin);
          assert.equal(headers['access-control-allow-credentials'], undefined, origin);
          assert.match(headers.vary ?? '', /\bOrigin\b/);
        }
      });
    }

    test('a sibling tunnel does not learn who is signed in', async () => {
      const eve = await visitors['somebody who is signed in']();
      const response = await eve.fetch(`${world.url}/`, {
        initiator: world.urlOf('dev-two'),
        headers: { accept: 'text/html', origin: world.urlOf('dev-two'), cookie: eve.jar.header(new URL(world.url)) },
      });
      assert.equal(response.status, 403);
      assert.equal(response.text.includes('eve@'), false);
    });
  });
});

describe('whether a tunnel exists', () => {
  const { world } = inWorld();

  /** An answer without what differs for two names in any case: the names, the request id, the time. */
  function comparable({ status, headers, text }: VisitorResponse, name: string): unknown {
    const id = headers['x-request-id'];
    const plain = (one: string) =>
      one
        .replaceAll(name, 'NAME')
        .replaceAll(String(id), 'ID')
        .replace(/nonce[=-][\w.-]{87}|"expires_at":"[^"]*"/g, '');
    const { date: _, ...rest } = headers;
    return { status, headers: plain(JSON.stringify(rest)), text: plain(text) };
  }

  const kinds: Record<string, VisitOptions & { readonly path?: string }> = {
    'a navigation': { headers: { accept: 'text/html' } },
    'a fetch': { headers: { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } },
    'a fetch from a sibling': { headers: { origin: 'http://dev-x.localhost' } },
    'a POST': { method: 'POST', body: 'x' },
    'a preflight': { method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT' } },
    'a path of ours': { path: '/.postern/session?rd=%2F' },
    'who am I': { path: '/.postern/userinfo' },
    'a bad ticket': { path: '/.postern/session?ticket=x' },
  };
  // `mal` has an address that the provider has not verified: a reason of its own, on every tunnel.
  for (const who of ['a stranger', 'eve', 'mal']) {
    test(`is not told to ${who}`, async () => {
      const visitor = world.visitor();
      const names = [world.name, 'nope'];
      if (who !== 'a stranger') for (const name of names) await visitor.signIn(`${world.urlOf(name)}/`, who);
      for (const [kind, options] of Object.entries(kinds)) {
        const cookie = (name: string) => visitor.jar.header(new URL(world.urlOf(name)));
        const [known, unknown] = await Promise.all(
          names.map(async (name) => {
            const headers = { ...options.headers, cookie: cookie(name) || undefined };
            return comparable(await world.visitor().bare(`${world.urlOf(name)}/`, { ...options, headers }), name);
          }),
        );
        assert.deepEqual(unknown, known, kind);
      }
      for (const name of names) {
        const status = who === 'a stranger' ? 401 : 403;
        await assert.rejects(
          visitor.socket(`${world.urlOf(name)}/ws`),
          (error) => error instanceof RefusedUpgrade && error.status === status,
        );
      }
    });
  }

  test('is told, offline or not, to those who have been let in', async () => {
    const ana = await world.signedIn('ana');
    const down = world.edge.record((line) => line['event'] === 'tunnel-down');
    await world.agent.kill();
    await down;
    const offline = await ana.fetch(`${world.url}/`);
    assert.deepEqual([offline.status, offline.headers['postern-error']], [503, 'ERR_TUNNEL_OFFLINE']);
    assert.ok(Number(offline.headers['retry-after']) > 0);
    const eve = await world.visitor().signIn(`${world.url}/`, 'eve');
    assert.equal(eve.status, 403);
    assert.equal((await world.visitor().bare(`${world.url}/`)).status, 401);
  });
});

function isRefused(response: VisitorResponse, status: number, code: string): void {
  assert.equal(response.status, status);
  assert.equal(response.headers['postern-error'], code);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers.location, undefined);
  assert.match(response.headers['content-type'] ?? '', /^application\/json/);
  assert.equal((response.json() as { error: { code: string } }).error.code, code);
}

function loginUrlOf(response: VisitorResponse): URL {
  return new URL((response.json() as { login_url: string }).login_url);
}

/** Cookie lines around a good one that are all something else than it. */
function malformedCookies(good: string): string[] {
  const [name = '', value = ''] = good.split(/=(.*)/s);
  const odd = [
    '',
    ' ',
    '=',
    ';',
    ';;;;',
    'a',
    '=a',
    '%',
    '%00',
    '"',
    '"',
    '\\',
    '{}',
    '[]',
    'null',
    'undefined',
    'true',
    '0',
    '-1',
    '1e999',
    '../..',
    '<x>',
    '\t',
    ',',
    '\xff',
    '\xa0',
    '\u00e9',
    '__proto__',
    'constructor',
    'toString',
  ];
  const names = [
    '',
    ' ',
    `${name} ${name}`,
    `"${name}"`,
    `${name}\t`,
    name.toUpperCase(),
    `$${name}`,
    `${name}[]`,
    `${name}%00`,
    `${name}.0`,
    '__proto__',
    `__Host-${name}`,
    `\xa0${name}\xff`,
  ];
  return [
    ...odd.map((text) => `${name}=${text}`),
    ...odd.map((text) => `${name}${text}${value}`).filter((line) => line !== `${name}=${value}` && !/=.*=/.test(line)),
    ...names.filter((one) => one !== `${name}\t`).map((one) => `${one}=${value}`),
    ...Array.from({ length: 20 }, (_, at) => `${name}=${value.slice(0, at * 10)}`),
    ...Array.from({ length: 15 }, (_, at) => `${name}=${value.slice(at + 1)}`),
    `${name}=${value}${value}`,
    `${name}="${value}"`,
    `${name}=${value} ${value}`,
    `${name}=${value},${value}`,
    `${name}=${encodeURIComponent(value)}%`,
    `${name}=${value.replaceAll('.', '%2E')}`,
    `${name}=${value.toLowerCase()}`,
    `${name}=${[...value].reverse().join('')}`,
    `${name}:${value}`,
    `${name}=${'x'.repeat(60_000)}`,
    `${name}=${'.'.repeat(60_000)}`,
    `${'a=1; '.repeat(10_000)}`,
    `${`${name}=x; `.repeat(2000)}${name}=${value}`,
    `${name}=${'x'.repeat(70_000)}`,
  ];
}
