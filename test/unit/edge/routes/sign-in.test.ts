/** Whose session is left when somebody signs in over another one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import type { OidcProvider } from '../../../../src/auth/providers/oidc.js';
import { hashNonce, Nonces } from '../../../../src/auth/session/nonce.js';
import { NO_OWNER } from '../../../../src/auth/session/sealed-session.js';
import { Sessions } from '../../../../src/auth/session/sessions.js';
import { SignOutReferences } from '../../../../src/auth/session/sign-out-reference.js';
import { Tickets } from '../../../../src/auth/session/ticket.js';
import { Transactions } from '../../../../src/auth/session/transaction.js';
import { readBaseAddress, tunnelHost, tunnelOrigin } from '../../../../src/core/hostname.js';
import type { Observer } from '../../../../src/edge/ops/observer.js';
import type { AttemptLimit } from '../../../../src/edge/request/limits.js';
import { SignIn } from '../../../../src/edge/routes/sign-in.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { requestOf } from '../visits.js';

const BASE = readBaseAddress('http://localhost:8080') ?? assert.fail();
const ANA: Identity = { subject: 'a', email: 'ana@acme.com', emailVerified: true, groups: [], groupsOmitted: false };
const BEN: Identity = { ...ANA, subject: 'b', email: 'ben@acme.com' };
const HOUR_MS = 3_600_000;

function signingIn({ isAdmitted = true } = {}) {
  let nowMs = 1_700_000_000_000;
  let state = '';
  let identity = ANA;
  let owner = 'tag';
  let asked: ReadonlySet<string> = new Set();
  const clock = { now: () => nowMs };
  const common = { secrets: ['a secret of thirty-two bytes or more'], store: new MemoryStore(clock), secure: false };
  const times = { ttlMs: HOUR_MS, idleMs: HOUR_MS };
  const sessions = new Sessions({ ...common, ...clock, ...times, groupsAskedFor: () => asked });
  const nonces = new Nonces(common.secrets);
  const provider = {
    begin: async (fields: { readonly state: string }) => {
      state = fields.state;
      return 'https://provider.test/';
    },
    finish: async () => identity,
  };
  const tickets = new Tickets({ ...common, ...clock });
  const signIn = new SignIn({
    base: BASE,
    provider: provider as unknown as OidcProvider,
    sessions,
    tickets,
    transactions: new Transactions({ ...common, ...clock }),
    limit: { count: async () => {} } as unknown as AttemptLimit,
    observer: { signedIn: () => {}, signedOut: () => {} } as unknown as Observer,
    domainHint: undefined,
    isAdmitted: () => isAdmitted,
    nonces,
    references: new SignOutReferences(common.secrets),
    ownerOf: () => owner,
  });
  return {
    pass: () => {
      nowMs += 1_000;
    },
    nameGroup: (group: string) => {
      asked = new Set([group]);
    },
    signsIn: (who: Identity) => {
      identity = who;
    },
    start: () =>
      signIn.start(arrived('/oauth2/start', ''), { returnTo: '/', nonceProof: undefined, account: 'current' }),
    startFor: (name: string, cookie: string, account: 'current' | 'other' = 'current') => {
      const host = tunnelHost(BASE, name);
      const nonceProof = nonces.prove(nonces.issue(host), host);
      const fields = { returnTo: `${tunnelOrigin(BASE, name)}/`, nonceProof, account };
      return signIn.start(arrived('/oauth2/start', cookie), fields);
    },
    passOn: (to: string) => {
      owner = to;
    },
    /** Brings a ticket to a tunnel's host, in a browser with a cookie there. */
    redeem: async (name: string, cookie: string) => {
      const host = tunnelHost(BASE, name);
      const nonce = nonces.issue(host);
      const fields = { host, identity, sessionId: 'id', signedInAtMs: nowMs, path: '/', nonceHash: hashNonce(nonce) };
      const request = arrived('/.postern/session', `postern-nonce=${nonce}; ${cookie}`);
      return signIn.redeem(request, name, { text: await tickets.issue(fields), isWelcome: true });
    },
    read: async (cookie: string) => (await sessions.read(cookie, BASE.host)) ?? assert.fail('no session'),
    finish: (cookie: string) => signIn.finish(arrived(`/oauth2/callback?code=x&state=${state}`, cookie)),
    /** Finishes the sign-in that was started last, whatever is started until then. */
    finishOf: (transaction: string) => {
      const url = `/oauth2/callback?code=x&state=${state}`;
      return (session: string) => signIn.finish(arrived(url, `${transaction}; ${session}`));
    },
    session: async (identity: Identity) =>
      pair((await sessions.create({ identity, host: BASE.host, admitted: false })).cookie),
    isLive: async (cookie: string) => (await sessions.read(cookie, BASE.host)) !== undefined,
  };
}

const pair = (line: string | undefined) => (line ?? '').split(';', 1)[0] as string;

const arrived = (path: string, cookie: string) =>
  requestOf({ base: BASE, host: 'localhost:8080', path, header: { cookie } });

