/**
 * Provider: one that fails, pours, stalls, sends us elsewhere or answers for another. The edge stays up, sessions
 * that exist go on, nothing unproven signs anybody in, and the next visitor finds a provider that is well again.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { OidcProvider } from '../../../src/auth/providers/oidc.js';
import { Transactions } from '../../../src/auth/session/transaction.js';
import { silentLog } from '../../../src/core/log.js';
import type { Trouble } from '../../support/hostile-provider.js';
import { assertRefused, type HostileWorld, startHostileWorld, whoIs } from '../../support/hostile-world.js';
import { runPostern } from '../../support/processes.js';
import { remembered } from '../../support/remembered.js';
import type { Visitor } from '../../support/visitor.js';

const MINUTE_MS = 60_000;

let hostile: HostileWorld;
let known: Visitor;

before(async () => {
  hostile = await startHostileWorld();
  known = hostile.world.visitor();
  assert.equal((await known.open(`${hostile.world.url}/`)).status, 200);
});
after(() => hostile?.close());

async function isWell(): Promise<void> {
  const { world, signIn } = hostile;
  assert.equal((await known.fetch(`${world.url}/canary`)).status, 200);
  const visitor = world.visitor();
  assert.equal((await signIn(visitor)).status, 302);
  assert.equal(await whoIs(visitor, world.base), 'alice@acme.com');
}

/** A browser in which a sign-in began so long ago, back from the provider with a good code. */
async function comesBackAfter(ageMs: number) {
  const { world, op } = hostile;
  const now = () => Date.now() - ageMs;
  const transactions = new Transactions({ secrets: [world.secret], secure: false, ...remembered(), now });
  const target = { place: 'base', path: '/' } as const;
  const { transaction, cookies } = await transactions.start(undefined, { provider: 'oidc', target });
  const { state, nonce, verifier } = transaction;
  const asked = new URLSearchParams({
    client_id: 'edge',
    redirect_uri: `${world.base}/oauth2/callback`,
    state,
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  });
  const back = op.authorize(`${op.issuer}/authorize?${asked}`);
  return world.visitor().navigate(back.href, { headers: { cookie: cookies[0]?.split(';')[0] } });
}

test('B2 a sign-in may take ten minutes and no longer', async () => {
  hostile.op.misbehaviour = {};
  assert.equal((await comesBackAfter(9.5 * MINUTE_MS)).status, 302);
  assertRefused(await comesBackAfter(10 * MINUTE_MS));
  assertRefused(await comesBackAfter(7 * 24 * 60 * MINUTE_MS));
});

test('B10 a code that was minted for another client, redirect URI or verifier is refused', async () => {
  const { world, op, callback } = hostile;
  op.misbehaviour = {};
  const changes: Record<string, string> = {
    client_id: 'other',
    redirect_uri: `${world.base}/oauth2/callback/`,
    code_challenge: 'x'.repeat(43),
  };
  for (const [name, value] of Object.entries(changes)) {
    const visitor = world.visitor();
    const begun = new URL((await visitor.navigate(`${world.base}/oauth2/start?rd=%2F`)).headers.location ?? '');
    const honest = begun.href;
    begun.searchParams.set(name, value);
    const back = op.authorize(begun.href);
    const code = back.searchParams.get('code') ?? '';
    const own = op.authorize(honest);
    own.searchParams.set('code', code);
    assertRefused(await visitor.navigate(own.href));
    assert.equal(await whoIs(visitor, world.base), undefined);
  }
  const visitor = world.visitor();
  assert.equal((await visitor.navigate((await callback(visitor)).href)).status, 302);
});

test('B13 a callback may lack its issuer only where the provider announces none, and never names another', async () => {
  const { world, signIn, restartEdge } = hostile;
  const metadata = { authorization_response_iss_parameter_supported: undefined };
  await restartEdge({ metadata });
  assert.equal((await signIn(world.visitor(), { metadata, callback: { iss: undefined } })).status, 302);
  assertRefused(await signIn(world.visitor(), { metadata, callback: { iss: 'https://evil.test' } }));
  await restartEdge({});
  assertRefused(await signIn(world.visitor(), { callback: { iss: undefined } }));
});

test('B13 a callback with tokens in it, or of another response mode, is refused', async () => {
  const { world, signIn } = hostile;
  for (const callback of [{ id_token: 'x' }, { response: 'x' }, { code: undefined, access_token: 'x' }]) {
    assertRefused(await signIn(world.visitor(), { callback }));
  }
});

const troubles = {
  'answers 500': () => ({ kind: 'status', status: 500, body: 'internal secret' }),
  'answers 429': () => ({ kind: 'status', status: 429 }),
  'redirects to somewhere inside': () => ({ kind: 'redirect', location: `${hostile.op.issuer}/userinfo` }),
  'pours without end': () => ({ kind: 'endless' }),
  'sends 50 MB': () => ({ kind: 'body', body: ' '.repeat(50_000_000) }),
  'resets the connection': () => ({ kind: 'reset' }),
} satisfies Record<string, () => Trouble>;

// Enough where each needs an edge of its own.
const someTroubles = [troubles['answers 500'], troubles['pours without end']];
for (const [name, trouble] of Object.entries(troubles)) {
  test(`B18 a token endpoint that ${name} signs nobody in and harms nobody else`, async () => {
    const { world, op, signIn } = hostile;
    const asked = op.asked.userinfo;
    const response = await signIn(world.visitor(), { trouble: { token: trouble() } });
    assertRefused(response, 503, 'ERR_PROVIDER_UNAVAILABLE');
    assert.equal(response.text.includes('internal secret'), false);
    assert.equal(op.asked.userinfo, asked); // a redirect is not followed
    await isWell();
  });
}

