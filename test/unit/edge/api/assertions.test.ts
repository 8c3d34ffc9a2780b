import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Request } from 'express';
import { Assertions } from '../../../../src/auth/identity/assertion.js';
import type { DomainProof, Identity } from '../../../../src/auth/identity/identity.js';
import type { IdentityProvider } from '../../../../src/auth/providers/identity-provider.js';
import { Providers } from '../../../../src/auth/providers/providers.js';
import { parseRule, type Rule } from '../../../../src/core/rule.js';
import { type AssertionApiOptions, assertionApi } from '../../../../src/edge/api/assertions.js';
import type { Visit } from '../../../../src/edge/request/visit.js';

const ORIGIN = 'https://demo.tunnel.test';
const assertions = new Assertions({ secrets: ['secret'.repeat(8)], issuer: 'https://tunnel.test' });

function provider(id: string, domainProof: DomainProof): IdentityProvider {
  return { id, issuer: `https://${id}.test`, domainProof, domains: [], groups: [] } as unknown as IdentityProvider;
}

const [github, google, okta, entra] = [
  provider('github', 'none'),
  provider('google', 'hosted-domain'),
  provider('okta', 'email'),
  provider('entra', 'email'),
] as const;

/** Whether the assertion of an account is renewed for a tunnel with one rule. */
async function isRenewed(
  issuer: string,
  rule: string,
  {
    all = [okta],
    email = 'ana@acme.com',
  }: { readonly all?: [IdentityProvider, ...IdentityProvider[]]; email?: string } = {},
): Promise<boolean> {
  const identity = { issuer, subject: 's', email, groups: ['eng'] } as unknown as Identity;
  const signed = await assertions.sign({ audience: ORIGIN, identity, sessionId: `${issuer} ${email}` }).text;
  const policy = { ceiling: undefined, rules: [parseRule(rule) as Rule], owner: 'dev@acme.com', publicPermitted: true };
  const options = {
    callers: {
      find: async () => ({ caller: { email: 'dev@acme.com' }, tunnel: { name: 'demo', origin: ORIGIN, policy } }),
    },
    assertions,
    providers: new Providers(all),
    endedAccounts: { has: () => false },
    observer: { emit: () => {} },
  } as unknown as AssertionApiOptions;
  const [, , renew] = assertionApi('', options)[0] as unknown as [
    string,
    string,
    (visit: Visit, request: Request) => Promise<unknown>,
  ];
  const request = { params: { name: 'demo' }, body: { assertion: signed } } as unknown as Request;
  return renew({} as Visit, request).then(
    () => true,
    (error: { code?: string }) => {
      assert.equal(error.code, 'ERR_BAD_REQUEST');
      return false;
    },
  );
}

describe('an assertion is signed afresh', () => {
  test('K14 by the rules as they match the account, with what its provider proves of the domain', async () => {
    assert.equal(await isRenewed(okta.issuer, '@acme.com'), true);
    assert.equal(await isRenewed(okta.issuer, 'group:eng'), true);
    assert.equal(await isRenewed(okta.issuer, '@other.com'), false);
    assert.equal(await isRenewed(okta.issuer, 'public'), false, 'no rule has accepted the person');
    assert.equal(await isRenewed(github.issuer, 'ana@acme.com', { all: [github] }), true);
    assert.equal(await isRenewed(github.issuer, '@acme.com', { all: [github] }), false, 'it proves no domain');
    assert.equal(await isRenewed(google.issuer, '@acme.com', { all: [google] }), true);
    const gmail = () => ({ all: [google] as [IdentityProvider], email: 'ana@gmail.com' });
    assert.equal(await isRenewed(google.issuer, '@gmail.com', gmail()), false, 'no hosted domain');
    assert.equal(await isRenewed(google.issuer, 'ana@gmail.com', gmail()), true);
  });

  test('K14 with what the other providers leave to that of the account, and for none that is gone', async () => {
    assert.equal(
      await isRenewed(okta.issuer, '@acme.com', { all: [okta, entra] }),
      false,
      'either could name the domain',
    );
    assert.equal(await isRenewed(okta.issuer, 'group:eng', { all: [okta, entra] }), false, 'or invent the group');
    assert.equal(await isRenewed(okta.issuer, 'ana@acme.com', { all: [okta, entra] }), true);
    const named = { ...entra, domains: ['acme.com'] } as IdentityProvider;
    assert.equal(await isRenewed(okta.issuer, 'ana@acme.com', { all: [okta, named] }), false, 'another one names it');
    assert.equal(await isRenewed(entra.issuer, 'ana@acme.com', { all: [okta] }), false, 'gone');
  });
});
