/** The tokens and sign-ins of agents: who sees which, and how one is taken back at the edge. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createToken, verifyToken } from '../../../src/link/token.js';
import { apiOf } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';
import { Machine } from '../../support/machine.js';
import { discover, signIn } from '../../support/oauth-client.js';
import { runPostern } from '../../support/processes.js';

const API = '/.postern/api/v1';

interface Listed {
  readonly id: string;
  readonly owner: string;
  readonly tunnels: readonly string[];
  readonly online: readonly string[];
  readonly sign_in: { readonly machine: string } | null;
}

describe('the tokens of agents', () => {
  const { world } = inWorld({
    manyAddresses: true,
    edgeEnv: { POSTERN_AGENTS: '@acme.com', POSTERN_ADMINS: 'ana@acme.com' },
  });
  const idOf = async (token: string) => (await verifyToken([world.secret], token)).id;
  const make = (owner: string, tunnels: string) => world.token({ owner, tunnels });

  async function listed(token: string): Promise<readonly Listed[]> {
    const { status, body } = await (await apiOf(world, token))('GET', '/tokens');
    assert.equal(status, 200);
    return body['tokens'] as readonly Listed[];
  }

  test('Y24 are shown to their owner and to administrators, and one of some names sees itself only', async () => {
    const [wide, narrow, bobs] = [
      await make('dev@acme.com', '*'),
      await make('dev@acme.com', 'ci-*'),
      await make('bob@acme.com', '*'),
    ];
    const [narrowId, bobsId] = [await idOf(narrow), await idOf(bobs)];
    assert.deepEqual(
      (await listed(narrow)).map(({ id }) => id),
      [narrowId],
    );
    const seen = await listed(wide);
    assert.ok(seen.every(({ owner }) => owner === 'dev@acme.com'));
    assert.deepEqual(seen.find(({ id }) => id === narrowId)?.tunnels, ['ci-*']);
    assert.deepEqual(
      seen.flatMap(({ online }) => online),
      ['demo'],
    );
    assert.deepEqual(
      (await listed(bobs)).map(({ id }) => id),
      [bobsId],
    );
    const never = await idOf(await make('dev@acme.com', '*'));
    assert.equal(
      seen.some(({ id }) => id === never),
      false,
    );

    for (const [token, id] of [
      [narrow, await idOf(wide)],
      [bobs, narrowId],
      [wide, bobsId],
      [wide, never],
    ] as const)
      assert.equal((await (await apiOf(world, token))('DELETE', `/tokens/${id}`)).status, 404);

    const { access_token: anas } = await signIn(world, 'ana', await discover(world));
    for (const tokens of [
      await listed(anas),
      ((await (await world.signedIn('ana')).fetch(`${world.base}${API}/tokens`)).json() as { tokens: Listed[] }).tokens,
    ]) {
      assert.ok([narrowId, bobsId].every((id) => tokens.some((token) => token.id === id)));
      assert.equal(tokens.find(({ owner }) => owner === 'ana@acme.com')?.sign_in?.machine, 'test-machine');
    }
    // A token that the operator has made says nothing of the person but the address; and neither opens the tunnels of others.
    assert.deepEqual(
      (await listed(await make('ana@acme.com', '*'))).every(({ owner }) => owner === 'ana@acme.com'),
      true,
    );
    assert.deepEqual((await (await apiOf(world, anas))('GET', '/tunnels')).body['tunnels'], []);
    assert.equal((await world.visitor().bare(`${world.base}${API}/tokens`)).status, 401);
  });

  test('Y24 are never shown themselves', async () => {
    const token = await make('dev@acme.com', '*');
    const text = JSON.stringify(await listed(token));
    const page = await (await world.signedIn('dev')).open(`${world.base}/agents`);
    assert.match(page.text, /Tokens that were made for you/);
    for (const shown of [text, page.text, world.edge.stdout]) {
      assert.doesNotMatch(shown, /postern_|eyJ/);
      assert.equal(shown.includes(token.split('.').at(-1) ?? token), false);
    }
  });

  test('Y25 count no more once they are revoked, and their links end', async () => {
    const token = await make('dev@acme.com', '*');
    const id = await idOf(token);
    const agent = await world.startAgent({ name: 'revoked-one', token });
    const api = await apiOf(world);
    assert.equal((await (await apiOf(world, token))('GET', '/tokens')).status, 200);
    const ana = await world.signedIn('ana');
    const mark = world.edge.mark();
    for (const initiator of [world.url, 'https://elsewhere.test'])
      assert.equal((await ana.fetch(`${world.base}${API}/tokens/${id}`, { method: 'DELETE', initiator })).status, 403);
    assert.equal((await ana.fetch(`${world.base}${API}/tokens/${id}`, { method: 'DELETE' })).status, 204);
    assert.deepEqual(await agent.exited, { code: 4, signal: null });
    const down = await world.edge.record(
      ({ event, tunnel }) => event === 'tunnel-down' && tunnel === 'revoked-one',
      mark,
    );
    assert.match(String(down['reason']), /revoked/);
    const record = world.audit(mark).find(({ event }) => event === 'agent-token-revoke');
    assert.deepEqual([record?.['tokenId'], record?.['owner'], record?.['by']], [id, 'dev@acme.com', 'ana@acme.com']);
    assert.equal((await (await apiOf(world, token))('GET', '/tokens')).status, 401);
    assert.equal(
      (await listed(await make('dev@acme.com', '*'))).some((other) => other.id === id),
      false,
    );
    assert.equal((await ana.fetch(`${world.base}${API}/tokens/${id}`, { method: 'DELETE' })).status, 404);
    assert.equal((await api('GET', '/tunnels')).status, 200, 'another token of the owner counts on');
  });

  test('are listed and revoked by the command, with the sign-in of the machine', async () => {
    const machine = new Machine(world);
    await machine.login('ana');
    const token = await createToken([world.secret], {
      owner: 'bob@acme.com',
      tunnels: ['shop', 'ci-*'],
      ttlMs: 60_000,
    });
    const id = await idOf(token);
    const agent = await world.startAgent({ name: 'shop', token });
    const list = await machine.run(['token', 'list']);
    assert.equal(list.exit.code, 0);
    assert.match(
      list.stdout,
      new RegExp(`^${id}  bob@acme\\.com  shop,ci-\\*  last seen \\S+Z from \\S+  until \\S+Z  online: shop$`, 'm'),
    );
    assert.match(list.stdout, /^[0-9a-f]{18} {2}ana@acme\.com {2}signed in on ".+" {2}last seen/m);
    const json = (await machine.run(['token', 'list', '--json'])).stdout
      .split('\n')
      .map((line) => JSON.parse(line) as Listed);
    assert.deepEqual(json.find((one) => one.id === id)?.tunnels, ['shop', 'ci-*']);
    const revoked = await machine.run(['token', 'revoke', id]);
    assert.deepEqual([revoked.exit.code, revoked.stdout], [0, id]);
    assert.match(revoked.stderr, new RegExp(`revoked at ${world.base}: its links have ended`));
    assert.equal((await agent.exited).code, 4);
    const again = await machine.run(['token', 'revoke', id]);
    assert.deepEqual([again.exit.code, again.stdout], [1, '']);
    assert.match(again.stderr, /knows no token "[0-9a-f]{18}" that you may revoke/);
    assert.equal((await machine.run(['token', 'revoke', 'abc'])).exit.code, 2);
    const nowhere = await runPostern(['token', 'revoke', id], { POSTERN_EDGE: world.base });
    assert.equal(nowhere.exit.code, 4);
    assert.match(nowhere.stderr, /POSTERN_REVOKED_TOKENS is not set.*postern login/s);
  });
});
