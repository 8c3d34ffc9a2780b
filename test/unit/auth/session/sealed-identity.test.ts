import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { issuerTag, knownIssuers, packIdentity, unpackIdentity } from '../../../../src/auth/session/sealed-identity.js';

const ISSUERS = knownIssuers(['https://id.acme.com', 'https://accounts.google.com']);

const plain: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: '1',
  email: 'a@b.com',
  emailVerified: false,
  groups: [],
  groupsOmitted: false,
};

it('returns an equal identity, whatever is absent', () => {
  const identities: Identity[] = [
    plain,
    { ...plain, emailVerified: true },
    { ...plain, hostedDomain: 'b.com' },
    { ...plain, hostedDomain: 'other.com' },
    { ...plain, issuer: 'https://accounts.google.com', domainProof: 'hosted-domain', hostedDomain: 'b.com' },
    { ...plain, domainProof: 'none' },
    { ...plain, providerSession: 'a-tag' },
    { ...plain, username: '' },
    { ...plain, groups: ['eng', 'žák', ''] },
    { ...plain, groupsOmitted: true, omittedFor: 'a-tag' },
    { ...plain, groupsOmitted: true, omittedFor: '' },
  ];
  for (const identity of identities) {
    assert.deepEqual(unpackIdentity(JSON.parse(JSON.stringify(packIdentity(identity))), ISSUERS), identity);
  }
});

it('reads from an earlier release that groups were left out, for unknown rules', () => {
  const read = unpackIdentity({ ...packIdentity(plain), o: 1 }, ISSUERS);
  assert.deepEqual(read, { ...plain, groupsOmitted: true, omittedFor: '' });
});

it('reads nothing from a payload of another shape', () => {
  const packed = { ...packIdentity({ ...plain, hostedDomain: 'b.com', username: 'a', groups: ['eng'] }) };
  const odd = [
    { r: undefined },
    { r: '' },
    { r: ['x'] },
    { r: 'https://id.acme.com' },
    { r: issuerTag('https://id.other.com') },
    { k: 0 },
    { k: true },
    { k: 3 },
    { s: 1 },
    { s: undefined },
    { e: null },
    { e: ['a@b.com'] },
    { d: 2 },
    { d: true },
    { u: {} },
    { g: 'eng' },
    { g: [1] },
    { o: 2 },
    { o: {} },
  ];
  for (const change of odd)
    assert.equal(unpackIdentity({ ...packed, ...change }, ISSUERS), undefined, JSON.stringify(change));
});

it('accepts only 1 for a verified email', () => {
  for (const v of [true, 'true', 0, 2, null]) {
    assert.equal(unpackIdentity({ ...packIdentity(plain), v }, ISSUERS)?.emailVerified, false);
  }
});
