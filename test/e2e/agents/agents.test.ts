/** Agents and the edge: what each refusal says, and how a name is chosen. owners.test.ts and tokens.test.ts hold the attacks. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WebSocket } from 'ws';
import { createToken } from '../../../src/link/token.js';
import { inWorld } from '../../support/in-world.js';
import { knock, type RawOffer } from '../../support/knock.js';
import { runPostern } from '../../support/processes.js';
import type { World } from '../../support/world.js';
import type { AgentStart } from '../../support/world-options.js';

describe('agents', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let token: string;
  const links = new Set<WebSocket>();

  before(async () => {
    token = await world.token();
  });
  after(async () => {
    for (const link of links) link.terminate();
  });

  /** Knocks at the edge as an agent of our own, with a good token unless another one is given. */
  async function offer(raw: Partial<RawOffer>) {
    const knocked = await knock(world, { token, ...raw });
    links.add(knocked.link);
    return knocked;
  }

  async function assertRefused(raw: Partial<RawOffer>, status: number, code: string): Promise<void> {
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

  test('a token that "postern token create" printed admits an agent', async () => {
    const args = ['token', 'create', '--owner', 'dev@acme.com', '--tunnels', 'dev-printed'];
    const { stdout } = await runPostern(args, { POSTERN_SECRET: world.secret });
    const { outcome, link } = await offer({ token: stdout.trim(), name: 'dev-printed' });
    assert.deepEqual(outcome, { url: world.urlOf('dev-printed') });
    link.terminate();
  });

  test('the agent tells what is wrong by itself before it asks the edge', async () => {
    const env = { POSTERN_TOKEN: token };
    const args = ['http', '5173', '--edge', world.base];
    const [noToken, reserved, badRule] = await Promise.all([
      runPostern([...args, '--name', 'demo']),
      runPostern([...args, '--name', 'www'], env),
      runPostern([...args, '--name', 'demo', '--allow', 'acme.com'], env),
    ]);
    for (const { exit } of [reserved, badRule]) assert.deepEqual(exit, { code: 2, signal: null });
    assert.deepEqual(noToken.exit, { code: 4, signal: null });
    assert.match(noToken.stderr, /POSTERN_TOKEN/);
    assert.match(reserved.stderr, /--name.*www/);
    assert.match(badRule.stderr, /--allow.*acme\.com/);
  });

  test('the edge itself refuses every offer whose rules or id are invalid', async () => {
    for (const allow of ['acme.com', '*.acme.com', '@', 'a@b@c', '%E0%A4%A', '@acme.com, nonsense', 'group:']) {
      await assertRefused({ name: 'dev-1', allow }, 400, 'ERR_OFFER_INVALID');
    }
    await assertRefused({ name: 'dev-1', allow: Array(101).fill('@a.com').join() }, 400, 'ERR_OFFER_INVALID');
    for (const agentId of ['short', 'x'.repeat(65), 'sixteen letters!']) {
      await assertRefused({ name: 'dev-1', agentId }, 400, 'ERR_OFFER_INVALID');
    }
    await assertServes();
  });

  test('the edge gives an agent without a name the first that its token gives in full', async () => {
    const single = await world.token({ tunnels: 'dev-*,first,second' });
    const { outcome, link } = await offer({ token: single });
    assert.deepEqual(outcome, { url: world.urlOf('first') });
    link.terminate();
    await assertRefused({ token: await world.token({ tunnels: 'dev-*' }) }, 403, 'ERR_NAME_FORBIDDEN');
  });
});

/** A token whose time is over, made an hour ago with the edge's own secret. */
function expiredToken(world: World): Promise<string> {
  const anHourAgo = () => Date.now() - 3_600_000;
  return createToken([world.secret], { owner: 'dev@acme.com', tunnels: ['demo'], ttlMs: 1_000 }, anHourAgo);
}
