/** The gate: nothing reaches the target, nor even the agent, before the decision is allow. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { headerValue } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import { overEach } from '../../support/versions.js';
import { rawExchange, type Visitor } from '../../support/visitor.js';
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
    await isTold('/', 0); // of ana's sign-in
  });

  /** The agent tells of a request behind its response, which may be here before. */
  const isTold = (path: string, mark: number) => world.agent.record((line) => line['path'] === path, mark);

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
    await isTold('/canary', mark);
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

  overEach(
    () => world,
    (version) => {
      for (const who of ['a stranger', 'somebody who is signed in and not allowed'] as const) {
        const cookies = () => (who === 'a stranger' ? [] : [`Cookie: ${cookieOf(eve)}`]);
        const refusal = who === 'a stranger' ? 401 : 403;

        test(`no method of ${who} reaches the target`, () =>
          reachesNothing(async () => {
            for (const method of METHODS) {
              const lines = [`${method} /${method} HTTP/1.1`, `Host: ${host}`, ...cookies(), 'Connection: close'];
              const isKnown = version === 'HTTP/2' || !NOT_HTTP.includes(method);
              isOurs(await sendLines(world.port, lines), isKnown ? [refusal] : [501], method);
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
              // A page of another origin gets the same response for every visitor.
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
              'the link’s own subprotocol': [
                ...websocket,
                'Sec-WebSocket-Protocol: postern.h2',
                'Authorization: Bearer x',
              ],
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

      test('a hundred malformed cookies reach nothing, and each gets a response', () =>
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

      test('a request lends nothing to the next one on the same connection', () =>
        reachesNothing(async () => {
          const request = (path: string, cookie: string, more = '') =>
            `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n${more}\r\n`;
          const bytes =
            request('/canary-not', '') +
            request('/canary-not', cookieOf(eve)) +
            request('/x', '', 'Connection: close\r\n');
          const text = await rawExchange(world.port, bytes);
          assert.deepEqual(
            [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status),
            ['401', '403', '401'],
          );
        }));

      test('the edge takes no person for another on a connection that carries several, as that of a proxy does', async () => {
        const app = 'theme=dark';
        const cookies = [
          cookieOf(ana),
          cookieOf(ana),
          cookieOf(eve),
          '',
          app,
          `${app}; ${cookieOf(ana)}`,
          cookieOf(ana),
        ];
        const lines = (cookie: string, at: number) =>
          `GET /many-${at} HTTP/1.1\r\nHost: ${host}\r\n${cookie && `Cookie: ${cookie}\r\n`}`;
        const bytes = `${cookies.map(lines).join('\r\n')}Connection: close\r\n\r\n`;
        await world.target.forget();
        const mark = world.agent.mark();
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
        for (const { url } of seen) await isTold(url, mark); // and so not during the next test
      });
    },
  );
});

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
