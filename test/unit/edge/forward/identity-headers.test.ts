import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { identityHeaders } from '../../../../src/edge/forward/identity-headers.js';

const ANA: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: 'a',
  email: 'ana@acme.com',
  emailVerified: true,
  groups: [],
  groupsOmitted: false,
};

describe('the identity headers of a visitor', () => {
  test('end with the assertion and leave out what the identity does not have', () => {
    const identity = ['x-forwarded-user', 'a', 'x-forwarded-email', 'ana@acme.com'];
    assert.deepEqual(identityHeaders(ANA, 'signed'), [...identity, 'x-postern-assertion', 'signed']);
  });

  test('have the display name and the groups, each encoded by itself', () => {
    const fields = identityHeaders({ ...ANA, username: 'Ana B', groups: ['a,b', 'c'] }, 'signed');
    assert.deepEqual(fields.slice(4, 8), [
      'x-forwarded-preferred-username',
      'Ana%20B',
      'x-forwarded-groups',
      'a%2Cb,c',
    ]);
  });
});
