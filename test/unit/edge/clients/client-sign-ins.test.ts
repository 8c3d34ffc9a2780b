import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { ownerTag } from '../../../../src/auth/session/session.js';
import { ACCESS_TOKEN_MS, ClientSignIns, MAX_OF_ONE } from '../../../../src/edge/clients/client-sign-ins.js';
import { ClientTokens } from '../../../../src/edge/clients/client-tokens.js';
import { AttemptLimit } from '../../../../src/edge/request/attempts.js';
import { CLIENT_REFRESHES } from '../../../../src/edge/request/limits.js';
import { createTokenId } from '../../../../src/link/token.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import type { Store } from '../../../../src/store/store.js';

const SECRET = 'a secret of thirty-two bytes or more';
const TTL_MS = 7 * 86_400_000;
const TUNNEL = { name: 'demo', owner: 'dev@acme.com' };
const CLIENT = { id: 'https://app.example/client.json', name: 'App', host: 'app.example' };
const ANA: Identity = {
  ...{ issuer: 'https://id.test', domainProof: 'email', subject: 'ana', email: 'ana@acme.com' },
  ...{ emailVerified: true, groups: [], groupsOmitted: false },
};

async function setUp() {
  const clock = { nowMs: 1_700_000_000_000 };
  const now = () => clock.nowMs;
  const store = new MemoryStore({ now });
  const ended = new Set<string>();
  const options = {
    store,
    tokens: new ClientTokens([SECRET]),
    isEnded: ({ identity }: { identity: Identity }) => ended.has(identity.subject),
    recheck: (identity: Identity) => (ended.has(`provider of ${identity.subject}`) ? undefined : identity),
    hostOf: (name: string) => `${name}.tunnel.test`,
    refreshes: new AttemptLimit('client-refresh'),
    ttlMs: TTL_MS,
    now,
  };
  const signIns = new ClientSignIns(options);
  await signIns.ready;
  const begin = (id = createTokenId(), identity = ANA, tunnel = TUNNEL) =>
    signIns.begin(id, { tunnel, client: CLIENT, identity, signedInAtMs: clock.nowMs });
  const outcome = async (token: string, tunnel = 'demo', arrivedAtMs = clock.nowMs) => {
    const found = await signIns.sessionOf(tunnel, token, arrivedAtMs);
    return typeof found === 'object' ? found.identity.email : found;
  };
  return { clock, store, ended, options, signIns, begin, outcome };
}