describe('a sign-in over another session in this browser', () => {
  for (const [whose, identity, when, isKept] of [
    ['the same visitor', ANA, 'before it', false],
    ['the same visitor', ANA, 'while it is under way', true],
    ['somebody else', BEN, 'before it', false],
    ['somebody else', BEN, 'while it is under way', false],
  ] as const) {
    test(`of ${whose}, made ${when}, ${isKept ? 'leaves' : 'ends'} it`, async () => {
      const visit = signingIn();
      const early = when === 'before it' ? await visit.session(identity) : undefined;
      visit.pass();
      const { cookies } = await visit.start();
      visit.pass();
      const former = early ?? (await visit.session(identity));
      const after = await visit.finish(`${pair(cookies[0])}; ${former}`);
      assert.equal(await visit.isLive(former), isKept);
      assert.ok(await visit.isLive(pair(after.cookies.at(-1))), 'the new one counts');
    });
  }
});

describe('a sign-in over a session of a tunnel', () => {
  for (const [what, isAdmitted, from, to, is] of [
    ['of the former owner says so', true, 'of another', 'tag', true],
    ['of the same owner does not say that it was of another', true, 'tag', 'tag', false],
    ['of nobody does not', true, NO_OWNER, 'tag', false],
    ['does not tell whoever is denied that the name is somebody’s', false, 'of another', 'tag', false],
    ['nor that it is nobody’s', false, 'of another', NO_OWNER, false],
  ] as const) {
    test(what, async () => {
      const visit = signingIn({ isAdmitted });
      visit.passOn(from);
      const first = await visit.redeem('demo', '');
      assert.equal(first.isPassedOn, false);
      visit.passOn(to);
      visit.signsIn(BEN);
      assert.equal((await visit.redeem('demo', pair(first.cookies[0]))).isPassedOn, is);
    });
  }
});

describe('a session that has lost groups which rules name by now', () => {
  const MEMBER: Identity = { ...ANA, groups: Array.from({ length: 500 }, (_, at) => `group-${at}`) };

  async function signedIn(options: { isAdmitted: boolean }) {
    const visit = signingIn(options);
    visit.signsIn(MEMBER);
    const former = await visit.session(MEMBER);
    return { visit, former };
  }

  for (const [what, isAdmitted, renamed, kind] of [
    ['goes to the provider where it is not enough', false, true, 'departure'],
    ['is enough where it is let in without', true, true, 'hand-off'],
    ['is enough while rules name the same groups', false, false, 'hand-off'],
  ] as const) {
    test(what, async () => {
      const { visit, former } = await signedIn({ isAdmitted });
      if (renamed) visit.nameGroup('group-499');
      assert.equal((await visit.startFor('demo', former)).kind, kind);
    });
  }

  test('goes on under its id and no longer than before, with the groups', async () => {
    const { visit, former } = await signedIn({ isAdmitted: false });
    const { id, signedInAtMs } = await visit.read(former);
    visit.nameGroup('group-499');
    visit.pass();
    const { cookies } = await visit.startFor('demo', former);
    const after = await visit.finish(`${pair(cookies[0])}; ${former}`);
    const session = await visit.read(pair(after.cookies.at(-1)));
    assert.deepEqual([session.id, session.signedInAtMs], [id, signedInAtMs]);
    assert.ok(session.identity.groups.includes('group-499'));
    assert.ok(await visit.isLive(former), 'nothing that hangs on the sign-in has ended');
  });

  test('ends when the same visitor asks to sign in, as any other does', async () => {
    const { visit, former } = await signedIn({ isAdmitted: false });
    const { id } = await visit.read(former);
    visit.nameGroup('group-499');
    visit.pass();
    const { cookies } = await visit.startFor('demo', former, 'other');
    const after = await visit.finish(`${pair(cookies[0])}; ${former}`);
    assert.equal(await visit.isLive(former), false);
    assert.notEqual((await visit.read(pair(after.cookies.at(-1)))).id, id);
  });

  test('is not gone on with by a sign-in that was begun for another', async () => {
    const { visit, former } = await signedIn({ isAdmitted: false });
    visit.nameGroup('group-499');
    const { cookies } = await visit.startFor('demo', former);
    const other = await visit.session(MEMBER);
    visit.nameGroup('group-498');
    const after = await visit.finish(`${pair(cookies[0])}; ${other}`);
    assert.notEqual((await visit.read(pair(after.cookies.at(-1)))).id, (await visit.read(former)).id);
    assert.equal(await visit.isLive(other), false);
  });

  test('goes on in two tabs at once', async () => {
    const { visit, former } = await signedIn({ isAdmitted: false });
    const { id } = await visit.read(former);
    visit.nameGroup('group-499');
    const first = await visit.startFor('demo', former);
    const finishFirst = visit.finishOf(pair(first.cookies[0]));
    const second = await visit.startFor('demo', former);
    const finishSecond = visit.finishOf(pair(second.cookies[0]));
    const between = pair((await finishFirst(former)).cookies.at(-1));
    const after = pair((await finishSecond(between)).cookies.at(-1));
    assert.deepEqual([(await visit.read(between)).id, (await visit.read(after)).id], [id, id]);
  });

  test('ends when somebody else signs in', async () => {
    const { visit, former } = await signedIn({ isAdmitted: false });
    visit.nameGroup('group-499');
    visit.signsIn(BEN);
    const { cookies } = await visit.startFor('demo', former);
    const after = await visit.finish(`${pair(cookies[0])}; ${former}`);
    assert.equal(await visit.isLive(former), false);
    assert.equal((await visit.read(pair(after.cookies.at(-1)))).identity.subject, BEN.subject);
  });
});
