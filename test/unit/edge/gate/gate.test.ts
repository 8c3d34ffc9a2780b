/** The gate: what it checks, in which order, and that nothing but an explicit rule admits a request. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import type { Policy } from '../../../../src/auth/identity/policy.js';
import type { Session } from '../../../../src/auth/session/session.js';
import { NO_OWNER } from '../../../../src/auth/session/session.js';
import type { Sessions } from '../../../../src/auth/session/sessions.js';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import { parseRule } from '../../../../src/core/rule.js';
import { createGate, type Verdict } from '../../../../src/edge/gate/gate.js';
import { NEW_OWNER } from '../../../../src/edge/gate/refusal.js';
import type { Registry, Tunnel } from '../../../../src/edge/gate/registry.js';
import { ConnectionCache } from '../../../../src/edge/request/connection-cache.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { requestOf, type Written } from '../visits.js';

const BASE = readBaseAddress('https://tunnel.test') ?? assert.fail();
const HOST = 'demo.tunnel.test';
const OWN = `https://${HOST}`;
const NAMED = 'https://web.acme.com';
const SIBLING = 'https://other.tunnel.test';
const NOW_MS = 1_790_000_000_000;

const ana: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: 'a',
  email: 'ana@acme.com',
  emailVerified: true,
  groups: [],
  groupsOmitted: false,
};
const eve: Identity = { ...ana, subject: 'e', email: 'eve@elsewhere.test' };

const rules = (...words: string[]) => words.map((word) => parseRule(word) ?? assert.fail(word));

function sessionOf(identity: Identity, more: Partial<Session> = {}): Session {
  const times = { signedInAtMs: NOW_MS, seenAtMs: NOW_MS };
  return { id: 'id', identity, host: HOST, ...times, admitted: false, owner: 'tag', ...more };
}

const withoutOwner = ({ owner: _, ...session }: Session): Session => session;

interface Setting {
  readonly allow?: readonly string[];
  readonly policy?: Partial<Policy>;
  /** The session in the request's cookie, or a function that reads it. */
  readonly session?: Session | (() => ReturnType<Sessions['read']>);
  readonly link?: 'up' | 'draining' | 'none';
  readonly tunnel?: 'there' | 'unknown';
  readonly ceiling?: readonly string[];
  readonly knowsGroups?: boolean;
  readonly registry?: Partial<Registry>;
  /** The tunnel is a resource of OAuth, and this is what a token of a client is worth. */
  readonly client?: Session | 'ended' | 'unknown';
}

function setUp({ allow = ['@acme.com'], policy = {}, session, link = 'up', ...more }: Setting = {}) {
  const seen = { reads: 0 };
  const ended = AbortSignal.abort();
  const outbound = { draining: link === 'draining' ? ended : new AbortController().signal } as OutboundLink;
  const ceiling = more.ceiling && rules(...more.ceiling);
  const tunnel = {
    name: 'demo',
    host: HOST,
    origin: OWN,
    policy: {
      ceiling,
      rules: rules(...allow),
      owner: 'dev@acme.com',
      publicPermitted: true,
      ...policy,
    },
    ownerTag: 'tag',
    origins: [NAMED],
    frameOrigins: [],
    framing: '',
    agentId: 'agent-0123456789abcdef',
    link: link === 'none' ? undefined : outbound,
    terms: more.client === undefined ? undefined : { oauthResource: true },
  } satisfies Tunnel;
  const sessions = {
    nowMs: () => NOW_MS,
    read: () => {
      seen.reads += 1;
      return typeof session === 'function' ? session() : session;
    },
    knowsGroups: () => more.knowsGroups ?? true,
    cookieName: '__Host-postern-session',
  } as unknown as Sessions;
  const registry = {
    find: () => (more.tunnel === 'unknown' ? undefined : tunnel),
    ...more.registry,
  } as Registry;
  const clientTokens = { sessionOf: () => (more.client === 'unknown' ? undefined : more.client) };
  const accessTokens = { nameOf: () => undefined };
  const gate = createGate({ base: BASE, sessions, registry, ceiling, accessTokens, clientTokens });
  const judge = (written: Written = {}) => gate(requestOf({ base: BASE, host: HOST, ...written }));
  return { judge, seen, tunnel, link: outbound };
}

