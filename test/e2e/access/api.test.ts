/** Who may call the API, for which tunnels, with what; and its stream of events. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_STREAMS_OF_ONE } from '../../../src/edge/api/events.js';
import { CHANGES } from '../../../src/edge/request/limits.js';
import { createToken } from '../../../src/link/token.js';
import { apiOf, readEvents } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';

const API = '/.postern/api/v1';
const BOBS = `${API}/tunnels/demo/grants/bob%40acme.com`;
const DENY = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"effect":"deny"}' };

describe('the API', () => {
  const { world } = inWorld({
    manyAddresses: true,
    tunnels: 'demo,other',
    edgeEnv: { POSTERN_ALLOW: '@acme.com,guest@partner.test', POSTERN_ADMINS: 'ana@acme.com' },
  });
  const grantsOf = async () => (await (await apiOf(world))('GET', '/tunnels/demo')).body['grants'];

  test('Y4 is closed to strangers, to bad and expired tokens, and to tokens of another edge', async () => {
    const ended = await createToken([world.secret], { owner: 'dev@acme.com', tunnels: ['*'], ttlMs: -1_000 });
    const foreign = await createToken(['a secret of another edge, thirty-two bytes'], {
      ...{ owner: 'dev@acme.com', tunnels: ['*'], ttlMs: 60_000 },
    });
    const headers = [
      {},
      ...['Bearer', 'Bearer x', `Bearer ${ended}`, `Bearer ${foreign}`, 'Basic YTpi'].map((value) => ({
        authorization: value,
      })),
    ];
    for (const sent of headers) {
      const visitor = world.visitor();
      for (const path of [`${API}/tunnels`, `${API}/tunnels/demo`, `${API}/events`]) {
        assert.equal((await visitor.bare(world.base + path, { headers: sent })).status, 401, JSON.stringify(sent));
      }
      const put = await visitor.bare(world.base + BOBS, { ...DENY, headers: { ...DENY.headers, ...sent } });
      assert.equal(put.status, 401);
    }
    assert.deepEqual(await grantsOf(), []);
  });

  test('Y5 shows a token or a person their own tunnels only, and all others as if there were none', async () => {
    const token = await world.token({ owner: 'bob@acme.com', tunnels: '*' });
    const narrow = await world.token({ tunnels: 'other' });
    for (const api of [await apiOf(world, token), await apiOf(world, narrow)]) {
      assert.deepEqual((await api('GET', '/tunnels')).body, { tunnels: [], next: null });
      for (const [method, path, body] of [
        ['GET', ''],
        ['PUT', '/grants/eve%40acme.com', { effect: 'allow' }],
        ['DELETE', '/grants/eve%40acme.com'],
      ] as const) {
        const [theirs, none] = [
          await api(method, `/tunnels/demo${path}`, body),
          await api(method, `/tunnels/none${path}`, body),
        ];
        assert.equal(theirs.status, 404);
        const error = ({ body: { error } }: typeof none) => ({ ...(error as object), request_id: '' });
        assert.deepEqual(error(theirs), error(none));
      }
    }
    const bob = await world.signedIn('bob');
    assert.deepEqual((await bob.fetch(`${world.base}${API}/tunnels`)).json(), { tunnels: [], next: null });
    assert.deepEqual(await grantsOf(), []);
  });

  test('Y5 shows an administrator every tunnel, and names them as the one who changed it', async () => {
    const ana = await world.signedIn('ana');
    const { tunnels } = (await ana.fetch(`${world.base}${API}/tunnels`)).json() as { tunnels: { name: string }[] };
    assert.deepEqual(
      tunnels.map(({ name }) => name),
      ['demo'],
    );
    const put = await ana.fetch(world.base + BOBS, DENY);
    assert.deepEqual([put.status, (put.json() as { by: string }).by], [200, 'ana@acme.com']);
    const record = await world.edge.record(({ event }) => event === 'grant-deny');
    assert.deepEqual([record['tunnel'], record['rule'], record['by']], ['demo', 'bob@acme.com', 'ana@acme.com']);
    assert.equal((await ana.fetch(world.base + BOBS, { method: 'DELETE' })).status, 204);
  });

  test('Y6 refuses pages of other origins, tunnels of this edge included, whatever session they bring', async () => {
    const dev = await world.signedIn('dev');
    const own = await dev.fetch(`${world.base}${API}/tunnels/demo`);
    assert.equal(own.status, 200);
    for (const initiator of [world.url, world.urlOf('other'), 'https://elsewhere.test']) {
      assert.equal((await dev.fetch(world.base + BOBS, { ...DENY, initiator })).status, 403, initiator);
      assert.equal((await dev.fetch(`${world.base}${API}/tunnels`, { initiator })).status, 403, initiator);
      const simple = { ...DENY, headers: { 'content-type': 'text/plain' }, initiator };
      assert.equal((await dev.fetch(world.base + BOBS, simple)).status, 403, initiator);
    }
    // Without anything that says where it comes from, a session is not enough to change something.
    assert.equal((await dev.bare(world.base + BOBS, DENY)).status, 403);
    assert.deepEqual(await grantsOf(), []);
  });

  test('Y7 says in one sentence what is wrong with a request, and changes nothing', async () => {
    const api = await apiOf(world);
    const wrong: readonly (readonly [rule: string, body: unknown, status: number, says: RegExp])[] = [
      ['bob@acme.com', undefined, 400, /not a JSON object/],
      ['bob@acme.com', [], 400, /not a JSON object/],
      ['bob@acme.com', {}, 400, /"effect".*allow or deny/],
      ['bob@acme.com', { effect: 'maybe' }, 400, /"effect".*allow or deny/],
      ['bob@acme.com', { effect: 'allow', until: '8h' }, 400, /unknown field.*effect, for/],
      ['bob@acme.com', { effect: 'allow', for: '8' }, 400, /"for" is not a duration/],
      ['bob@acme.com', { effect: 'allow', for: 8 }, 400, /"for" is not a text/],
      ['bob@acme.com', { effect: 'allow', for: '0s' }, 400, /"for" is not a duration/],
      ['bob', { effect: 'allow' }, 400, /A rule is/],
      ['public', { effect: 'allow' }, 400, /A rule is/],
      ['@acme.com', { effect: 'deny' }, 400, /Only a person/],
      ['eve@elsewhere.test', { effect: 'allow' }, 403, /operator/],
      ['@elsewhere.test', { effect: 'allow' }, 403, /operator/],
    ];
    for (const [rule, body, status, says] of wrong) {
      const response = await api('PUT', `/tunnels/demo/grants/${encodeURIComponent(rule)}`, body);
      assert.equal(response.status, status, JSON.stringify([rule, body]));
      assert.match((response.body['error'] as { message: string }).message, says);
    }
    assert.deepEqual(await grantsOf(), []);
    assert.equal((await api('PUT', '/tunnels/demo/grants/guest%40partner.test', { effect: 'allow' })).status, 200);
    assert.equal((await api('DELETE', '/tunnels/demo/grants/guest%40partner.test')).status, 204);
  });

  test('Y7 lets a token that is limited to some names use up nothing of its owner, who can still end it', async () => {
    const owner = 'zoe@acme.com';
    const own = await apiOf(world, await world.token({ owner, tunnels: '*' }));
    const limited = await apiOf(world, await world.token({ owner, tunnels: 'ci-*' }));
    const change = (api: typeof own) => api('DELETE', '/tunnels/ci-1/grants/%40acme.com');
    for (let at = 0; at < CHANGES.points; at++) assert.equal((await change(limited)).status, 404);
    assert.deepEqual([(await change(limited)).status, (await change(own)).status], [429, 404]);
    const tokens = (await own('GET', '/tokens')).body['tokens'] as { id: string; tunnels: readonly string[] }[];
    const { id } = tokens.find(({ tunnels }) => tunnels.includes('ci-*')) ?? assert.fail('it is not listed');
    assert.equal((await own('DELETE', `/tokens/${id}`)).status, 204);
    assert.equal((await change(limited)).status, 401);
  });

  async function refusesTheTwentyFirst(token: string): Promise<void> {
    const readers = await Promise.all(Array.from({ length: MAX_STREAMS_OF_ONE }, () => readEvents(world, token)));
    const visitor = world.visitor();
    const more = () =>
      visitor.stream(`${world.base}${API}/events`, 'bare', { headers: { authorization: `Bearer ${token}` } });
    const refused = await more();
    refused.body.resume();
    assert.equal(refused.status, 409);
    for (const reader of readers) reader.close();
    for (;;) {
      const { status, body } = await more();
      body.destroy();
      if (status === 200) return; // the edge has seen one of them leave
    }
  }

  test('Y8 opens no stream of events for a tab that another page has led there', async () => {
    const dev = await world.signedIn('dev');
    for (const initiator of [world.url, 'https://elsewhere.test'])
      for (const path of ['/.postern/api/v1/events', '/access/events?to=demo'])
        assert.equal((await dev.navigate(world.base + path, { initiator })).status, 403, `${initiator} ${path}`);
  });

  test('Y8 tells what happens to the caller’s tunnels, and what was missed, and to nobody else', async () => {
    const api = await apiOf(world);
    const read = (token: string, lastId?: string) => readEvents(world, token, lastId);
    const mine = await read(await world.token());
    const theirs = await read(await world.token({ owner: 'bob@acme.com', tunnels: '*' }));
    await mine.until(/event: resync/);
    const [, start = ''] = /id: (\S+)\nevent: resync/.exec(mine.text()) ?? [];
    await theirs.until(/event: resync/);
    await api('PUT', '/tunnels/demo/grants/bob%40acme.com', { effect: 'deny' });
    await mine.until(/event: access\ndata: .*"rule":"bob@acme.com","effect":"deny"/);
    mine.close();
    await api('DELETE', '/tunnels/demo/grants/bob%40acme.com');
    const again = await read(await world.token(), start);
    await again.until(/"grants":\[\]/);
    assert.match(again.text(), /"effect":"deny".*"grants":\[\]/s);
    assert.doesNotMatch(again.text(), /resync/);
    again.close();
    const stranger = await read(await world.token(), 'of-another-edge-1');
    await stranger.until(/event: resync/);
    stranger.close();
    const head = await world.visitor().bare(`${world.base}${API}/events`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${await world.token()}` },
    });
    assert.deepEqual([head.status, head.headers['content-type']], [200, 'text/event-stream']);
    await refusesTheTwentyFirst(await world.token());
    const bobs = await world.startAgent({
      name: 'bobs',
      token: await world.token({ owner: 'bob@acme.com', tunnels: '*' }),
    });
    await theirs.until(/event: tunnel\ndata: {"tunnel":"bobs","online":true}/);
    assert.doesNotMatch(theirs.text(), /demo/);
    theirs.close();
    await bobs.kill();
  });
});
