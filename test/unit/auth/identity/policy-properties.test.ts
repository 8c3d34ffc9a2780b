/** Properties of every policy and every identity, whatever their rules and claims are. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { decide, type Policy } from '../../../../src/auth/identity/policy.js';
import { cookieValues } from '../../../../src/auth/session/cookies.js';
import { formatRule, type Rule } from '../../../../src/core/rule.js';

// Few values, so that rules often match identities; some are similar.
const DOMAINS = ['acme.com', 'evil-acme.com', 'sub.acme.com', 'acme.com.evil.com'];
const EMAILS = DOMAINS.flatMap((domain) => [`ana@${domain}`, `bob@${domain}`, `ana+x@${domain}`]);
const GROUPS = ['eng', 'eng2', 'Eng', 'e,ng'];

const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.constantFrom(...DOMAINS).map((domain) => ({ kind: 'domain' as const, domain })),
  fc.constantFrom(...EMAILS).map((email) => ({ kind: 'email' as const, email })),
  fc.constantFrom(...GROUPS).map((group) => ({ kind: 'group' as const, group })),
  fc.constant({ kind: 'anyone' as const }),
  fc.constant({ kind: 'public' as const }),
);
const policies: fc.Arbitrary<Policy> = fc.record({
  ceiling: fc.option(fc.array(rule, { maxLength: 3 }), { nil: undefined }),
  rules: fc.array(rule, { maxLength: 3 }),
  owner: fc.constantFrom(...EMAILS),
  publicPermitted: fc.boolean(),
});
const identities: fc.Arbitrary<Identity> = fc
  .record({
    email: fc.constantFrom(...EMAILS),
    emailVerified: fc.boolean(),
    domainProof: fc.constantFrom('email', 'hosted-domain', 'none'),
    hostedDomain: fc.option(fc.constantFrom(...DOMAINS), { nil: undefined }),
    groups: fc.subarray(GROUPS),
  })
  .map(({ hostedDomain, ...identity }) => ({
    issuer: 'https://id.acme.com',
    subject: '1',
    groupsOmitted: false,
    ...identity,
    ...(hostedDomain === undefined ? {} : { hostedDomain }),
  }));

describe('a decision', () => {
  it('never allows an unverified identity, or none, unless the tunnel is public', () => {
    fc.assert(
      fc.property(policies, identities, (policy, identity) => {
        for (const weak of [undefined, { ...identity, emailVerified: false }]) {
          const decision = decide(policy, weak);
          if (decision.allow) assert.deepEqual([decision.rule, policy.publicPermitted], ['public', true]);
        }
      }),
    );
  });

  it('names a rule of this policy that matches, or the owner', () => {
    fc.assert(
      fc.property(policies, identities, (policy, identity) => {
        const decision = decide(policy, identity);
        if (!decision.allow) return;
        if (decision.rule === 'owner') assert.equal(identity.email, policy.owner);
        else assert.ok(policy.rules.some((candidate) => formatRule(candidate) === decision.rule));
        if (decision.rule.startsWith('@')) assert.ok(identity.email.endsWith(decision.rule));
        if (decision.rule.startsWith('group:')) assert.ok(identity.groups.includes(decision.rule.slice(6)));
      }),
    );
  });

  it('never allows more with a ceiling, and no identity with an empty one', () => {
    fc.assert(
      fc.property(policies, identities, (policy, identity) => {
        const open = decide({ ...policy, ceiling: undefined, publicPermitted: false }, identity);
        const bounded = decide({ ...policy, publicPermitted: false }, identity);
        if (bounded.allow) assert.ok(open.allow);
        assert.equal(decide({ ...policy, ceiling: [], publicPermitted: false }, identity).allow, false);
      }),
    );
  });

  it('never allows less with an additional rule, and allows more by that rule only', () => {
    fc.assert(
      fc.property(policies, identities, rule, (policy, identity, more) => {
        const before = decide(policy, identity);
        const after = decide({ ...policy, rules: [...policy.rules, more] }, identity);
        if (before.allow) assert.ok(after.allow);
        else if (after.allow) assert.equal(after.rule, formatRule(more));
      }),
    );
  });
});

describe('the values of a cookie', () => {
  const piece = fc.constantFrom('s', 'session', '=', ';', ' ', '\t', '"', 'v', '\u00a0', '__proto__');

  it('are in the header, hold no separator, and are eight at most', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const header = pieces.join('');
        const values = cookieValues(header, 'session');
        assert.ok(values.length <= 8);
        for (const value of values) assert.ok(header.includes(value) && !value.includes(';'));
      }),
    );
  });

  it('include the genuine one at any position among a few others', () => {
    const other = fc.constantFrom('session', 'session=', 'session=x', 'sessions=y', 'Session=z', '=w', '', 'a=session');
    const others = fc.array(other, { maxLength: 3 });
    fc.assert(
      fc.property(others, others, (before, behind) => {
        const header = [...before, 'session=genuine', ...behind].join('; ');
        assert.ok(cookieValues(header, 'session').includes('genuine'));
      }),
    );
  });
});
