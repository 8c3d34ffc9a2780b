/**
 * Who may be an agent, and under which name. Every offer is made over the wire to a real edge, each bad one from an
 * address of its own, since those are counted.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import type { WebSocket } from 'ws';
import { createToken } from '../../../src/link/token.js';
import { HostileTunnel } from '../../support/hostile-tunnel.js';
import { inWorld } from '../../support/in-world.js';
import { type Knocked, knock, type RawOffer } from '../../support/knock.js';
import type { Line } from '../../support/processes.js';
import { END_STREAM, FRAME, frame } from '../../support/raw-peer.js';
import { rawExchange } from '../../support/visitor.js';
import { readResponse } from '../../support/wire.js';

describe('agents', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', manyAddresses: true });
  let token: string;
  let addresses = 0;
  const links = new Set<WebSocket>();

  before(async () => {
    token = await world.token();
  });
  afterEach(async () => {
    assert.equal((await ana.fetch(`${world.url}/canary`)).status, 200);
  });
  after(async () => {
    for (const link of links) link.terminate();
  });

  async function offer(raw: Partial<RawOffer>): Promise<Knocked> {
    const address = `198.19.${++addresses >> 8}.${addresses & 255}`;
    const headers = { 'x-forwarded-for': address, ...raw.headers };
    const knocked = await knock(world, { token, ...raw, headers });
    links.add(knocked.link);
    return knocked;
  }

  async function assertRefused(raw: Partial<RawOffer>, status: number, code: string): Promise<Knocked> {
    const knocked = await offer(raw);
    assert.deepEqual(knocked.outcome, { status, code });
    return knocked;
  }

  const NO_TOKEN: Readonly<Record<string, (genuine: string) => Partial<RawOffer>>> = {
    'no token': () => ({ token: '' }),
    'an empty token': () => ({ token: '', headers: { authorization: 'Bearer ' } }),
    'a made-up token': () => ({ token: `postern_${randomUUID()}` }),
    'a token without its prefix': (genuine) => ({ token: genuine.slice('postern_'.length) }),
    // Of the last letter of 32 octets only four bits count (RFC 4648 section 3.5): A and B are the same.
    'a token with its last letter changed': (genuine) => ({
      token: genuine.slice(0, -1) + (genuine.endsWith('A') ? 'E' : 'A'),
    }),
    'a token without its signature': (genuine) => ({ token: genuine.slice(0, genuine.lastIndexOf('.') + 1) }),
    'a token of twenty kilobytes': () => ({ token: `postern_${'x'.repeat(20_000)}` }),
    'a token outside of ASCII': () => ({ token: 'postern_\u00e9\u00ff\u00a0' }),
    'a token by another scheme': (genuine) => ({ token: '', headers: { authorization: `Basic ${genuine}` } }),
    'a token as a protocol': (genuine) => ({ token: '', headers: { 'x-token': genuine, cookie: `token=${genuine}` } }),
    'a token with more behind it': (genuine) => ({ token: '', headers: { authorization: `Bearer ${genuine} x` } }),
  };
  for (const [what, raw] of Object.entries(NO_TOKEN)) {
    test(`J1 ${what} is 401 before the upgrade, and tells no name`, async () => {
      for (const name of [world.name, 'dev-nobody', 'www', '../x']) {
        const { answer: response } = await assertRefused({ ...raw(token), name }, 401, 'ERR_TOKEN_INVALID');
        assert.equal(response.headers.upgrade, undefined);
        assert.equal(response.headers['postern-url'], undefined);
      }
    });
  }

  test('J1 a token of a megabyte is refused unread', async () => {
    const head = `GET /.postern/link HTTP/1.1\r\nHost: ${new URL(world.base).host}\r\nAuthorization: Bearer `;
    const response = readResponse(await rawExchange(world.port, head + 'x'.repeat(1_000_000), '\r\n\r\n'));
    assert.deepEqual([response.status, response.values('postern-error')], [431, ['ERR_HEADERS_TOO_LARGE']]);
  });

  test('J1 two tokens at once are none', async () => {
    const lines = [
      'GET /.postern/link HTTP/1.1',
      `Host: ${new URL(world.base).host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol: postern.h2',
      `Postern-Agent: ${randomUUID()}`,
      `Authorization: Bearer ${token}`,
      'Authorization: Bearer postern_x',
    ];
    const response = readResponse(await rawExchange(world.port, `${lines.join('\r\n')}\r\n\r\n`));
    assert.ok(response.status === 400 || response.status === 401, String(response.status));
  });

  test('J3 guessing tokens ends in 429 for the address that guesses, and for nobody who has one', async () => {
    const guesser = { 'x-forwarded-for': '203.0.113.66' };
    const codes: string[] = [];
    while (codes.at(-1) !== 'ERR_RATE_LIMITED' && codes.length < 200) {
      const { outcome } = await offer({ token: `postern_${randomUUID()}`, headers: guesser });
      codes.push('code' in outcome ? outcome.code : 'admitted');
    }
    assert.equal(codes.pop(), 'ERR_RATE_LIMITED');
    assert.deepEqual([...new Set(codes)], ['ERR_TOKEN_INVALID']);
    await assertRefused({ token: 'postern_x', headers: guesser }, 429, 'ERR_RATE_LIMITED');
    // A good token is no guess: many agents may share an address with the one that guesses.
    const { outcome, link } = await offer({ name: 'dev-honest', headers: guesser });
    assert.deepEqual(outcome, { url: world.urlOf('dev-honest') });
    link.terminate();
    await assertRefused({ token: 'postern_x' }, 401, 'ERR_TOKEN_INVALID');
  });

  test('J4 an agent has the one name that it was admitted under, whatever it says on its link', async () => {
    await assertRefused(
      { token: await world.token({ tunnels: 'dev-mine' }), name: world.name },
      403,
      'ERR_NAME_FORBIDDEN',
    );
    const hostile = await HostileTunnel.open(world, 'dev-mine');
    const agent = await hostile.connect();
    // ALTSVC and ORIGIN (RFC 7838, RFC 8336) would speak for other hosts; a request would come the wrong way round.
    agent.write(frame(0xa, 0, 0, Buffer.from(`\0\x13${world.url}h2=":1"`)), frame(0xc, 0, 0, Buffer.from(world.url)));
    const asked = hostile.visitor.fetch(`${hostile.url}/asked`);
    await agent.frame(FRAME.headers, 1);
    agent.headers(1, END_STREAM, [
      [':status', '200'],
      ['postern-tunnel', world.name],
      ['postern-url', world.url],
      ['postern-allow', '*'],
      ['alt-svc', 'h2="evil.test:443"'],
      ['x', 'kept'],
    ]);
    const { headers } = await asked;
    assert.deepEqual(
      [headers['x'], headers['postern-tunnel'], headers['postern-url'], headers['postern-allow']],
      ['kept', undefined, undefined, undefined],
    );
    const echo = (await ana.fetch(`${world.url}/still/the/others`)).json() as { url: string };
    assert.equal(echo.url, '/still/the/others');
    agent.headers(3, END_STREAM, [
      [':method', 'GET'],
      [':path', '/'],
      [':scheme', 'https'],
      [':authority', 'x'],
    ]);
    await agent.closed;
    // The next link of the same agent is judged again.
    const other = { token: await world.token({ tunnels: 'dev-mine' }), name: 'admin' };
    await assertRefused(other, 403, 'ERR_NAME_FORBIDDEN');
    hostile.close();
  });

  test('J5 an agent token is no session, and a session no agent token', async () => {
    const names = ana.jar.all().map(({ name }) => name);
    const cookie = names.map((name) => `${name}=${token}`).join('; ');
    for (const headers of [{ cookie }, { authorization: `Bearer ${token}` }, { 'x-postern-assertion': token }]) {
      const stranger = await world.visitor().bare(`${world.url}/x?token=${token}`, { headers });
      assert.deepEqual([stranger.status, stranger.headers['postern-error']], [401, 'ERR_LOGIN_REQUIRED']);
    }
    const echo = (await ana.fetch(`${world.url}/echo`)).json() as { rawHeaders: string[] };
    const at = echo.rawHeaders.findIndex((name) => name.toLowerCase() === 'x-postern-assertion');
    const values = [...ana.jar.all().map(({ value }) => value), echo.rawHeaders[at + 1] as string];
    for (const value of values) {
      for (const raw of [value, `postern_${value}`])
        await assertRefused({ token: raw, name: 'dev-1' }, 401, 'ERR_TOKEN_INVALID');
    }
    const headers = { cookie: `${ana.jar.header(new URL(world.base))}; ${ana.jar.header(new URL(world.url))}` };
    assert.match(headers.cookie, /postern-session/);
    await assertRefused({ token: '', headers }, 401, 'ERR_TOKEN_INVALID');
  });

  test('J6 the same agent takes its name over at once; any other one is refused while it answers', async () => {
    const agentId = randomUUID();
    const first = await offer({ name: 'dev-own', agentId });
    const replaced = once(first.link, 'message'); // the preface, and in time the GOAWAY
    const second = await offer({ name: 'dev-own', agentId });
    assert.deepEqual(second.outcome, { url: world.urlOf('dev-own') });
    await replaced;
    // The world's own agent answers PING, so it keeps its name against any number of others at once.
    const many = Array.from({ length: 12 }, () => assertRefused({ name: world.name }, 409, 'ERR_NAME_TAKEN'));
    await Promise.all(many);
    // Its id is no secret: with the token of another owner it takes nothing over.
    const foreign = await world.token({ owner: 'bob@acme.com' });
    const up = world.audit().find(({ tunnel, event }) => tunnel === world.name && event === 'tunnel-up');
    await assertRefused({ name: world.name, agentId: String(up?.['agent']), token: foreign }, 409, 'ERR_NAME_TAKEN');
    const events = world.audit().filter(({ tunnel, event }) => tunnel === world.name && event === 'tunnel-down');
    assert.deepEqual(events, []);
    first.link.terminate();
    second.link.terminate();
  });

  test('J6 an agent that no longer answers loses its name to a new one, and is told so when it wakes', async () => {
    const hanging = world.agent;
    hanging.signal('SIGSTOP');
    await world.startAgent();
    assert.equal((await ana.fetch(`${world.url}/canary`)).status, 200);
    hanging.signal('SIGCONT');
    assert.deepEqual(await hanging.exited, { code: 4, signal: null });
    assert.equal(hanging.records().at(-1)?.['code'], 'ERR_NAME_TAKEN');
  });

  test('J6 a name is free at once when its agent was killed', async () => {
    const since = world.edge.mark();
    await world.agent.kill();
    const gone = (line: Line) => line['event'] === 'tunnel-down' && line['tunnel'] === world.name;
    await world.edge.record(gone, since);
    assert.equal((await ana.fetch(`${world.url}/canary`)).headers['postern-error'], 'ERR_TUNNEL_OFFLINE');
    const { outcome, link } = await offer({ name: world.name });
    assert.deepEqual(outcome, { url: world.url });
    const again = world.edge.mark();
    link.terminate();
    await world.edge.record(gone, again);
    await world.startAgent();
  });

  const names = [
    ...['www', 'auth', 'admin', 'login', 'oauth2', 'postern', 'edge', 'mail', 'localhost', '_gate', '.postern'],
    ...[
      'xn--dmo-7ma',
      'ab--cd',
      'Demo',
      'DEMO',
      '-demo',
      'demo-',
      'demo.',
      '.demo',
      'a.demo',
      'de mo',
      'de_mo',
      'd%65mo',
    ],
    ...['x'.repeat(64), 'd\u00e9mo', '../demo', 'demo/..', 'demo:80', 'demo@evil', '*', '@', '__proto__', 'demo,other'],
  ];
  for (const name of names) {
    test(`J7 ${JSON.stringify(name)} is no name of a tunnel, not even with a token for every name`, async () => {
      const all = await createToken([world.secret], { owner: 'dev@acme.com', tunnels: ['*', name], ttlMs: 60_000 });
      await assertRefused({ token: all, name }, 403, 'ERR_NAME_FORBIDDEN');
    });
  }

  test('J7 an empty name is none, two names are none, and a token of patterns gives none', async () => {
    const patterns = await world.token({ tunnels: 'dev-*' });
    await assertRefused({ token: patterns, headers: { 'postern-tunnel': '' } }, 403, 'ERR_NAME_FORBIDDEN');
    await assertRefused({ token: patterns }, 403, 'ERR_NAME_FORBIDDEN');
    await assertRefused({ token: patterns, name: world.name }, 403, 'ERR_NAME_FORBIDDEN');
  });

  // What a page can send with a WebSocket: its origin, the visitor's cookies, protocols and a query; no Authorization.
  test('J12 a page in a browser cannot open a link, whoever is signed in there', async () => {
    const cookie = `${ana.jar.header(new URL(world.base))}; ${ana.jar.header(new URL(world.url))}`;
    for (const origin of [world.base, world.url, 'https://elsewhere.test', 'null', '']) {
      await assertRefused({ name: 'dev-1', token: '', headers: { origin, cookie } }, 401, 'ERR_TOKEN_INVALID');
    }
  });

  test('J12 an Origin beside a live token is no reason to refuse: some libraries always send one', async () => {
    for (const origin of [world.base, 'https://elsewhere.test', 'null']) {
      const { outcome, link } = await offer({ name: 'dev-origin', headers: { origin } });
      assert.deepEqual(outcome, { url: world.urlOf('dev-origin') });
      const closed = once(link, 'close');
      link.terminate();
      await closed;
    }
  });

  test('J12 the endpoint is a WebSocket of one protocol, on the base host alone', async () => {
    const { answer: response } = await assertRefused(
      { name: 'dev-1', protocol: 'postern.h3' },
      426,
      'ERR_PROTOCOL_VERSION',
    );
    assert.equal(response.headers.upgrade, 'websocket');
    const plain = await ana.bare(`${world.base}/.postern/link`, { headers: { authorization: `Bearer ${token}` } });
    assert.ok(plain.status >= 400 && plain.status < 500, String(plain.status));
    await assertRefused({ name: 'dev-1', headers: { host: new URL(world.url).host } }, 404, 'ERR_NOT_FOUND');
  });
});
