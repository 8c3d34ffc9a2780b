/** A visitor whom a tunnel has refused asks to be let in, and its owner answers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_WAITING_OF_ONE } from '../../../src/edge/routes/access.js';
import { type Api, apiOf, readText } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';
import type { Visitor, VisitorResponse } from '../../support/visitor.js';

const HOUR_MS = 3_600_000;

interface Asked {
  readonly id: string;
  readonly email: string;
  readonly message: string;
}

describe('a visitor who asks to be let in', () => {
  const accounts = ['dev', 'ana', 'eve', 'zoe', 'max', 'kim'].map((sub) => ({
    ...{ sub, name: sub, email_verified: sub !== 'max' },
    email: `${sub}@${sub === 'dev' || sub === 'ana' ? 'acme.com' : sub === 'kim' ? 'foreign.test' : 'partner.test'}`,
  }));
  const { world } = inWorld({ accounts, manyAddresses: true, edgeEnv: { POSTERN_ALLOW: '@acme.com,@partner.test' } });

  /** A visitor of an account who stands before the closed door. */
  async function refused(account: string): Promise<Visitor> {
    const visitor = world.visitor();
    const page = await visitor.signIn(`${world.url}/`, account);
    assert.equal(page.status, 403);
    return visitor;
  }
  const askPage = (visitor: Visitor, name = 'demo') => visitor.open(`${world.base}/access?to=${name}`);
  const post = (visitor: Visitor, fields: Record<string, string>, options: object = {}) =>
    visitor.fetch(`${world.base}/access`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
      ...options,
    });
  const pending = async (api: Api) => (await api('GET', '/tunnels/demo/knocks')).body['knocks'] as Asked[];
  const statusOf = async (visitor: Visitor) => (await visitor.fetch(`${world.url}/`)).status;

  test('Y9 is led from the refusal to a form, asks once, and is let in for the time that the owner says', async () => {
    const api = await apiOf(world);
    const eve = await refused('eve');
    const page = await eve.navigate(`${world.url}/`);
    assert.match(page.text, new RegExp(`href="${world.base}/access\\?to=demo"`));
    assert.equal((await askPage(eve)).status, 200);
    for (const message of ['hello, it is Eve', 'once more'])
      assert.equal((await post(eve, { to: 'demo', message })).status, 303);
    const [asked, ...others] = await pending(api);
    assert.deepEqual([asked?.email, asked?.message, others], ['eve@partner.test', 'hello, it is Eve', []]);
    const waiting = readText((await eve.stream(`${world.base}/access/events?to=demo`)).body);
    const answer = await api('POST', `/tunnels/demo/knocks/${asked?.id}`, { answer: 'allow', for: '8h' });
    const ends = Date.parse(String(answer.body['expires_at']));
    assert.ok(ends > Date.now() + 7 * HOUR_MS && ends <= Date.now() + 8 * HOUR_MS);
    await waiting.until(/event: open-to-you/);
    waiting.close();
    assert.equal(await statusOf(eve), 200);
    assert.deepEqual(await pending(api), []);
    assert.equal((await askPage(eve)).url, `${world.url}/`);
    for (const told of ['knock demo eve@partner.test', 'grant-allow demo eve@partner.test'])
      await world.edge.record(({ event, tunnel, email, rule }) => [event, tunnel, email ?? rule].join(' ') === told);
  });

  test('Y9 is refused without being told so, and may ask again only later', async () => {
    const api = await apiOf(world);
    const zoe = await refused('zoe');
    const before = await post(zoe, { to: 'demo', message: '' });
    const [asked] = await pending(api);
    assert.equal((await api('POST', `/tunnels/demo/knocks/${asked?.id}`, { answer: 'deny' })).status, 204);
    assert.deepEqual(same(await post(zoe, { to: 'demo', message: 'please' })), same(before));
    assert.deepEqual(await pending(api), []);
    assert.equal(await statusOf(zoe), 403);
    assert.equal((await api('POST', `/tunnels/demo/knocks/${asked?.id}`, { answer: 'allow' })).status, 404);
  });

  test('Y10 learns nothing about a tunnel: every step is the same where there is none', async () => {
    const zoe = await refused('zoe');
    const steps = async (name: string) => {
      const page = await askPage(zoe, name);
      const asked = await post(zoe, { to: name, message: 'hello' });
      const waiting = await zoe.navigate(`${world.base}${asked.headers.location}`);
      return [page, asked, waiting].map((response) => same(response, name));
    };
    assert.deepEqual(await steps('demo'), await steps('void'));
  });

  test('Y11 cannot ask where nobody could let them in, and is told whom to ask', async () => {
    for (const [account, says] of [
      ['kim', /The operator of localhost does not permit accounts like yours/],
      ['max', /has not verified your e-mail address/],
    ] as const) {
      const visitor = await refused(account);
      for (const name of ['demo', 'void']) {
        const page = await askPage(visitor, name);
        assert.match(page.text, says);
        assert.doesNotMatch(page.text, /<form class="question"/);
        assert.equal((await post(visitor, { to: name, message: '' })).status, 403);
      }
    }
    assert.deepEqual(await pending(await apiOf(world)), []);
  });

  test('Y12 asks by the page of the base host only, in plain text, and a few times an hour', async () => {
    const api = await apiOf(world);
    const zoe = await refused('zoe');
    assert.equal((await post(zoe, { to: 'demo' }, { initiator: world.url })).status, 403);
    assert.equal((await post(world.visitor(), { to: 'demo' })).status, 401);
    for (const to of ['', 'no name', 'www', '../x', 'demo.localhost'])
      assert.equal((await post(zoe, { to })).status, 400, to);
    for (const message of ['a\nb', 'x'.repeat(201), '\u202egnp', '\u0007'])
      assert.equal((await post(zoe, { to: 'demo', message })).status, 400, JSON.stringify(message));
    const wait = () => zoe.stream(`${world.base}/access/events?to=void`);
    const waiting = await Promise.all(Array.from({ length: MAX_WAITING_OF_ONE }, wait));
    assert.deepEqual([...new Set(waiting.map(({ status }) => status)), (await wait()).status], [200, 409]);
    for (const { body } of waiting) body.destroy();
    const statuses: number[] = [];
    for (let at = 0; at < 12; at++) statuses.push((await post(zoe, { to: 'void' })).status);
    assert.equal(statuses.at(-1), 429);
    assert.deepEqual(await pending(api), []);
  });

  /** What of a response may not depend on the tunnel, its name and the ids left out. */
  function same({ status, headers, text }: VisitorResponse, name = 'demo') {
    const plain = (value: unknown) =>
      String(value)
        .replaceAll(name, 'NAME')
        .replace(/[0-9a-f-]{36}/g, 'ID');
    const { date: _, 'x-request-id': __, ...rest } = headers;
    return [status, plain(text), plain(JSON.stringify(rest))];
  }
});
