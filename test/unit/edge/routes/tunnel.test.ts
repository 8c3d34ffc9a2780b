/** The routes of a tunnel's host: tickets, sign-out, and the replies to requests that the gate has refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_OWNER } from '../../../../src/auth/session/session.js';
import type { Verdict } from '../../../../src/edge/gate/gate.js';
import { NEW_OWNER } from '../../../../src/edge/gate/refusal.js';
import { PosternError } from '../../../../src/errors.js';
import { type Asking, BASE, by, ORIGIN, openApp, SIBLING, sessionOf } from './routes.js';

const at = (more: Asking = {}): Asking => ({ host: 'demo.tunnel.test', ...more });
const session = sessionOf();

const refusal = (code: (Verdict & { kind: 'refuse' })['code'], more: Partial<Verdict & { kind: 'refuse' }> = {}) =>
  ({ kind: 'refuse', code, session: undefined, reason: 'no-identity', ...more }) as const satisfies Verdict;

const LOGIN = refusal('ERR_LOGIN_REQUIRED');

describe('a ticket', () => {
  const post = (origin: string, site: string) =>
    at({
      method: 'POST',
      headers: { origin, 'sec-fetch-site': site, 'sec-fetch-mode': 'cors', 'content-type': 'text/plain' },
      body: 'ticket',
    });

  it('is posted by a page of the base host', async (t) => {
    const { asked, ask } = await openApp(t);
    const { status, cookies, headers } = await ask('/.postern/session', post(BASE.origin, 'same-site'));
    assert.deepEqual([status, cookies, asked], [200, ['session=new'], ['redeem welcome']]);
    assert.equal(headers['access-control-allow-origin'], BASE.origin);
  });

  for (const [who, origin] of [
    ['a sibling', SIBLING],
    ['the app', ORIGIN],
    ['a sandbox', 'null'],
  ] as const) {
    it(`that ${who} posts is used up, and the response cannot be read`, async (t) => {
      const { asked, ask } = await openApp(t);
      const { headers } = await ask('/.postern/session', post(origin, 'same-site'));
      assert.deepEqual(asked, ['redeem'], 'not welcome');
      assert.equal(headers['access-control-allow-origin'], undefined);
    });
  }

  it('whose cookie the browser would not store is left for its URL', async (t) => {
    const { asked, ask } = await openApp(t);
    const { text, cookies } = await ask('/.postern/session', post(BASE.origin, 'cross-site'));
    assert.deepEqual([JSON.parse(text), cookies, asked], [{ redeemed: false }, [], []]);
  });

  it('in the URL is for a navigation; any other request uses it up', async (t) => {
    const { asked, ask } = await openApp(t);
    const { status, location } = await ask('/.postern/session?ticket=x', at({ headers: by.link }));
    assert.deepEqual([status, location], [302, '/path']);
    for (const cause of ['ownFetch', 'sibling', 'prefetch'] as const) {
      await ask('/.postern/session?ticket=x', at({ headers: by[cause] }));
    }
    assert.deepEqual(asked, ['redeem welcome', 'redeem', 'redeem', 'redeem']);
  });

  it('ends what the app of a former owner of the name keeps in the browser', async (t) => {
    for (const isPassedOn of [true, undefined] as const) {
      const { ask } = await openApp(t, isPassedOn ? { isPassedOn } : {});
      for (const heard of [
        await ask('/.postern/session', post(BASE.origin, 'same-site')),
        await ask('/.postern/session?ticket=x', at({ headers: by.link })),
      ])
        assert.equal(heard.headers['clear-site-data'], isPassedOn && '"cache", "storage"');
    }
  });

  it('that was refused does not stay in the address bar', async (t) => {
    const fails = new PosternError('ERR_LOGIN_FAILED', 'the ticket is stale');
    const { ask } = await openApp(t, { fails });
    const { status, location = '' } = await ask('/.postern/session?ticket=secret&rd=%2Fx', at({ headers: by.link }));
    assert.equal(status, 302);
    assert.ok(location.startsWith(`${BASE.origin}/oauth2/failed?rd=`) && !location.includes('secret'), location);
    const fetched = await ask('/.postern/session?ticket=secret', at({ headers: by.ownFetch }));
    assert.deepEqual([fetched.status, fetched.code, fetched.location], [400, 'ERR_LOGIN_FAILED', undefined]);
  });

  it('starts no sign-in unless the request is a navigation', async (t) => {
    const { asked, ask } = await openApp(t);
    for (const cause of ['ownFetch', 'sibling', 'prefetch'] as const) {
      const { status, cookies } = await ask('/.postern/session?rd=%2F', at({ headers: by[cause] }));
      assert.deepEqual([status, cookies], [401, []]);
    }
    assert.deepEqual(asked, []);
  });
});

describe('signing out on a tunnel’s host', () => {
  it('ends nothing: it redirects a navigation to the base host', async (t) => {
    const { asked, ask } = await openApp(t, { session });
    const { status, location } = await ask('/.postern/sign_out', at({ headers: by.visit }));
    assert.deepEqual([status, location], [302, `${BASE.origin}/oauth2/sign_out?of=x`]);
    asked.length = 0;
    for (const cause of ['ownFetch', 'sibling', 'prefetch'] as const) {
      assert.equal((await ask('/.postern/sign_out', at({ headers: by[cause] }))).status, 400);
    }
    const posted = await ask('/.postern/sign_out', at({ method: 'POST', headers: { origin: ORIGIN } }));
    assert.deepEqual([posted.status, posted.code, asked], [405, 'ERR_METHOD_REFUSED', []]);
  });
});

describe('userinfo on a tunnel’s host', () => {
  it('is for the tunnel’s own pages; for others no session is read', async (t) => {
    const { asked, ask } = await openApp(t, { session });
    assert.equal((await ask('/.postern/userinfo', at({ headers: by.ownFetch }))).status, 200);
    asked.length = 0;
    const foreign = await ask('/.postern/userinfo', at({ headers: by.sibling }));
    assert.deepEqual([foreign.status, foreign.code, asked], [403, 'ERR_CROSS_SITE', []]);
  });

  it('and sign-out ignore the owner of the name: a difference would tell whether there is one', async (t) => {
    for (const owner of ['tag', 'other', NO_OWNER]) {
      const { ask } = await openApp(t, { session: sessionOf({ owner }) });
      assert.equal((await ask('/.postern/userinfo', at({ headers: by.ownFetch }))).status, 200, owner);
      const { headers } = await ask('/.postern/sign_out', at({ headers: by.visit }));
      assert.equal(headers['clear-site-data'], '"cache"', owner);
    }
  });
});

describe('a request that the gate refuses', () => {
  for (const [what, verdict] of [
    ['nothing was said of it', undefined],
    ['it was to be forwarded', { kind: 'forward' } as unknown as Verdict],
  ] as const) {
    it(`goes nowhere when ${what}`, async (t) => {
      const { asked, ask } = await openApp(t, { verdict });
      const { status, code } = await ask('/', at({ headers: by.visit }));
      assert.deepEqual([status, code, asked], [500, 'ERR_INTERNAL', []]);
    });
  }

  it('is not found on the edge’s own paths, whatever the gate decides', async (t) => {
    const { ask } = await openApp(t, { verdict: LOGIN });
    for (const path of ['/.postern/nothing', '/.postern', '/.postern/link', '/.postern/session/']) {
      assert.equal((await ask(path, at({ headers: by.visit }))).code, 'ERR_NOT_FOUND', path);
    }
    assert.equal((await ask('/.Postern/session', at({ headers: by.ownFetch }))).code, 'ERR_LOGIN_REQUIRED');
  });

  it('gets a response if it is a preflight', async (t) => {
    const { ask } = await openApp(t, { verdict: { kind: 'preflight' } });
    const headers = { origin: SIBLING, 'access-control-request-method': 'PUT' };
    const heard = await ask('/', at({ method: 'OPTIONS', headers }));
    assert.deepEqual([heard.status, heard.headers['access-control-allow-origin']], [204, SIBLING]);
  });

  it('is redirected to the sign-in if it is a navigation, and else gets its URL', async (t) => {
    const { asked, ask } = await openApp(t, { verdict: LOGIN });
    const { location, cookies } = await ask('/x', at({ headers: by.visit }));
    assert.deepEqual([location, cookies, asked], [`${BASE.origin}/oauth2/start`, ['nonce=x'], ['leave']]);
    const fetched = await ask('/x', at({ headers: by.ownFetch }));
    assert.deepEqual([fetched.status, fetched.location], [401, undefined]);
    assert.ok(JSON.parse(fetched.text).login_url.startsWith(`${ORIGIN}/.postern/session?rd=`));
    const form = await ask('/x', at({ method: 'POST', headers: { ...by.visit, origin: ORIGIN } }));
    assert.deepEqual([form.status, form.location, asked], [401, undefined, ['leave']]);
  });

  it('clears what the app has stored once the session was revoked, or the name has another owner', async (t) => {
    for (const [setting, isCleared] of [
      [{ verdict: LOGIN }, false],
      [{ verdict: LOGIN, hasEnded: true }, true],
      [{ verdict: refusal('ERR_LOGIN_REQUIRED', { reason: NEW_OWNER }) }, true],
    ] as const) {
      for (const headers of [by.visit, by.ownFetch]) {
        const heard = await (await openApp(t, setting)).ask('/', at({ headers }));
        assert.equal(heard.headers['clear-site-data'], isCleared ? '"cache", "storage"' : undefined);
        assert.equal(heard.cookies.includes('session=; Max-Age=0'), isCleared);
      }
    }
  });

  it('is not redirected with two sessions: both are removed', async (t) => {
    const { asked, ask } = await openApp(t, { verdict: LOGIN, rivals: true });
    const { status, cookies } = await ask('/', at({ headers: by.visit }));
    assert.deepEqual([status, cookies, asked], [401, ['session=; Max-Age=0'], []]);
  });

  it('gets the reason, or the same response as for an unknown name', async (t) => {
    const texts: string[] = [];
    for (const reason of ['no-rule', 'unknown']) {
      const { ask } = await openApp(t, { verdict: refusal('ERR_ACCESS_DENIED', { session, reason }) });
      const { status, text } = await ask('/', at({ headers: by.visit }));
      assert.equal(status, 403);
      texts.push(text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[\w+/-]{16,}/g, ''));
    }
    assert.equal(texts[0], texts[1]);
  });

  it('never names an account to a foreign page', async (t) => {
    const { ask } = await openApp(t, { verdict: refusal('ERR_CROSS_SITE', { reason: 'cross-site' }), session });
    const { status, text } = await ask('/', at({ headers: by.sibling }));
    assert.equal(status, 403);
    assert.doesNotMatch(text, /ana@acme\.com/);
  });
});

describe('a visitor whose session lacks groups', () => {
  const verdict = refusal('ERR_LOGIN_REQUIRED', { session, reason: 'groups-omitted' });

  it('signs in once more', async (t) => {
    const { asked, ask } = await openApp(t, { verdict });
    assert.equal((await ask('/', at({ headers: by.visit }))).location, `${BASE.origin}/oauth2/start`);
    assert.deepEqual(asked, ['renewal', 'leave']);
  });

  it('is denied, with a record, after too many attempts', async (t) => {
    const { asked, ask } = await openApp(t, { verdict, renewals: 'used up' });
    const { status, code } = await ask('/', at({ headers: by.visit }));
    assert.deepEqual([status, code], [403, 'ERR_ACCESS_DENIED']);
    assert.deepEqual(asked, ['renewal', 'decided ERR_ACCESS_DENIED']);
  });

  it('uses up none of the sign-ins by what a page prefetches, and can go on by hand', async (t) => {
    const prefetched = await openApp(t, { verdict, renewals: 'used up' });
    await prefetched.ask('/', at({ headers: { ...by.visit, 'sec-purpose': 'prefetch' } }));
    assert.ok(!prefetched.asked.includes('renewal'));
    const partial = { ...session, identity: { ...session.identity, groupsOmitted: true } };
    const denied = await openApp(t, { verdict: { ...verdict, session: partial }, renewals: 'used up' });
    assert.match((await denied.ask('/', at({ headers: by.visit }))).text, />Sign in again</);
  });

  it('gets an error for a background request, which is not counted', async (t) => {
    const { asked, ask } = await openApp(t, { verdict });
    assert.equal((await ask('/', at({ headers: by.ownFetch }))).status, 401);
    assert.deepEqual(asked, []);
  });
});
