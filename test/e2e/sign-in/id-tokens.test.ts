/**
 * Tokens: what a provider says in its ID token and in userinfo, judged end to end by a real edge. Each switch makes
 * exactly one thing odd; a visitor is signed in only by answers that prove who they are.
 */
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { CompactEncrypt } from 'jose';
import { type Misbehaviour, newSigningKey } from '../../support/hostile-provider.js';
import { assertRefused, type HostileWorld, startHostileWorld, whoIs } from '../../support/hostile-world.js';

let hostile: HostileWorld;

before(async () => {
  hostile = await startHostileWorld();
});
after(() => hostile?.close());

const nowSeconds = () => Math.floor(Date.now() / 1000);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

// A function where the switches depend on the clock or on the provider at the time of the test.
type Switches = Misbehaviour | (() => Misbehaviour | Promise<Misbehaviour>);
type Table = Readonly<Record<string, Switches>>;

const read = (switches: Switches) => (typeof switches === 'function' ? switches() : switches);

function refuses(table: Table, status = 400, code = 'ERR_LOGIN_FAILED'): void {
  for (const [name, switches] of Object.entries(table)) {
    test(name, async () => {
      const visitor = hostile.world.visitor();
      assertRefused(await hostile.signIn(visitor, await read(switches)), status, code);
      assert.equal(await whoIs(visitor, hostile.world.base), undefined);
    });
  }
}

function accepts(table: Table): void {
  for (const [name, switches] of Object.entries(table)) {
    test(name, async () => {
      const visitor = hostile.world.visitor();
      const response = await hostile.signIn(visitor, await read(switches));
      assert.equal(response.status, 302, response.text);
      assert.equal(await whoIs(visitor, hostile.world.base), 'alice@acme.com');
    });
  }
}

refuses({
  'B4 refuses an ID token with another nonce': { claims: { nonce: 'other' } },
  'B4 refuses an ID token without a nonce': { claims: { nonce: undefined } },
  'B4 refuses an ID token with a nonce that is no text': { claims: { nonce: [''] } },
});

refuses({
  'B5 refuses an ID token of another issuer': { claims: { iss: 'https://evil.test' } },
  'B5 refuses an ID token of an issuer with a slash more': () => ({ claims: { iss: `${hostile.op.issuer}/` } }),
  'B5 refuses an ID token without an issuer': { claims: { iss: undefined } },
  'B5 refuses an ID token whose audience is another': { claims: { aud: 'other' } },
  'B5 refuses an ID token whose audience is another, in a list': { claims: { aud: ['other'] } },
  'B5 refuses an ID token whose audience is nobody': { claims: { aud: [] } },
  'B5 refuses an ID token for further audiences without a party': { claims: { aud: ['edge', 'other'] } },
  'B5 refuses an ID token for further audiences and another party': {
    claims: { aud: ['edge', 'other'], azp: 'other' },
  },
  'B5 refuses an ID token for another party, though for us alone': { claims: { azp: 'other' } },
});
accepts({
  'B5 accepts an ID token with the audience as a list': { claims: { aud: ['edge'] } },
  'B5 accepts an ID token with further audiences and ours as authorized party': {
    claims: { aud: ['edge', 'x'], azp: 'edge' },
  },
});

refuses({
  'B6 refuses an ID token without a signature': { sign: (claims) => `${part({ alg: 'none' })}.${part(claims)}.` },
  'B6 refuses an ID token with a broken signature': {
    sign: (claims) => `${part({ alg: 'RS256', kid: 'first' })}.${part(claims)}.${part('x')}`,
  },
  'B6 refuses an ID token signed with the client secret': { sign: (claims) => hmacToken(claims, 'client-secret') },
  'B6 refuses an ID token signed with the public key as a secret': () => {
    const published = JSON.stringify(hostile.op.keys[0]?.jwk);
    return { sign: (claims) => hmacToken(claims, published) };
  },
  'B6 refuses an ID token with critical header parameters': { header: { crit: ['b64'], b64: true } },
});
accepts({ 'B6 accepts an ID token without a key id, when there is one key': { header: { kid: undefined } } });

test('B6 refuses an ID token signed with a key that is only in its header', async () => {
  const honest = hostile.op.keys;
  const { key, jwk } = await newSigningKey('evil');
  const evil = `${hostile.op.issuer}/evil`;
  for (const header of [{ jwk }, { jku: evil }, { x5u: evil }, { x5c: [part(jwk)] }, { kid: 'evil', jwk }]) {
    hostile.op.keys = honest.map((known) => ({ ...known, key }));
    assertRefused(await hostile.signIn(hostile.world.visitor(), { header }));
  }
  hostile.op.keys = honest;
});

