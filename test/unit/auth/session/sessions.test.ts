import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { hasOwner, NO_OWNER, ownerTag } from '../../../../src/auth/session/session.js';
import { Sessions, type SessionsOptions } from '../../../../src/auth/session/sessions.js';
import { remembered } from '../../../support/remembered.js';

const HOST = 'demo.tunnel.test';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = 1_790_000_000_000;

const alice: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: '104857600123456789012',
  email: 'alice@acme.com',
  emailVerified: true,
  hostedDomain: 'acme.com',
  username: 'alice',
  groups: ['eng', 'ops'],
  groupsOmitted: false,
};
const mallory: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: 'm',
  email: 'mallory@acme.com',
  emailVerified: true,
  groups: [],
  groupsOmitted: false,
};

class Clock {
  nowMs = START_MS;
  readonly now = () => this.nowMs;
}

function setUp(options: Partial<SessionsOptions> = {}) {
  const clock = new Clock();
  const { ended } = remembered({ now: clock.now });
  const make = (more: Partial<SessionsOptions> = {}) =>
    new Sessions({
      secrets: ['a secret of at least thirty-two bytes'],
      issuers: [alice.issuer],
      ttlMs: 12 * HOUR_MS,
      idleMs: 2 * HOUR_MS,
      secure: true,
      ended,
      now: clock.now,
      ...options,
      ...more,
    });
  return { clock, make, sessions: make() };
}

/** The `name=value` of a `Set-Cookie` line, as a browser sends it back. */
function sent(line: string): string {
  return line.split(';', 1)[0] as string;
}

const fields = { identity: alice, host: HOST, admitted: false };

describe('a session', () => {
  it('does not count when its account was signed out everywhere, on this edge or another', async () => {
    const isAlice = ({ identity }: { readonly identity: Pick<Identity, 'subject'> }) =>
      identity.subject === alice.subject;
    const { sessions, make } = setUp();
    const { cookie } = await sessions.create(fields);
    const others = await sessions.create({ ...fields, identity: mallory });
    const edge = make({ endedAccounts: { has: isAlice } });
    assert.equal(await edge.read(sent(cookie), HOST), undefined);
    assert.equal(await edge.hasEnded(sent(cookie), HOST), true);
    assert.deepEqual(await edge.read(sent(others.cookie), HOST), others.session);
    const { session } = await edge.create(fields);
    assert.equal(edge.ifActive(session, HOST, START_MS), undefined);
  });

  it('is read as it was created, by this edge and by another one', async () => {
    const { sessions, make } = setUp();
    const { session, cookie } = await sessions.create(fields);
    assert.deepEqual(session.identity, alice);
    for (const edge of [sessions, make()]) {
      assert.deepEqual(await edge.read(sent(cookie), HOST), session);
      assert.deepEqual(await edge.read(sent(cookie), HOST), session);
    }
  });

  it('is a cookie of one host that scripts cannot read', async () => {
    const { sessions } = setUp();
    const { cookie } = await sessions.create(fields);
    const [, ...attributes] = cookie.split('; ');
    assert.deepEqual(attributes.sort(), ['HttpOnly', 'Max-Age=7200', 'Path=/', 'SameSite=Lax', 'Secure']);
    assert.match(cookie, /^__Host-postern-session=/);
    assert.match(sessions.clear(), /^__Host-postern-session=; Max-Age=0;/);
  });

  it('has another name and no Secure without https', async () => {
    const { cookie } = await setUp({ secure: false }).sessions.create(fields);
    assert.match(cookie, /^postern-session=/);
    assert.doesNotMatch(cookie, /Secure|Domain/i);
  });

  it('gets a new id at every sign-in, or the id of the sign-in to which it belongs', async () => {
    const { sessions } = setUp();
    const first = await sessions.create(fields);
    const second = await sessions.create(fields);
    assert.notEqual(first.session.id, second.session.id);
    const { id, signedInAtMs } = first.session;
    const other = await sessions.create({ ...fields, host: 'other.tunnel.test', id, signedInAtMs });
    assert.equal(other.session.id, id);
  });

  it('is found among other cookies', async () => {
    const { sessions } = setUp();
    const { session, cookie } = await sessions.create(fields);
    const header = `a=1; x__Host-postern-session=y; ${sent(cookie)}; b="2"; =v; __proto__=x; ;;`;
    assert.deepEqual(await sessions.read(header, HOST), session);
  });
});

