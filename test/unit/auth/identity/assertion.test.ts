import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { Assertions } from '../../../../src/auth/identity/assertion.js';
import type { Identity } from '../../../../src/auth/identity/identity.js';

const START_MS = 1_790_000_000_000;
const ISSUER = 'https://tunnel.test';
const SECRET = 'a secret of at least thirty-two bytes';
const alice: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: '1',
  email: 'alice@acme.com',
  emailVerified: true,
  username: 'alice',
  groups: ['eng'],
  groupsOmitted: false,
};
const fields = { audience: 'https://demo.tunnel.test', identity: alice, sessionId: 'one' };

function setUp(...secrets: string[]) {
  let nowMs = START_MS;
  const assertions = new Assertions({ secrets: secrets.length ? secrets : [SECRET], issuer: ISSUER, now: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { assertions, pass };
}

function verify(text: string, { keys } = setUp().assertions.jwks(), audience = fields.audience) {
  const options = { issuer: ISSUER, audience, algorithms: ['ES256'], currentDate: new Date(START_MS) };
  return jwtVerify(text, createLocalJWKSet({ keys: keys as never }), options);
}

describe('an assertion', () => {
  it('names the visitor and the audience, and is valid for two minutes', async () => {
    const { payload } = await verify(await setUp().assertions.sign(fields).text);
    assert.deepEqual(payload, {
      iss: ISSUER,
      aud: 'https://demo.tunnel.test',
      sub: '1',
      idp: 'https://id.acme.com',
      email: 'alice@acme.com',
      preferred_username: 'alice',
      groups: ['eng'],
      iat: START_MS / 1000 - 60,
      exp: START_MS / 1000 + 120,
    });
  });

  it('leaves out what the identity does not have', async () => {
    const identity: Identity = {
      issuer: 'https://id.acme.com',
      domainProof: 'email',
      subject: '2',
      email: 'b@acme.com',
      emailVerified: true,
      groups: [],
      groupsOmitted: false,
    };
    const { payload } = await verify(await setUp().assertions.sign({ ...fields, identity }).text);
    assert.deepEqual(Object.keys(payload).sort(), ['aud', 'email', 'exp', 'iat', 'idp', 'iss', 'sub']);
  });

  it('does not verify for another audience or with another secret', async () => {
    const text = await setUp().assertions.sign(fields).text;
    await assert.rejects(verify(text, undefined, 'https://evil.tunnel.test'));
    await assert.rejects(verify(text, setUp('a fresh secret of thirty-two bytes or more').assertions.jwks()));
  });

  it('is signed again only when it has less than ninety seconds left', async () => {
    const { assertions, pass } = setUp();
    const first = await assertions.sign(fields).text;
    pass(29_999);
    assert.equal(assertions.sign(fields).text, first); // synchronously: nothing is signed
    pass(1);
    const second = await assertions.sign(fields).text;
    assert.equal(decodeJwt(second).exp, START_MS / 1000 + 150);
    assert.equal(await assertions.sign(fields).text, second);
  });

  it('is signed once for all concurrent requests', async () => {
    const { assertions } = setUp();
    const texts = await Promise.all(Array.from({ length: 10 }, () => assertions.sign(fields).text));
    assert.equal(new Set(texts).size, 1);
  });

  it('is never that of another session or another tunnel', async () => {
    const { assertions } = setUp();
    await assertions.sign(fields).text;
    const other = await assertions.sign({ ...fields, audience: 'https://other.tunnel.test' }).text;
    assert.equal(decodeJwt(other).aud, 'https://other.tunnel.test');
    const bob = await assertions.sign({ ...fields, sessionId: 'two', identity: { ...alice, subject: 'bob' } }).text;
    assert.equal(decodeJwt(bob).sub, 'bob');
  });
});

describe('a verifier with the default options of its library', () => {
  for (const [whose, skewMs] of [
    ['half a minute behind', -30_000],
    ['half a minute ahead', 30_000],
  ] as const) {
    it(`accepts it with a clock ${whose}, new and in the last moment before the next one is made`, async () => {
      const { assertions, pass } = setUp();
      const keys = createLocalJWKSet({ keys: assertions.jwks().keys as never });
      const accept = async (text: string, nowMs: number) => {
        const { payload } = await jwtVerify(text, keys, { currentDate: new Date(nowMs + skewMs) });
        // Other libraries reject an assertion that was issued in the future by default.
        assert.ok((payload.iat ?? 0) * 1000 <= nowMs + skewMs);
        assert.equal(payload.nbf, undefined);
      };
      const first = await assertions.sign(fields).text;
      await accept(first, START_MS);
      pass(29_999);
      assert.equal(assertions.sign(fields).text, first);
      await accept(first, START_MS + 29_999);
      await accept(first, START_MS + 29_999 + 59_000); // it may wait for a minute at the target
    });
  }
});

describe('the keys', () => {
  it('are the same after a restart and on every edge with the secret', () => {
    assert.deepEqual(setUp().assertions.jwks(), setUp().assertions.jwks());
  });

  it('are public halves only, for signatures only', () => {
    const [key] = setUp().assertions.jwks().keys;
    assert.deepEqual(Object.keys(key ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    assert.deepEqual([key?.alg, key?.crv, key?.kty, key?.use], ['ES256', 'P-256', 'EC', 'sig']);
    assert.deepEqual([key?.x?.length, key?.y?.length], [43, 43]);
  });

  it('differ for every secret, and the derivation holds for many', async () => {
    const seen = new Set<string>();
    for (let at = 0; at < 200; at += 1) {
      const { assertions } = setUp(`secret number ${at} of thirty-two bytes`);
      seen.add(JSON.stringify(assertions.jwks()));
      if (at % 20 === 0) await verify(await assertions.sign(fields).text, assertions.jwks());
    }
    assert.equal(seen.size, 200);
  });

  it('of old secrets stay published while the newest signs', async () => {
    const fresh = 'a fresh secret of thirty-two bytes or more';
    const rotated = setUp(fresh, SECRET).assertions;
    assert.equal(rotated.jwks().keys.length, 2);
    await verify(await setUp(SECRET).assertions.sign(fields).text, rotated.jwks());
    const text = await rotated.sign(fields).text;
    await verify(text, setUp(fresh).assertions.jwks());
    assert.equal(decodeProtectedHeader(text).kid, rotated.jwks().keys[0]?.kid);
  });

  it('cannot be changed by the caller that publishes them', () => {
    const { assertions } = setUp();
    for (const key of assertions.jwks().keys) key.kid = 'other';
    assert.notEqual(assertions.jwks().keys[0]?.kid, 'other');
  });
});
