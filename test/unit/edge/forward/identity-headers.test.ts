import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import {
  type IdentityHeadersRecall,
  identityFields,
  identityHeadersOf,
} from '../../../../src/edge/forward/identity-headers.js';

const ANA: Identity = { subject: 'a', email: 'ana@acme.com', emailVerified: true, groups: [], groupsOmitted: false };
const BEN: Identity = { ...ANA, subject: 'b', email: 'ben@acme.com' };

describe('the introduction of a visitor', () => {
  test('is the one of the request before while identity and assertion are the same', () => {
    const recall: IdentityHeadersRecall = {};
    const first = identityHeadersOf(ANA, 'signed', recall);
    assert.equal(identityHeadersOf(ANA, 'signed', recall), first);
    assert.equal(identityFields(first), identityFields(first));
  });

  test('has the assertion of now and the identity of now, never those of the request before', () => {
    const recall: IdentityHeadersRecall = {};
    identityFields(identityHeadersOf(ANA, 'first', recall));
    const renewed = identityFields(identityHeadersOf(ANA, 'second', recall));
    assert.deepEqual(renewed.slice(-2), ['x-postern-assertion', 'second']);
    const other = identityFields(identityHeadersOf(BEN, 'second', recall));
    assert.deepEqual(other.slice(0, 4), ['x-forwarded-user', 'b', 'x-forwarded-email', 'ben@acme.com']);
  });
});
