import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sessions } from '../../../../src/auth/session/sessions.js';
import { queryParam, signOutPage, userInfoReply } from '../../../../src/edge/routes/session.js';
import { sessionOf } from './routes.js';

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
