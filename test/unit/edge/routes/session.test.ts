import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import type { Sessions } from '../../../../src/auth/session/sessions.js';
import type { Replies } from '../../../../src/edge/replies/replies.js';
import {
  checkCause,
  isFromOrigin,
  isVisit,
  queryParam,
  sendUserInfo,
  signOutPage,
} from '../../../../src/edge/routes/session.js';
import { by, ORIGIN, SIBLING, sessionOf } from './routes.js';

const request = (headers: Readonly<Record<string, string>>, method = 'GET') =>
  ({ method, headers }) as unknown as IncomingMessage;

describe('a text of the query', () => {
  it('is none when it stands there twice, or as anything else than text', () => {
    assert.equal(queryParam({ query: { rd: '/x' } }, 'rd'), '/x');
    assert.equal(queryParam({ query: { rd: '' } }, 'rd'), '');
    for (const rd of [undefined, ['/x', '/y'], { x: '/x' }])
      assert.equal(queryParam({ query: { rd } }, 'rd'), undefined);
  });
});

describe('the cause of a request for a session', () => {
  for (const [what, headers, isForeign] of [
    ['a program', {}, false],
    ['an own page', by.ownFetch, false],
    ['the address bar', by.visit, false],
    ['a link', by.link, false],
    ['a sibling’s page', by.sibling, true],
    ['a sibling’s page, without metadata', { origin: SIBLING }, true],
    ['a sandbox', { origin: 'null' }, true],
    ['a page that the browser fetches ahead', by.prefetch, true],
  ] as const) {
    it(`is ${isForeign ? 'foreign' : 'its own'}: ${what}`, () => {
      const check = () => checkCause(request(headers), ORIGIN);
      if (isForeign) assert.throws(check, { code: 'ERR_CROSS_SITE' });
      else check();
    });
  }
});

describe('a visit', () => {
  for (const [what, headers, method, expected] of [
    ['the address bar', by.visit, 'GET', true],
    ['a link', by.link, 'GET', true],
    ['a HEAD', by.link, 'HEAD', true],
    ['an old browser', { accept: 'text/html' }, 'GET', true],
    ['a form', by.visit, 'POST', false],
    ['a page that is fetched ahead', by.prefetch, 'GET', false],
    ['a page that is shown before it is opened', { ...by.visit, 'sec-purpose': 'prefetch;prerender' }, 'GET', false],
    ['a frame', { ...by.visit, 'sec-fetch-dest': 'iframe' }, 'GET', false],
    ['a fetch', by.ownFetch, 'GET', false],
    ['a program', {}, 'GET', false],
    ['an upgrade', { ...by.visit, upgrade: 'websocket' }, 'GET', false],
  ] as const) {
    it(`is ${expected ? 'one' : 'none'}: ${what}`, () => assert.equal(isVisit(request(headers, method)), expected));
  }
});

describe('a page of this origin', () => {
  for (const [headers, expected] of [
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, true],
    [{ 'sec-fetch-site': 'none', origin: ORIGIN }, false],
    [{ 'sec-fetch-site': 'same-site', origin: ORIGIN }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ origin: ORIGIN }, true],
    [{ origin: SIBLING }, false],
    [{ origin: 'null' }, false],
    [{}, false],
  ] as const) {
    it(`${expected ? 'says so' : 'is not'}: ${JSON.stringify(headers)}`, () =>
      assert.equal(isFromOrigin(request(headers), ORIGIN), expected));
  }
});

describe('who is signed in', () => {
  it('is told by what the provider says of them, without the id of the session', () => {
    const said: unknown[] = [];
    const answers = { json: (_request: unknown, _response: unknown, body: unknown) => said.push(body) };
    const sessions = { endsAtMs: () => 0 } as unknown as Sessions;
    const response = (session?: ReturnType<typeof sessionOf>) =>
      sendUserInfo(request({}), {} as ServerResponse, answers as unknown as Replies, sessions, session);
    assert.throws(() => response(), { code: 'ERR_LOGIN_REQUIRED' });
    response(sessionOf());
    const expires_at = '1970-01-01T00:00:00.000Z';
    const identity = { subject: 'a', email: 'ana@acme.com', preferred_username: undefined, groups: ['eng'] };
    assert.deepEqual(said, [{ ...identity, expires_at }]);
  });
});

it('signing out is a button, and staying a link', () => {
  const { blocks } = signOutPage('/oauth2/sign_out?of=x');
  const actions = blocks.filter(({ kind }) => kind === 'button' || kind === 'form');
  assert.deepEqual(actions, [{ kind: 'button', label: 'Sign out', action: '/oauth2/sign_out?of=x' }]);
});
