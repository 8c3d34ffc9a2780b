/** Paths of a tunnel that need no session, and CORS preflights. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HOSTILE_PATHS, OVERRIDING_LINES, PUBLIC_REQUESTS } from '../../support/hostile-paths.js';
import { inWorld } from '../../support/in-world.js';
import { RawTarget } from '../../support/raw-target.js';
import { rawExchange } from '../../support/visitor.js';
import { startWorld, type World } from '../../support/world.js';

const OFFER = ['--public-path', 'POST /webhooks/*', '--public-path', 'GET /health', '--preflight'];
const PERMITTED = { POSTERN_PUBLIC_PATHS: 'true' };
const ELSEWHERE = 'https://elsewhere.test';

const statusOf = (response: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(response)?.[1] ?? 0);

describe('public paths', () => {
  let raw: RawTarget;
  let world: World;
  before(async () => {
    raw = await RawTarget.start();
    world = await startWorld({ targetUrl: raw.url, agentArgs: OFFER, edgeEnv: PERMITTED });
  });
  after(async () => {
    await world?.close();
    await raw?.close();
  });

  /** The status, and what the target has received. */
  async function ask(line: string, ...lines: readonly string[]) {
    const seen = raw.heads.length;
    const head = [`${line} HTTP/1.1`, `Host: ${new URL(world.url).host}`, ...lines, 'Connection: close', '', ''];
    const status = statusOf(await rawExchange(world.port, head.join('\r\n')));
    return { status, heads: raw.heads.slice(seen) };
  }

  test('P9 a request for one is forwarded byte for byte, without identity and without our cookies', async () => {
    const eve = world.visitor();
    await eve.signIn(`${world.url}/`, 'eve'); // who is signed in, and not allowed
    const cookie = `Cookie: app=1; ${eve.jar.header(new URL(world.url))}`;
    for (const line of PUBLIC_REQUESTS) {
      const { status, heads } = await ask(line, cookie, 'X-Forwarded-Email: ana@acme.com');
      assert.deepEqual([status, heads.length], [200, 1], line);
      const [head = ''] = heads;
      assert.equal(head.split(' HTTP/1.1')[0], line);
      assert.doesNotMatch(head, /x-forwarded-(?:email|user)|x-postern-assertion|postern-session/i, line);
      assert.match(head, /^cookie: app=1\r$/im);
    }
    await world.edge.record(({ rule, event }) => rule === 'public-path:POST /webhooks/*' && event === 'allow');
  });

  test('P9 any page may cause it, and a visitor whom a rule allows keeps the identity', async () => {
    const { status, heads } = await ask('POST /webhooks/x', `Origin: ${ELSEWHERE}`, 'Sec-Fetch-Site: cross-site');
    assert.deepEqual([status, heads.length], [200, 1]);
    const ana = await world.signedIn('ana');
    const own = await ask('GET /health', `Cookie: ${ana.jar.header(new URL(world.url))}`);
    assert.match(own.heads[0] ?? '', /^x-forwarded-email: ana@acme.com\r$/im);
    const hers = await ask(
      'POST /webhooks/x',
      `Cookie: ${ana.jar.header(new URL(world.url))}`,
      ...[`Origin: ${ELSEWHERE}`, 'Sec-Fetch-Site: cross-site'],
    );
    assert.equal(hers.status, 200);
    assert.doesNotMatch(hers.heads[0] ?? '', /x-forwarded-email/i);
  });

  test('P10 none of the hostile paths reaches the target', async () => {
    for (const line of HOSTILE_PATHS) {
      const { status, heads } = await ask(line);
      assert.deepEqual(heads, [], line);
      assert.ok(status >= 300 || status === 0, `${status} ${line}`);
    }
  });

  test('P10 nor does one with a header that replaces path or method, or that opens a WebSocket', async () => {
    for (const line of OVERRIDING_LINES)
      assert.deepEqual(await ask('POST /webhooks/x', line), { status: 401, heads: [] });
    const key = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
    assert.deepEqual(await ask('GET /health', 'Upgrade: websocket', ...key), { status: 401, heads: [] });
  });

  test('P11 a true preflight reaches the app without a session, and no other OPTIONS does', async () => {
    const asks = [`Origin: ${ELSEWHERE}`, 'Access-Control-Request-Method: PUT'];
    const preflight = await ask('OPTIONS /api', ...asks, 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Site: cross-site');
    assert.deepEqual([preflight.status, preflight.heads.length], [200, 1]);
    assert.doesNotMatch(preflight.heads[0] ?? '', /x-forwarded-(?:email|user)/i);
    for (const lines of [
      ...[[], asks.slice(0, 1), asks.slice(1), ['Origin: x', 'Access-Control-Request-Method: PUT']],
      ...[
        [...asks, 'Cookie: a=b'],
        [...asks, 'Authorization: Basic x'],
        [...asks, 'Content-Length: 1'],
        ...OVERRIDING_LINES.map((line) => [...asks, line]),
      ],
      ...[
        [...asks, 'Sec-Fetch-Mode: navigate'],
        ['Origin: https://a.test', 'Access-Control-Request-Method: P T'],
      ],
    ]) {
      const { status, heads } = await ask('OPTIONS /api', ...lines);
      assert.deepEqual([heads, status === 401 || status === 403], [[], true], lines.join());
    }
    assert.deepEqual((await ask('PUT /api', `Origin: ${ELSEWHERE}`)).status, 403);
  });
});

describe('an edge whose operator permits no public paths', () => {
  const { world } = inWorld({ shared: true });
  for (const [what, flags] of [
    ['--public-path', ['--public-path', '/health']],
    ['--preflight', ['--preflight']],
  ] as const)
    test(`P12 refuses an agent with ${what}, in a sentence`, async () => {
      const agent = await world.offer({ name: 'dev-open', args: flags });
      const line = await agent.record(({ event }) => event === 'refused');
      assert.equal(line['code'], 'ERR_OFFER_INVALID');
      assert.match(String(line['message']), new RegExp(`POSTERN_PUBLIC_PATHS.*${what}`));
    });
});
