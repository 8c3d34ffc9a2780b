import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { ceilingAllows, type Decision, decide, type Policy } from '../../../../src/auth/identity/policy.js';
import { parseRule, type Rule } from '../../../../src/core/rule.js';

const OWNER = 'dev@acme.com';

function rules(...texts: readonly string[]): Rule[] {
  return texts.map((text) => {
    const rule = parseRule(text);
    assert.ok(rule, `${text} is a rule`);
    return rule;
  });
}

function who(email: string, changes: Partial<Identity> = {}): Identity {
  return {
    issuer: 'https://id.acme.com',
    domainProof: 'email',
    subject: '1',
    email,
    emailVerified: true,
    groups: [],
    groupsOmitted: false,
    ...changes,
  };
}

function policy(changes: Partial<Policy> = {}): Policy {
  return { ceiling: undefined, rules: [], owner: OWNER, publicPermitted: false, ...changes };
}

/** An account of a provider that proves domains by `hd`. */
const google = (email: string, changes: Partial<Identity> = {}) =>
  who(email, { domainProof: 'hosted-domain', ...changes });

/** The decision in one word: the rule that allowed, or the reason with a "!" in front. */
function verdict(decision: Decision): string {
  return decision.allow ? decision.rule : `!${decision.reason}`;
}

function table(name: string, of: Partial<Policy>, rows: readonly (readonly [Identity | undefined, string])[]): void {
  describe(name, () => {
    for (const [identity, expected] of rows) {
      it(`${identity === undefined ? 'a stranger' : JSON.stringify(identity)} gets ${expected}`, () => {
        assert.equal(verdict(decide(policy(of), identity)), expected);
      });
    }
  });
}

table('without any rule only the owner has access', {}, [
  [undefined, '!no-identity'],
  [who(OWNER), 'owner'],
  [who(OWNER, { emailVerified: false }), '!email-unverified'],
  [who('ana@acme.com'), '!no-rule'],
  [who('dev@acme.com.evil.com'), '!no-rule'],
  [who('dev+x@acme.com'), '!no-rule'],
  [who('de.v@acme.com'), '!no-rule'],
]);

table('a domain rule', { rules: rules('@example.com') }, [
  [undefined, '!no-identity'],
  [who('alice@example.com'), '@example.com'],
  [who('alice+x@example.com'), '@example.com'],
  [who(OWNER), 'owner'],
  [who('alice@example.com', { emailVerified: false }), '!email-unverified'],
  [who('mallory@evil-example.com'), '!no-rule'],
  [who('mallory@evilexample.com'), '!no-rule'],
  [who('a@sub.example.com'), '!no-rule'],
  [who('a@example.com.evil.com'), '!no-rule'],
  [who('a@xn--xample-2of.com'), '!no-rule'],
  [who('a@com'), '!no-rule'],
  [who('a@gmail.com', { hostedDomain: 'example.com' }), '!no-rule'],
  [who('a@gmail.com', { username: 'alice@example.com' }), '!no-rule'],
  [who('a@gmail.com', { groups: ['@example.com', 'example.com'] }), '!no-rule'],
  // readIdentity never returns these; policy must deny them nevertheless.
  [who('alice@evil.com@example.com'), '!no-rule'],
  [who('"a@example.com"@evil.com'), '!no-rule'],
  [who('a@example.com@'), '!no-rule'],
  [who('alice@EXAMPLE.COM'), '!no-rule'],
  [who('example.com'), '!no-rule'],
  [who('@example.com'), '!no-rule'],
  [who(''), '!no-rule'],
]);

table('a domain rule at a provider that sends hd', { rules: rules('@example.com') }, [
  [google('alice@example.com', { hostedDomain: 'example.com' }), '@example.com'],
  [google('x+y@example.com'), '!no-rule'],
  [google('alice@example.com', { hostedDomain: 'other.com' }), '!no-rule'],
  [google('alice@gmail.com', { hostedDomain: 'example.com' }), '!no-rule'],
  [google('alice@sub.example.com', { hostedDomain: 'example.com' }), '!no-rule'],
  [google('alice@example.com', { hostedDomain: 'example.com', emailVerified: false }), '!email-unverified'],
]);

table('an email rule', { rules: rules('alice@example.com', 'a.c@example.com') }, [
  [who('alice@example.com'), 'alice@example.com'],
  [who('alice+x@example.com'), '!no-rule'],
  [who('al.ice@example.com'), '!no-rule'],
  [who('alice@example.com.evil.com'), '!no-rule'],
  [who('xalice@example.com'), '!no-rule'],
  [who('a.c@example.com'), 'a.c@example.com'],
  [who('abc@example.com'), '!no-rule'],
  [who('bob@example.com', { username: 'alice@example.com', subject: 'alice@example.com' }), '!no-rule'],
]);

table('an email rule on Google needs no hd', { rules: rules('bob@gmail.com') }, [
  [google('bob@gmail.com'), 'bob@gmail.com'],
  [google('eve@gmail.com'), '!no-rule'],
]);

table('a group rule', { rules: rules('group:admin') }, [
  [who('a@x.com', { groups: ['admin'] }), 'group:admin'],
  [who('a@x.com', { groups: ['eng', 'admin'] }), 'group:admin'],
  [who('a@x.com', { groups: ['admins'] }), '!no-rule'],
  [who('a@x.com', { groups: ['Admin'] }), '!no-rule'],
  [who('a@x.com', { groups: ['eng,admin'] }), '!no-rule'],
  [who('a@x.com', { groups: ['group:admin'] }), '!no-rule'],
  [who('a@x.com', { groups: [], groupsOmitted: true }), '!groups-omitted'],
  [who('a@x.com', { groups: ['admin'], emailVerified: false }), '!email-unverified'],
  [who('admin@admin'), '!no-rule'],
]);