refuses({
  'B7 refuses an ID token that has expired': () => ({ claims: { exp: nowSeconds() - 60 } }),
  'B7 refuses an ID token without an expiry': { claims: { exp: undefined } },
  'B7 refuses an ID token with an expiry that is no number': { claims: { exp: '9999999999' } },
  'B7 refuses an ID token without a time of issue': { claims: { iat: undefined } },
  'B7 refuses an ID token with a time of issue that is no number': { claims: { iat: '1' } },
  'B7 refuses an ID token issued a week ago': () => ({ claims: { iat: nowSeconds() - 7 * 86_400 } }),
  'B7 refuses an ID token issued in the future': () => ({ claims: { iat: nowSeconds() + 120 } }),
  'B7 refuses an ID token not valid yet': () => ({ claims: { nbf: nowSeconds() + 120 } }),
});
accepts({
  'B7 accepts an ID token that expired by a clock a little ahead': () => ({ claims: { exp: nowSeconds() - 25 } }),
  'B7 accepts an ID token issued by a clock a little ahead': () => ({
    claims: { iat: nowSeconds() + 25, nbf: nowSeconds() + 25 },
  }),
});

test('B8 the keys rotate between two sign-ins without a restart, and ids that do not exist are not looked for over and over', async () => {
  const { op, world, signIn, restartEdge } = hostile;
  await restartEdge({}); // one that has not had to look for a key yet
  assert.equal((await signIn(world.visitor())).status, 302);
  const asked = op.asked.jwks;
  await op.rotate('second');
  op.misbehaviour = {};
  const visitors = Array.from({ length: 10 }, () => world.visitor());
  const answers = await Promise.all(
    visitors.map(async (visitor) => visitor.navigate((await hostile.callback(visitor)).href)),
  );
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([302]));
  assert.equal(op.asked.jwks, asked + 1);
  for (let count = 0; count < 10; count++) {
    assertRefused(await signIn(world.visitor(), { header: { kid: 'unknown' } }));
  }
  assert.equal(op.asked.jwks, asked + 1);
  assert.equal((await signIn(world.visitor())).status, 302);
});

test('B6 refuses an ID token without a key id when there are two keys', async () => {
  const { op, signIn, restartEdge, world } = hostile;
  const honest = op.keys;
  await restartEdge({});
  op.keys = [...honest, await newSigningKey('another')];
  assertRefused(await signIn(world.visitor(), { header: { kid: undefined } }));
  assert.equal((await signIn(world.visitor())).status, 302);
  op.keys = honest;
});