describe('a session is not valid', () => {
  it('without a cookie, or with an empty or foreign one', async () => {
    const { sessions } = setUp();
    for (const header of [undefined, '', ';', '=', '__Host-postern-session', '__Host-postern-session=', 'a=b']) {
      assert.equal(await sessions.read(header, HOST), undefined);
    }
  });

  it('on every other host, cached or not', async () => {
    const { sessions, make } = setUp();
    const { cookie } = await sessions.create(fields);
    for (const edge of [sessions, make()]) {
      for (const host of ['other.tunnel.test', 'tunnel.test', 'xdemo.tunnel.test', '']) {
        assert.equal(await edge.read(sent(cookie), host), undefined);
      }
    }
  });

  it('under another name, such as the one without https', async () => {
    const { sessions, make } = setUp();
    const { cookie } = await sessions.create(fields);
    const value = sent(cookie).slice(sent(cookie).indexOf('=') + 1);
    assert.equal(await sessions.read(`postern-session=${value}`, HOST), undefined);
    assert.equal(await make({ secure: false }).read(sent(cookie), HOST), undefined);
  });

  it('when any byte of its cookie has changed, or the cookie was cut', async () => {
    const { sessions, make } = setUp();
    const { cookie } = await sessions.create(fields);
    const pair = sent(cookie);
    const start = pair.indexOf('=') + 1;
    for (const edge of [sessions, make()]) {
      for (let at = start; at < pair.length; at += 1) {
        const flipped = String.fromCharCode(pair.charCodeAt(at) ^ 1);
        assert.equal(await edge.read(pair.slice(0, at) + flipped + pair.slice(at + 1), HOST), undefined, `byte ${at}`);
        assert.equal(await edge.read(pair.slice(0, at), HOST), undefined, `cut at ${at}`);
      }
    }
  });

  it('when only its end equals that of a cached one', async () => {
    const { sessions } = setUp();
    const one = sent((await sessions.create(fields)).cookie);
    const two = sent((await sessions.create({ ...fields, identity: mallory })).cookie);
    for (let tail = 1; tail <= 64; tail += 1) {
      const mixed = one.slice(0, -tail) + two.slice(-tail);
      if (mixed !== one) assert.equal(await sessions.read(mixed, HOST), undefined, `tail of ${tail}`);
    }
  });

  it('when it is composed of parts of two', async () => {
    const { sessions } = setUp();
    const one = sent((await sessions.create(fields)).cookie).split('.');
    const two = sent((await sessions.create({ ...fields, identity: mallory })).cookie).split('.');
    for (let at = 2; at < one.length; at += 1) {
      assert.equal(
        await sessions.read(one.map((part, index) => (index === at ? two[at] : part)).join('.'), HOST),
        undefined,
      );
    }
  });

  it('with another secret; with `new,old` it stays valid', async () => {
    const { sessions, make } = setUp();
    const { session, cookie } = await sessions.create(fields);
    const fresh = 'a fresh secret of thirty-two bytes or more';
    assert.equal(await make({ secrets: [fresh] }).read(sent(cookie), HOST), undefined);
    const rotated = make({ secrets: [fresh, 'a secret of at least thirty-two bytes'] });
    assert.deepEqual(await rotated.read(sent(cookie), HOST), session);
    const renewed = await rotated.renew(session, { admitted: true });
    assert.equal((await make({ secrets: [fresh] }).read(sent(renewed as string), HOST))?.id, session.id);
  });
});