describe('the sign-in of a person at an OAuth client', () => {
  it('lets it act at the tunnel of this owner, as the person, without a cookie', async () => {
    const { signIns, begin, clock } = await setUp();
    const { accessToken, expiresInSeconds, signIn } = await begin();
    assert.equal(expiresInSeconds * 1000, ACCESS_TOKEN_MS);
    const session = await signIns.sessionOf('demo', accessToken, clock.nowMs);
    assert.ok(typeof session === 'object');
    const { id, identity, host, client, owner } = session;
    assert.deepEqual([id, identity, host, client], [signIn.id, ANA, 'demo.tunnel.test', { label: 'app.example' }]);
    assert.equal(owner, ownerTag(TUNNEL.owner));
    assert.equal(await signIns.sessionOf('demo', accessToken, clock.nowMs), session);
  });

  it('Z20 counts nowhere else: not at another tunnel, and no other text does', async () => {
    const { begin, outcome } = await setUp();
    const { accessToken, refreshToken } = await begin();
    assert.equal(await outcome(accessToken, 'two'), 'ended');
    const foreign = new ClientTokens(['another secret of thirty-two bytes or more']);
    const claims = { id: createTokenId(), generation: 1, expiresAtMs: 2e12 };
    assert.equal(await outcome(new ClientTokens([SECRET]).sealAccess(claims)), 'ended');
    for (const text of [refreshToken, foreign.sealAccess(claims), `${accessToken} `, accessToken.slice(0, -1), ''])
      assert.equal(await outcome(text), undefined, text);
  });

  it('Z27 ends at its time, which no refreshing prolongs; an access token after an hour', async () => {
    const { clock, signIns, begin, outcome } = await setUp();
    let { accessToken, refreshToken } = await begin();
    const arrivedAtMs = clock.nowMs + ACCESS_TOKEN_MS - 1;
    clock.nowMs += ACCESS_TOKEN_MS;
    assert.equal(await outcome(accessToken), 'ended');
    // What was begun in time goes on.
    assert.equal(await outcome(accessToken, 'demo', arrivedAtMs), ANA.email);
    clock.nowMs += TTL_MS - 2 * ACCESS_TOKEN_MS;
    for (const leftMs of [ACCESS_TOKEN_MS, ACCESS_TOKEN_MS / 2]) {
      clock.nowMs += ACCESS_TOKEN_MS - leftMs;
      const next = await signIns.refresh(refreshToken, CLIENT.id, 'demo');
      assert.ok(next.kind === 'issued');
      ({ accessToken, refreshToken } = next);
      assert.equal(next.expiresInSeconds * 1000, leftMs);
    }
    clock.nowMs += ACCESS_TOKEN_MS / 2;
    assert.equal(await outcome(accessToken, 'demo', clock.nowMs - 1), 'ended');
    assert.deepEqual(await signIns.refresh(refreshToken, CLIENT.id, 'demo'), { kind: 'refused' });
    assert.deepEqual([signIns.ofTunnel(TUNNEL), signIns.ofPerson(ANA.email)], [[], []]);
  });

  it('Z27 ends when its refresh token is exchanged twice, also at once', async () => {
    const { signIns, begin, outcome } = await setUp();
    const { accessToken, refreshToken } = await begin();
    const both = await Promise.all([1, 2].map(() => signIns.refresh(refreshToken, CLIENT.id, undefined)));
    assert.deepEqual(both.map(({ kind }) => kind).sort(), ['issued', 'reused']);
    assert.equal(await outcome(accessToken), 'ended');
    assert.deepEqual(await signIns.refresh(refreshToken, CLIENT.id, undefined), { kind: 'refused' });
  });

  it('is not reported as stolen when its person ends it while it is refreshed', async () => {
    const { options, begin } = await setUp();
    const { refreshToken } = await begin();
    const { store } = options;
    const put: Store['put'] = async (key, value, how) => {
      await store.delete(key);
      return store.put(key, value, how);
    };
    const racing = new ClientSignIns({ ...options, store: { ...watchedBy(store, nothing), put } });
    assert.deepEqual(await racing.refresh(refreshToken, CLIENT.id, 'demo'), { kind: 'refused' });
  });

  it('Z21 ends with all sign-ins of its account, with its session at the provider, and with the provider', async () => {
    const { ended, signIns, begin, outcome, options } = await setUp();
    const { accessToken, refreshToken } = await begin();
    ended.add('ana');
    assert.equal(await outcome(accessToken), 'ended');
    assert.deepEqual(await signIns.refresh(refreshToken, CLIENT.id, 'demo'), { kind: 'refused' });
    assert.deepEqual(signIns.ofPerson(ANA.email), []);
    ended.clear();
    assert.equal(await outcome(accessToken), ANA.email);
    ended.add('provider of ana');
    const again = new ClientSignIns(options);
    await again.ready;
    assert.equal(await again.sessionOf('demo', accessToken, options.now()), 'ended');
  });

  it('Z26 never begins once its code was used a second time', async () => {
    const { signIns, begin } = await setUp();
    const id = createTokenId();
    assert.equal(await signIns.endById(id), undefined);
    await assert.rejects(begin(id), { error: 'invalid_grant' });
    const { signIn } = await begin();
    assert.equal((await signIns.endById(signIn.id))?.id, signIn.id);
    assert.deepEqual(signIns.ofTunnel(TUNNEL), []);
  });

  it('is one of fifty of an account: the one that was not refreshed for the longest time makes room', async () => {
    const { clock, signIns, begin } = await setUp();
    const first = await begin();
    const bob = { ...ANA, subject: 'bob' };
    const other = await begin(createTokenId(), bob);
    for (let at = 1; at <= MAX_OF_ONE; at++) {
      clock.nowMs += 1_000;
      await begin();
    }
    const ids = signIns.ofTunnel(TUNNEL).map(({ id }) => id);
    assert.deepEqual([ids.length, ids.includes(first.signIn.id), ids.includes(other.signIn.id)], [51, false, true]);
  });

  it('is forgotten when the name has another owner, and told to whoever listens', async () => {
    const { signIns, begin } = await setUp();
    const told: string[] = [];
    signIns.onChange((tunnels) => told.push(...tunnels));
    await begin();
    await signIns.forgetOthers({ ...TUNNEL, owner: 'eve@acme.com' });
    assert.deepEqual([signIns.ofTunnel(TUNNEL), told], [[], ['demo', 'demo']]);
  });

  it('Z27 is refreshed without a word to who listens, and so often by one account', async () => {
    const { signIns, begin } = await setUp();
    const told: string[] = [];
    signIns.onChange((tunnels) => told.push(...tunnels));
    let { refreshToken, signIn } = await begin();
    for (let at = 0; at < CLIENT_REFRESHES.points; at++) {
      const next = await signIns.refresh(refreshToken, CLIENT.id, 'demo');
      assert.ok(next.kind === 'issued');
      ({ refreshToken, signIn } = next);
    }
    await assert.rejects(signIns.refresh(refreshToken, CLIENT.id, 'demo'), { code: 'ERR_RATE_LIMITED' });
    const other = await begin(createTokenId(), { ...ANA, subject: 'bob' });
    assert.equal((await signIns.refresh(other.refreshToken, CLIENT.id, 'demo')).kind, 'issued');
    assert.deepEqual(told, ['demo', 'demo']);
    await signIns.end(signIn);
    assert.equal(told.length, 3);
  });

  it('counts from the moment on at which the store has it, also where the copy of this node has not', async () => {
    const { options, clock, begin, signIns } = await setUp();
    const elsewhere = new ClientSignIns({ ...options, store: watchedBy(options.store, nothing) });
    const { accessToken, signIn } = await begin();
    const found = await elsewhere.sessionOf('demo', accessToken, clock.nowMs);
    assert.ok(typeof found === 'object' && found.id === signIn.id);
    await signIns.end(signIn);
    assert.equal(await elsewhere.sessionOf('demo', accessToken, clock.nowMs), 'ended');
    assert.equal(elsewhere.sessionOf('demo', accessToken, clock.nowMs), 'ended'); // and is not looked for again
  });

  it('Z24 tells nothing of a name without a tunnel, nor one token of another name, while the store is away', async () => {
    const { options, clock, begin } = await setUp();
    const { accessToken } = await begin();
    const away = () => assert.fail('the store is away');
    const here = new ClientSignIns({ ...options, checkEnded: away });
    await here.ready;
    assert.equal(here.sessionOf('two', accessToken, clock.nowMs), 'ended');
    assert.throws(() => here.sessionOf('demo', accessToken, clock.nowMs), /away/);
    const gone = new ClientSignIns({ ...options, store: { ...watchedBy(options.store, nothing), get: away } });
    assert.equal(gone.sessionOf('two', accessToken, clock.nowMs, false), 'ended');
  });

  it('Z32 leaves no secret in the store', async () => {
    const { store, begin } = await setUp();
    const { accessToken, refreshToken } = await begin();
    const kept = JSON.stringify(await store.list('client-sign-in:'));
    for (const token of [accessToken, refreshToken]) assert.ok(!kept.includes(token.slice(-43)));
  });
});

/** A watch that hears of nothing. */
const nothing: Store['watch'] = (_prefix, listener) => {
  listener({ kind: 'all', entries: [] });
  return { ready: Promise.resolve(), close: () => {} };
};

function watchedBy(store: Store, watch: Store['watch']): Store {
  return {
    get: (key) => store.get(key),
    put: (key, value, options) => store.put(key, value, options),
    delete: (key, version) => store.delete(key, version),
    list: (prefix, options) => store.list(prefix, options),
    stats: () => store.stats(),
    close: () => store.close(),
    watch,
  };
}
