/** The people of an edge, for administrators: on a page and by the API, with what ends their sessions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiOf, readEvents, readText } from '../../support/api.js';
import { browserMissing, screenshot, watch } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';
import { discover, signIn } from '../../support/oauth-client.js';
import type { Visitor } from '../../support/visitor.js';

const API = '/.postern/api/v1';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

interface ListedPerson {
  readonly id: string;
  readonly email: string;
  readonly sessions: readonly { readonly id: string; readonly browser: string; readonly since: string }[];
  readonly here: readonly { readonly tunnel: string; readonly open: number }[];
  readonly agents: readonly { readonly id: string }[];
}

describe('the people of an edge', () => {
  const { world } = inWorld({
    manyAddresses: true,
    edgeEnv: { POSTERN_ADMINS: 'ana@acme.com', POSTERN_AGENTS: '@acme.com' },
  });
  const statusOf = async (visitor: Visitor) => (await visitor.fetch(`${world.url}/`)).status;

  async function people(admin: Visitor): Promise<readonly ListedPerson[]> {
    const { status, text } = await admin.fetch(`${world.base}${API}/people`);
    assert.equal(status, 200, text);
    return (JSON.parse(text) as { people: ListedPerson[] }).people;
  }

  async function personOf(admin: Visitor, email: string): Promise<ListedPerson> {
    return (await people(admin)).find((person) => person.email === email) ?? assert.fail(`${email} is not listed`);
  }

  function post(visitor: Visitor, fields: Record<string, string>, options: object = {}) {
    const body = new URLSearchParams(fields).toString();
    return visitor.fetch(`${world.base}/people`, { method: 'POST', headers: FORM, body, ...options });
  }

  test('Y26 are there for administrators only, and for others as if there were no such page', async () => {
    const [ana, bob] = [await world.signedIn('ana'), await world.signedIn('bob')];
    const { id, sessions } = await personOf(ana, 'bob@acme.com');
    assert.equal(sessions.length, 1);
    for (const path of ['/people', `${API}/people`])
      assert.equal((await bob.fetch(world.base + path)).status, 404, path);
    assert.equal((await post(bob, { person: id })).status, 404);
    for (const path of ['', `/${sessions[0]?.id}`]) {
      const url = `${world.base}${API}/people/${id}/sessions${path}`;
      assert.equal((await bob.fetch(url, { method: 'DELETE' })).status, 404);
      assert.equal((await world.visitor().bare(url, { method: 'DELETE' })).status, 401);
      for (const initiator of [world.url, 'https://elsewhere.test'])
        assert.equal((await ana.fetch(url, { method: 'DELETE', initiator })).status, 403);
    }
    for (const initiator of [world.url, 'https://elsewhere.test'])
      assert.equal((await post(ana, { person: id }, { initiator })).status, 403);
    const token = await apiOf(world, await world.token({ owner: 'ana@acme.com', tunnels: '*' }));
    assert.equal((await token('GET', '/people')).status, 404, 'the address alone makes no administrator');
    assert.equal((await world.visitor().navigate(`${world.base}/people`)).headers.location, '/oauth2/start?rd=/people');
    assert.doesNotMatch((await bob.open(`${world.base}/tunnels`)).text, /href="\/people"/);
    assert.match((await ana.open(`${world.base}/tunnels`)).text, /href="\/people"/);
    assert.equal(await statusOf(bob), 200);
  });

  test('Y27 lose one session from the next request on, with what is open, and keep the others', async () => {
    const ana = await world.signedIn('ana');
    const [before, first] = [await personOf(ana, 'bob@acme.com').catch(() => undefined), await world.signedIn('bob')];
    const known = new Set(before?.sessions.map(({ id }) => id));
    const { id, sessions } = await personOf(ana, 'bob@acme.com');
    const session = sessions.find((one) => !known.has(one.id)) ?? assert.fail('no new session');
    const second = await world.signedIn('bob');
    const stream = await first.stream(`${world.url}/sse`, 'fetch');
    assert.equal(stream.status, 200);
    const ended = new Promise((resolve) => stream.body.once('close', resolve).resume());
    const mark = world.edge.mark();
    assert.equal((await post(ana, { person: id, session: session.id })).status, 303);
    await ended;
    assert.deepEqual([await statusOf(first), await statusOf(second)], [401, 200]);
    const record = world.audit(mark).find(({ event }) => event === 'sign-out-by-admin');
    assert.deepEqual(
      [record?.['email'], record?.['by'], record?.['session']],
      ['bob@acme.com', 'ana@acme.com', session.id],
    );
    assert.equal(
      (await personOf(ana, 'bob@acme.com')).sessions.some((one) => one.id === session.id),
      false,
    );
    const again = `${world.base}${API}/people/${id}/sessions/${session.id}`;
    assert.equal((await ana.fetch(again, { method: 'DELETE' })).status, 404);
  });

  test('Y27 lose streams of events at once, not with the next check of them', async () => {
    const ana = await world.signedIn('ana');
    const token = (await signIn(world, 'bob', await discover(world))).access_token;
    const ends: Record<string, (bob: Visitor, person: ListedPerson) => Promise<unknown>> = {
      'all sessions': (_bob, { id }) => post(ana, { person: id }),
      'its own sign-out': async (bob) => bob.press(await bob.open(`${world.base}/oauth2/sign_out`)),
      'the token': (_bob, { id, agents: [agent] }) => post(ana, { person: id, agent: agent?.id ?? '' }),
    };
    for (const [name, end] of Object.entries(ends)) {
      const bob = await world.signedIn('bob');
      const open = async (path: string) => readText((await bob.stream(world.base + path)).body);
      const streams =
        name === 'the token'
          ? [await readEvents(world, token)]
          : [await open(`${API}/events`), await open('/access/events?to=demo')];
      await Promise.all(streams.map((stream) => stream.until(/retry/)));
      await end(bob, await personOf(ana, 'bob@acme.com'));
      for (const { ended, text } of streams) {
        await ended;
        assert.doesNotMatch(text(), /^:$/m, `${name}: the check of every fifteen seconds has ended it`);
      }
    }
  });

  test('Y28 lose all sessions at once, those without a record included, and may sign in again', async () => {
    const [ana, bob, eve] = [await world.signedIn('ana'), await world.signedIn('bob'), await world.signedIn('dev')];
    // In memory: the edge forgets what it has recorded, and the cookies stay good.
    await world.edge.kill();
    await world.startEdge();
    await world.edge.record(({ event, tunnel }) => event === 'tunnel-up' && tunnel === 'demo');
    assert.equal(
      (await people(ana)).some(({ email }) => email === 'bob@acme.com'),
      false,
    );
    assert.equal(await statusOf(bob), 200);
    const { id, sessions, here } = await personOf(ana, 'bob@acme.com');
    assert.equal(sessions.length, 1, 'a sign-in is known again once its visitor is let in');
    assert.deepEqual(
      here.map(({ tunnel }) => tunnel),
      ['demo'],
    );
    const unrecorded = await world.signedIn('bob');
    const mark = world.edge.mark();
    assert.equal((await ana.fetch(`${world.base}${API}/people/${id}/sessions`, { method: 'DELETE' })).status, 204);
    assert.deepEqual([await statusOf(bob), await statusOf(unrecorded), await statusOf(eve)], [401, 401, 200]);
    assert.equal((await bob.fetch(`${world.base}/oauth2/userinfo`)).status, 401, 'on the base host, too');
    const record = world.audit(mark).find(({ event }) => event === 'sign-out-everywhere');
    assert.deepEqual(
      [record?.['email'], record?.['by'], record?.['session']],
      ['bob@acme.com', 'ana@acme.com', undefined],
    );
    assert.equal(
      (await people(ana)).some(({ email }) => email === 'bob@acme.com'),
      false,
    );
    assert.equal(await statusOf(await world.signedIn('bob')), 200);
  });

  test('Y28 are signed out by their address, also where the edge knows of no session', async () => {
    const [ana, bob] = [await world.signedIn('ana'), await world.signedIn('bob')];
    await world.edge.kill();
    await world.startEdge(); // in memory
    await world.edge.record(({ event, tunnel }) => event === 'tunnel-up' && tunnel === 'demo');
    const wrong = await post(ana, { address: 'bob' });
    assert.deepEqual([wrong.status, /That is no email address/.test(wrong.text)], [400, true]);
    assert.equal((await post(bob, { address: 'ana@acme.com' })).status, 404);
    assert.equal((await post(ana, { address: 'bob@acme.com' }, { initiator: world.url })).status, 403);
    const mark = world.edge.mark();
    assert.equal((await post(ana, { address: ' Bob@acme.com' })).status, 303);
    assert.deepEqual([await statusOf(bob), await statusOf(ana)], [401, 200]);
    const record = world.audit(mark).find(({ event }) => event === 'sign-out-everywhere');
    assert.deepEqual(
      [record?.['email'], record?.['by'], record?.['issuer']],
      ['bob@acme.com', 'ana@acme.com', undefined],
    );
    const again = await world.signedIn('bob');
    assert.equal(await statusOf(again), 200);
    const url = `${world.base}${API}/people/bob%40acme.com/sessions`;
    assert.equal((await again.fetch(url, { method: 'DELETE' })).status, 404);
    assert.equal((await ana.fetch(url, { method: 'DELETE' })).status, 204);
    assert.equal(await statusOf(again), 401);
  });

  test('have buttons of which each has a name of its own', async () => {
    const [ana] = [await world.signedIn('ana'), await world.signedIn('bob'), await world.signedIn('bob')];
    const { text } = await ana.open(`${world.base}/people`);
    const names = [...text.matchAll(/<button[^>]* aria-label="([^"]*)"/g)].map(([, name]) => name);
    assert.ok(names.length > 3);
    assert.equal(new Set(names).size, names.length, names.join('\n'));
  });

  test('have their agents signed out on the page, and by the token of an administrator’s sign-in', async () => {
    const config = await discover(world);
    const [bobs, anas] = [await signIn(world, 'bob', config), await signIn(world, 'ana', config)];
    const api = await apiOf(world, anas.access_token);
    const listed = (await api('GET', '/people')).body['people'] as ListedPerson[];
    const bob = listed.find(({ email }) => email === 'bob@acme.com') ?? assert.fail('not listed');
    const [agent] = bob.agents;
    const ana = await world.signedIn('ana');
    assert.match((await ana.open(`${world.base}/people`)).text, /Agent on test-machine<span>signed in/);
    const mark = world.edge.mark();
    assert.equal((await post(ana, { person: bob.id, agent: agent?.id ?? '' })).status, 303);
    assert.equal((await (await apiOf(world, bobs.access_token))('GET', '/tunnels')).status, 401);
    const record = world.audit(mark).find(({ event }) => event === 'agent-sign-out');
    assert.deepEqual([record?.['owner'], record?.['by']], ['bob@acme.com', 'ana@acme.com']);
    assert.equal((await api('DELETE', `/people/${bob.id}/sessions`)).status, 204);
  });

  describe('in a browser', { skip: browserMissing() }, () => {
    const browser = inBrowser();

    for (const [colorScheme, width] of [
      ['light', 1200],
      ['dark', 1200],
      ['light', 360],
      ['dark', 360],
    ] as const) {
      test(`are listed as they come, and signed out with one click (${colorScheme}, ${width})`, async () => {
        const admin = await browser.page({ colorScheme, width, visitor: await world.signedIn('ana') });
        const complaints = watch(admin);
        await admin.goto(`${world.base}/people`);
        const bob = await browser.page({ visitor: await world.signedIn('bob') });
        await bob.goto(`${world.url}/`);
        await admin.getByRole('heading', { name: 'bob@acme.com' }).waitFor();
        await admin
          .getByText(/Looks at demo/)
          .first()
          .waitFor();
        await screenshot(admin, `people-page-${colorScheme}-${width}`);
        const sideways = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
        assert.equal(await admin.evaluate(sideways), false);
        const section = admin.locator('h2:has-text("bob@acme.com") + ul');
        await section.getByRole('button', { name: 'Sign out everywhere' }).press('Enter');
        await admin.getByRole('heading', { name: 'bob@acme.com' }).waitFor({ state: 'detached' });
        assert.equal((await bob.goto(`${world.base}/oauth2/userinfo`))?.status(), 401);
        const isExpected = (text: string) => /\/api\/v1\/events|\/people net::ERR_ABORTED/.test(text);
        assert.deepEqual(
          complaints.filter((text) => !isExpected(text)),
          [],
        );
        await Promise.all([admin.close(), bob.close()]);
      });
    }
  });
});
