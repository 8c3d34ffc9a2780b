/** One connection carries many people behind a reverse proxy: none of them gets what was found for another. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { Assertions } from '../../../../src/auth/identity/assertion.js';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { decide, type Policy } from '../../../../src/auth/identity/policy.js';
import type { Session } from '../../../../src/auth/session/session.js';
import { Sessions } from '../../../../src/auth/session/sessions.js';
import { parseRule } from '../../../../src/core/rule.js';
import { identityHeaders } from '../../../../src/edge/forward/identity-headers.js';
import { ConnectionCache, LastCall } from '../../../../src/edge/request/connection-cache.js';
import { remembered } from '../../../support/remembered.js';

const START_MS = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const HOST = 'demo.tunnel.test';
const OTHER_HOST = 'other.tunnel.test';
const SECRETS = ['a secret of at least thirty-two bytes'];

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

function policy(...words: string[]): Policy {
  const owner = 'dev@acme.com';
  return { ceiling: undefined, rules: rules(...words), owner, publicPermitted: true };
}

function sessionOf(identity: Identity, id: string): Session {
  return { id, identity, host: HOST, signedInAtMs: START_MS, seenAtMs: START_MS, admitted: true, owner: 'tag' };
}

describe('the session of a Cookie header', () => {
  function setUp() {
    const { ended } = remembered({ now: () => START_MS });
    const options = { ttlMs: 12 * HOUR_MS, idleMs: 2 * HOUR_MS, secure: true, ended, now: () => START_MS };
    const sessions = new Sessions({ secrets: SECRETS, issuers: [ana.issuer], ...options });
    const cache = new ConnectionCache();
    const read = (cookie: string | undefined, host = HOST, nowMs = START_MS) =>
      cache.session(sessions, cookie, host, nowMs);
    const create = async (identity: Identity, host = HOST) => {
      const { session, cookie } = await sessions.create({ identity, host, admitted: true });
      return { session, sent: cookie.slice(0, cookie.indexOf(';')) };
    };
    return { sessions, read, create };
  }

  it('is that of this header, whichever visitor’s request came before', async () => {
    const { read, create } = setUp();
    const [one, two] = [await create(ana), await create(eve)];
    for (const { session, sent } of [one, one, two, one, two, two]) {
      assert.equal(await read(sent), session);
      assert.equal(await read(undefined), undefined);
      assert.equal(await read('a=b'), undefined);
    }
    assert.equal(await read(`${one.sent}; ${two.sent}`), undefined);
    assert.equal(await read(one.sent), one.session);
  });

  it('is that of this host', async () => {
    const { read, create } = setUp();
    const [here, there] = [await create(ana), await create(eve, OTHER_HOST)];
    for (const host of [HOST, HOST, OTHER_HOST, HOST]) {
      assert.equal(await read(here.sent, host), host === HOST ? here.session : undefined);
      assert.equal(await read(there.sent, host), host === HOST ? undefined : there.session);
    }
    const both = `${here.sent}; ${there.sent}`;
    for (const host of [HOST, HOST, OTHER_HOST, OTHER_HOST, HOST]) {
      assert.equal(await read(both, host), host === HOST ? here.session : there.session);
    }
  });

  it('is checked for each request: one that was ended or has run out counts no more', async () => {
    const { sessions, read, create } = setUp();
    const { session, sent } = await create(ana);
    assert.equal(read(sent), session);
    assert.equal(read(sent, HOST, START_MS + 2 * HOUR_MS), undefined);
    assert.equal(read(sent), session);
    await sessions.revoke(session);
    assert.equal(read(sent), undefined);
  });
});

describe('the cookies for the app', () => {
  it('are those of this header, and never ours', () => {
    const cache = new ConnectionCache();
    for (const [header, expected] of [
      ['a=1; __Host-postern-session=secret', 'a=1'],
      ['a=1; __Host-postern-session=secret', 'a=1'],
      ['b=2; __Host-postern-session=other', 'b=2'],
      ['a=1', 'a=1'],
    ] as const) {
      assert.equal(cache.appCookies(header), expected);
    }
  });
});

describe('a decision', () => {
  it('is that of this policy and this identity', () => {
    const cache = new ConnectionCache();
    const [open, narrow] = [policy('*'), policy('@acme.com')];
    for (const identity of [ana, eve, undefined, eve, ana, ana]) {
      for (const asked of [open, narrow, narrow, open]) {
        assert.deepEqual(cache.decision(asked, identity), decide(asked, identity));
      }
    }
  });
});

describe('an assertion', () => {
  const [one, two] = [sessionOf(ana, 'one'), sessionOf(eve, 'two')];
  const setUp = () => {
    const assertions = new Assertions({ secrets: SECRETS, issuer: 'https://tunnel.test' });
    const cache = new ConnectionCache();
    return (session: Session, host = HOST, nowMs = START_MS) =>
      cache.assertion(assertions, session, `https://${host}`, nowMs);
  };

  it('is that of this session and this tunnel', async () => {
    const sign = setUp();
    for (const session of [one, one, two, one]) {
      for (const host of [HOST, HOST, OTHER_HOST, HOST]) {
        const { sub, aud } = decodeJwt(await sign(session, host));
        assert.deepEqual([sub, aud], [session.identity.subject, `https://${host}`]);
      }
    }
  });

  it('is given at once while it is fresh, and is signed again when fewer than ninety seconds are left', async () => {
    const sign = setUp();
    const first = await sign(one);
    assert.equal(sign(one), first);
    assert.equal(sign(one, HOST, START_MS + 29_999), first);
    const next = decodeJwt(await sign(one, HOST, START_MS + 30_000));
    assert.equal(next.exp, START_MS / 1000 + 150);
  });
});

describe('identity headers', () => {
  it('are those of this identity and this assertion, and the same array while both are the same', () => {
    const { identityHeaders: headers } = new ConnectionCache();
    for (const identity of [ana, eve, ana]) {
      for (const assertion of ['first', 'second']) {
        const fields = headers.get(identity, assertion, identityHeaders);
        assert.deepEqual(fields, identityHeaders(identity, assertion));
        assert.equal(headers.get(identity, assertion, identityHeaders), fields);
      }
    }
  });
});

describe('a visitor who is allowed', () => {
  it('is new with another session or another rule, and not new with the same ones', () => {
    const cache = new ConnectionCache();
    const [one, two] = [sessionOf(ana, 'one'), sessionOf(ana, 'two')];
    for (const [session, rule, isNew] of [
      [one, '@acme.com', true],
      [one, '@acme.com', false],
      [one, 'owner', true],
      [two, 'owner', true],
      [two, 'owner', false],
      [one, 'owner', true],
    ] as const) {
      assert.equal(cache.isNewlyAllowed(session, rule), isNew);
    }
  });
});

describe('the last call', () => {
  it('keeps nothing of a computation that throws', () => {
    const last = new LastCall<string, string, object>();
    const kept = last.get('a', 'b', () => ({}));
    assert.throws(() => last.get('a', 'c', () => assert.fail('no')));
    assert.equal(
      last.get('a', 'b', () => assert.fail('it was kept')),
      kept,
    );
    assert.throws(() => last.get('a', 'c', () => assert.fail('no')));
  });
});