describe('duplicate cookies', () => {
  it('do not hide the genuine one, at any position', async () => {
    const { sessions } = setUp();
    const { session, cookie } = await sessions.create(fields);
    const elsewhere = await sessions.create({ ...fields, host: 'evil.tunnel.test' });
    const planted = [`${sessions.cookieName}=evil`, sent(elsewhere.cookie), `${sessions.cookieName}=`];
    for (const pairs of [
      [...planted, sent(cookie)],
      [sent(cookie), ...planted],
    ]) {
      assert.deepEqual(await sessions.read(pairs.join('; '), HOST), session);
    }
  });

  it('of two genuine sign-ins on this host do not count', async () => {
    const { sessions } = setUp();
    const one = await sessions.create(fields);
    const two = await sessions.create({ ...fields, identity: mallory });
    assert.equal(await sessions.read(`${sent(one.cookie)}; ${sent(two.cookie)}`, HOST), undefined);
  });

  it('of one sign-in yield the one seen last', async () => {
    const { sessions, clock } = setUp();
    const { session, cookie } = await sessions.create(fields);
    clock.nowMs += HOUR_MS;
    const renewed = await sessions.renew(session);
    const both = await sessions.read(`${sent(cookie)}; ${sent(renewed as string)}`, HOST);
    assert.equal(both?.seenAtMs, clock.nowMs);
  });
});

describe('a cached session', () => {
  it('is returned synchronously, and checked each time', async () => {
    const { sessions, clock } = setUp();
    const { session, cookie } = await sessions.create(fields);
    assert.equal(sessions.read(sent(cookie), HOST), session);
    assert.equal(sessions.renew(session), undefined);
    assert.equal(sessions.read(sent(cookie), 'other.tunnel.test'), undefined);
    await sessions.revoke(session);
    assert.equal(sessions.read(sent(cookie), HOST), undefined);
    const late = await sessions.create(fields);
    clock.nowMs += 2 * HOUR_MS;
    assert.equal(sessions.read(sent(late.cookie), HOST), undefined);
  });
});

describe('limits', () => {
  it('ends a session that is not seen for the idle limit, cached or not', async () => {
    const { sessions, clock, make } = setUp();
    const { session, cookie } = await sessions.create(fields);
    assert.equal(sessions.endsAtMs(session), START_MS + 2 * HOUR_MS);
    clock.nowMs = START_MS + 2 * HOUR_MS - 1;
    assert.notEqual(await sessions.read(sent(cookie), HOST), undefined);
    clock.nowMs += 1;
    for (const edge of [sessions, make()]) assert.equal(await edge.read(sent(cookie), HOST), undefined);
  });

  it('ends a session after the absolute limit however often it is seen', async () => {
    const { sessions, clock, make } = setUp();
    let { session, cookie } = await sessions.create(fields);
    const endMs = START_MS + 12 * HOUR_MS;
    for (clock.nowMs += HOUR_MS; clock.nowMs < endMs; clock.nowMs += HOUR_MS) {
      session = (await sessions.read(sent(cookie), HOST)) ?? assert.fail('it ended early');
      cookie = (await sessions.renew(session)) ?? assert.fail('it was not renewed');
    }
    assert.equal(clock.nowMs, endMs);
    for (const edge of [sessions, make()]) assert.equal(await edge.read(sent(cookie), HOST), undefined);
  });

  it('sets Max-Age to the earlier of both', async () => {
    const { sessions, clock } = setUp();
    const { cookie } = await sessions.create({ ...fields, id: 'x', signedInAtMs: START_MS - 11 * HOUR_MS });
    assert.match(cookie, /Max-Age=3600;/);
    clock.nowMs += HOUR_MS;
    assert.equal(await sessions.read(sent(cookie), HOST), undefined);
  });
});

