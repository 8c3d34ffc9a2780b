import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { checkIdToken, mergeClaims } from '../../../../src/auth/providers/claims.js';

const options = { groupsClaim: 'roles' };

it('adds from userinfo what the ID token lacks, and nothing else', () => {
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

it('prefers the ID token, also where it has null', () => {
  const idToken = { email: 'a@b.com', preferred_username: null, roles: [] };
  assert.deepEqual(mergeClaims(idToken, { preferred_username: 'x', roles: ['x'] }, options), idToken);
});

it('takes an email and its verification from the same source', () => {
  const cases = [
    [{ email: 'a@b.com' }, { email_verified: true }, { email: 'a@b.com' }],
    [{ email_verified: true }, { email: 'a@b.com' }, { email: 'a@b.com' }],
    [{ email_verified: true }, {}, {}],
    [{}, { email: 'a@b.com', email_verified: true }, { email: 'a@b.com', email_verified: true }],
    [{ email: 'a@b.com' }, { email_verified: false }, { email: 'a@b.com', email_verified: false }],
    [{ email_verified: false }, { email: 'a@b.com' }, { email: 'a@b.com', email_verified: false }],
    [{ email_verified: null }, { email: 'a@b.com', email_verified: true }, { email: 'a@b.com', email_verified: true }],
    [
      { email: 'a@b.com', email_verified: true },
      { email_verified: 'true' },
      { email: 'a@b.com', email_verified: true },
    ],
  ] as const;
  for (const [idToken, userInfo, merged] of cases) assert.deepEqual(mergeClaims(idToken, userInfo, options), merged);
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const responseOf = (alg: string) => ({ idToken: `${part({ alg })}.x.y`, accessToken: 'access', code: 'code' });

it('accepts an ID token that was issued just now, for us', () => {
  const nowSeconds = Date.now() / 1000;
  for (const iat of [nowSeconds, nowSeconds - 60, nowSeconds + 20]) checkIdToken({ iat }, 'us', responseOf('RS256'));
  checkIdToken({ iat: nowSeconds, azp: 'us' }, 'us', responseOf('RS256'));
  const odd = [{ iat: nowSeconds, azp: 'other' }, { iat: nowSeconds, azp: null }, { iat: nowSeconds - 700 }];
  for (const claims of [...odd, { iat: nowSeconds + 60 }, { iat: Number.NaN }, {}]) {
    assert.throws(() => checkIdToken(claims, 'us', responseOf('RS256')), { code: 'ERR_LOGIN_FAILED' });
  }
});

it('compares the hashes of an ID token, if present, with the token response', () => {
  const iat = Date.now() / 1000;
  for (const [alg, hash] of [
    ['RS256', 'sha256'],
    ['ES384', 'sha384'],
    ['PS512', 'sha512'],
    ['EdDSA', 'sha512'],
    ['Ed25519', 'sha512'],
  ] as const) {
    const half = (text: string) => {
      const digest = createHash(hash).update(text).digest();
      return digest.subarray(0, digest.length / 2).toString('base64url');
    };
    checkIdToken({ iat, at_hash: half('access'), c_hash: half('code') }, 'us', responseOf(alg));
    for (const odd of [half('other'), `${half('access')}=`, half('access').slice(1), '', null, undefined, 7, ['x']]) {
      for (const name of ['at_hash', 'c_hash']) {
        const check = () => checkIdToken({ iat, [name]: odd }, 'us', responseOf(alg));
        assert.throws(check, { code: 'ERR_LOGIN_FAILED' }, `${alg} ${name} ${odd}`);
      }
    }
  }
});