test('B18 a userinfo endpoint in trouble makes the provider unavailable: groups that nobody heard of are not none', async () => {
  const { world, op, signIn, restartEdge } = hostile;
  await restartEdge({ metadata: { userinfo_endpoint: `${op.issuer}/userinfo` } });
  for (const trouble of Object.values(troubles)) {
    const claims = { groups: undefined };
    const response = await signIn(world.visitor(), { claims, trouble: { userinfo: trouble() } });
    assertRefused(response, 503, 'ERR_PROVIDER_UNAVAILABLE');
  }
  await restartEdge({});
});

test('B18 an edge whose provider cannot be discovered when it starts serves its sessions and tries again', async () => {
  const { world, op, restartEdge } = hostile;
  for (const trouble of someTroubles) {
    await restartEdge({ trouble: { discovery: trouble() } });
    assert.equal((await known.fetch(`${world.url}/canary`)).status, 200);
    const response = await world.visitor().navigate(`${world.base}/oauth2/start?rd=%2F`);
    assert.deepEqual([response.status, response.headers['postern-error']], [503, 'ERR_PROVIDER_UNAVAILABLE']);
    assert.ok(Number(response.headers['retry-after']) > 0);
    op.misbehaviour = {};
    await isWell();
  }
});

test('B18 keys that cannot be fetched sign nobody in, and are fetched again', async () => {
  const { world, restartEdge, signIn } = hostile;
  for (const trouble of someTroubles) {
    await restartEdge({});
    const response = await signIn(world.visitor(), { trouble: { jwks: trouble() } });
    assertRefused(response, 503, 'ERR_PROVIDER_UNAVAILABLE');
    await isWell();
  }
});

/** A sign-in by a provider object of its own, in this process: as an edge does it, without a process for each. */
function ownSignIn(timeoutMs?: number): () => Promise<{ email: string }> {
  const { op } = hostile;
  const provider = new OidcProvider({
    id: 'oidc',
    issuer: op.issuer,
    clientId: 'edge',
    credential: 'client-secret',
    scopes: 'openid',
    groupsClaim: 'groups',
    redirectUri: 'http://localhost/oauth2/callback',
    signedOutUri: 'http://localhost/',
    log: silentLog,
    ...(timeoutMs === undefined ? {} : { timeoutMs }), // ten seconds, where nothing else is said
  });
  const checks = { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43) };
  return async () => {
    const back = op.authorize(await provider.begin({ ...checks, chooseAccount: 'no' }));
    return provider.finish(back, checks);
  };
}

for (const [name, trouble] of Object.entries(troubles)) {
  for (const endpoint of ['discovery', 'jwks'] as const) {
    test(`B18 ${endpoint} that ${name} signs nobody in, and is fetched again`, async () => {
      hostile.op.misbehaviour = { trouble: { [endpoint]: trouble() } };
      const attempt = ownSignIn();
      await assert.rejects(attempt(), { code: 'ERR_PROVIDER_UNAVAILABLE' });
      hostile.op.misbehaviour = {};
      assert.equal((await attempt()).email, 'alice@acme.com');
    });
  }
}

for (const kind of ['stall', 'drip'] as const) {
  for (const endpoint of ['discovery', 'jwks', 'token', 'userinfo'] as const) {
    test(`B18 a wait for the provider has an end: ${endpoint} with a ${kind}`, async () => {
      const { op } = hostile;
      const metadata = { userinfo_endpoint: `${op.issuer}/userinfo` };
      op.misbehaviour = { metadata, claims: { groups: undefined }, trouble: { [endpoint]: { kind } } };
      await assert.rejects(ownSignIn(100)(), { code: 'ERR_PROVIDER_UNAVAILABLE' });
      op.misbehaviour = { metadata };
      assert.equal((await ownSignIn()()).email, 'alice@acme.com');
    });
  }
}

const elsewhere = [
  { token_endpoint: 'http://id.acme.com/token' },
  { jwks_uri: 'http://10.0.0.1/jwks' },
  { userinfo_endpoint: 'http://localhost.evil.test/userinfo' },
  { authorization_endpoint: 'http://id.acme.com/authorize' },
  { authorization_endpoint: 'javascript:alert(1)' },
  { token_endpoint: 'file:///etc/passwd' },
  { issuer: 'https://evil.test' },
];
for (const metadata of elsewhere) {
  test(`B20 a provider on loopback may not lead elsewhere in the clear: ${JSON.stringify(metadata)}`, async () => {
    hostile.op.misbehaviour = { metadata };
    await assert.rejects(ownSignIn()(), { code: 'ERR_PROVIDER_UNAVAILABLE' });
  });
}

test('B20 an edge whose provider leads elsewhere in the clear says that it cannot be used', async () => {
  const { world, restartEdge } = hostile;
  await restartEdge({ metadata: elsewhere[0] as Record<string, string> }); // the first of the list above
  const response = await world.visitor().navigate(`${world.base}/oauth2/start?rd=%2F`);
  assert.deepEqual([response.status, response.headers['postern-error']], [503, 'ERR_PROVIDER_UNAVAILABLE']);
});

for (const issuer of [
  'http://id.acme.com',
  'http://10.0.0.1:8080',
  'http://localhost.evil.test',
  'http://127.0.0.1.evil.test',
  'http://0.0.0.0:8080',
  'http://[::2]',
  'ftp://localhost',
]) {
  test(`B20 the edge does not start with the issuer ${issuer}`, async () => {
    const { exit, stderr } = await runPostern(['edge'], { ...hostile.world.edgeEnv(), POSTERN_OIDC_ISSUER: issuer });
    assert.equal(exit.code, 2, stderr);
    assert.match(stderr, /POSTERN_OIDC_ISSUER/);
  });
}
