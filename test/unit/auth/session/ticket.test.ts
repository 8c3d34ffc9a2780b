import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { hashNonce, Nonces } from '../../../../src/auth/session/nonce.js';
import { Tickets } from '../../../../src/auth/session/ticket.js';
import { remembered } from '../../../support/remembered.js';

const START_MS = 1_790_000_000_000;
const HOST = 'demo.tunnel.test';
const SECRET = 'a secret of at least thirty-two bytes';
const identity: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: '1',
  email: 'alice@acme.com',
  emailVerified: true,
  groups: ['eng'],
  groupsOmitted: false,
};

function setUp() {
  let nowMs = START_MS;
  const now = () => nowMs;
  const { redemptions } = remembered({ now });
  const make = (...secrets: string[]) => new Tickets({ secrets, issuers: [identity.issuer], redemptions, now });
  const nonces = new Nonces([SECRET]);
  const nonce = nonces.issue(HOST);
  const fields = {
    host: HOST,
    nonceHash: hashNonce(nonce),
    identity,
    sessionId: 'the sign-in',
    signedInAtMs: START_MS - 1000,
    path: '/a%2Fb?x=1&y=%2F',
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { tickets: make(SECRET), make, fields, at: { host: HOST, nonces: [nonce] }, other: nonces.issue(HOST), pass };
}

const failed = { code: 'ERR_LOGIN_FAILED' };

describe('a ticket', () => {
  it('returns its fields on its host, in its browser', async () => {
    const { tickets, fields, at } = setUp();
    const { id, expiresAtMs, ...rest } = await tickets.redeem(await tickets.issue(fields), at);
    assert.deepEqual(rest, fields);
    assert.equal(expiresAtMs, START_MS + 60_000);
    assert.equal(id.length > 20, true);
  });

  it('is valid once, for one of many concurrent callers', async () => {
    const { tickets, fields, at } = setUp();
    const text = await tickets.issue(fields);
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => tickets.redeem(text, at)));
    assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 1);
    await assert.rejects(tickets.redeem(text, at), failed);
  });

  it('is valid for sixty seconds', async () => {
    const { tickets, fields, at, pass } = setUp();
    const [early, late] = [await tickets.issue(fields), await tickets.issue(fields)];
    pass(59_999);
    await tickets.redeem(early, at);
    pass(1);
    await assert.rejects(tickets.redeem(late, at), failed);
  });

  it('is valid on no other host and in no other browser, and such an attempt uses it up', async () => {
    const { tickets, fields, at, other } = setUp();
    const wrong = [
      ...['evil.tunnel.test', 'tunnel.test', ''].map((host) => ({ ...at, host })),
      ...[[], [''], [other], [fields.nonceHash], [`${at.nonces[0]} `]].map((nonces) => ({ ...at, nonces })),
    ];
    for (const presentation of wrong) {
      const text = await tickets.issue(fields);
      await assert.rejects(tickets.redeem(text, presentation), failed);
      await assert.rejects(tickets.redeem(text, at), failed);
    }
  });

  it('is valid when a planted nonce comes before the genuine one', async () => {
    const { tickets, fields, at } = setUp();
    await tickets.redeem(await tickets.issue(fields), { ...at, nonces: ['planted', ...at.nonces] });
  });

  it('survives a rotation, but not the removal of its secret', async () => {
    const { tickets, make, fields, at } = setUp();
    const text = await tickets.issue(fields);
    await assert.rejects(make('a fresh secret of thirty-two bytes or more').redeem(text, at), failed);
    await make('a fresh secret of thirty-two bytes or more', SECRET).redeem(text, at);
  });

  it('keeps a return path of 3 kB byte for byte', async () => {
    const { tickets, fields, at } = setUp();
    const path = `/deep?q=${'%2F&x=~!é"\\'.repeat(300)}`.slice(0, 3000);
    const text = await tickets.issue({ ...fields, path });
    assert.equal(text.length <= 8192, true);
    assert.equal((await tickets.redeem(text, at)).path, path);
  });

  it('has the path `/` when the path is too long', async () => {
    const { tickets, fields, at } = setUp();
    const text = await tickets.issue({ ...fields, path: `/${'x'.repeat(7000)}` });
    assert.equal((await tickets.redeem(text, at)).path, '/');
  });

  it('is not issued for an identity that does not fit', async () => {
    const { tickets, fields } = setUp();
    const groups = Array.from({ length: 2000 }, (_, at) => `group-${at}`);
    await assert.rejects(tickets.issue({ ...fields, identity: { ...identity, groups } }), failed);
  });
});

it('is rejected unless this edge issued it', async () => {
  const { tickets, fields, at } = setUp();
  const text = await tickets.issue(fields);
  for (const odd of ['', '.', '....', 'x', text.slice(1), text.slice(0, -1), `${text}A`, 'A'.repeat(100_000), '\0']) {
    await assert.rejects(tickets.redeem(odd, at), failed);
  }
});

describe('a ticket of an earlier release, which sealed no issuer', () => {
  const FORMER =
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiNlVHVnJvWjgifQ..LScfk_-O-tQl_EBA.ET27338asV1sOWX8UvN' +
    'q-X0wEbCm6_L-7HTagsAMzcE29HI8ApmzOY7qklzV0SMKRcX0r4Mci4ddKkhSWWsbf--6dFVLRfC0Ag-hw1VPnxCDyl_1bpdmSQL' +
    '80Z2mKhGhYmFWxFRaPv5VuxRbjCSavj-mFO4P31Lk61DZ3i3uoTKk5farctVZef5niyFGmM6C7YVpxjoMpJ7VHKJH5i2hB-jIxSZ' +
    'VThxiubR4nbAG-NhEkDSd6BdjvJbA_8zpefFu7eCRD8k8neNr-TnqmvbKOKAGCUYQDvJcWjE71H4L2agPGg71LiwShsaaB_kxTfl' +
    'jreMAlxm3IuEoBdTTqK5QGQ.md6ha_zYLoThOLndfc7Aww';

  it('is rejected, in the browser and on the host for which it was issued', async () => {
    const { tickets } = setUp();
    const rejected = { code: 'ERR_LOGIN_FAILED', message: 'the ticket is not of this edge' };
    await assert.rejects(tickets.redeem(FORMER, { host: HOST, nonces: ['nonce'] }), rejected);
  });
});

describe('an expired ticket', () => {
  it('is not valid, whatever the store returns', async () => {
    const { fields, at } = setUp();
    let nowMs = START_MS;
    const redemptions = { redeem: async () => true };
    const tickets = new Tickets({ secrets: [SECRET], issuers: [identity.issuer], redemptions, now: () => nowMs });
    const text = await tickets.issue(fields);
    nowMs += 59_999;
    await tickets.redeem(text, at);
    nowMs += 1;
    await assert.rejects(tickets.redeem(text, at), failed);
  });
});
