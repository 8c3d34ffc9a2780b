/** The tokens of agents' sign-ins, with a clock of the test. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { AgentSignIns, IDLE_MS, MAX_OF_ONE } from '../../../../src/edge/oauth/agent-sign-ins.js';
import { AuthorizationCodes } from '../../../../src/edge/oauth/authorization-codes.js';
import { OAuthSecrets } from '../../../../src/edge/oauth/oauth-secrets.js';
import { createTokenId, verifyToken } from '../../../../src/link/token.js';
import { MemoryStore } from '../../../../src/store/memory.js';

const SECRETS = ['a secret of thirty-two bytes or more'];
const TTL_MS = 7 * 86_400_000;
const ORIGIN = { machine: 'laptop', user: 'ana', address: '198.51.100.1' };
const ANA: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: 'a',
  email: 'ana@acme.com',
  emailVerified: true,
  groups: [],
  groupsOmitted: false,
};

function open() {
  const clock = { ms: 1_000_000 };
  const now = () => clock.ms;
  const store = new MemoryStore({ now });
  const revoked = new Map<string, number>();
  const admitted = new Set(['ana@acme.com', 'bob@acme.com']);
  const oauth = new OAuthSecrets(SECRETS);
  const revoker = {
    revoke: async (id: string, untilMs: number) => void revoked.set(id, untilMs),
    has: (id: string) => revoked.has(id),
    isScarce: false,
  };
  const admits = ({ email }: Identity) => admitted.has(email);
  const signIns = new AgentSignIns({ store, secrets: SECRETS, oauth, ttlMs: TTL_MS, revoked: revoker, admits, now });
  const begin = (identity = ANA) => signIns.begin(createTokenId(), identity, ORIGIN);
  return { clock, now, store, revoker, revoked, admitted, oauth, signIns, begin };
}

describe('a sign-in of an agent', () => {
  it('gives an access token of its owner, with its id, for the time of the operator', async () => {
    const { signIns, begin, now } = open();
    const { accessToken, signIn, expiresInSeconds } = await begin();
    const grant = await verifyToken(SECRETS, accessToken, now);
    assert.deepEqual(grant, {
      id: signIn.id,
      owner: 'ana@acme.com',
      tunnels: ['*'],
      issuedAtMs: 1_000_000,
      expiresAtMs: 1_000_000 + TTL_MS,
    });
    assert.equal(expiresInSeconds, TTL_MS / 1000);
    assert.deepEqual(await signIns.listOf('ana@acme.com'), [signIn]);
    assert.deepEqual(await signIns.listOf('bob@acme.com'), []);
  });

  it('is refused to an account that may not', async () => {
    const { begin, signIns } = open();
    await assert.rejects(begin({ ...ANA, email: 'eve@elsewhere.test' }), { error: 'access_denied' });
    assert.deepEqual(await signIns.listOf('eve@elsewhere.test'), []);
  });

  it('exchanges its refresh token for the next pair, with the same id', async () => {
    const { clock, signIns, begin, now } = open();
    const first = await begin();
    clock.ms += 5_000;
    const second = await signIns.refresh(first.refreshToken, '203.0.113.9');
    assert.equal(second.kind, 'issued');
    assert.ok(second.kind === 'issued' && second.refreshToken !== first.refreshToken);
    assert.equal((await verifyToken(SECRETS, second.accessToken, now)).id, first.signIn.id);
    const [listed] = await signIns.listOf('ana@acme.com');
    assert.deepEqual(listed, {
      ...first.signIn,
      usedAtMs: clock.ms,
      endsAtMs: clock.ms + IDLE_MS,
      address: '203.0.113.9',
    });
  });

  it('ends with a refresh token that was used before, however long ago', async () => {
    const { signIns, begin, revoked } = open();
    const first = await begin();
    let token = first.refreshToken;
    for (let count = 0; count < 5; count++) {
      const next = await signIns.refresh(token, ORIGIN.address);
      token = next.kind === 'issued' ? next.refreshToken : assert.fail();
    }
    assert.equal((await signIns.refresh(first.refreshToken, ORIGIN.address)).kind, 'reused');
    assert.ok(revoked.has(first.signIn.id));
    assert.equal((await signIns.refresh(token, ORIGIN.address)).kind, 'refused');
    assert.deepEqual(await signIns.listOf('ana@acme.com'), []);
  });

  it('is not reported as stolen when it is ended while it is refreshed', async () => {
    const { signIns, begin, store } = open();
    const { refreshToken, signIn } = await begin();
    const put = store.put.bind(store);
    store.put = async (...args) => {
      await signIns.end(signIn);
      return put(...args);
    };
    assert.deepEqual(await signIns.refresh(refreshToken, ORIGIN.address), { kind: 'refused' });
  });

  it('ends when two requests exchange one token at once: neither is known to be the agent', async () => {
    const { signIns, begin } = open();
    const { refreshToken } = await begin();
    const both = await Promise.all([1, 2].map(() => signIns.refresh(refreshToken, ORIGIN.address)));
    assert.deepEqual(both.map(({ kind }) => kind).sort(), ['issued', 'reused']);
    const issued = both.find(({ kind }) => kind === 'issued');
    const next = issued?.kind === 'issued' ? issued.refreshToken : assert.fail();
    assert.equal((await signIns.refresh(next, ORIGIN.address)).kind, 'refused');
  });

  it('ends at the next renewal once its owner may not sign agents in any more', async () => {
    const { signIns, begin, admitted, revoked } = open();
    const { refreshToken, signIn } = await begin();
    admitted.delete('ana@acme.com');
    assert.equal((await signIns.refresh(refreshToken, ORIGIN.address)).kind, 'not-admitted');
    assert.ok(revoked.has(signIn.id));
    admitted.add('ana@acme.com');
    assert.equal((await signIns.refresh(refreshToken, ORIGIN.address)).kind, 'refused');
  });

  it('ends when it was not used for ninety days, and each use begins them again', async () => {
    const { clock, signIns, begin } = open();
    const { refreshToken } = await begin();
    clock.ms += IDLE_MS - 1;
    const next = await signIns.refresh(refreshToken, ORIGIN.address);
    assert.ok(next.kind === 'issued');
    clock.ms += IDLE_MS;
    assert.equal((await signIns.refresh(next.refreshToken, ORIGIN.address)).kind, 'refused');
  });

  it('stays revoked for longer than any token of it may live', async () => {
    const { clock, signIns, begin, revoked } = open();
    const { signIn } = await begin();
    await signIns.end(signIn);
    assert.equal(revoked.get(signIn.id), clock.ms + IDLE_MS);
  });

  it('that was not used for the longest time makes room for one too many', async () => {
    const { clock, signIns, begin } = open();
    const first = await begin();
    const second = await begin();
    clock.ms += 1;
    const kept = await signIns.refresh(first.refreshToken, ORIGIN.address);
    assert.equal(kept.kind, 'issued');
    for (let count = 2; count <= MAX_OF_ONE; count++) await begin();
    const ids = (await signIns.listOf('ana@acme.com')).map(({ id }) => id);
    assert.equal(ids.length, MAX_OF_ONE);
    assert.ok(ids.includes(first.signIn.id) && !ids.includes(second.signIn.id));
  });

  it('is one of fifty at most, however many begin at once', async () => {
    const { signIns, begin } = open();
    const begun = await Promise.allSettled(Array.from({ length: MAX_OF_ONE + 30 }, () => begin()));
    assert.ok(begun.some(({ status }) => status === 'fulfilled'));
    // Two that look at the same time may each end one more than they have to.
    assert.ok((await signIns.listOf('ana@acme.com')).length <= MAX_OF_ONE);
  });

  it('does not begin while there is room only to end others, which goes on', async () => {
    const { signIns, begin, revoker, revoked } = open();
    const { signIn } = await begin();
    revoker.isScarce = true;
    await assert.rejects(begin(), { error: 'temporarily_unavailable', status: 503 });
    await signIns.end(signIn);
    assert.ok(revoked.has(signIn.id));
  });

  it('that another release has written, or that is damaged, is none', async () => {
    const { store, signIns, begin } = open();
    const { refreshToken, signIn } = await begin();
    const [entry] = await store.list('agent-sign-in:');
    for (const value of ['', '{', 'null', '[]', '{"id":1}', '{"owner":"ana@acme.com"}']) {
      await store.put(entry?.key ?? '', value);
      assert.equal((await signIns.refresh(refreshToken, ORIGIN.address)).kind, 'refused');
      assert.equal(await signIns.find(signIn.owner, signIn.id), undefined);
      assert.deepEqual(await signIns.listOf(signIn.owner), []);
    }
  });

  it('leaves no secret in the store', async () => {
    const { store, oauth, signIns, begin, now } = open();
    const codes = new AuthorizationCodes({ store, oauth, now });
    const grant = { identity: ANA, origin: ORIGIN, redirectUri: 'http://127.0.0.1:1/', challenge: 'x'.repeat(43) };
    const code = await codes.issue(grant);
    const { accessToken, refreshToken } = await begin();
    const next = await signIns.refresh(refreshToken, ORIGIN.address);
    const entries = [...(await store.list('agent-sign-in:')), ...(await store.list('agent-code:'))];
    assert.equal(entries.length, 2);
    const text = JSON.stringify(entries);
    for (const secret of [code, accessToken, refreshToken, next.kind === 'issued' ? next.refreshToken : ''])
      assert.ok(secret !== '' && !text.includes(secret) && !text.includes(secret.slice(-43)));
  });
});

describe('a refresh token', () => {
  const oauth = new OAuthSecrets(SECRETS);
  const claims = { signIn: 'ownertag.0123456789abcdef01', generation: 12 };
  const token = oauth.sealRefreshToken(claims);

  it('has a prefix that secret scanners can find', () => assert.match(token, /^postern_rt_/));

  it('is opened by the edge that sealed it, also after its secret was rotated', () => {
    assert.deepEqual(oauth.openRefreshToken(token), claims);
    assert.deepEqual(
      new OAuthSecrets(['another secret of thirty-two bytes', ...SECRETS]).openRefreshToken(token),
      claims,
    );
  });

  it('of another edge, or changed in any character, is none', () => {
    assert.equal(new OAuthSecrets(['another secret of thirty-two bytes']).openRefreshToken(token), undefined);
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice(0, at) + (token[at] === 'a' ? 'b' : 'a') + token.slice(at + 1);
      assert.equal(oauth.openRefreshToken(changed), undefined, changed);
    }
  });

  it('is deleted even when its tokens cannot be revoked', async () => {
    const { revoked, signIns, begin } = open();
    const { signIn, refreshToken } = await begin();
    revoked.set = () => {
      throw new Error('no room');
    };
    await assert.rejects(signIns.end(signIn), /no room/);
    assert.deepEqual(await signIns.refresh(refreshToken, ORIGIN.address), { kind: 'refused' });
  });

  it('does not begin under an id that was ended meanwhile, as by a code that was presented twice', async () => {
    const { signIns, revoked } = open();
    const id = createTokenId();
    revoked.set(id, Number.POSITIVE_INFINITY);
    await assert.rejects(signIns.begin(id, ANA, ORIGIN), { error: 'invalid_grant' });
    assert.deepEqual(await signIns.listOf(ANA.email), []);
  });
});
