/**
 * The way to the target. Who a request is from, as the target reads it: exactly one identity, the signed-in
 * visitor's, whatever the visitor sends beside it and in whatever script their name is written.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { headerValues } from '../../../src/http/fields.js';
import { normalizedName } from '../../../src/http/header-rules.js';
import { inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import { overEach } from '../../support/versions.js';
import { sendLines, sendLinesForHead } from '../../support/wire.js';

const IDENTITY = [
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-preferred-username',
  'x-forwarded-groups',
  'x-postern-assertion',
];

describe('identity headers', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', shared: true });
  let host: string;

  before(async () => {
    host = new URL(world.url).host;
  });

  /** What the target is told under any spelling of a name. */
  const told = (rawHeaders: readonly string[], name: string): string[] =>
    rawHeaders.flatMap((field, at) =>
      at % 2 === 0 && normalizedName(field) === name ? [rawHeaders[at + 1] ?? ''] : [],
    );

  function isAna(rawHeaders: readonly string[], message = ''): void {
    assert.deepEqual(told(rawHeaders, 'x-forwarded-email'), ['ana@acme.com'], message);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-user'), ['ana'], message);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-preferred-username'), ['ana'], message);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-groups'), ['eng'], message);
    assert.equal(told(rawHeaders, 'x-postern-assertion').length, 1, message);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-host'), [host], message);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-proto'), ['http'], message);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-port'), [String(world.ports.edge)], message);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-for'), ['127.0.0.1'], message);
    assert.equal(told(rawHeaders, 'x-request-id').length, 1, message);
    const raw = JSON.stringify(rawHeaders);
    for (const word of ['evil', 'mallory']) assert.equal(raw.includes(word), false, `${message}: ${raw}`);
  }

  const cookie = () => `Cookie: ${ana.jar.header(new URL(world.url))}`;

  async function echoOf(lines: readonly string[], method = 'GET'): Promise<Echo> {
    const { status, body } = await sendLines(world.port, [
      `${method} /echo HTTP/1.1`,
      `Host: ${host}`,
      cookie(),
      ...lines,
    ]);
    assert.equal(status, 200, JSON.stringify(lines));
    const json = body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1);
    return JSON.parse(Buffer.from(json, 'latin1').toString()) as Echo;
  }

  async function upgradeOf(lines: readonly string[], path: string): Promise<readonly string[]> {
    const key = randomBytes(16).toString('base64');
    const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`];
    const response = await sendLinesForHead(world.port, [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}`,
      cookie(),
      ...upgrade,
      ...lines,
    ]);
    assert.equal(response.status, 101, JSON.stringify(lines));
    return (
      (await world.target.seen()).find(({ url, upgrade: isUpgrade }) => isUpgrade && url === path)?.rawHeaders ?? []
    );
  }

  const names = [
    ...IDENTITY,
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-port',
    'x-request-id',
  ];
  const spellings = (name: string): string[] => [
    name,
    name.toUpperCase(),
    name.replaceAll('-', '_'),
    name.replaceAll('-', '.'),
    name.replace('-', '_'),
    name.replace('-', '.').toUpperCase(),
    name.replaceAll('-', '~'),
    name.replaceAll('-', '|'),
    name.replaceAll('-', "'"),
  ];
  const spoofed = names.flatMap((name) => spellings(name).map((spelling) => `${spelling}: evil@acme.com`));
  const namespace = [
    ...['X-Real-IP', 'Forwarded', 'X-Forwarded', 'X-Forwarded-Prefix', 'X-Forwarded-Access-Token', 'X-Forwarded-Uri'],
    ...[
      'X-Auth-Request-Email',
      'X-Auth-Request-User',
      'X-Auth_Request-Groups',
      'X-Postern-Anything',
      'Postern-Error',
      'POSTERN_ERROR',
      'X-Tunnel-Id',
    ],
  ].map((name) => `${name}: evil`);

  overEach(
    () => world,
    (version) => {
      test('E1 an identity that the visitor claims is replaced by the visitor’s own', async () => {
        for (const name of names) {
          const { rawHeaders } = await echoOf([`${name}: evil@acme.com`, 'Connection: close']);
          isAna(rawHeaders, name);
        }
      });

      test('E2 no spelling of a name of ours arrives', async () => {
        for (const line of spoofed) isAna((await echoOf([line, 'Connection: close'])).rawHeaders, line);
      });

      test('E3 a name arrives once, however often and in whatever case it is sent', async () => {
        for (const name of names) {
          const cased = [...name].map((sign, at) => (at % 2 === 0 ? sign.toUpperCase() : sign)).join('');
          const lines = [name, name.toUpperCase(), cased, name].map((spelling) => `${spelling}: evil@acme.com`);
          isAna((await echoOf([...lines, 'Connection: close'])).rawHeaders, name);
        }
      });

      test('E4 our whole namespace is replaced or removed, in all spellings at once', async () => {
        const lines = [...spoofed, ...namespace, ...spoofed, ...namespace];
        for (const method of ['GET', 'POST', 'PROPFIND']) {
          const { rawHeaders, method: arrived } = await echoOf([...lines, 'Connection: close'], method);
          assert.equal(arrived, method);
          isAna(rawHeaders, method);
          for (const line of namespace)
            assert.deepEqual(told(rawHeaders, normalizedName(line.split(':')[0] ?? '')), [], line);
        }
      });

      test('E6 on preflights, upgrades, heads and paths that fail nothing of it arrives either', async () => {
        const lines = [...spoofed, ...namespace];
        const preflight = [`Origin: ${world.url}`, 'Access-Control-Request-Method: PUT'];
        isAna((await echoOf([...lines, ...preflight, 'Connection: close'], 'OPTIONS')).rawHeaders, 'preflight');
        isAna(await upgradeOf([...lines, 'Connection: Upgrade'], '/ws-spoofed'), 'upgrade');
        for (const [start, path] of [
          ['HEAD /status/200?spoofed', '/status/200?spoofed'],
          ['GET /status/500?spoofed', '/status/500?spoofed'],
          ['GET /die-first?spoofed', '/die-first?spoofed'],
        ] as const) {
          await sendLines(world.port, [`${start} HTTP/1.1`, `Host: ${host}`, cookie(), ...lines, 'Connection: close']);
          const seen = (await world.target.seen()).find(({ url }) => url === path);
          isAna(seen?.rawHeaders ?? [], start);
        }
      });

      test('E1 a claimed value with tabs, commas, odd bytes or nothing in it is no better', async () => {
        const values = ['', '\t', 'ana@acme.com, evil@acme.com', '\xff\xfe evil', ' evil ', '"evil"', 'evil; x'];
        for (const value of values)
          isAna((await echoOf([`X-Forwarded-Email: ${value}`, 'Connection: close'])).rawHeaders, value);
      });

      test('E5 no Connection line takes the identity away', async () => {
        const removals = [
          ['Connection: close, x-forwarded-email'],
          ['Connection: close', 'Connection: x-forwarded-email'],
          ['Connection: X-Forwarded-Email, X-FORWARDED-USER , x-postern-assertion,close'],
          [`Connection: close, ${names.join(', ')}, cookie-not, host, content-length`],
          ['Connection: close,,,x_forwarded_email', 'X-Forwarded-Email: evil@acme.com'],
          ['connection: close', 'CONNECTION: X-Forwarded-Email', 'Connection:\tx-forwarded-for'],
        ];
        for (const lines of removals) isAna((await echoOf(lines)).rawHeaders, lines.join(' | '));
        isAna(await upgradeOf(['Connection: Upgrade, x-forwarded-email', 'X-Forwarded-Email: evil'], '/ws-one-line'));
        isAna(
          await upgradeOf(
            ['Connection: x-forwarded-email', 'Connection: Upgrade', 'Connection: x-forwarded-user'],
            '/ws-two-lines',
          ),
        );
      });

      test('E11 Authorization and all else that is the visitor’s own arrives as it was sent', async () => {
        const { rawHeaders } = await echoOf([
          'Authorization: Basic eDp5',
          'X-Custom: one',
          'x-custom: two',
          '__proto__: x',
          'X-Bytes: \xe9\xff',
          'Connection: close, x-hop',
          'X-Hop: gone',
          'Proxy-Authorization: gone',
          'TE: trailers',
        ]);
        assert.deepEqual(told(rawHeaders, 'authorization'), ['Basic eDp5']);
        assert.deepEqual(headerValues(rawHeaders, 'x-custom').join(), 'one,two');
        assert.deepEqual(headerValues(rawHeaders, '__proto__'), ['x']);
        assert.deepEqual(headerValues(rawHeaders, 'x-bytes'), ['\xe9\xff']);
        for (const name of ['x-hop', 'proxy-authorization']) assert.deepEqual(told(rawHeaders, name), [], name);
      });

      test('E7 scheme, host, port and prefix are the edge’s own, whatever the visitor says', async () => {
        const lines = [
          'X-Forwarded-Proto: https',
          'X-Forwarded-Host: evil.example',
          'X-Forwarded-Port: 8443',
          'X-Forwarded-Prefix: //evil.example',
          'X-Forwarded-Scheme: https',
          'X-Forwarded-Ssl: on',
          'X-Forwarded-Server: evil',
          'X-Forwarded-Path: /evil',
          'Forwarded: for=1.2.3.4;host=evil.example;proto=https',
        ];
        const { rawHeaders } = await echoOf([...lines, 'Connection: close']);
        isAna(rawHeaders);
        for (const name of [
          'x-forwarded-prefix',
          'x-forwarded-scheme',
          'x-forwarded-ssl',
          'x-forwarded-path',
          'forwarded',
        ])
          assert.deepEqual(told(rawHeaders, name), [], name);
      });

      test('E8 an address that the visitor claims is neither forwarded nor logged', async () => {
        const lines = [
          'X-Forwarded-For: 1.2.3.4',
          'X-Real-IP: 1.2.3.4',
          'Forwarded: for=1.2.3.4',
          'True-Client-IP: 1.2.3.4',
        ];
        const { rawHeaders } = await echoOf([...lines, 'Connection: close']);
        assert.deepEqual(told(rawHeaders, 'x-forwarded-for'), ['127.0.0.1']);
        const [id] = told(rawHeaders, 'x-request-id');
        const record = await world.edge.record((line) => line['requestId'] === id && line['msg'] === 'request');
        assert.equal(record['address'], '127.0.0.1');
      });

      test('E10 no secret reaches the app: no cookie of ours, no token of an agent or of the provider', async () => {
        await echoOf(['Cookie: theme=dark', 'Connection: close']);
        await upgradeOf(['Connection: Upgrade', 'Cookie: theme=dark'], '/ws-secrets');
        const told = JSON.stringify(await world.target.seen());
        const secrets = [
          ...(ana.jar.header(new URL(world.url)).match(/[^=; ]{20,}/g) ?? []),
          'postern-session',
          'client-secret',
          world.secret,
        ];
        assert.ok(secrets.length >= 4);
        for (const secret of secrets) assert.equal(told.includes(secret), false, secret);
        assert.ok(told.includes('theme=dark'));
        // A bearer of any kind would be the agent's or the provider's: this visitor has none.
        assert.doesNotMatch(told, /bearer/i);
      });

      test('E6 trailers cannot bring an identity either', async () => {
        const response = await ana.fetch(`${world.url}/upload`, {
          method: 'POST',
          headers: { 'transfer-encoding': 'chunked', trailer: 'X-Forwarded-Email, X-Checksum' },
          body: 'body',
          trailers: {
            'X-Forwarded-Email': 'evil@acme.com',
            X_Forwarded_Email: 'evil',
            // By RFC 9113 section 8.1 such a request is malformed: http2/visitors.test.ts.
            ...(version === 'HTTP/1.1' && { Cookie: 'evil=1' }),
            'X-Checksum': 'abc',
          },
        });
        const { rawHeaders, rawTrailers, bodyBytes } = response.json() as Echo;
        assert.equal(bodyBytes, 4);
        isAna([...rawHeaders, ...rawTrailers]);
        assert.deepEqual(
          rawTrailers.map((text) => text.toLowerCase()),
          ['x-checksum', 'abc'],
        );
      });
    },
  );
});
