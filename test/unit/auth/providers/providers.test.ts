/** Whose addresses count at an edge with several providers, and what they prove of a domain. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DomainProof, Identity } from '../../../../src/auth/identity/identity.js';
import { matchesRules } from '../../../../src/auth/identity/policy.js';
import type { IdentityProvider } from '../../../../src/auth/providers/identity-provider.js';
import { Providers } from '../../../../src/auth/providers/providers.js';
import { checkTrust } from '../../../../src/edge/provider-trust.js';

const ACME = [{ kind: 'domain', domain: 'acme.com' }] as const;
const NAMED = [{ kind: 'email', email: 'ana@acme.com' }] as const;

function provider(id: string, domainProof: DomainProof, ...domains: string[]): IdentityProvider {
  const common = { id, label: id, issuer: `https://${id}.test`, domainProof };
  return { ...common, domains, groups: domains.length === 0 ? [] : [id] } as unknown as IdentityProvider;
}

/** What an account with the address ana@acme.com passes for: `none`, or the rules that it satisfies. */
function standing(at: string, ...all: [IdentityProvider, ...IdentityProvider[]]): string {
  const providers = new Providers(all);
  const from = providers.find(at) ?? assert.fail();
  const { issuer, domainProof } = from;
  const google = domainProof === 'hosted-domain' ? { hostedDomain: 'acme.com' } : {};
  const common = { issuer, domainProof, subject: '1', email: 'ana@acme.com', emailVerified: true, ...google };
  const identity: Identity = { ...common, groups: [], groupsOmitted: false };
  try {
    const accepted = providers.accept(from, identity);
    assert.ok(matchesRules(NAMED, accepted));
    return matchesRules(ACME, accepted) ? 'address, domain' : 'address';
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ERR_ACCESS_DENIED');
    return (error as { text?: string }).text ?? '';
  }
}

const google = (...domains: string[]) => provider('google', 'hosted-domain', ...domains);
const okta = (...domains: string[]) => provider('okta', 'email', ...domains);
const partner = (...domains: string[]) => provider('partner', 'email', ...domains);
const github = provider('github', 'none');

describe('an address of acme.com', () => {
  const onlyGoogle = 'Addresses of acme.com count here only when you sign in with google.';
  for (const [what, at, all, expected] of [
    ['from the only provider', 'okta', [okta()], 'address, domain'],
    [
      'from the only provider, which names another domain',
      'okta',
      [okta('b.test')],
      'Addresses of acme.com do not count here when you sign in with okta.',
    ],
    ['from the one that names it', 'google', [google('acme.com'), partner()], 'address, domain'],
    ['from another than the one that names it', 'partner', [google('acme.com'), partner()], onlyGoogle],
    ['from GitHub, where Google names it', 'github', [google('acme.com'), github], onlyGoogle],
    ['from each of two that name it', 'partner', [okta('acme.com'), partner('acme.com')], 'address, domain'],
    ['from one that names another domain', 'partner', [google(), partner('partner.test')], onlyGoogle],
    ['from the only one that names none', 'okta', [okta(), partner('partner.test')], 'address, domain'],
    ['from Google beside one that names none', 'google', [google(), partner()], 'address, domain'],
    ['from one beside Google, and neither names any', 'partner', [google(), partner()], 'address'],
    ['from one of two that name none', 'okta', [okta(), partner()], 'address'],
    ['from one beside GitHub, which proves no domain', 'okta', [okta(), github], 'address, domain'],
    ['from GitHub beside one that names none', 'github', [okta(), github], 'address'],
  ] as const) {
    it(`B26 passes ${what} for: ${expected}`, () => {
      assert.equal(standing(at, ...(all as unknown as [IdentityProvider])), expected);
    });
  }
});

describe('an identity of an earlier sign-in', () => {
  const stored = { issuer: 'https://okta.test', domainProof: 'email', subject: '1', email: 'ana@acme.com' } as const;
  const identity: Identity = { ...stored, emailVerified: true, groups: ['eng'], groupsOmitted: false };

  it('passes for what it does now, and for nothing when its provider is gone or vouches for it no more', () => {
    assert.deepEqual(new Providers([okta()]).recheck(identity), identity);
    assert.deepEqual(new Providers([okta('acme.com')]).recheck(identity), { ...identity, groups: [] });
    assert.equal(new Providers([okta('b.test')]).recheck(identity), undefined);
    assert.equal(new Providers([google()]).recheck(identity), undefined);
  });
});

describe('a group', () => {
  for (const [what, at, all, expected] of [
    ['the only provider', okta(), [okta()], ['eng', 'okta', 'okta/web']],
    ['one that names groups', okta('acme.com'), [okta('acme.com'), partner()], ['okta', 'okta/web']],
    ['one that names none, beside others that do', partner(), [okta('acme.com'), partner()], ['eng']],
    ['one of several that name none', okta(), [okta(), github], []],
    ['GitHub beside Google, which has no groups', github, [google(), github], ['eng', 'okta', 'okta/web']],
  ] as const) {
    it(`B29 counts from ${what}: ${expected}`, () => {
      const [issuer, email] = [at.issuer, at.domains.length === 0 ? 'x@c.test' : 'x@acme.com'];
      const common = { issuer, email, domainProof: at.domainProof, subject: '1', emailVerified: true };
      const groups = ['eng', 'okta', 'okta/web'];
      const found = all.find(({ id }) => id === at.id) ?? assert.fail();
      const { groups: left } = new Providers(all as unknown as [IdentityProvider]).accept(found, {
        ...{ ...common, groups, groupsOmitted: false },
      });
      assert.deepEqual(left, expected);
    });
  }
});

describe('what is weak about providers', () => {
  const findings = (all: readonly IdentityProvider[], allow: readonly (typeof ACME)[number][] = []) =>
    checkTrust(new Providers(all as [IdentityProvider]), { allow, agents: undefined });

  it('is nothing where at most one names no domain', () => {
    for (const all of [[google()], [google('acme.com'), github], [okta(), partner('partner.test')]])
      assert.deepEqual(findings(all), []);
  });

  it('is that several may vouch for any address', () => {
    const [finding = '', groups = '', ...others] = findings([google(), partner(), github]);
    assert.deepEqual(others, []);
    assert.match(groups, /"partner" and "github".*no rule such as group:eng/);
    assert.match(
      finding,
      /"google" and "partner" and "github".*match no account of "partner" meanwhile.*POSTERN_OIDC_DOMAINS/,
    );
    assert.doesNotMatch(findings([google(), github]).join(), /match no account/);
  });

  it('is that a ceiling of domains leaves no way in for accounts that prove none', () => {
    assert.match(
      findings([google('acme.com'), github], ACME).join(),
      /^POSTERN_ALLOW: no account of github satisfies @acme\.com/,
    );
    const group = { kind: 'group', group: 'acme' } as unknown as (typeof ACME)[number];
    assert.deepEqual(findings([google('acme.com'), github], [...ACME, group]), []);
  });
});
