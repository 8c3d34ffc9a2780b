import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sessions } from '../../../../src/auth/session/sessions.js';
import type { HeaderLookup } from '../../../../src/edge/request/visit.js';
import {
  checkCause,
  isFromOrigin,
  queryParam,
  signOutPage,
  userInfoReply,
} from '../../../../src/edge/routes/session.js';
import { requestOf } from '../visits.js';
import { by, ORIGIN, SIBLING, sessionOf } from './routes.js';

const request = (header: HeaderLookup) => requestOf({ header });

describe('a parameter of the query', () => {
  it('is undefined when it is not there exactly once', () => {
    const of = (query: string) => queryParam({ path: `/x${query}` }, 'rd');
    for (const [query, value] of [
      ['?rd=%2Fx', '/x'],
      ['?a=b&rd=', ''],
      ['?rd=a+b%20c', 'a b c'],
      ['?rd=%zz', '%zz'],
      ['', undefined],
      ['?a=rd', undefined],
      ['?rd=/x&rd=/y', undefined],
      ['?rd[]=/x', undefined],
    ] as const)
      assert.equal(of(query), value, query);
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

describe('userinfo', () => {
  it('has the claims of the provider, without the id of the session', () => {
    const sessions = { endsAtMs: () => 0 } as unknown as Sessions;
    assert.throws(() => userInfoReply(sessions, undefined), { code: 'ERR_LOGIN_REQUIRED' });
    const { body } = userInfoReply(sessions, sessionOf());
    const expires_at = '1970-01-01T00:00:00.000Z';
    const identity = { subject: 'a', email: 'ana@acme.com', groups: ['eng'] };
    assert.deepEqual(JSON.parse(body), { ...identity, expires_at });
  });
});

it('signing out is a button, and staying a link', () => {
  const { blocks } = signOutPage('/oauth2/sign_out?of=x');
  const actions = blocks.filter(({ kind }) => kind === 'button' || kind === 'form');
  assert.deepEqual(actions, [{ kind: 'button', label: 'Sign out', action: '/oauth2/sign_out?of=x' }]);
});
