import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Identity } from '../../../src/auth/identity.js';
import { type IntroductionRecall, introductionFields, introductionOf } from '../../../src/edge/introduction.js';

const ANA: Identity = { subject: 'a', email: 'ana@acme.com', emailVerified: true, groups: [], groupsOmitted: false };
const BEN: Identity = { ...ANA, subject: 'b', email: 'ben@acme.com' };

describe('the introduction of a visitor', () => {
  test('is the one of the request before while identity and assertion are the same', () => {
    const recall: IntroductionRecall = {};
    const first = introductionOf(ANA, 'signed', recall);
    assert.equal(introductionOf(ANA, 'signed', recall), first);
    assert.equal(introductionFields(first), introductionFields(first));
  });

  test('has the assertion of now and the identity of now, never those of the request before', () => {
    const recall: IntroductionRecall = {};
    introductionFields(introductionOf(ANA, 'first', recall));
    const renewed = introductionFields(introductionOf(ANA, 'second', recall));
    assert.deepEqual(renewed.slice(-2), ['x-postern-assertion', 'second']);
    const other = introductionFields(introductionOf(BEN, 'second', recall));
    assert.deepEqual(other.slice(0, 4), ['x-forwarded-user', 'b', 'x-forwarded-email', 'ben@acme.com']);
  });
});
