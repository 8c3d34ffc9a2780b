/** Lists that can grow, a page at a time: by the API, by the commands that list, and on the pages of the portal. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiOf } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';

const API = '/.postern/api/v1';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

interface GrantList {
  readonly grants: readonly { readonly rule: string }[];
  readonly next: string | null;
}

describe('lists that can grow', () => {
  const { world } = inWorld({ manyAddresses: true, edgeEnv: { POSTERN_ACCESS_TOKENS: 'true' } });
  const rules = (count: number) => Array.from({ length: count }, (_, at) => `person-${at}@partner.test`);

  async function change(method: 'PUT' | 'DELETE', words: readonly string[]) {
    const api = await apiOf(world);
    for (const word of words) {
      const body = method === 'PUT' ? { effect: 'allow' } : undefined;
      const { status } = await api(method, `/tunnels/demo/grants/${encodeURIComponent(word)}`, body);
      assert.equal(status, method === 'PUT' ? 200 : 204, word);
    }
  }

  test('Y23 shows each entry once, whatever comes and goes between two pages', async () => {
    const [first, second, ...others] = rules(55);
    assert.ok(first !== undefined && second !== undefined);
    await change('PUT', [first, second, ...others]);
    const program = world.visitor();
    const headers = { authorization: `Bearer ${await world.token()}` };
    const seen: string[] = [];
    let url: string | undefined = `${world.base}${API}/tunnels/demo/grants?limit=20`;
    for (let page = 0; url !== undefined; page++) {
      const response = await program.bare(url, { headers });
      const { grants, next } = JSON.parse(response.text) as GrantList;
      seen.push(...grants.map(({ rule }) => rule));
      const link = /^<(.+)>; rel="next"$/.exec(String(response.headers['link']))?.[1];
      assert.equal(link === undefined, next === null);
      url = link;
      if (page > 0) continue;
      await change('DELETE', [grants.at(-1)?.rule ?? '', others.at(-1) ?? '']);
      await change('PUT', ['late@partner.test']);
    }
    assert.deepEqual(seen, [first, second, ...others.slice(0, -1), 'late@partner.test']);
    const { body } = await (await apiOf(world))('GET', '/tunnels?limit=1');
    const [tunnel] = body['tunnels'] as { grants: unknown[]; grants_next: unknown }[];
    assert.deepEqual([tunnel?.grants.length, tunnel?.grants_next, body['next']], [54, null, null]);
  });

  test('Y23 says which of limit and cursor is wrong, and lists nothing of others with a cursor', async () => {
    const api = await apiOf(world);
    for (const list of [
      '',
      ...['grants', 'people', 'knocks', 'invites', 'access-tokens'].map((name) => `/demo/${name}`),
    ]) {
      for (const [query, says] of [
        ['limit=1001', /^"limit" is not a whole number from 1 to 1000/],
        ['cursor=nonsense', /^"cursor" is not the cursor/],
      ] as const) {
        const { status, body } = await api('GET', `/tunnels${list}?${query}`);
        assert.equal(status, 400, `${list} ${query}`);
        assert.match((body['error'] as { message: string }).message, says);
      }
      assert.equal((await api('GET', `/tunnels${list}?limit=1000`)).body['next'], null);
    }
    const { next } = (await api('GET', '/tunnels/demo/grants?limit=1')).body as unknown as GrantList;
    const bob = await apiOf(world, await world.token({ owner: 'bob@acme.com', tunnels: '*' }));
    assert.equal((await bob('GET', `/tunnels/demo/grants?cursor=${next}`)).status, 404);
    assert.equal((await bob('GET', `/agents?cursor=${next}`)).status, 400);
  });

  test('are followed to their end by the commands that list', async () => {
    const bob = await apiOf(world);
    for (let at = 0; at < 3; at++)
      assert.equal((await bob('POST', '/tunnels/demo/access-tokens', { name: `ci-${at}` })).status, 201);
    const { ApiClient } = await import('../../../src/cli/process/api-client.js');
    const paths: string[] = [];
    class OneAtATime extends ApiClient {
      override call(method: string, path: string): Promise<unknown> {
        paths.push(path);
        return super.call(method, `${path}${path.includes('?') ? '&' : '?'}limit=1`);
      }
    }
    const listed = await new OneAtATime(world.base, await world.token()).accessTokens('demo');
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['ci-0', 'ci-1', 'ci-2'],
    );
    assert.equal(paths.length, 3);
  });

  test('end on the page of a tunnel with a link to more, which its forms keep', async () => {
    const dev = await world.signedIn('dev');
    const page = await dev.open(`${world.base}/tunnels/demo`);
    const rows = (text: string) => text.match(/let in by dev@acme\.com/g)?.length ?? 0;
    const [, href = ''] = /<p class="more"><a href="([^"]+)">Show more \(\d+ left\)<\/a>/.exec(page.text) ?? [];
    assert.equal(href, '/tunnels/demo?access=150#access');
    const all = await dev.open(`${world.base}/tunnels/demo?access=150`);
    assert.ok(rows(all.text) > rows(page.text));
    assert.doesNotMatch(all.text, /Show more/);
    assert.match(all.text, /action="\/tunnels\/demo\?access=150"/);
    const act = { method: 'POST', headers: FORM, body: 'act=take-back&about=late%40partner.test' };
    const done = await dev.fetch(`${world.base}/tunnels/demo?access=150`, act);
    assert.deepEqual([done.status, done.headers.location], [303, '/tunnels/demo?access=150']);
    assert.equal((await dev.open(`${world.base}/tunnels?cursor=x`)).status, 400);
  });
});
