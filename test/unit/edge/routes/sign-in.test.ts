/** The steps of a sign-in: its provider, and which session remains when there was another one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import type { OidcProvider } from '../../../../src/auth/providers/oidc.js';
import { Providers } from '../../../../src/auth/providers/providers.js';
import { hashNonce, Nonces } from '../../../../src/auth/session/nonce.js';
import { NO_OWNER } from '../../../../src/auth/session/session.js';
import { Sessions } from '../../../../src/auth/session/sessions.js';
import { Tickets } from '../../../../src/auth/session/ticket.js';
import { Transactions } from '../../../../src/auth/session/transaction.js';
import { readBaseAddress, tunnelHost, tunnelOrigin } from '../../../../src/core/hostname.js';
import { Observer } from '../../../../src/edge/ops/observer.js';
import type { AttemptLimit } from '../../../../src/edge/request/attempts.js';
import { SignIn } from '../../../../src/edge/routes/sign-in.js';
import { SignInFailure } from '../../../../src/edge/routes/sign-in-failure.js';
import type { VisitLimit } from '../../../../src/edge/routes/visit-limit.js';
import { PosternError } from '../../../../src/errors.js';
import { remembered } from '../../../support/remembered.js';
import { requestOf } from '../visits.js';

const BASE = readBaseAddress('http://localhost:8080') ?? assert.fail();
const ANA: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: 'a',
  email: 'ana@acme.com',
  emailVerified: true,
  groups: [],
  groupsOmitted: false,
};
const BEN: Identity = { ...ANA, subject: 'b', email: 'ben@acme.com' };
/** An account of another provider with the same `sub` as Ana's. */
const CAT: Identity = { ...ANA, issuer: 'https://id.other.com', email: 'cat@other.com' };
const HOUR_MS = 3_600_000;