table('anyone who signs in', { rules: rules('*') }, [
  [undefined, '!no-identity'],
  [who('a@x.com'), '*'],
  [who('a@x.com', { emailVerified: false }), '!email-unverified'],
]);

table('a ceiling grants nothing by itself', { ceiling: rules('*') }, [
  [who('a@x.com'), '!no-rule'],
  [who(OWNER), 'owner'],
]);

table('a ceiling limits the rules of an agent', { ceiling: rules('@acme.com', 'bob@x.com'), rules: rules('*') }, [
  [undefined, '!no-identity'],
  [who('ana@acme.com'), '*'],
  [who('bob@x.com'), '*'],
  [who('eve@x.com'), '!ceiling'],
  [who('eve@evilacme.com'), '!ceiling'],
  [who('ana@acme.com', { emailVerified: false }), '!email-unverified'],
]);

table('a ceiling of groups', { ceiling: rules('group:admin'), rules: rules('*') }, [
  [who('a@x.com', { groups: ['admin'] }), '*'],
  [who('a@x.com'), '!ceiling'],
  [who('a@x.com', { groupsOmitted: true }), '!groups-omitted'],
  [who(OWNER, { groupsOmitted: true }), '!groups-omitted'],
]);

table('a ceiling limits the owner, too', { ceiling: rules('@example.com'), rules: rules('@acme.com') }, [
  [who(OWNER), '!ceiling'],
  [who('ana@acme.com'), '!ceiling'],
  [who('ana@example.com'), '!no-rule'],
]);

table('an empty ceiling admits nobody', { ceiling: [], rules: rules('*', '@acme.com') }, [
  [who(OWNER), '!ceiling'],
  [who('ana@acme.com'), '!ceiling'],
]);

table(
  'a ceiling of "public" admits no identity',
  { ceiling: rules('public'), rules: rules('*'), publicPermitted: true },
  [
    [undefined, '!no-identity'],
    [who('ana@acme.com'), '!ceiling'],
  ],
);

table('a public tunnel', { rules: rules('public', '@acme.com'), publicPermitted: true, ceiling: rules('@acme.com') }, [
  [undefined, 'public'],
  [who('eve@x.com'), 'public'],
  [who('eve@x.com', { emailVerified: false }), 'public'],
  [who('ana@acme.com'), '@acme.com'],
  [who(OWNER), 'owner'],
]);

table('a public rule that the operator does not permit', { rules: rules('public') }, [
  [undefined, '!no-identity'],
  [who('eve@x.com'), '!no-rule'],
  [who(OWNER), 'owner'],
]);

table(
  'permission for public tunnels opens none that did not ask',
  { rules: rules('@acme.com'), publicPermitted: true },
  [
    [undefined, '!no-identity'],
    [who('eve@x.com'), '!no-rule'],
  ],
);

describe('decide', () => {
  it('names the first rule that matches', () => {
    const ordered = policy({ rules: rules('group:eng', '@acme.com', '*') });
    assert.equal(verdict(decide(ordered, who('ana@acme.com', { groups: ['eng'] }))), 'group:eng');
    assert.equal(verdict(decide(ordered, who('ana@acme.com'))), '@acme.com');
    assert.equal(verdict(decide(ordered, who('ana@x.com'))), '*');
  });

  it('decides about each tunnel by its own rules', () => {
    const alice = who('alice@example.com');
    assert.equal(decide(policy({ rules: rules('@example.com') }), alice).allow, true);
    assert.equal(decide(policy({ rules: rules('@other.com') }), alice).allow, false);
  });

  for (const text of ['@example.com', 'alice@example.com', 'group:eng']) {
    it(`keeps a non-member out with only ${text}, as rule and as ceiling`, () => {
      const mallory = who('mallory@evil.com', { groups: ['guests'] });
      assert.equal(decide(policy({ rules: rules(text) }), mallory).allow, false);
      assert.equal(decide(policy({ rules: rules('*'), ceiling: rules(text) }), mallory).allow, false);
    });
  }
});

describe('ceilingAllows', () => {
  it('returns the rule that matches one of the operator’s own accounts', () => {
    assert.equal(ceilingAllows(rules('bob@x.com', '@acme.com'), who('ana@acme.com')), '@acme.com');
  });

  it('returns nothing without a ceiling, with an empty one or for an unverified email', () => {
    assert.equal(ceilingAllows(undefined, who('ana@acme.com')), undefined);
    assert.equal(ceilingAllows([], who('ana@acme.com')), undefined);
    assert.equal(ceilingAllows(rules('*'), who('ana@acme.com', { emailVerified: false })), undefined);
    assert.equal(ceilingAllows(rules('public'), who('ana@acme.com')), undefined);
  });

  it('requires the hosted domain at a provider that sends it', () => {
    const ceiling = rules('@acme.com');
    assert.equal(ceilingAllows(ceiling, google('ana@acme.com')), undefined);
    const hosted = google('ana@acme.com', { hostedDomain: 'acme.com' });
    assert.equal(ceilingAllows(ceiling, hosted), '@acme.com');
  });
});