describe('renewal', () => {
  it('waits for five minutes, or a quarter of a shorter idle limit', async () => {
    for (const [idleMs, afterMs] of [
      [2 * HOUR_MS, 5 * MINUTE_MS],
      [8 * MINUTE_MS, 2 * MINUTE_MS],
    ] as const) {
      const { sessions, clock } = setUp({ idleMs });
      const { session } = await sessions.create(fields);
      clock.nowMs += afterMs - 1;
      assert.equal(await sessions.renew(session), undefined);
      clock.nowMs += 1;
      assert.match((await sessions.renew(session)) ?? '', /^__Host-postern-session=/);
    }
  });

  it('creates one cookie for all requests with the old one', async () => {
    const { sessions, clock } = setUp();
    const { cookie } = await sessions.create(fields);
    clock.nowMs += 10 * MINUTE_MS;
    const read = async () => (await sessions.read(sent(cookie), HOST)) ?? assert.fail();
    const lines = await Promise.all(Array.from({ length: 20 }, async () => sessions.renew(await read())));
    assert.equal(new Set(lines).size, 1);
    const renewed = await sessions.read(sent(lines[0] as string), HOST);
    assert.equal(renewed?.seenAtMs, clock.nowMs);
    assert.equal(await sessions.renew(renewed ?? assert.fail()), undefined);
  });

  it('creates a newer cookie for a browser that kept the old one', async () => {
    const { sessions, clock } = setUp();
    const { session } = await sessions.create(fields);
    clock.nowMs += 10 * MINUTE_MS;
    const first = await sessions.renew(session);
    clock.nowMs += 10 * MINUTE_MS;
    const second = await sessions.renew(session);
    assert.notEqual(second, first);
    assert.equal((await sessions.read(sent(second as string), HOST))?.seenAtMs, clock.nowMs);
  });

  it('records once, and without delay, that the gate has admitted the visitor', async () => {
    const { sessions } = setUp();
    const { session } = await sessions.create(fields);
    const line = (await sessions.renew(session, { admitted: true })) ?? assert.fail();
    const admitted = (await sessions.read(sent(line), HOST)) ?? assert.fail();
    assert.equal(admitted.admitted, true);
    assert.equal(await sessions.renew(admitted, { admitted: true }), undefined);
  });

  it('keeps the identity, the time of the sign-in and the admission', async () => {
    const { sessions, clock, make } = setUp();
    const { session } = await sessions.create({ ...fields, admitted: true });
    clock.nowMs += HOUR_MS;
    const line = (await sessions.renew(session)) ?? assert.fail();
    assert.deepEqual(await make().read(sent(line), HOST), { ...session, seenAtMs: clock.nowMs });
  });
});

describe('revocation', () => {
  it('ends every session of the sign-in on all hosts, cached or not, and no other', async () => {
    const { sessions, make } = setUp();
    const { session, cookie } = await sessions.create(fields);
    const { id, signedInAtMs } = session;
    const elsewhere = await sessions.create({ ...fields, host: 'other.tunnel.test', id, signedInAtMs });
    const unrelated = await sessions.create(fields);
    assert.notEqual(await sessions.read(sent(cookie), HOST), undefined);
    await sessions.revoke(session);
    for (const edge of [sessions, make()]) {
      assert.equal(await edge.read(sent(cookie), HOST), undefined);
      assert.equal(await edge.read(sent(elsewhere.cookie), 'other.tunnel.test'), undefined);
      assert.notEqual(await edge.read(sent(unrelated.cookie), HOST), undefined);
    }
  });

  it('lasts as long as any cookie of the sign-in can', async () => {
    const { sessions, clock } = setUp();
    const { session } = await sessions.create(fields);
    await sessions.revoke(session);
    clock.nowMs = START_MS + 12 * HOUR_MS - 1;
    const late = await sessions.create({ ...fields, id: session.id, signedInAtMs: session.signedInAtMs });
    assert.equal(await sessions.read(sent(late.cookie), HOST), undefined);
  });

  it('that cannot be looked up admits no one', async () => {
    const { ended } = remembered();
    ended.has = () => {
      throw new Error('store lost');
    };
    const { sessions } = setUp({ ended });
    const { cookie } = await sessions.create(fields);
    await assert.rejects(async () => sessions.read(sent(cookie), HOST), /store lost/);
  });
});

