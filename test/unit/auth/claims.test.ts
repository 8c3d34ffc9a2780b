import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkIdToken, mergeClaims } from '../../../src/auth/claims.js';

const options = { groupsClaim: 'roles' };

it('adds from userinfo what the ID token leaves out, and nothing else', () => {
  const userInfo = { sub: 'b', preferred_username: 'al', roles: ['x'], hd: 'evil.com', iss: 'evil', groups: ['y'] };
  const merged = mergeClaims({ sub: 'a', email: 'a@b.com', email_verified: true }, userInfo, options);
  assert.deepEqual(merged, {
    sub: 'a',
    email: 'a@b.com',
    email_verified: true,
    preferred_username: 'al',
    roles: ['x'],
  });
});

it('lets the ID token win, null included', () => {
  const idToken = { email: 'a@b.com', preferred_username: null, roles: [] };
  assert.deepEqual(mergeClaims(idToken, { preferred_username: 'x', roles: ['x'] }, options), idToken);
});

it('takes an email and its verification from one place', () => {
  const cases = [
    [{ email: 'a@b.com' }, { email_verified: true }, { email: 'a@b.com' }],
    [{ email_verified: true }, { email: 'a@b.com' }, { email: 'a@b.com' }],
    [{ email_verified: true }, {}, {}],
    [{}, { email: 'a@b.com', email_verified: true }, { email: 'a@b.com', email_verified: true }],
  ] as const;
  for (const [idToken, userInfo, merged] of cases) assert.deepEqual(mergeClaims(idToken, userInfo, options), merged);
});

it('accepts an ID token that was issued just now, for us', () => {
  const nowSeconds = Date.now() / 1000;
  for (const iat of [nowSeconds, nowSeconds - 60, nowSeconds + 20]) checkIdToken({ iat }, 'us');
  checkIdToken({ iat: nowSeconds, azp: 'us' }, 'us');
  const odd = [{ iat: nowSeconds, azp: 'other' }, { iat: nowSeconds, azp: null }, { iat: nowSeconds - 700 }];
  for (const claims of [...odd, { iat: nowSeconds + 60 }, { iat: Number.NaN }, {}]) {
    assert.throws(() => checkIdToken(claims, 'us'), { code: 'ERR_LOGIN_FAILED' });
  }
});
