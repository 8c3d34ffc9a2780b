/**
 * Sessions: how they begin, how they end, and what happens then to the visitor who has one. Lifetimes are short by
 * configuration; nothing here waits for a clock but for what the edge does when one has run out.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, test } from 'node:test';
import { headerValues } from '../../../src/http/fields.js';
import { assertRefused, whoIs } from '../../support/hostile-world.js';
import { inWorld } from '../../support/in-world.js';
import { isWhole } from '../../support/moments.js';
import type { Program } from '../../support/processes.js';
import { callbackUrl } from '../../support/sign-in-steps.js';
import type { Echo } from '../../support/target-paths.js';
import { RefusedUpgrade, type Visitor } from '../../support/visitor.js';
import { PEOPLE } from '../../support/world-options.js';

const SESSION = 'postern-session';
const CROWD = Array.from({ length: 20 }, (_, at) => ({
  sub: `crowd-${at}`,
  email: `crowd-${at}@acme.com`,
  email_verified: true,
}));

// With another last character in any case: it is an `A` in one cookie of four, and then an `A` would change nothing.
const damaged = (value: string) => value.slice(0, -1) + (value.endsWith('A') ? 'Q' : 'A');

const closeCode = (socket: { once(event: 'close', then: (code: number) => void): unknown }) =>
  new Promise<number>((resolve) => socket.once('close', resolve));

describe('sessions', () => {
  const { world } = inWorld({ manyAddresses: true, accounts: [...PEOPLE, ...CROWD] });
  let second: string;
  let first: Program; // the agent of the world's own tunnel

  before(async () => {
    first = world.agent;
    await world.startAgent({ name: 'dev-two' });
    second = world.urlOf('dev-two');
  });

  async function isIn(visitor: Visitor, url: string): Promise<boolean> {
    return (await whoIs(visitor, url)) !== undefined;
  }

  const cookiesOf = (visitor: Visitor, url: string) =>
    visitor.jar
      .cookies(url)
      .filter(({ name }) => name === SESSION)
      .map(({ value }) => value);

  test('D1 a session cookie that was there before the sign-in is neither kept nor worth anything', async () => {
    const other = cookiesOf(await world.signedIn('bob'), world.url)[0] ?? '';
    for (const planted of ['known', damaged(other), '']) {
      const visitor = world.visitor();
      for (const url of [world.url, world.base]) visitor.jar.set(`${SESSION}=${planted}; Path=/`, new URL(url));
      const page = await visitor.signIn(`${world.url}/`, 'ana');
      assert.equal(page.status, 200);
      assert.deepEqual(headerValues((page.json() as Echo).rawHeaders, 'x-forwarded-email'), ['ana@acme.com']);
      for (const url of [world.url, world.base]) {
        const values = cookiesOf(visitor, url);
        assert.equal(values.length, 1);
        assert.notEqual(values[0], planted);
      }
      const { status } = await world.visitor().bare(world.url, { headers: { cookie: `${SESSION}=${planted}` } });
      assert.equal(status, 401);
    }
  });

  test('D1 a sign-in over the session of somebody else ends that session everywhere', async () => {
    const attacker = await world.signedIn('bob');
    const kept = [world.url, world.base].map((url) => [url, attacker.jar.header(new URL(url))] as const);
    const victim = world.visitor();
    const planted = cookiesOf(attacker, world.base)[0];
    victim.jar.set(`${SESSION}=${planted}; Path=/`, new URL(world.base));
    const page = await victim.signIn(`${world.url}/.postern/session?rd=%2F&switch=account`, 'ana');
    assert.deepEqual(headerValues((page.json() as Echo).rawHeaders, 'x-forwarded-email'), ['ana@acme.com']);
    for (const [url, cookie] of kept) {
      const own = url === world.base ? `${url}/oauth2/userinfo` : `${url}/`;
      assert.equal((await world.visitor().bare(own, { headers: { cookie } })).status, 401, url);
    }
  });

  test('D3 a cookie of our name for a longer path, sent first, neither helps nor harms', async () => {
    const visitor = await world.signedIn('ana');
    for (const path of ['/.postern', '/.postern/session', '/oauth2', '/oauth2/callback', '/deep']) {
      for (const url of [world.url, world.base]) {
        visitor.jar.set(`${SESSION}=evil; Path=${path}`, new URL(url));
        visitor.jar.set(`postern-nonce=evil; Path=${path}`, new URL(url));
      }
    }
    assert.equal(await whoIs(visitor, world.url), 'ana@acme.com');
    assert.equal(await whoIs(visitor, world.base), 'ana@acme.com');
    assert.equal((await visitor.open(`${world.url}/deep/link`)).status, 200);
    assert.equal((await visitor.open(`${second}/deep`)).url, `${second}/deep`); // by a ticket, past the planted nonce
  });

  test('D7 a sign-out on one tunnel ends the session on all of them, also for cookies that were kept', async () => {
    const visitor = await world.signedIn('ana');
    await visitor.open(`${second}/`);
    const kept = [world.url, second, world.base].map((url) => [url, visitor.jar.header(new URL(url))] as const);
    const end = await visitor.press(await visitor.open(`${world.url}/.postern/sign_out`));
    assert.equal(end.url, `${world.base}/oauth2/signed_out`);
    // The base host takes its cookie back at once, and each tunnel its own with the first thing that it is asked.
    assert.deepEqual(cookiesOf(visitor, world.base), []);
    for (const url of [world.url, second]) {
      const first = await visitor.fetch(`${url}/`);
      assert.match(
        first.setCookies.find((line) => line.startsWith(SESSION)) ?? '',
        /^postern-session=; Max-Age=0;/,
        url,
      );
      assert.deepEqual(cookiesOf(visitor, url), [], url);
    }
    for (const [url, cookie] of kept) {
      const own = url === world.base ? `${url}/oauth2/userinfo` : `${url}/`;
      const { status } = await world.visitor().bare(own, { headers: { cookie } });
      assert.equal(status, 401, url);
    }
    await assert.rejects(
      visitor.socket(`${second}/ws`),
      (error) => error instanceof RefusedUpgrade && error.status === 401,
    );
  });

  test('D9 after a sign-out the next page asks to sign in, and nothing of before is kept', async () => {
    const visitor = await world.signedIn('ana');
    const gone = await visitor.navigate(`${world.url}/.postern/sign_out`);
    assert.equal(gone.status, 302);
    assert.equal(gone.headers['cache-control'], 'no-store');
    assert.equal(gone.headers['clear-site-data'], '"cache"');
    await visitor.press(await visitor.navigate(gone.headers.location ?? ''));
    const again = await visitor.navigate(`${world.url}/`);
    assert.deepEqual([again.status, again.headers['cache-control']], [302, 'no-store']);
    assert.match(again.setCookies.find((line) => line.startsWith(SESSION)) ?? '', /^postern-session=; Max-Age=0;/);
    assert.deepEqual(cookiesOf(visitor, world.url), []);
    assert.equal((await visitor.fetch(`${world.url}/`)).status, 401);
    const page = await visitor.open(`${second}/`);
    assert.equal(new URL(page.url).origin, world.issuer);
  });

  const leaving = () => [`${world.url}/.postern/sign_out`, `${world.base}/oauth2/sign_out`];

  test('D10 a sign-out happens by the button of a page of the base host, which every way leads to', async () => {
    for (const url of leaving()) {
      for (const initiator of [undefined, world.url, world.base, second, 'https://evil.example']) {
        const visitor = await world.signedIn('ana');
        const page = await visitor.open(url, initiator === undefined ? {} : { initiator });
        assert.equal(`${new URL(page.url).origin}${new URL(page.url).pathname}`, `${world.base}/oauth2/sign_out`);
        assert.equal(await isIn(visitor, world.url), true, `${url} from ${initiator}`);
        await visitor.press(page);
        assert.equal(await isIn(visitor, world.url), false);
        assert.equal(await isIn(visitor, world.base), false);
      }
    }
  });

  test('D10 a form of another origin does not sign out: it is asked on the base host, and refused on a tunnel’s', async () => {
    const visitor = await world.signedIn('ana');
    for (const initiator of ['https://evil.example', second, world.url, 'http://localhost:1']) {
      const page = await visitor.navigate(`${world.base}/oauth2/sign_out`, { method: 'POST', initiator });
      assert.equal(page.status, 200, initiator);
      assert.deepEqual(page.setCookies, []);
      const refused = await visitor.navigate(`${world.url}/.postern/sign_out`, { method: 'POST', initiator });
      assert.deepEqual([refused.status, refused.headers['postern-error']], [405, 'ERR_METHOD_REFUSED']);
      assert.equal(await isIn(visitor, world.url), true, initiator);
    }
  });

  test('D10 a sign-out is not done by an image, a fetch or an old browser’s request', async () => {
    const visitor = await world.signedIn('ana');
    const image = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'same-origin' };
    for (const url of leaving()) {
      for (const headers of [image, {}, { origin: 'null' }]) {
        await visitor.bare(url, { headers });
        if (headers !== image || url.startsWith(world.url)) await visitor.bare(url, { headers, method: 'POST' });
      }
      await visitor.fetch(url, { initiator: world.url });
      await visitor.fetch(url, { initiator: world.url, method: 'POST' });
      assert.equal(await isIn(visitor, world.url), true);
    }
  });

  test('D14 what is remembered of a session is its own, also when two hundred ask at once for the first time', async () => {
    const visitors = await Promise.all(CROWD.map(({ sub }) => world.signedIn(sub)));
    for (const visitor of visitors) await visitor.open(`${second}/`);
    await world.edge.kill();
    const marks = [first, world.agent].map((agent) => [agent, agent.mark()] as const);
    await world.startEdge(); // remembers nothing
    for (const [agent, mark] of marks) await agent.record((line) => line['event'] === 'online', mark);
    // Half of them send to one tunnel the cookie of the other, which the edge then remembers of both.
    const asked = Array.from({ length: 200 }, (_, at) => ({ visitor: visitors[at % CROWD.length] as Visitor, at }));
    const seen = await Promise.all(
      asked.map(async ({ visitor, at }) => {
        const [own, other] = at % 2 === 0 ? [world.url, second] : [second, world.url];
        const headers = { cookie: `${SESSION}=${cookiesOf(visitor, at % 3 === 0 ? other : own)[0]}` };
        const response = await visitor.fetch(`${own}/`, { headers });
        if (response.status !== 200) return response.status;
        return headerValues((response.json() as Echo).rawHeaders, 'x-forwarded-email').join();
      }),
    );
    assert.deepEqual(
      seen,
      asked.map(({ at }) => (at % 3 === 0 ? 401 : `crowd-${at % CROWD.length}@acme.com`)),
    );
  });

  test('D17 six starts leave five transactions, and the one that had to go cannot be finished', async () => {
    const visitor = world.visitor();
    const states = [];
    for (let count = 0; count < 6; count++) {
      const { headers } = await visitor.navigate(`${world.base}/oauth2/start?rd=%2F`);
      states.push(new URL(headers.location ?? '').searchParams.get('state') ?? '');
    }
    const names = pending(visitor).map(({ name }) => name);
    assert.equal(names.length, 5);
    const evicted = states.filter((state) => !names.includes(`postern-signin-${state.split('.')[0]}`));
    assert.equal(evicted.length, 1);
    assert.notEqual(evicted[0], states[5]);
    assertRefused(await visitor.navigate(`${world.base}/oauth2/callback?code=x&state=${evicted[0]}`));
  });

  for (const [name, path] of [
    ['the front page', '/'],
    ['deep links of a kilobyte', `/${'long'.repeat(250)}`],
    ['deep links of three kilobytes', `/?${'q=%2F&'.repeat(500)}`],
  ] as const) {
    test(`D17 a hundred starts given up leave fewer than 4 kB of cookies: ${name}`, async () => {
      const visitor = world.visitor();
      for (let count = 0; count < 100; count++) {
        await visitor.navigate(`${world.base}/oauth2/start?rd=${encodeURIComponent(`${path}${count}`)}`);
        assert.ok(visitor.jar.header(new URL(world.base)).length <= 4096);
      }
      assert.ok(pending(visitor).length <= 5);
      assert.equal((await visitor.signIn(`${world.base}/`, 'ana')).status, 200);
    });
  }

  const pending = (visitor: Visitor) =>
    visitor.jar.cookies(`${world.base}/`).filter(({ name }) => name.startsWith('postern-signin-'));

  test('D18 an answer of the provider as a form is refused in words, and the sign-in can still be finished', async () => {
    const visitor = world.visitor();
    const callback = new URL(await callbackUrl(visitor, `${world.base}/oauth2/start?rd=%2F`, 'ana'));
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = callback.search.slice(1);
    for (const url of [`${callback.origin}${callback.pathname}`, callback.href]) {
      const response = await visitor.navigate(url, { method: 'POST', headers, body, initiator: world.issuer });
      assertRefused(response);
      assert.match(response.text, /form/);
    }
    assert.equal(await isIn(visitor, world.base), false);
    assert.equal((await visitor.navigate(callback.href)).status, 302);
    assert.equal(await whoIs(visitor, world.base), 'ana@acme.com');
  });

  test('D8 an event stream is cut once its session has been signed out on another tunnel', async () => {
    const visitor = await world.signedIn('bob');
    const events = await visitor.stream(`${world.url}/sse?key=signed-out`);
    await once(events.body, 'data');
    await visitor.open(`${second}/`);
    await visitor.press(await visitor.open(`${second}/.postern/sign_out`));
    assert.equal(await isWhole(events), false);
  });

  test('D11 somebody whom the rules no longer name is refused on the next request, with the session they have', async () => {
    const [ana, bob] = [await world.signedIn('ana'), await world.signedIn('bob')];
    const socket = await ana.socket(`${world.url}/ws`);
    const closed = closeCode(socket);
    const down = world.edge.record((line) => line['event'] === 'tunnel-down' && line['tunnel'] === world.name);
    await first.kill();
    await down;
    assert.ok((await closed) > 0);
    first = await world.startAgent({ allow: ['bob@acme.com'] });
    assert.deepEqual(
      [(await ana.fetch(`${world.url}/`)).status, (await bob.fetch(`${world.url}/`)).status],
      [403, 200],
    );
    await assert.rejects(
      ana.socket(`${world.url}/ws`),
      (error) => error instanceof RefusedUpgrade && error.status === 403,
    );
  });

  test('D11 a ceiling that no longer names somebody holds for the sessions that exist', async () => {
    const bob = await world.signedIn('bob');
    await world.edge.kill();
    const mark = first.mark();
    await world.startEdge({ POSTERN_ALLOW: 'ana@acme.com,dev@acme.com' });
    await first.record((line) => line['event'] === 'online', mark);
    assert.equal((await bob.fetch(`${world.url}/`)).status, 403);
  });
});
