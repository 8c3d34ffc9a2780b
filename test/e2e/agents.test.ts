/**
 * Agents at the edge's door: who is admitted under which name, what everybody else is told, and that whatever arrives on
 * one link disturbs no other.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { createToken } from '../../src/link/token.js';
import { deferred } from '../support/deferred.js';
import { startEvents } from '../support/moments.js';
import { runPostern } from '../support/processes.js';
import type { Visitor } from '../support/visitor.js';
import { type AgentStart, startWorld, type World } from '../support/world.js';

/** How an edge answers an offer: the URL of the tunnel, or the status and code of the refusal. */
type Outcome = { readonly url: string } | { readonly status: number; readonly code: string };

interface RawOffer {
  readonly token?: string;
  readonly name?: string;
  readonly allow?: string;
  readonly agentId?: string;
  readonly protocol?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

describe('agents', () => {
  let world: World;
  let ana: Visitor;
  let token: string;
  const links = new Set<WebSocket>();

  before(async () => {
    world = await startWorld();
    ana = await world.signedIn('ana');
    token = await world.token();
  });
  after(async () => {
    for (const link of links) link.terminate();
    await world?.close();
  });

  /** Knocks at the edge as an agent of our own. */
  async function offer(raw: RawOffer): Promise<{ outcome: Outcome; answer: IncomingMessage; link: WebSocket }> {
    const link = new WebSocket(`ws://127.0.0.1:${world.port}/.postern/link`, [raw.protocol ?? 'postern.h2'], {
      headers: {
        host: new URL(world.base).host,
        'postern-agent': raw.agentId ?? randomUUID(),
        ...(raw.token === '' ? {} : { authorization: `Bearer ${raw.token ?? token}` }),
        ...(raw.name === undefined ? {} : { 'postern-tunnel': raw.name }),
        ...(raw.allow === undefined ? {} : { 'postern-allow': raw.allow }),
        ...raw.headers,
      },
    });
    links.add(link);
    const { promise, resolve, reject } = deferred<{ outcome: Outcome; answer: IncomingMessage }>();
    link.on('error', reject); // after the outcome it says nothing new
    link.once('upgrade', (answer) => {
      link.once('open', () => resolve({ outcome: { url: String(answer.headers['postern-url']) }, answer }));
    });
    link.once('unexpected-response', async (_request, answer: IncomingMessage) => {
      const { error } = JSON.parse(await text(answer)) as { error: { code: string } };
      assert.equal(answer.headers['postern-error'], error.code);
      resolve({ outcome: { status: answer.statusCode ?? 0, code: error.code }, answer });
    });
    return { ...(await promise), link };
  }

  async function assertRefused(raw: RawOffer, status: number, code: string): Promise<void> {
    assert.deepEqual((await offer(raw)).outcome, { status, code });
  }

  /** The canary: the tunnel that everybody relies on still works, on the link that it had. */
  async function assertServes(path = '/canary'): Promise<void> {
    assert.equal((await ana.fetch(world.url + path)).status, 200);
  }

  test('a refusal that waiting cannot change ends the agent with 4 and the sentence of the edge', async () => {
    const agents: [what: string, start: AgentStart, code: string][] = [
      ['a wrong token', { token: `${token.slice(0, -6)}AAAAAA` }, 'ERR_TOKEN_INVALID'],
      ['an expired token', { token: await expiredToken(world) }, 'ERR_TOKEN_INVALID'],
      ['a name that the token does not cover', { name: 'other' }, 'ERR_NAME_FORBIDDEN'],
      ['the rule public where it is not permitted', { name: 'dev-1', allow: ['public'] }, 'ERR_OFFER_INVALID'],
      ['a name that an agent of the same owner serves', { token }, 'ERR_NAME_TAKEN'],
      [
        "a name that another owner's agent serves",
        { token: await world.token({ owner: 'bob@acme.com' }) },
        'ERR_NAME_TAKEN',
      ],
    ];
    const serving = world.agent;
    await Promise.all(
      agents.map(async ([what, start, code]) => {
        const agent = await world.offer({ token, ...start });
        assert.deepEqual(await agent.exited, { code: 4, signal: null }, what);
        const refused = agent.records().find(({ event }) => event === 'refused');
        assert.equal(refused?.['code'], code, what);
        assert.ok(agent.stderr.startsWith(`postern: the edge refused: ${refused?.['message']} (${code})\n`), what);
        assert.doesNotMatch(agent.stderr, /\n {4}at /, what);
      }),
    );
    world.agent = serving;
    await assertServes();
  });

  test('what is wrong by itself is told before the edge is asked', async () => {
    const env = { POSTERN_TOKEN: token };
    const args = ['http', '5173', '--edge', world.base];
    const [noToken, reserved, badRule] = await Promise.all([
      runPostern([...args, '--name', 'demo']),
      runPostern([...args, '--name', 'www'], env),
      runPostern([...args, '--name', 'demo', '--allow', 'acme.com'], env),
    ]);
    for (const { exit } of [noToken, reserved, badRule]) assert.deepEqual(exit, { code: 2, signal: null });
    assert.match(noToken.stderr, /POSTERN_TOKEN/);
    assert.match(reserved.stderr, /--name.*www/);
    assert.match(badRule.stderr, /--allow.*acme\.com/);
  });

  test('the edge itself refuses every offer that it cannot admit, with the code of the reason', async () => {
    await assertRefused({ token: '' }, 401, 'ERR_TOKEN_INVALID');
    await assertRefused({ token: 'postern_x' }, 401, 'ERR_TOKEN_INVALID');
    await assertRefused({ token: 'x'.repeat(20_000) }, 401, 'ERR_TOKEN_INVALID');
    await assertRefused({ token, headers: { authorization: `Basic ${token}` } }, 401, 'ERR_TOKEN_INVALID');
    for (const name of ['www', 'Demo', 'xn--dmo-7ma', 'a.demo', 'demo.', '-demo', 'x'.repeat(64), '../demo']) {
      await assertRefused({ name }, 403, 'ERR_NAME_FORBIDDEN');
    }
    for (const allow of ['acme.com', '*.acme.com', '@', 'a@b@c', '%E0%A4%A', '@acme.com, nonsense', 'group:']) {
      await assertRefused({ name: 'dev-1', allow }, 400, 'ERR_OFFER_INVALID');
    }
    await assertRefused({ name: 'dev-1', allow: Array(101).fill('@a.com').join() }, 400, 'ERR_OFFER_INVALID');
    for (const agentId of ['short', 'x'.repeat(65), 'sixteen letters!']) {
      await assertRefused({ name: 'dev-1', agentId }, 400, 'ERR_OFFER_INVALID');
    }
    await assertServes();
  });

  test('the endpoint is for agents alone: no page, no visitor, no other protocol', async () => {
    for (const origin of [world.base, world.url, 'https://elsewhere.test', 'null']) {
      await assertRefused({ name: 'dev-1', headers: { origin } }, 400, 'ERR_OFFER_INVALID');
    }
    const cookie = `${ana.jar.header(new URL(world.base))}; ${ana.jar.header(new URL(world.url))}`;
    assert.match(cookie, /postern-session/);
    await assertRefused({ token: '', headers: { cookie } }, 401, 'ERR_TOKEN_INVALID');
    const { outcome, answer } = await offer({ name: 'dev-1', protocol: 'postern.h3' });
    assert.deepEqual(outcome, { status: 426, code: 'ERR_PROTOCOL_VERSION' });
    assert.equal(answer.headers.upgrade, 'websocket');
    const plain = await ana.bare(`${world.base}/.postern/link`, { headers: { authorization: `Bearer ${token}` } });
    assert.ok(plain.status >= 400 && plain.status < 500, String(plain.status));
    // On a tunnel's host the path is nothing at all.
    const onTunnel = await offer({ name: 'dev-1', headers: { host: new URL(world.url).host } });
    assert.deepEqual(onTunnel.outcome, { status: 404, code: 'ERR_NOT_FOUND' });
  });

  test('without a name the edge takes the first that the token gives in full', async () => {
    const single = await world.token({ tunnels: 'dev-*,first,second' });
    const { outcome, link } = await offer({ token: single });
    assert.deepEqual(outcome, { url: world.urlOf('first') });
    link.terminate();
    await assertRefused({ token: await world.token({ tunnels: 'dev-*' }) }, 403, 'ERR_NAME_FORBIDDEN');
  });

  test('the same agent takes its name over at once; any other one is refused while it answers', async () => {
    const agentId = randomUUID();
    const first = await offer({ name: 'dev-own', agentId });
    const replaced = once(first.link, 'message'); // the preface, and in time the GOAWAY
    const second = await offer({ name: 'dev-own', agentId });
    assert.deepEqual(second.outcome, { url: world.urlOf('dev-own') });
    await replaced;
    // The world's own agent answers PING, so it keeps its name, whoever asks and however many at once.
    const many = Array.from({ length: 12 }, () => offer({ name: world.name }));
    for (const { outcome } of await Promise.all(many))
      assert.deepEqual(outcome, { status: 409, code: 'ERR_NAME_TAKEN' });
    // Its id is no secret: with the token of another owner it takes nothing over.
    const foreign = await world.token({ owner: 'bob@acme.com' });
    const known = String(
      world.audit().find(({ tunnel, event }) => tunnel === world.name && event === 'tunnel-up')?.['agent'],
    );
    await assertRefused({ name: world.name, agentId: known, token: foreign }, 409, 'ERR_NAME_TAKEN');
    const events = world.audit().filter(({ tunnel, event }) => tunnel === world.name && event === 'tunnel-down');
    assert.deepEqual(events, []);
    await assertServes();
    first.link.terminate();
    second.link.terminate();
  });

  test('garbage on a link ends that link alone', async () => {
    const events = await startEvents(ana, `${world.url}/sse?n=2&key=garbage`);
    const nonsense: [what: string, message: string | Buffer][] = [
      ['text', 'PRI * HTTP/2.0'],
      ['no HTTP/2', Buffer.from('this is not HTTP/2 at all, whatever it may be')],
      ['zeros', Buffer.alloc(10_000)],
      ['a TLS hello', Buffer.from('16030100f4010000f00303', 'hex')],
      ['a preface of its own', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
      ['a frame longer than announced', Buffer.from('ffffff000000000000', 'hex')],
      ['a message above the limit', Buffer.alloc(1_048_577)],
    ];
    for (const [what, message] of nonsense) {
      const { link, outcome } = await offer({ name: 'dev-garbage' });
      assert.deepEqual(outcome, { url: world.urlOf('dev-garbage') }, what);
      const closed = once(link, 'close');
      link.send(message);
      const [code] = await closed;
      if (what === 'text') assert.equal(code, 1003);
      await assertServes();
    }
    // A hang-up in the middle of a frame, too.
    const { link } = await offer({ name: 'dev-garbage' });
    link.send(Buffer.from('00', 'hex'), () => link.terminate());
    await once(link, 'close');
    await world.target.release('garbage');
    await events.says('event 1');
    assert.equal(await events.ended, undefined, 'the stream on the other link was not disturbed');
  });

  test('a name is free at once when its agent was killed', async () => {
    await world.agent.kill();
    await world.startAgent();
    await assertServes();
  });

  test('an agent that no longer answers loses its name to a new one, and is told so when it wakes', async () => {
    const hanging = world.agent;
    hanging.signal('SIGSTOP');
    await world.startAgent();
    await assertServes();
    hanging.signal('SIGCONT');
    assert.deepEqual(await hanging.exited, { code: 4, signal: null });
    assert.equal(hanging.records().at(-1)?.['code'], 'ERR_NAME_TAKEN');
    await assertServes();
  });

  test('guessing tokens ends in 429, and disturbs nobody who has one', async () => {
    const codes: string[] = [];
    while (codes.at(-1) !== 'ERR_RATE_LIMITED' && codes.length < 200) {
      const { outcome } = await offer({ token: `postern_${randomUUID()}` });
      codes.push('code' in outcome ? outcome.code : 'admitted');
    }
    assert.equal(codes.pop(), 'ERR_RATE_LIMITED');
    assert.deepEqual([...new Set(codes)], ['ERR_TOKEN_INVALID']);
    await assertRefused({ token: 'postern_x' }, 429, 'ERR_RATE_LIMITED');
    await assertServes();
    // A good token is no guess: many agents may share an address with the one that guesses.
    const { outcome, link } = await offer({ name: 'dev-honest' });
    assert.deepEqual(outcome, { url: world.urlOf('dev-honest') });
    link.terminate();
  });
});

/** A token whose time is over, made an hour ago with the edge's own secret. */
function expiredToken(world: World): Promise<string> {
  const anHourAgo = () => Date.now() - 3_600_000;
  return createToken([world.secret], { owner: 'dev@acme.com', tunnels: ['demo'], ttlMs: 1_000 }, anHourAgo);
}