const foreign: Written = {
  method: 'POST',
  header: { origin: SIBLING, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
};
const preflight: Written = { method: 'OPTIONS', header: { origin: NAMED, 'access-control-request-method': 'PUT' } };
const posted: Written = {
  method: 'POST',
  header: {
    origin: NAMED,
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  },
};

/** A verdict as one line. */
async function outcome(verdict: ReturnType<ReturnType<typeof setUp>['judge']>): Promise<string> {
  const said: Verdict = await verdict;
  if (said.kind === 'preflight' || said.kind === 'resource-metadata') return said.kind;
  if (said.kind === 'refuse') return `${said.code} ${said.reason}`;
  return `forward ${said.rule} ${said.session?.identity.email ?? 'nobody'}`;
}

describe('the gate', () => {
  for (const [what, setting, says] of [
    ['nobody', {}, 'ERR_LOGIN_REQUIRED no-identity'],
    ['a visitor whom a rule allows', { session: sessionOf(ana) }, 'forward @acme.com ana@acme.com'],
    ['a visitor whom none allows', { session: sessionOf(eve) }, 'ERR_ACCESS_DENIED no-rule'],
    [
      'a visitor whom the ceiling bounds',
      { session: sessionOf(ana), ceiling: ['@b.com'] },
      'ERR_ACCESS_DENIED ceiling',
    ],
    [
      'the owner, where no rule says anything',
      { allow: [], session: sessionOf({ ...ana, email: 'dev@acme.com' }) },
      'forward owner dev@acme.com',
    ],
    ['a visitor, and the link drains', { session: sessionOf(ana), link: 'draining' }, 'ERR_TUNNEL_OFFLINE offline'],
    ['a visitor, and no agent is there', { session: sessionOf(ana), link: 'none' }, 'ERR_TUNNEL_OFFLINE offline'],
    ['a stranger, and no agent is there', { session: sessionOf(eve), link: 'none' }, 'ERR_ACCESS_DENIED no-rule'],
    ['nobody, and no agent is there', { link: 'none' }, 'ERR_LOGIN_REQUIRED no-identity'],
    ['nobody, where everybody may', { allow: ['public'] }, 'forward public nobody'],
    ['a stranger, where everybody may', { allow: ['public'], session: sessionOf(eve) }, 'forward public nobody'],
    [
      'a visitor whom a rule allows, where everybody may',
      { allow: ['public', '@acme.com'], session: sessionOf(ana) },
      'forward @acme.com ana@acme.com',
    ],
    [
      'nobody, where everybody might and the operator permits it not',
      { allow: ['public'], policy: { publicPermitted: false } },
      'ERR_LOGIN_REQUIRED no-identity',
    ],
    [
      'a session of the name’s former owner',
      { session: sessionOf(ana, { owner: 'other' }) },
      `ERR_LOGIN_REQUIRED ${NEW_OWNER}`,
    ],
    [
      'a session of the name’s former owner, where everybody may',
      { allow: ['public'], session: sessionOf(ana, { owner: 'other' }) },
      'forward public nobody',
    ],
    [
      'a session that was made when nobody had the name',
      { session: sessionOf(ana, { owner: NO_OWNER }) },
      'ERR_LOGIN_REQUIRED no-identity',
    ],
    ...['other', NO_OWNER, '', undefined].map(
      (owner) =>
        [
          `a visitor whom none allows, with a session of another owner (${owner})`,
          { session: { ...withoutOwner(sessionOf(eve)), ...(owner !== undefined && { owner }) } },
          'ERR_ACCESS_DENIED no-rule',
        ] as const,
    ),
    [
      'the same, with groups left out for other rules',
      { session: sessionOf(eve, { owner: NO_OWNER }), knowsGroups: false },
      'ERR_LOGIN_REQUIRED no-rule',
    ],
    [
      'a visitor whom the name’s former owner let in, and this one does not',
      { session: sessionOf(eve, { owner: 'other', admitted: true }) },
      `ERR_LOGIN_REQUIRED ${NEW_OWNER}`,
    ],
    [
      'a session of an earlier release, of nobody',
      { session: sessionOf(ana, { owner: '', admitted: true }) },
      'ERR_LOGIN_REQUIRED no-identity',
    ],
    [
      'a session that was made when nobody had the name, where everybody may',
      { allow: ['public'], session: sessionOf(ana, { owner: NO_OWNER }) },
      'forward public nobody',
    ],
    [
      'a visitor whom none allows and whose groups were left out for other rules',
      { session: sessionOf(eve), knowsGroups: false },
      'ERR_LOGIN_REQUIRED no-rule',
    ],
    [
      'a visitor whom a rule allows, whatever groups are missing',
      { session: sessionOf(ana), knowsGroups: false },
      'forward @acme.com ana@acme.com',
    ],
  ] as const satisfies readonly (readonly [string, Setting, string])[]) {
    it(`says of ${what}: ${says}`, async () => assert.equal(await outcome(setUp(setting).judge()), says));
  }

  for (const [what, setting, says] of [
    ['nobody', {}, 'ERR_LOGIN_REQUIRED no-identity'],
    ['a visitor', { session: sessionOf(ana) }, 'ERR_ACCESS_DENIED unknown'],
    ['a visitor who was let in before', { session: sessionOf(ana, { admitted: true }) }, 'ERR_TUNNEL_OFFLINE unknown'],
    ['one of the operator’s own', { session: sessionOf(ana), ceiling: ['@acme.com'] }, 'ERR_TUNNEL_OFFLINE unknown'],
    ['one of everybody', { session: sessionOf(ana), ceiling: ['*'] }, 'ERR_ACCESS_DENIED unknown'],
    [
      'a visitor whose groups were left out for other rules',
      { session: sessionOf(ana), knowsGroups: false },
      'ERR_LOGIN_REQUIRED unknown',
    ],
  ] as const satisfies readonly (readonly [string, Setting, string])[]) {
    it(`says of ${what}, for a name that it does not know: ${says}`, async () => {
      assert.equal(await outcome(setUp({ ...setting, tunnel: 'unknown' }).judge()), says);
    });
  }

  it('returns what it has decided: tunnel, link, session and time', async () => {
    const session = sessionOf(ana);
    const { judge, tunnel, link } = setUp({ session });
    const { kind, ...verdict } = (await judge()) as Extract<Verdict, { kind: 'forward' }>;
    assert.equal(kind, 'forward');
    assert.deepEqual(verdict, { tunnel, link, rule: '@acme.com', session, judgedAtMs: NOW_MS });
  });

  it('decides synchronously with a cached session, and later when it has to be opened', async () => {
    const session = sessionOf(ana);
    assert.equal(setUp({ session }).judge() instanceof Promise, false);
    const opened = setUp({ session: () => Promise.resolve(session) }).judge();
    assert.ok(opened instanceof Promise);
    assert.equal(await outcome(opened), 'forward @acme.com ana@acme.com');
  });
});

describe('the gate and a request that a foreign page has caused', () => {
  for (const [what, request, says] of [
    ['a foreign page', foreign, 'ERR_CROSS_SITE cross-site'],
    ['the question of a named page', preflight, 'preflight'],
  ] as const) {
    it(`never reads the session: ${what}`, async () => {
      for (const setting of [
        {},
        { session: sessionOf(ana) },
        { session: () => assert.fail('the session was read') },
        { link: 'none' },
        { tunnel: 'unknown' },
      ] as const satisfies readonly Setting[]) {
        const { judge, seen } = setUp(setting);
        const expected = 'tunnel' in setting && what !== 'a foreign page' ? 'ERR_CROSS_SITE cross-site' : says;
        assert.equal(await outcome(judge(request)), expected);
        assert.equal(seen.reads, 0);
      }
    });

    it(`admits it to a public tunnel, anonymously: ${what}`, async () => {
      const { judge, seen } = setUp({ allow: ['public', '@acme.com'], session: sessionOf(ana) });
      assert.equal(await outcome(judge(request)), 'forward public nobody');
      assert.equal(seen.reads, 0);
    });
  }

  it('marks a form of a permitted page only if no session came with it', async () => {
    const without = (await setUp().judge(posted)) as Extract<Verdict, { kind: 'refuse' }>;
    assert.deepEqual([without.code, without.isPosted], ['ERR_LOGIN_REQUIRED', true]);
    const denied = (await setUp({ session: sessionOf(eve) }).judge(posted)) as Extract<Verdict, { kind: 'refuse' }>;
    assert.deepEqual([denied.code, denied.isPosted], ['ERR_ACCESS_DENIED', undefined]);
    assert.equal(await outcome(setUp({ session: sessionOf(ana) }).judge(posted)), 'forward @acme.com ana@acme.com');
  });
});

describe('the gate fails closed', () => {
  const broken = new Error('broken');
  const fail = () => {
    throw broken;
  };

  for (const [what, setting] of [
    ['the session cannot be read', { session: fail }],
    ['the store cannot say whether the session has ended', { session: () => Promise.reject(broken) }],
    ['the registry cannot say which tunnel it is', { session: sessionOf(ana), registry: { find: fail } }],
  ] as const satisfies readonly (readonly [string, Setting])[]) {
    it(`when ${what}: it returns no verdict`, async () => {
      await assert.rejects(async () => setUp(setting).judge(), broken);
    });
  }

  it('looks up the tunnel again once the session is open: it may have gone or have another owner meanwhile', async () => {
    let now: Tunnel | undefined;
    const session = async () => {
      now = undefined;
      return sessionOf(ana);
    };
    const gone = setUp({ session, registry: { find: () => now } });
    now = gone.tunnel;
    assert.equal(await outcome(gone.judge()), 'ERR_ACCESS_DENIED unknown');
    const passed = async () => {
      now = { ...gone.tunnel, ownerTag: 'of somebody else', policy: { ...gone.tunnel.policy, owner: 'eve@acme.com' } };
      return sessionOf(ana);
    };
    const taken = setUp({ session: passed, registry: { find: () => now } });
    now = taken.tunnel;
    assert.equal(await outcome(taken.judge()), `ERR_LOGIN_REQUIRED ${NEW_OWNER}`);
  });

  it('reuses no decision for another identity or policy', async () => {
    const cache = new ConnectionCache();
    const { tunnel } = setUp();
    let now = tunnel;
    let session = sessionOf(ana);
    const sessions = { nowMs: () => NOW_MS, read: () => session, knowsGroups: () => true } as unknown as Sessions;
    const registry = { find: () => now } as unknown as Registry;
    const gate = createGate({ base: BASE, sessions, registry, ceiling: undefined });
    const ask = () => outcome(gate(requestOf({ base: BASE, host: HOST, cache })));
    assert.equal(await ask(), 'forward @acme.com ana@acme.com');
    session = sessionOf(eve);
    assert.equal(await ask(), 'ERR_ACCESS_DENIED no-rule');
    session = sessionOf(ana);
    now = { ...tunnel, policy: { ...tunnel.policy, rules: rules('bob@acme.com') } };
    assert.equal(await ask(), 'ERR_ACCESS_DENIED no-rule');
  });
});

describe('the token of an OAuth client', () => {
  const authorization = 'Bearer postern_ct_x';
  const acting = (identity: Identity, more: Partial<Session> = {}) =>
    sessionOf(identity, { admitted: true, client: { label: 'app.example' }, ...more });

  for (const [what, setting, says] of [
    ['counts as its person', { client: acting(ana) }, 'forward @acme.com ana@acme.com'],
    ['is judged by the rules', { client: acting(eve) }, 'ERR_ACCESS_DENIED no-rule'],
    [
      'is judged by who was shut out',
      { client: acting(ana), policy: { denied: new Set([ana.email]) } },
      'ERR_ACCESS_DENIED revoked',
    ],
    ['adds no identity to what is public', { client: acting(eve), allow: ['public'] }, 'forward public nobody'],
    ['may have ended', { client: 'ended' }, 'ERR_ACCESS_TOKEN_INVALID client-token-ended'],
    ['may be a guess', { client: 'unknown' }, 'ERR_ACCESS_TOKEN_INVALID client-token'],
    [
      'may be a guess where all is public',
      { client: 'unknown', allow: ['public'] },
      'ERR_ACCESS_TOKEN_INVALID client-token',
    ],
    [
      'may be of a former owner',
      { client: acting(ana, { owner: 'gone' }) },
      'ERR_ACCESS_TOKEN_INVALID client-token-ended',
    ],
    ['finds the tunnel offline', { client: acting(ana), link: 'none' }, 'ERR_TUNNEL_OFFLINE offline'],
    ['finds the agent away after a restart', { client: acting(ana), tunnel: 'unknown' }, 'ERR_TUNNEL_OFFLINE unknown'],
    ['finds no tunnel', { client: 'ended', tunnel: 'unknown' }, 'ERR_LOGIN_REQUIRED no-identity'],
  ] as const satisfies readonly (readonly [string, Setting, string])[])
    it(what, async () => {
      const { judge, seen } = setUp({ session: sessionOf(ana), ...setting });
      assert.equal(await outcome(judge({ header: { authorization } })), says);
      assert.equal(seen.reads, 0, 'no session was looked for');
    });

  it('Z24 stands alone, and excuses no cause', async () => {
    const { judge } = setUp({ session: sessionOf(ana), client: acting(ana) });
    for (const header of [{ cookie: 'a=1; __Host-postern-session=x' }, { 'postern-access-token': 'x' }])
      assert.throws(() => judge({ header: { authorization, ...header } }), { code: 'ERR_BAD_REQUEST' });
    assert.equal(await outcome(judge({ header: { authorization, cookie: 'a=1' } })), 'forward @acme.com ana@acme.com');
    const page = { ...foreign, header: { ...foreign.header, authorization } };
    assert.equal(await outcome(judge(page)), 'ERR_CROSS_SITE cross-site');
  });

  for (const [what, header, says] of [
    ['alone', {}, 'ERR_LOGIN_REQUIRED no-identity'],
    ['beside a cookie', { cookie: '__Host-postern-session=x' }, 'ERR_ACCESS_DENIED'],
    ['beside an access token', { 'postern-access-token': 'x' }, 'ERR_ACCESS_TOKEN_INVALID access-token'],
  ] as const)
    it(`Z24 F5 tells a stranger nothing of a name, ${what}: it is as where it is not looked at`, async () => {
      const signedIn = what === 'beside a cookie' ? { session: sessionOf(eve) } : {};
      for (const setting of [{}, { tunnel: 'unknown' }, { tunnel: 'unknown', client: 'ended' }] as const) {
        const { judge } = setUp({ ...signedIn, ...setting });
        const verdict = await outcome(judge({ header: { authorization, ...header } }));
        assert.equal(verdict.startsWith(says), true, `${JSON.stringify(setting)}: ${verdict}`);
      }
    });

  it('is the app’s own where its owner wants no clients', async () => {
    const { judge, seen } = setUp({ session: sessionOf(ana) });
    assert.equal(await outcome(judge({ header: { authorization } })), 'forward @acme.com ana@acme.com');
    assert.equal(seen.reads, 1);
  });
});