describe('a session that names no provider of this edge', () => {
  // Sealed by the last release whose sessions had no issuer, with the secret, the host and the time of these tests.
  const FORMER =
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoid1pWTU9jNzYifQ..CE5BCEA6SAR7iayT.wOWqncLLxmCuQw3Po_5YXgc0FnZ3lp16H_Bv9QJhbIYJjGa_U' +
    'uuNHJJ4vCIlugt-diVykLVkAlSTm7KY2299DYSpkCWYpC1Bo6iFk1uk6k2QOc5tVLc0TkVwJBphDkC00UniI8co8HvLPaP2mv5RmjsTSlCjcKlxa5VmFqkm1' +
    'K2TTdIDmii5tKuTawpr8r3ZW3LWDfKrbiuOuFN1ELOhtYJnRieNq7hY-HV-WvUMmWPauN7zDPH6-vgIAR3DwI9_4_N5l0yDTg.BeeUKL93cxfMt6ujNoDynw';

  it('D20 is not read when it is of an earlier release, whose sessions named none', async () => {
    const { sessions, make } = setUp();
    const cookie = `${sessions.cookieName}=${FORMER}`;
    assert.equal(await sessions.read(cookie, HOST), undefined);
    assert.equal(await sessions.hasEnded(cookie, HOST), false);
    assert.deepEqual(await sessions.clearRivals(cookie, HOST, '/'), []);
    const { session, cookie: fresh } = await make().create(fields);
    assert.deepEqual(await sessions.read(`${cookie}; ${sent(fresh)}`, HOST), session);
  });

  it('D20 is not read once the operator has replaced the provider, and is read again with it', async () => {
    const { make } = setUp();
    const { session, cookie } = await make().create(fields);
    const replaced = make({ issuers: ['https://id.other.com'] });
    assert.equal(await replaced.read(sent(cookie), HOST), undefined);
    const both = make({ issuers: ['https://id.other.com', alice.issuer] });
    assert.deepEqual(await both.read(sent(cookie), HOST), session);
  });
});

describe('size', () => {
  const manyGroups = Array.from({ length: 500 }, (_, at) => `group-${at}`);
  const most = {
    subject: 's'.repeat(64),
    email: `${'e'.repeat(50)}@${'d'.repeat(40)}.com`,
    hostedDomain: `${'d'.repeat(40)}.com`,
    username: 'u'.repeat(64),
  };

  for (const [name, identity] of Object.entries({
    ordinary: alice,
    'five hundred groups': { ...alice, groups: manyGroups },
    'long values': { ...alice, ...most },
    'long values and groups': { ...alice, ...most, groups: manyGroups },
    'values outside ASCII': { ...alice, username: '名'.repeat(64) },
  })) {
    it(`is under 600 bytes with its name, new and renewed: ${name}`, async () => {
      const { sessions, clock, make } = setUp();
      const host = `${'h'.repeat(63)}.${'a'.repeat(63)}.${'b'.repeat(63)}.test`;
      const { session, cookie } = await sessions.create({ ...fields, identity, host });
      clock.nowMs += HOUR_MS;
      const renewed = (await sessions.renew(session, { admitted: true })) ?? assert.fail();
      assert.equal(sent(cookie).length < 600 && sent(renewed).length < 600, true);
      const read = await make().read(sent(renewed), host);
      assert.equal(read?.identity.subject, identity.subject);
      assert.equal(read?.identity.email, identity.email);
      assert.equal(read?.identity.groupsOmitted, (read?.identity.groups.length ?? 0) < identity.groups.length);
    });
  }

  it('costs groups first, those that no rule asks for before the others, then the username', async () => {
    const { sessions } = setUp({ groupsAskedFor: () => new Set(['group-499', 'group-250', 'of nobody']) });
    const grouped = await sessions.create({ ...fields, identity: { ...alice, groups: manyGroups } });
    const { groups, omittedFor, ...rest } = grouped.session.identity;
    assert.deepEqual(groups.slice(0, 3), ['group-250', 'group-499', 'group-0']);
    const { groups: _, ...ungrouped } = alice;
    assert.deepEqual(rest, { ...ungrouped, groupsOmitted: true });
    const { username, ...nameless } = { ...alice, ...most };
    const named = await sessions.create({ ...fields, identity: { ...nameless, username } });
    assert.deepEqual(named.session.identity, { ...nameless, groups: [], groupsOmitted: true, omittedFor });
  });

  it('fails the sign-in of an identity that does not fit at all', async () => {
    const { sessions } = setUp();
    const identity = { ...mallory, subject: 's'.repeat(255), email: `${'e'.repeat(200)}@acme.com` };
    await assert.rejects(sessions.create({ ...fields, identity }), { code: 'ERR_LOGIN_FAILED' });
  });
});

