/** An owner hands out a link, and those who sign in with it are let in: as many as it says, for as long as it says. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { WRONG_INVITES } from '../../../src/edge/request/limits.js';
import { apiOf } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';
import { longEnough, unlessRefused } from '../../support/long-enough.js';
import type { Line } from '../../support/processes.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import type { Visitor, VisitorResponse } from '../../support/visitor.js';

interface Made {
  readonly id: string;
  readonly url: string;
}

describe('an invite', () => {
  const names = ['dev', 'ana', 'eve', 'zoe', 'ben', 'lea', 'pia', 'tom', 'max', 'kim', 'una', 'sam', 'ida', 'ivo'];
  const domains: Readonly<Record<string, string>> = { dev: 'acme.com', ana: 'acme.com', kim: 'foreign.test' };
  const accounts = names.map((sub) => ({
    ...{ sub, name: sub, email_verified: sub !== 'max' },
    email: `${sub}@${domains[sub] ?? 'partner.test'}`,
  }));
  const folder = join(temporaryFolder('invites'), 'kept');
  const { world } = inWorld({
    ...{ accounts, manyAddresses: true, tunnels: '*' },
    edgeEnv: { POSTERN_ALLOW: '@acme.com,@partner.test', POSTERN_STATE_DIR: folder },
  });

  const invites = (name = 'demo') => `/tunnels/${name}/invites`;
  async function make(body: object = {}): Promise<Made> {
    const made = await (await apiOf(world))('POST', invites(), body);
    assert.equal(made.status, 201);
    return made.body as unknown as Made;
  }
  async function visitorOf(account: string): Promise<Visitor> {
    const visitor = world.visitor();
    await visitor.signIn(`${world.url}/`, account);
    return visitor;
  }
  const post = (visitor: Visitor, url: string, options: object = {}) =>
    visitor.fetch(`${world.base}/invite`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URL(url).searchParams.toString(),
      ...options,
    });
  const statusOf = async (visitor: Visitor) => (await visitor.fetch(`${world.url}/`)).status;
  const used = async (id: string) => {
    const { body } = await (await apiOf(world))('GET', invites());
    return (body['invites'] as { id: string; used: number }[]).find((one) => one.id === id)?.used;
  };

  test('Y15 leads through the sign-in to one button, lets in as many accounts as it says, and each only once', async () => {
    const { id, url } = await make({ uses: 2 });
    const eve = world.visitor();
    const page = await eve.signIn(url, 'eve');
    assert.deepEqual([page.status, page.url], [200, url]);
    assert.match(page.text, /dev@acme\.com invites you to open the app at demo\.localhost/);
    assert.match(page.text, /<dd>eve@partner\.test<\/dd>/);
    assert.equal(await used(id), 0, 'to look at it consumes nothing');
    const open = await eve.press(page);
    assert.deepEqual([open.status, open.url], [200, `${world.url}/`]);
    assert.equal((await eve.navigate(url)).headers.location, `${world.url}/`);
    assert.equal((await post(eve, url)).headers.location, `${world.url}/`);
    assert.equal(await used(id), 1);
    const [zoe, ben] = [await visitorOf('zoe'), await visitorOf('ben')];
    assert.equal((await post(zoe, url)).status, 303);
    assert.equal((await post(ben, url)).status, 404);
    assert.deepEqual([await statusOf(zoe), await statusOf(ben), await used(id)], [200, 403, 2]);
    const events = world
      .audit()
      .map((line) => [line['event'], line['tunnel'], line['invite'], line['by'], line['email']]);
    assert.deepEqual(
      events.filter(([, , invite]) => invite === id),
      [
        ['invite-create', 'demo', id, 'dev@acme.com', undefined],
        ['invite-redeem', 'demo', id, 'dev@acme.com', 'eve@partner.test'],
        ['invite-redeem', 'demo', id, 'dev@acme.com', 'zoe@partner.test'],
      ],
    );
  });

  test('Y15 lets in one of those who come at once with a link for one', async () => {
    const { id, url } = await make();
    const visitors = await Promise.all(['ben', 'lea', 'pia'].map(visitorOf));
    const statuses = await Promise.all(visitors.map(async (visitor) => (await post(visitor, url)).status));
    assert.deepEqual([statuses.sort(), await used(id)], [[303, 404, 404], 1]);
  });

  test('Y16 ends with the access that it has given, and what is open', async () => {
    const api = await apiOf(world);
    const tom = await visitorOf('tom');
    const { url, socket } = await longEnough(async (time) => {
      const { url } = await make({ for: time, uses: 5 });
      const { status } = await post(tom, url);
      const socket = status === 303 ? await unlessRefused(tom.socket(`${world.url}/ws`)) : undefined;
      return socket && { url, socket };
    });
    const [code] = (await once(socket, 'close')) as [number];
    assert.deepEqual([code, await statusOf(tom), (await post(tom, url)).status], [1008, 403, 404]);
    const { body } = await api('GET', '/tunnels/demo');
    assert.ok(!JSON.stringify(body['grants']).includes('tom@'));
  });

  test('Y17 that lets this person in nowhere shows one page, whatever the reason', async () => {
    const tom = await visitorOf('tom');
    const api = await apiOf(world);
    const spent = await make();
    assert.equal((await post(await visitorOf('una'), spent.url)).status, 303);
    const revoked = await make();
    assert.equal((await api('DELETE', `${invites()}/${revoked.id}`)).status, 204);
    assert.equal((await api('DELETE', `${invites()}/${revoked.id}`)).status, 404);
    const live = await make();
    const other = await world.startAgent({ name: 'dev-other' });
    const { body } = await api('POST', invites('dev-other'), {});
    await other.terminate();
    const urls = [
      ...[spent.url, revoked.url, (await make({ email: 'ana@acme.com' })).url, live.url.slice(0, -1)],
      ...[
        `${world.base}/invite?to=demo`,
        live.url.replace('to=demo', 'to=void'),
        String(body['url']).replace('dev-other', 'demo'),
      ],
    ];
    const pages: unknown[] = [];
    for (const url of urls) {
      const shown = await tom.navigate(url);
      const posted = await post(tom, url);
      assert.deepEqual([shown.status, posted.status], [404, 404], url);
      pages.push(same(shown, url), same(posted, url));
    }
    assert.match(String(pages[0]), /This invite is not valid/);
    for (const page of pages) assert.deepEqual(page, pages[0]);
    assert.equal(await statusOf(tom), 403);
  });

  test('Y18 is redeemed by the page of the base host only, with a session, and by no link or preview', async () => {
    const { id, url } = await make();
    const tom = await visitorOf('tom');
    assert.equal((await post(tom, url, { initiator: world.url })).status, 403);
    assert.equal((await post(tom, url, { initiator: 'https://elsewhere.test' })).status, 403);
    assert.equal((await post(world.visitor(), url)).status, 401);
    assert.equal((await tom.navigate(url)).status, 200);
    assert.equal((await tom.navigate(url, { headers: { 'sec-purpose': 'prefetch' } })).status, 401);
    assert.equal((await tom.fetch(url)).status, 401);
    const preview = await world.visitor().bare(url, { headers: { accept: 'text/html' } });
    assert.deepEqual(
      [preview.status, new URL(String(preview.headers.location), world.base).pathname],
      [302, '/oauth2/start'],
    );
    assert.deepEqual([await used(id), await statusOf(tom)], [0, 403]);
    const { headers } = await tom.navigate(url);
    assert.deepEqual([headers['referrer-policy'], headers['cache-control']], ['no-referrer', 'no-store']);
  });

  test('Y19 lets nobody back in who was shut out, and is not used up by them', async () => {
    const api = await apiOf(world);
    const { id, url } = await make();
    const lea = await visitorOf('lea');
    assert.equal((await api('PUT', '/tunnels/demo/grants/lea%40partner.test', { effect: 'deny' })).status, 200);
    assert.deepEqual([(await lea.navigate(url)).status, (await post(lea, url)).status], [404, 404]);
    assert.deepEqual([await used(id), await statusOf(lea)], [0, 403]);
    const refused = await api('POST', invites(), { email: 'lea@partner.test' });
    assert.deepEqual([refused.status, (refused.body['error'] as { code: string }).code], [400, 'ERR_BAD_REQUEST']);
  });

  test('Y20 opens nothing to an account that no owner could let in, and tells it whom to ask', async () => {
    const { id, url } = await make({ uses: 9 });
    for (const [account, says] of [
      ['kim', /The operator of localhost does not permit accounts like yours/],
      ['max', /has not verified your e-mail address/],
    ] as const) {
      const visitor = await visitorOf(account);
      for (const link of [url, `${world.base}/invite?to=void&code=x`]) {
        assert.match((await visitor.navigate(link)).text, says);
        assert.equal((await post(visitor, link)).status, 403);
      }
      assert.equal(await statusOf(visitor), 403);
    }
    assert.equal(await used(id), 0);
    const outside = await (await apiOf(world))('POST', invites(), { email: 'kim@foreign.test' });
    assert.equal(outside.status, 403);
  });

  test('Y21 is in no log, record, list or state folder, and wrong links are limited', async () => {
    const { id, url } = await make();
    const sam = await visitorOf('sam');
    await sam.navigate(url);
    for (let at = 0; at < WRONG_INVITES.points; at++)
      assert.equal((await sam.navigate(`${world.base}/invite?to=demo&code=${at}`)).status, 404);
    assert.equal((await sam.navigate(url)).status, 429);
    assert.equal((await post(sam, url)).status, 429);
    const ida = world.visitor();
    await ida.signIn(url, 'ida'); // through the provider: the link is where the sign-in returns to
    assert.equal((await post(ida, url)).status, 303);
    await world.edge.record(({ event, invite }) => event === 'invite-redeem' && invite === id);
    const secret = url.slice(url.indexOf('.', url.indexOf('code=')) + 1);
    assert.equal(secret.length, 24);
    const list = JSON.stringify((await (await apiOf(world))('GET', invites())).body);
    const kept = readFileSync(join(folder, 'journal'), 'utf8');
    assert.ok(list.includes(id) && kept.includes(id) && world.edge.stdout.includes(id));
    for (const text of [list, kept, world.edge.stdout, world.edge.stderr]) assert.ok(!text.includes(secret));
  });

  test('Y21 pages of other sites use up none of the wrong links that its visitor may open', async () => {
    const { url } = await make();
    const ivo = await visitorOf('ivo');
    const elsewhere = { initiator: 'https://elsewhere.test' };
    for (let at = 0; at < WRONG_INVITES.points; at++)
      assert.equal((await ivo.navigate(`${world.base}/invite?to=demo&code=${at}`, elsewhere)).status, 404);
    const led = await ivo.navigate(url, elsewhere);
    assert.equal(led.status, 429);
    const [, path = ''] = /href="(\/invite[^"]*)">Go on</.exec(led.text) ?? [];
    const onward = await ivo.navigate(world.base + path.replaceAll('&amp;', '&'), { initiator: world.base });
    assert.deepEqual([onward.status, (await post(ivo, url)).status], [200, 303]);
  });

  test('Y22 is made, listed and ended by the owner alone, with one sentence for each mistake', async () => {
    const api = await apiOf(world);
    const { id } = await make({ for: '8h', uses: 3 });
    const foreign = await apiOf(world, await world.token({ owner: 'bob@acme.com' }));
    for (const [method, path] of [
      ['GET', invites()],
      ['POST', invites()],
      ['DELETE', `${invites()}/${id}`],
    ] as const)
      assert.equal((await foreign(method, path, method === 'POST' ? {} : undefined)).status, 404);
    for (const body of [
      { uses: 0 },
      { uses: 101 },
      { uses: '3' },
      { uses: 1.5 },
      { email: 'eve' },
      { for: 'ever' },
      { x: 1 },
      [],
    ])
      assert.equal((await api('POST', invites(), body)).status, 400, JSON.stringify(body));
    const { body } = await api('GET', invites());
    const listed = (body['invites'] as Record<string, unknown>[]).find((one) => one['id'] === id);
    assert.deepEqual(
      [listed?.['uses'], listed?.['used'], listed?.['email'], listed?.['by']],
      [3, 0, null, 'dev@acme.com'],
    );
    assert.equal(listed?.['expires_at'], listed?.['access_expires_at']);
    assert.equal((await api('DELETE', `${invites()}/${id}`)).status, 204);
    const isEnd = ({ event, invite }: Line) => event === 'invite-revoke' && invite === id;
    await world.edge.record(isEnd);
    const ended = world.audit().filter(isEnd);
    assert.deepEqual(
      ended.map(({ by }) => by),
      ['dev@acme.com'],
    );
  });

  /** What of a response may not depend on the link: the code and the name that it brings, and the ids, left out. */
  function same({ status, headers, text }: VisitorResponse, url: string) {
    const { searchParams } = new URL(url);
    const [name, code] = [searchParams.get('to') ?? '', searchParams.get('code') ?? ''];
    const plain = (value: string) => (code === '' ? value : value.replaceAll(code, '')).replaceAll(name, 'NAME');
    const { date: _, 'x-request-id': __, 'content-length': ___, ...rest } = headers;
    return JSON.stringify([status, plain(text), rest]);
  }
});