test('B6 refuses what is no signature of a provider that announces such', async () => {
  const { restartEdge, signIn, world } = hostile;
  const announced = { id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'] };
  await restartEdge({ metadata: announced });
  for (const sign of [
    (claims: Record<string, unknown>) => `${part({ alg: 'none' })}.${part(claims)}.`,
    (claims: Record<string, unknown>) => hmacToken(claims, 'client-secret'),
  ]) {
    assertRefused(await signIn(world.visitor(), { metadata: announced, sign }));
  }
  await restartEdge({});
});

refuses(
  Object.fromEntries(
    [['alice@acme.com'], { a: 1 }, 7, null, '', true, 'eve@acme.com@evil.com', 'a@b\r\nx: y', undefined].map(
      (email) => [`B15 refuses an ID token whose email is ${inspect(email)}`, { claims: { email } }],
    ),
  ),
  403,
  'ERR_ACCESS_DENIED',
);

test('B15 takes one group as text and none from anything else, which it then says is not known', async () => {
  const { world, signIn } = hostile;
  const rows: readonly (readonly [unknown, readonly string[]])[] = [
    ['eng', ['eng']],
    [
      ['eng', 'eng', 'ops'],
      ['eng', 'ops'],
    ],
    [{ eng: true }, []],
    [null, []],
    [7, []],
    [['eng', 7], []],
    [[['eng']], []],
  ];
  for (const [groups, expected] of rows) {
    const visitor = world.visitor();
    const mark = world.edge.mark();
    assert.equal((await signIn(visitor, { claims: { groups } })).status, 302, inspect(groups));
    const who = await visitor.fetch(`${world.base}/oauth2/userinfo`);
    assert.deepEqual((who.json() as { groups: string[] }).groups, expected, inspect(groups));
    if (expected.length === 0)
      await world.edge.record((line) => line['msg'] === 'identity provider left groups out', mark);
  }
});

const withUserinfo = () => ({ metadata: { userinfo_endpoint: `${hostile.op.issuer}/userinfo` } });
const WITHOUT_EMAIL = { email: undefined, email_verified: undefined };

test('B17 refuses a userinfo that is another subject’s', async () => {
  const { restartEdge, signIn, world } = hostile;
  await restartEdge(withUserinfo());
  for (const sub of ['mallory', '', undefined, ['alice'], 'alice ', 'Alice', 7]) {
    const userinfo = { sub, email: 'mallory@acme.com', email_verified: true };
    assertRefused(await signIn(world.visitor(), { claims: WITHOUT_EMAIL, userinfo }));
  }
  const visitor = world.visitor();
  const userinfo = { sub: 'alice', email: 'alice2@acme.com', email_verified: true };
  assert.equal((await signIn(visitor, { claims: WITHOUT_EMAIL, userinfo })).status, 302);
  assert.equal(await whoIs(visitor, world.base), 'alice2@acme.com');
});

test('B15 refuses a userinfo that is no object', async () => {
  const { signIn, world } = hostile;
  for (const body of ['[]', '"text"', 'null', '1', '', '<html>']) {
    const trouble = { userinfo: { kind: 'body', body } } as const;
    assertRefused(await signIn(world.visitor(), { claims: WITHOUT_EMAIL, trouble }));
  }
});

const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

refuses({
  'B19 refuses an ID token that is encrypted': { token: { id_token: 'a.b.c.d.e' } },
  'B19 refuses an ID token that is encrypted with the client secret around an inflate bomb': async () => ({
    token: { id_token: await bomb() },
  }),
  'B19 refuses an ID token of which nothing is readable': { token: { id_token: '!.!.!' } },
  'B19 refuses an ID token that is not three parts': { token: { id_token: 'a.b' } },
  'B19 refuses an ID token whose claims are a hundred thousand deep': {
    sign: () => `${part({ alg: 'RS256' })}.${Buffer.from(DEEP).toString('base64url')}.AA`,
  },
  'B19 refuses an ID token whose header is a hundred thousand deep': {
    sign: () => `${Buffer.from(DEEP).toString('base64url')}.${part({})}.AA`,
  },
});

test('B19 refuses a token answer and a userinfo a hundred thousand deep', async () => {
  const { signIn, world } = hostile;
  for (const body of [DEEP, `{"a":${'['.repeat(100_000)}`, `{"id_token":${DEEP}}`]) {
    assertRefused(await signIn(world.visitor(), { trouble: { token: { kind: 'body', body } } }));
    assertRefused(
      await signIn(world.visitor(), { claims: WITHOUT_EMAIL, trouble: { userinfo: { kind: 'body', body } } }),
    );
  }
  assert.equal((await signIn(world.visitor())).status, 302);
});

// The names of the modules of the OpenID Foundation's conformance suite for relying parties; those that are rows of
// their own stand above: invalid-iss, invalid-aud, invalid-azp, invalid-nonce, invalid-sig, kid-absent, userinfo.
const halfHash = (text: string) => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');

refuses({
  'B21 refuses an ID token (invalid-chash) for another code': { claims: { c_hash: halfHash('another code') } },
  'B21 refuses an ID token (invalid-athash) for another access token': {
    claims: { at_hash: halfHash('another token') },
  },
  'B21 refuses an ID token (missing-sub) without a subject': { claims: { sub: undefined } },
  'B21 refuses an ID token (invalid-sub) whose subject is no text': { claims: { sub: 7 } },
  'B21 refuses an ID token (missing-iat) without a time of issue': { claims: { iat: undefined } },
  'B21 refuses an ID token (missing-aud) without an audience': { claims: { aud: undefined } },
  'B21 refuses an ID token (missing-iss) without an issuer': { claims: { iss: undefined } },
  'B21 refuses an ID token (invalid-exp) that has expired': () => ({ claims: { exp: nowSeconds() - 3600 } }),
  'B21 refuses an ID token (missing) that is not there': { token: { id_token: undefined } },
  'B21 refuses an ID token (token-type) beside a token that is no bearer token': { token: { token_type: 'mac' } },
});
accepts({
  'B21 accepts an ID token (athash) for this access token': { claims: { at_hash: halfHash('access') } },
  'B21 accepts an ID token (token-type-case) beside a token type in capitals': { token: { token_type: 'BEARER' } },
  'B21 accepts an ID token (no expires_in) beside a token that does not say when it expires': {
    token: { expires_in: undefined },
  },
  'B21 accepts an ID token (aud-as-array) with the audience as a list': { claims: { aud: ['edge'] } },
  'B21 accepts an ID token (extra) with claims that nobody asked for': {
    claims: { auth_time: 0, acr: '', amr: [], x: DEEP.slice(0, 100) },
  },
});
accepts({
  'B21 accepts an ID token (session_state) though the callback has extensions': {
    callback: { session_state: 'x', scope: 'openid' },
  },
});

function hmacToken(claims: object, secret: string): string {
  const signed = `${part({ alg: 'HS256', kid: 'first' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function bomb(): Promise<string> {
  const header = { alg: 'dir', enc: 'A256GCM', zip: 'DEF' };
  const zipped = deflateRawSync(Buffer.alloc(50_000_000, ' '));
  return new CompactEncrypt(zipped)
    .setProtectedHeader({ alg: header.alg, enc: header.enc })
    .encrypt(randomBytes(32))
    .then((token) => [part(header), ...token.split('.').slice(1)].join('.'));
}