describe('the owner of a tunnel’s name', () => {
  it('is not visible in the length of a cookie, nor is its absence', async () => {
    const { sessions } = setUp();
    assert.notEqual(ownerTag('dev@acme.com'), NO_OWNER);
    const lengths = ['dev@acme.com', 'b@x.io']
      .map(ownerTag)
      .concat(NO_OWNER)
      .map(async (owner) => {
        return (await sessions.create({ ...fields, owner })).cookie.length;
      });
    assert.equal(new Set(await Promise.all(lengths)).size, 1);
  });

  it('is absent in a session of a name without an owner, also of earlier releases', () => {
    assert.doesNotMatch(NO_OWNER, /[\w-]/, 'no digit of base64url');
    for (const [session, is] of [
      [{ owner: ownerTag('dev@acme.com') }, true],
      [{ owner: NO_OWNER }, false],
      [{ owner: '' }, false],
      [{}, false],
    ] as const)
      assert.equal(hasOwner(session), is);
  });
});

describe('groups that were left out', () => {
  const many = { ...alice, groups: Array.from({ length: 500 }, (_, at) => `group-${at}`) };
  const small = setUp();

  function setUpRules(...groups: string[]) {
    let asked: ReadonlySet<string> = new Set(groups);
    const set = setUp({ groupsAskedFor: () => asked });
    const name = (...more: string[]) => {
      asked = new Set(more);
    };
    return { ...set, name };
  }

  it('make a session incomplete on every edge while rules name other groups', async () => {
    const { sessions, make, name } = setUpRules('admin', 'eng');
    const { session, cookie } = await sessions.create({ ...fields, identity: many });
    const other = await make().read(sent(cookie), HOST);
    for (const [rules, knows] of [
      [['eng', 'admin'], true],
      [['eng', 'admin', 'group-499'], false],
      [['eng,admin'], false],
      [[], false],
      [['admin', 'eng'], true],
    ] as const) {
      name(...rules);
      assert.equal(sessions.knowsGroups(session), knows, String(rules));
      assert.equal(sessions.knowsGroups(other ?? assert.fail()), knows);
    }
  });

  it('do not exist when all groups fit, whatever rules name', async () => {
    const { sessions, name } = setUpRules('admin');
    const { session } = await sessions.create(fields);
    name('group-499');
    assert.ok(sessions.knowsGroups(session));
    assert.ok(small.sessions.knowsGroups((await small.sessions.create(fields)).session));
  });

  it('stay left out, for the rules of their sign-in, in sessions created from this one', async () => {
    const { sessions, name } = setUpRules('admin');
    const { session } = await sessions.create({ ...fields, identity: many });
    name('group-499');
    const further = await sessions.create({ ...fields, ...session, owner: 'o'.repeat(8) });
    assert.equal(sessions.knowsGroups(further.session), false);
    assert.deepEqual(further.session.identity, session.identity);
  });

  it('may be any if the session does not record the rules', async () => {
    const { sessions } = setUpRules('admin');
    const identity = { ...alice, groupsOmitted: true, omittedFor: '' };
    assert.equal(sessions.knowsGroups((await sessions.create({ ...fields, identity })).session), false);
    // A group that the provider left out cannot be recovered.
    const { session } = await sessions.create({ ...fields, identity: { ...alice, groupsOmitted: true } });
    assert.ok(sessions.knowsGroups(session));
  });
});

it('a request with a cached session costs one lookup', async () => {
  const { sessions, make } = setUp();
  const { cookie } = await sessions.create(fields);
  const edge = make();
  const first = await edge.read(sent(cookie), HOST);
  assert.equal(await edge.read(sent(cookie), HOST), first); // the same object: nothing was opened again
});

it('two visitors whose sessions are read at once are never mixed up', async () => {
  const { sessions, make } = setUp();
  const cookies = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      sessions.create({ ...fields, identity: { ...mallory, subject: `sub-${at}`, email: `v${at}@acme.com` } }),
    ),
  );
  const edge = make();
  const found = await Promise.all([...cookies, ...cookies].map(({ cookie }) => edge.read(sent(cookie), HOST)));
  assert.deepEqual(
    found.map((session) => session?.identity.subject),
    [...cookies, ...cookies].map(({ session }) => session.identity.subject),
  );
});
