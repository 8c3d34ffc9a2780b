/** The routes of the base host: what each method and cause may do, and the order of the checks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SignInFailure } from '../../../../src/edge/routes/sign-in-failure.js';
import { PosternError } from '../../../../src/errors.js';
import { type Asking, BASE, by, openApp, SIBLING, sessionOf } from './routes.js';

const at = (more: Asking = {}): Asking => ({ host: BASE.host, ...more });
const own = { origin: BASE.origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' };
const session = sessionOf({ host: BASE.host });

describe('the routes of the base host', () => {
  for (const [method, path] of [
    ['POST', '/'],
    ['POST', '/oauth2/start'],
    ['PUT', '/oauth2/callback'],
    ['PUT', '/oauth2/sign_out'],
    ['DELETE', '/oauth2/sign_out'],
    ['POST', '/oauth2/signed_out'],
    ['POST', '/oauth2/userinfo'],
    ['GET', '/OAuth2/sign_out'],
    ['GET', '/oauth2/start/'],
    ['GET', '/oauth2/sign_out/'],
    ['POST', '/oauth2/sign_out/'],
    ['GET', '/.postern/session'],
    ['GET', '/.postern/sign_out'],
    ['GET', '/%2e/oauth2/start'],
    ['GET', '/oauth2/%zz'],
  ] as const) {
    it(`do not include ${method} ${path}`, async (t) => {
      const { asked, ask } = await openApp(t, { session });
      const { status, code } = await ask(path, at({ method, headers: own }));
      assert.deepEqual([status, code, asked], [404, 'ERR_NOT_FOUND', []]);
    });
  }

  for (const path of ['/', '/oauth2/userinfo']) {
    it(`refuse ${path} to a foreign page before they read the session`, async (t) => {
      for (const setting of [{}, { session }]) {
        const { asked, ask } = await openApp(t, setting);
        const { status, code } = await ask(path, at({ headers: by.sibling }));
        assert.deepEqual([status, code, asked], [403, 'ERR_CROSS_SITE', []]);
      }
    });
  }

  for (const path of ['/oauth2/start', '/oauth2/callback?code=x&state=y']) {
    for (const cause of ['ownFetch', 'sibling', 'prefetch'] as const) {
      it(`take no step of a sign-in without a navigation: ${path} by ${cause}`, async (t) => {
        const { asked, ask } = await openApp(t);
        const { status, cookies } = await ask(path, at({ headers: by[cause] }));
        assert.deepEqual([status, cookies, asked], [401, [], []]);
      });
    }
  }

  it('take the steps of a sign-in', async (t) => {
    const { asked, ask } = await openApp(t);
    assert.equal((await ask('/oauth2/start?rd=%2F', at({ headers: by.link }))).location, 'https://provider.test/');
    const { status, cookies } = await ask('/oauth2/callback?code=x&state=y', at({ headers: by.link }));
    assert.deepEqual([status, cookies, asked], [302, ['session=new'], ['start', 'finish']]);
  });

  it('record a failed sign-in, but not a callback without a sign-in', async (t) => {
    const cause = new PosternError('ERR_LOGIN_FAILED', 'the secret reason');
    const failure = new SignInFailure(cause, { place: 'base', path: '/' }, ['transaction=; Max-Age=0']);
    for (const [fails, asked, set] of [
      [failure, ['finish', 'sign-in failed'], ['transaction=; Max-Age=0']],
      [cause, ['finish'], []],
    ] as const) {
      const app = await openApp(t, { fails });
      const { status, cookies, text } = await app.ask('/oauth2/callback?state=y', at({ headers: by.link }));
      assert.deepEqual([status, cookies, app.asked], [400, set, asked]);
      assert.doesNotMatch(text, /the secret reason/);
    }
  });

  it('explain why a callback by POST is refused', async (t) => {
    const { asked, ask } = await openApp(t);
    const headers = {
      ...by.link,
      origin: 'https://provider.test',
      'content-type': 'application/x-www-form-urlencoded',
    };
    const { status, code } = await ask('/oauth2/callback', at({ method: 'POST', headers, body: 'code=x&state=y' }));
    assert.deepEqual([status, code, asked], [400, 'ERR_LOGIN_FAILED', []]);
  });

  it('end a sign-in by a POST of their own page, and by nothing else', async (t) => {
    const { asked, ask } = await openApp(t, { session });
    const from = (origin: string, site: string) => ({ ...by.visit, origin, 'sec-fetch-site': site });
    for (const asking of [
      at({ headers: by.visit }),
      at({ headers: by.link }),
      at({ headers: own }),
      at({ method: 'POST', headers: from(SIBLING, 'same-site') }),
      at({ method: 'POST', headers: from('null', 'cross-site') }),
      at({ method: 'POST', headers: from(BASE.origin, 'none') }),
      at({ method: 'POST', headers: { origin: SIBLING } }),
      at({ method: 'POST' }),
    ]) {
      const { status, cookies, text } = await ask('/oauth2/sign_out', asking);
      assert.deepEqual([status, cookies, asked], [200, [], []]);
      assert.match(text, /<form/);
    }
    const { status, cookies } = await ask('/oauth2/sign_out', at({ method: 'POST', headers: own }));
    assert.deepEqual([status, cookies, asked], [302, ['session=; Max-Age=0'], ['sign out']]);
  });

  it('do not redirect a visitor with two sessions: both are removed', async (t) => {
    const { ask } = await openApp(t, { rivals: true });
    const { status, location, cookies } = await ask('/', at({ headers: by.visit }));
    assert.deepEqual([status, location, cookies], [401, undefined, ['session=; Max-Age=0']]);
  });

  it('redirect navigations to the sign-in, and no other requests', async (t) => {
    const { ask } = await openApp(t);
    assert.deepEqual((await ask('/', at({ headers: by.visit }))).location, '/oauth2/start?rd=%2F');
    const { status, location } = await ask('/', at({ headers: by.ownFetch }));
    assert.deepEqual([status, location], [401, undefined]);
  });

  it('return the identity without anything that gives access', async (t) => {
    const { ask } = await openApp(t, { session });
    const { text } = await ask('/oauth2/userinfo', at({ headers: by.ownFetch }));
    assert.deepEqual(Object.keys(JSON.parse(text)).sort(), ['email', 'expires_at', 'groups', 'subject']);
    assert.equal((await (await openApp(t)).ask('/oauth2/userinfo', at())).status, 401);
  });
});
