/**
 * The way back: what a target answers is the target's own, but can neither split into two answers, nor
 * speak for the edge, nor reach the tunnels beside it. A raw target says what no library would.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isolated } from '../../../src/edge/forward/origin-isolation.js';
import { RawTarget } from '../../support/raw-target.js';
import { overEach } from '../../support/versions.js';
import { rawExchange, type Visitor } from '../../support/visitor.js';
import { readResponse, sendLines, type WireResponse } from '../../support/wire.js';
import { startWorld, type World } from '../../support/world.js';

describe('the answer of a hostile target', () => {
  let raw: RawTarget;
  let world: World;
  let ana: Visitor;
  let start: (path: string) => string[];

  before(async () => {
    raw = await RawTarget.start();
    world = await startWorld({ targetUrl: raw.url });
    ana = await world.signedIn('ana');
    const cookie = `Cookie: ${ana.jar.header(new URL(world.url))}`;
    start = (path) => [`GET ${path} HTTP/1.1`, `Host: ${new URL(world.url).host}`, cookie, 'Connection: close'];
  });
  after(async () => {
    await world?.close();
    await raw?.close();
  });

  /** What a visitor is told when the target answers these bytes. */
  async function told(bytes: string): Promise<WireResponse> {
    const path = `/${raw.heads.length}`;
    raw.answer(path, bytes);
    return sendLines(world.port, start(path));
  }

  /** The same, for an answer without a body and with these header lines. */
  const toldLines = (...lines: readonly string[]) =>
    told(['HTTP/1.1 200 OK', 'Content-Length: 0', ...lines, '', ''].join('\r\n'));

  async function canary(): Promise<void> {
    const { status, body } = await sendLines(world.port, start('/canary'));
    assert.deepEqual([status, body], [200, '/canary']);
  }

  overEach(
    () => world,
    (version) => {
      const WIDE: readonly (readonly [name: string, said: string, heard: string | undefined])[] = [
        ['Strict-Transport-Security', 'max-age=31536000', 'max-age=31536000'],
        ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains; preload', 'max-age=31536000'],
        ['strict-transport-security', 'INCLUDESUBDOMAINS ;max-age=1', 'max-age=1'],
        ['Strict-Transport-Security', 'max-age=1;\tincludesubdomains=""', 'max-age=1'],
        ['Strict-Transport-Security', 'includeSubDomains', undefined],
        ['Clear-Site-Data', '"cookies"', undefined],
        ['Clear-Site-Data', '"cache", "cookies" ,"storage"', '"cache", "storage"'],
        ['clear-site-data', '"COOKIES","cache"', '"cache"'],
        ['Clear-Site-Data', '"*"', '"cache", "storage", "executionContexts"'],
        ['Clear-Site-Data', '"executionContexts"', '"executionContexts"'],
        ['Alt-Svc', 'h3="evil.example:443"; ma=86400; persist=1', undefined],
        ['Public-Key-Pins', 'pin-sha256="x"; max-age=1; includeSubDomains', undefined],
        ['Public-Key-Pins-Report-Only', 'pin-sha256="x"', undefined],
        [
          'Content-Security-Policy',
          "default-src 'self'; frame-ancestors *; upgrade-insecure-requests",
          "default-src 'self'; frame-ancestors *; upgrade-insecure-requests",
        ],
        ['Service-Worker-Allowed', '/', '/'],
        ['Set-Cookie', 'a=1; Path=/; HttpOnly', 'a=1; Path=/; HttpOnly'],
        ['Set-Cookie', 'a=1; Domain=sibling.localhost', undefined],
        ['Set-Cookie', '__Host-postern-session=evil; Path=/; Secure', undefined],
      ];
      for (const [name, said, heard] of WIDE) {
        test(`E12 reaches no sibling: ${name}: ${said.slice(0, 50)}`, async () => {
          const expected = heard === undefined ? [] : [heard];
          assert.deepEqual((await toldLines(`${name}: ${said}`)).values(name.toLowerCase()), expected);
          if (!/cookie$/i.test(name)) assert.equal(isolated(name.toLowerCase(), said), heard);
        });
      }

      test('E12 reaches no sibling by the answer to a WebSocket either', async () => {
        raw.answer('/ws-wide', (socket) => {
          const lines = [
            'Alt-Svc: h3=":1"',
            'Clear-Site-Data: "cookies"',
            'Strict-Transport-Security: includeSubDomains',
          ];
          socket.end(
            [
              'HTTP/1.1 403 No',
              'Content-Length: 0',
              ...lines,
              'Set-Cookie: a=1; Domain=sibling.localhost',
              '',
              '',
            ].join('\r\n'),
          );
        });
        const upgrade = [
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        ];
        const [line = '', ...rest] = start('/ws-wide').slice(0, 3);
        const response = await sendLines(world.port, [line, ...rest, 'Connection: Upgrade', ...upgrade]);
        assert.equal(response.status, 403);
        for (const name of ['alt-svc', 'clear-site-data', 'strict-transport-security', 'set-cookie'])
          assert.deepEqual(response.values(name), [], name);
      });

      const SPLITTING = [
        'X: a\rSet-Cookie: evil=1',
        'X: a\r\rSet-Cookie: evil=1',
        'X: a\0Set-Cookie: evil=1',
        'X: a\x01',
        'X: a\x7f',
        'X: a\r\n\rSet-Cookie: evil=1',
        'X\r: a',
        'X\0: a',
        'X a: b',
        ': a',
        'no colon here',
        ' X: a',
        'Set\xa0Cookie: evil=1',
        'Postern-Error: ERR_LOGIN_REQUIRED\rSet-Cookie: evil=1',
      ];
      // RFC 9112 sections 5.1 and 5.2: what can mean one thing only is sent on as that.
      for (const [line, value] of [
        ['X: a\r\n folded\r\nY: b', 'a folded'],
        ['X: a\r\n\tSet-Cookie: evil=1', 'a Set-Cookie: evil=1'],
        ['X : a', 'a'],
      ] as const) {
        test(`E13 reads as one field, and sends it as one: ${JSON.stringify(line)}`, async () => {
          const path = `/${raw.heads.length}`;
          raw.answer(path, `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${line}\r\n\r\n`);
          const response = readResponse(await rawExchange(world.port, `${start(path).join('\r\n')}\r\n\r\n`));
          assert.deepEqual([response.status, response.values('x'), response.values('set-cookie')], [200, [value], []]);
          await canary();
        });
      }

      for (const line of SPLITTING) {
        test(`E13 splits nothing: ${JSON.stringify(line)}`, async () => {
          const path = `/${raw.heads.length}`;
          raw.answer(path, `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${line}\r\n\r\n`);
          const text = await rawExchange(world.port, `${start(path).join('\r\n')}\r\n\r\n`);
          const response = readResponse(text);
          assert.equal(response.status, 502);
          assert.deepEqual(response.values('postern-error'), ['ERR_TARGET_PROTOCOL']);
          assert.equal(text.toLowerCase().includes('evil'), false);
          assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1);
          await canary();
        });
      }

      test('E11 the app asks for a password of its own, and is given it', async () => {
        const asked = await told('HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm="app"\r\nContent-Length: 0\r\n\r\n');
        assert.deepEqual([asked.status, asked.values('www-authenticate')], [401, ['Basic realm="app"']]);
        for (const value of ['Basic YTpi', 'Bearer of-the-app', 'Digest username="a", uri="/"', 'Negotiate x']) {
          await sendLines(world.port, [...start('/own-password'), `Authorization: ${value}`]);
          assert.ok(raw.heads.at(-1)?.includes(`\r\nAuthorization: ${value}\r\n`), value);
        }
      });

      test('E13 bytes above ASCII pass as they are', async () => {
        const value = 'caf\xc3\xa9 \xe9\xff\xa0.';
        assert.deepEqual((await toldLines(`X: ${value}`)).values('x'), [value]);
      });

      const HOP_BY_HOP = [
        'Connection: X-Hop, Set-Cookie-Not',
        'Keep-Alive: timeout=5',
        'Proxy-Authenticate: Basic',
        'Proxy-Authentication-Info: x',
        'Proxy-Authorization: x',
        'Proxy-Connection: keep-alive',
        'Upgrade: h2c',
        'TE: trailers',
        'Trailer: X-Sum',
        'HTTP2-Settings: AAMAAABk',
        'X-Hop: evil',
      ];
      test('E14 what ends at a hop ends there, all at once and in odd case', async () => {
        const odd = HOP_BY_HOP.map((line) => line.replace(/^[^:]+/, (name) => name.toUpperCase()));
        for (const lines of [HOP_BY_HOP, odd]) {
          const response = await toldLines(...lines, 'X-Kept: 1');
          assert.equal(response.status, 200);
          assert.deepEqual(response.values('x-kept'), ['1']);
          for (const line of HOP_BY_HOP.slice(1))
            assert.deepEqual(response.values((line.split(':')[0] ?? '').toLowerCase()), [], line);
          assert.deepEqual(response.values('connection'), ['close']); // the edge's own, towards this visitor
        }
        await canary();
      });
      for (const line of HOP_BY_HOP) {
        test(`E14 crashes nothing: ${line}`, async () => {
          assert.equal((await toldLines(line)).status, 200);
          await canary();
        });
      }
      test('E14 chunks end at the hop, and other codings are no answer', async () => {
        const chunked = await told('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n');
        assert.deepEqual([chunked.status, chunked.values('transfer-encoding')], [200, ['chunked']]);
        for (const coding of ['gzip, chunked', 'chunked, chunked', 'identity', 'xchunked']) {
          const { status } = await told(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n2\r\nhi\r\n0\r\n\r\n`);
          assert.equal(status, 502, coding);
        }
        await canary();
      });

      test('E15 answer headers that are too large are 502, and large ones arrive whole', async () => {
        const line = (bytes: number, at = 0) => `X-Large-${at}: ${'v'.repeat(bytes)}`;
        const large = await toldLines(...Array.from({ length: 50 }, (_, at) => line(1_000, at)));
        assert.deepEqual([large.status, large.values('x-large-49')[0]?.length], [200, 1_000]);
        for (const lines of [
          [line(100_000)],
          Array.from({ length: 100 }, (_, at) => line(1_000, at)),
          Array(20_000).fill('A: b'),
        ]) {
          const response = await toldLines(...lines);
          assert.deepEqual([response.status, response.values('postern-error')], [502, ['ERR_TARGET_PROTOCOL']]);
          await canary();
        }
      });

      test('E15 request headers that are too large are 431 with a page, and large ones arrive whole', async () => {
        const [line = '', ...rest] = start('/large');
        const ask = (...more: readonly string[]) => sendLines(world.port, [line, ...rest, ...more]);
        const large = 'v'.repeat(version === 'HTTP/2' ? 30_000 : 60_000);
        assert.equal((await ask(`X-Large: ${large}`)).status, 200);
        assert.ok(raw.heads.at(-1)?.includes(large));
        for (const more of [
          [`X-Large: ${'v'.repeat(70_000)}`],
          Array(1_001).fill('A: b'),
          [`Cookie: ${'c=1; '.repeat(14_000)}`],
        ]) {
          const before = raw.heads.length;
          const response = await ask(...more);
          assert.deepEqual([response.status, response.values('postern-error')], [431, ['ERR_HEADERS_TOO_LARGE']]);
          assert.equal(raw.heads.length, before);
          await canary();
        }
      });
    },
  );
});