function signingIn({ isAdmitted = true } = {}) {
  let nowMs = 1_700_000_000_000;
  let state = '';
  let identity = ANA;
  let owner = 'tag';
  let asked: ReadonlySet<string> = new Set();
  const clock = { now: () => nowMs };
  const issuers = [ANA.issuer, CAT.issuer];
  const common = {
    secrets: ['a secret of thirty-two bytes or more'],
    issuers,
    ...remembered(clock),
    secure: false,
  };
  const times = { ttlMs: HOUR_MS, idleMs: HOUR_MS };
  const sessions = new Sessions({ ...common, ...clock, ...times, groupsAskedFor: () => asked });
  const nonces = new Nonces(common.secrets);
  const asks: string[] = [];
  const provider = (id: string, { issuer }: Identity) =>
    ({
      ...{
        id,
        issuer,
        label: id,
        domains: id === 'other' ? ['other.com'] : [],
        groups: id === 'other' ? ['other'] : [],
        callbackPath: `/oauth2/callback/${id}`,
      },
      begin: async (fields: { readonly state: string }) => {
        asks.push(`begin ${id}`);
        state = fields.state;
        return `${issuer}/authorize`;
      },
      finish: async () => {
        asks.push(`finish ${id}`);
        return identity;
      },
    }) as unknown as OidcProvider;
  const lastAsked = () => asks.at(-1)?.split(' ')[1] ?? assert.fail('no sign-in has begun');
  const providers = { acme: provider('acme', ANA), other: provider('other', CAT) };
  const tickets = new Tickets({ ...common, ...clock });
  const room = { isScarce: false };
  const counts = new Map<string, number>();
  const limit = {
    count: async (account: string) => {
      counts.set(account, (counts.get(account) ?? 0) + 1);
      if ((counts.get(account) ?? 0) > 3) throw new PosternError('ERR_RATE_LIMITED');
    },
  } as unknown as AttemptLimit;
  const signIn = new SignIn({
    base: BASE,
    providers: new Providers([providers.acme, providers.other]),
    sessions,
    tickets,
    transactions: new Transactions({ ...common, ...clock }),
    starts: { count: async () => {} } as unknown as VisitLimit,
    completions: { count: async () => {} } as unknown as AttemptLimit,
    accounts: limit,
    ended: room,
    checkStore: () => {},
    observer: new Observer([]),
    domainHint: undefined,
    isAdmitted: () => isAdmitted,
    nonces,
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
    asks,
    start: async (provider = 'acme', cookie = '') => {
      const fields = { returnTo: '/', nonceProof: undefined, account: 'current', provider } as const;
      return begun(await signIn.start(arrived('/oauth2/start', cookie), fields));
    },
    /** A start that names no provider. */
    startAnywhere: (cookie: string, account: 'current' | 'other' = 'current', isAgain = false) =>
      signIn.start(arrived('/oauth2/start', cookie), {
        ...{ returnTo: '/a?b=c', nonceProof: undefined, account, provider: undefined, isAgain },
      }),
    startFor: async (name: string, cookie: string, account: 'current' | 'other' = 'current', provider?: string) => {
      const host = tunnelHost(BASE, name);
      const nonceProof = nonces.prove(nonces.issue(host), host);
      const fields = { returnTo: `${tunnelOrigin(BASE, name)}/`, nonceProof, account, provider };
      return begun(await signIn.start(arrived('/oauth2/start', cookie), fields));
    },
    startWithoutNonce: async (name: string, provider: string) => {
      const fields = {
        returnTo: `${tunnelOrigin(BASE, name)}/`,
        nonceProof: undefined,
        account: 'other',
        provider,
      } as const;
      return begun(await signIn.start(arrived('/oauth2/start', ''), fields));
    },
    leave: (provider: string) =>
      signIn.redirectToBase(arrived('/.postern/session', ''), 'demo', '/', { account: 'current', provider }),
    /** Nothing but the room for sign-outs is left. */
    fill: () => {
      room.isScarce = true;
    },
    /** The operator removes a provider from the configuration. */
    remove: (id: string) => Object.assign(providers[id as keyof typeof providers], { id: 'removed' }),
    passOn: (to: string) => {
      owner = to;
    },
    /** Redeems a ticket on a tunnel's host, in a browser with a cookie there. */
    redeem: async (name: string, cookie: string) => {
      const host = tunnelHost(BASE, name);
      const nonce = nonces.issue(host);
      const fields = { host, identity, sessionId: 'id', signedInAtMs: nowMs, path: '/', nonceHash: hashNonce(nonce) };
      const request = arrived('/.postern/session', `postern-nonce=${nonce}; ${cookie}`);
      return signIn.redeem(request, name, { text: await tickets.issue(fields), isWelcome: true });
    },
    read: async (cookie: string) => (await sessions.read(cookie, BASE.host)) ?? assert.fail('no session'),
    finish: (cookie: string, at = lastAsked()) =>
      signIn.completeCallback(arrived(`/oauth2/callback/${at}?code=x&state=${state}`, cookie)),
    /** Finishes the last sign-in so far, also if others are started before that. */
    finishOf: (transaction: string) => {
      const url = `/oauth2/callback/${lastAsked()}?code=x&state=${state}`;
      return (session: string) => signIn.completeCallback(arrived(url, `${transaction}; ${session}`));
    },
    session: async (identity: Identity) =>
      pair((await sessions.create({ identity, host: BASE.host, admitted: false })).cookie),
    isLive: async (cookie: string) => (await sessions.read(cookie, BASE.host)) !== undefined,
  };
}

function begun(next: Awaited<ReturnType<SignIn['start']>>): Exclude<typeof next, { kind: 'choice' }> {
  return next.kind === 'choice' ? assert.fail('the visitor has to choose') : next;
}

const pair = (line: string | undefined) => (line ?? '').split(';', 1)[0] as string;

const arrived = (path: string, cookie: string) =>
  requestOf({ base: BASE, host: 'localhost:8080', path, header: { cookie } });

describe('a sign-in over another session in this browser', () => {
  for (const [whose, identity, when, isKept] of [
    ['the same visitor', ANA, 'before it', false],
    ['the same visitor', ANA, 'while it is under way', true],
    ['another visitor', BEN, 'before it', false],
    ['another visitor', BEN, 'while it is under way', false],
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

describe('a sign-in that may have to be ended', () => {
  test('is counted for its account, and refused past the limit', async () => {
    const visit = signingIn();
    for (let at = 0; at < 3; at++) await visit.finish(pair((await visit.start()).cookies[0]));
    const { cookies } = await visit.start();
    await assert.rejects(visit.finish(pair(cookies[0])), { code: 'ERR_RATE_LIMITED' });
    visit.signsIn(BEN);
    await visit.finish(pair((await visit.start()).cookies[0]));
  });

  test('does not begin while nothing but the room for sign-outs is left', async () => {
    const visit = signingIn();
    const { cookies } = await visit.start();
    visit.fill();
    await assert.rejects(visit.finish(pair(cookies[0])), { code: 'ERR_STORE_UNAVAILABLE' });
  });
});

test('B24 a sign-in ends the session of an account of another provider that has the same `sub`', async () => {
  const visit = signingIn();
  const { cookies } = await visit.start();
  visit.pass();
  const former = await visit.session(CAT);
  await visit.finish(`${pair(cookies[0])}; ${former}`);
  assert.equal(await visit.isLive(former), false);
});

describe('the provider of a sign-in', () => {
  test('B23 is the one that its start names, and no other finishes it', async () => {
    for (const id of ['acme', 'other']) {
      const visit = signingIn();
      if (id === 'other') visit.signsIn({ ...CAT, email: 'cat@other.com' });
      const { cookies } = await visit.start(id);
      await visit.finish(pair(cookies[0]));
      assert.deepEqual(visit.asks, [`begin ${id}`, `finish ${id}`]);
    }
  });

  test('B23 is chosen by the visitor where its start names none, and remembered until they ask for another account', async () => {
    const visit = signingIn();
    const choice = await visit.startAnywhere('');
    assert.ok(choice.kind === 'choice');
    const [, list] = choice.page.blocks;
    assert.ok(list?.kind === 'list');
    assert.deepEqual(
      list.items.map(({ href }) => href),
      ['acme', 'other'].map((id) => `/oauth2/start?rd=%2Fa%3Fb%3Dc&provider=${id}`),
    );
    assert.deepEqual(visit.asks, []);
    visit.signsIn({ ...CAT, email: 'cat@other.com' });
    const { cookies } = await visit.start('other');
    const after = await visit.finish(pair(cookies[0]));
    const remembered = pair(after.cookies.find((line) => line.startsWith('postern-provider=')));
    assert.equal(remembered, 'postern-provider=other');
    assert.equal((await visit.startAnywhere(remembered)).kind, 'redirect');
    assert.equal((await visit.startAnywhere(remembered, 'other')).kind, 'choice');
    assert.equal((await visit.startAnywhere('postern-provider=gone')).kind, 'choice');
    assert.deepEqual(visit.asks, ['begin other', 'finish other', 'begin other']);
  });

  test('B25 has a redirect URI of its own: a response that arrives at that of another is not taken to either', async () => {
    const visit = signingIn();
    const { cookies } = await visit.start('other');
    await assert.rejects(visit.finish(pair(cookies[0]), 'acme'), (error: Error) => {
      assert.ok(error instanceof SignInFailure);
      return (error.cause as PosternError).code === 'ERR_LOGIN_FAILED';
    });
    assert.deepEqual(visit.asks, ['begin other']);
  });

  test('B26 must be one that is named for the domain of the address, where some are', async () => {
    for (const [id, email, isRefused] of [
      ['acme', 'ana@other.com', true],
      ['other', 'ana@other.com', false],
      ['acme', 'ana@sub.other.com', false],
    ] as const) {
      const visit = signingIn();
      visit.signsIn({ ...ANA, email });
      const { cookies } = await visit.start(id);
      const finished = visit.finish(pair(cookies[0]));
      if (!isRefused) await finished;
      else
        await assert.rejects(finished, (error: Error) => {
          assert.ok(error instanceof SignInFailure);
          assert.match((error.cause as PosternError).text, /only when you sign in with other\./);
          return true;
        });
    }
  });

  test('B23 is refused in words when it is unknown, on the way through a tunnel’s host too', async () => {
    const visit = signingIn();
    for (const unknown of ['', 'ACME', 'https://id.acme.com', '__proto__', 'x'.repeat(1000)]) {
      const refused = { code: 'ERR_BAD_REQUEST', text: /names an identity provider/ };
      await assert.rejects(visit.start(unknown), refused);
      await assert.rejects(visit.startWithoutNonce('demo', unknown), refused);
    }
    assert.deepEqual(visit.asks, []);
  });

  test('B23 stays the same on the way through a tunnel’s host', async () => {
    const visit = signingIn();
    const { location } = await visit.startWithoutNonce('demo', 'other');
    assert.match(location, /\.localhost:8080\/\.postern\/session\?rd=\/&switch=account&provider=other$/);
    assert.match(visit.leave('a&b').location, /&provider=a%26b$/);
  });

  test('B23 may be gone by the time the visitor comes back: then the sign-in fails, with a way to try again', async () => {
    const visit = signingIn();
    const { cookies } = await visit.start('other');
    visit.remove('other');
    await assert.rejects(visit.finish(pair(cookies[0])), (error: Error) => {
      assert.ok(error instanceof SignInFailure);
      assert.equal((error.cause as PosternError).code, 'ERR_LOGIN_FAILED');
      return true;
    });
    assert.deepEqual(visit.asks, ['begin other']);
  });

  test('B23 is the one that is named although there is a session of another', async () => {
    const visit = signingIn();
    const session = await visit.session(ANA);
    assert.equal((await visit.startFor('demo', session, 'current', 'acme')).kind, 'hand-off');
    assert.equal((await visit.startFor('demo', session, 'current', 'other')).kind, 'departure');
    assert.deepEqual(visit.asks, ['begin other']);
  });

  test('W2 is that of the session where its person signs in again, and the session goes on', async () => {
    const visit = signingIn();
    visit.signsIn(CAT);
    const session = await visit.session(CAT);
    const { id } = await visit.read(session);
    assert.deepEqual((await visit.startAnywhere(session)).kind, 'redirect');
    assert.deepEqual(visit.asks, []);
    visit.pass();
    const { cookies } = begun(await visit.startAnywhere(session, 'current', true));
    const after = await visit.finish(`${pair(cookies[0])}; ${session}`);
    assert.deepEqual(visit.asks, ['begin other', 'finish other']);
    assert.deepEqual([(await visit.read(pair(after.cookies.at(-1)))).id, await visit.isLive(session)], [id, true]);
  });

  test('B23 is that of the session when it is for groups that the session lacks', async () => {
    const visit = signingIn({ isAdmitted: false });
    const groups = Array.from({ length: 500 }, (_, at) => `group-${at}`);
    const session = await visit.session({ ...CAT, groups });
    visit.nameGroup('group-499');
    await visit.startFor('demo', session);
    assert.deepEqual(visit.asks, ['begin other']);
  });
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

describe('a session that lacks groups which rules name now', () => {
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

  test('continues under its id and no longer than before, with the groups', async () => {
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
    const { cookies } = await visit.startFor('demo', former, 'other', 'acme');
    const after = await visit.finish(`${pair(cookies[0])}; ${former}`);
    assert.equal(await visit.isLive(former), false);
    assert.notEqual((await visit.read(pair(after.cookies.at(-1)))).id, id);
  });

  test('is not continued by a sign-in that was started for another', async () => {
    const { visit, former } = await signedIn({ isAdmitted: false });
    visit.nameGroup('group-499');
    const { cookies } = await visit.startFor('demo', former);
    const other = await visit.session(MEMBER);
    visit.nameGroup('group-498');
    const after = await visit.finish(`${pair(cookies[0])}; ${other}`);
    assert.notEqual((await visit.read(pair(after.cookies.at(-1)))).id, (await visit.read(former)).id);
    assert.equal(await visit.isLive(other), false);
  });

  test('continues in two tabs at once', async () => {
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

  test('ends when another visitor signs in', async () => {
    const { visit, former } = await signedIn({ isAdmitted: false });
    visit.nameGroup('group-499');
    visit.signsIn(BEN);
    const { cookies } = await visit.startFor('demo', former);
    const after = await visit.finish(`${pair(cookies[0])}; ${former}`);
    assert.equal(await visit.isLive(former), false);
    assert.equal((await visit.read(pair(after.cookies.at(-1)))).identity.subject, BEN.subject);
  });
});
