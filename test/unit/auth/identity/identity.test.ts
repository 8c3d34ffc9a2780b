import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Identity, readIdentity } from '../../../../src/auth/identity/identity.js';
import { PosternError } from '../../../../src/errors.js';

const OPTIONS = { groupsClaim: 'groups', issuer: 'https://id.acme.com', domainProof: 'email' } as const;
const ALICE = { sub: '1', email: 'alice@example.com', email_verified: true };

const read = (changes: Record<string, unknown>): Identity => readIdentity({ ...ALICE, ...changes }, OPTIONS);
const denied = (error: unknown): boolean => error instanceof PosternError && error.code === 'ERR_ACCESS_DENIED';

describe('readIdentity', () => {
  it('reads an ordinary account', () => {
    const claims = { ...ALICE, hd: 'Example.com', preferred_username: 'Zoë', groups: ['eng', 'ops'], iss: 'x' };
    assert.deepEqual(readIdentity(claims, OPTIONS), {
      issuer: 'https://id.acme.com',
      domainProof: 'email',
      subject: '1',
      email: 'alice@example.com',
      emailVerified: true,
      hostedDomain: 'example.com',
      username: 'Zoë',
      groups: ['eng', 'ops'],
      groupsOmitted: false,
    });
  });

  it('leaves out what the provider does not send', () => {
    assert.deepEqual(read({}), {
      issuer: 'https://id.acme.com',
      domainProof: 'email',
      subject: '1',
      email: 'alice@example.com',
      emailVerified: true,
      groups: [],
      groupsOmitted: false,
    });
  });

  it('folds the case of an email once, for policy, header and log alike', () => {
    assert.equal(read({ email: 'Alice@Example.com' }).email, 'alice@example.com');
  });

  const badEmails: readonly unknown[] = [
    undefined,
    null,
    '',
    'alice',
    ['alice@example.com'],
    { 0: 'alice@example.com' },
    1,
    true,
    'alice@evil.com@example.com',
    '"a@example.com"@evil.com',
    'a@example.com@',
    'alice@example.com\0.evil.com',
    'x@evil\r\nX-Forwarded-Email: alice@example.com',
    ' alice@example.com',
    'alice@example.com ',
    'alice@example.com.',
    'al\u200bice@example.com',
    'alice\uff20example.com',
    'kim@\u212aexample.com',
    'alice\ud800@example.com',
  ];
  for (const email of badEmails) {
    it(`denies the email ${JSON.stringify(email)}`, () => assert.throws(() => read({ email }), denied));
  }

  const badSubjects: readonly unknown[] = [
    undefined,
    null,
    '',
    ' ',
    ' 1',
    '1\n',
    'a\0',
    1,
    ['1'],
    {},
    '\ud800',
    's'.repeat(256),
  ];
  for (const sub of badSubjects) {
    it(`denies the subject ${JSON.stringify(sub)?.slice(0, 20)}`, () => assert.throws(() => read({ sub }), denied));
  }

  it('accepts the subjects of common directories', () => {
    for (const sub of ['1', 's'.repeat(255), 'CN=Ana Lima,OU=Eng', 'auth0|5f', 'ü'])
      assert.equal(read({ sub }).subject, sub);
  });

  for (const value of [undefined, null, false, 'true', 'false', 'TRUE', 0, 1, '', [], [true], {}]) {
    it(`does not take email_verified ${JSON.stringify(value)} for a yes`, () => {
      assert.equal(read({ email_verified: value }).emailVerified, false);
    });
  }

  for (const value of [
    undefined,
    null,
    '',
    1,
    ['example.com'],
    {},
    'example.com.',
    ' example.com',
    'a b',
    '*',
    'exa\0mple.com',
  ]) {
    it(`leaves out the hosted domain ${JSON.stringify(value)}`, () => {
      assert.equal('hostedDomain' in read({ hd: value }), false);
    });
  }

  for (const value of [
    null,
    1,
    '',
    ' ',
    ' a',
    'a\r\nb',
    'a\0',
    'a\u2028b',
    'a\u202eb',
    '\ud800',
    'u'.repeat(65),
    ['a'],
    {},
  ]) {
    it(`leaves out the username ${JSON.stringify(value).slice(0, 20)}`, () => {
      assert.equal('username' in read({ preferred_username: value }), false);
    });
  }

  const groupRows: readonly (readonly [unknown, readonly string[], boolean])[] = [
    ['eng', ['eng'], false],
    [[], [], false],
    [['eng', 'eng', 'ops'], ['eng', 'ops'], false],
    [['admins'], ['admins'], false],
    [['a,b', 'Domain Admins', '名'], ['a,b', 'Domain Admins', '名'], false],
    ['a,b', ['a,b'], false],
    [null, [], true],
    [1, [], true],
    [true, [], true],
    [{ eng: true }, [], true],
    [['eng', 1], [], true],
    [['eng', null], [], true],
    [[['eng']], [], true],
    [['eng', ''], ['eng'], true],
    [['eng', 'a\nb', '\ud800', ' x'], ['eng'], true],
    [['eng', 'g'.repeat(257)], ['eng'], true],
  ];
  for (const [value, groups, omitted] of groupRows) {
    it(`reads the groups ${JSON.stringify(value)?.slice(0, 40)}`, () => {
      const identity = read({ groups: value });
      assert.deepEqual(identity.groups, groups);
      assert.equal(identity.groupsOmitted, omitted);
    });
  }

  it('counts a missing email_verified as verified only if configured, and any other value never', () => {
    const options = { ...OPTIONS, emailVerified: 'accept-missing' } as const;
    const { email_verified: _, ...silent } = ALICE;
    assert.equal(readIdentity(silent, options).emailVerified, true);
    assert.equal(readIdentity(ALICE, options).emailVerified, true);
    for (const policy of ['required', undefined] as const) {
      const identity = readIdentity(silent, { ...OPTIONS, ...(policy && { emailVerified: policy }) });
      assert.equal(identity.emailVerified, false);
    }
    for (const odd of [false, 'false', 'true', 0, 1, null, '', [], {}]) {
      assert.equal(readIdentity({ ...ALICE, email_verified: odd }, options).emailVerified, false, JSON.stringify(odd));
    }
  });

  it('keeps five hundred groups', () => {
    const groups = Array.from({ length: 500 }, (_, at) => `group-${at}`);
    assert.deepEqual(read({ groups }).groups, groups);
  });

  it('reports that groups are missing when the provider has them elsewhere', () => {
    assert.equal(read({ _claim_names: { groups: 'src1' }, _claim_sources: {} }).groupsOmitted, true);
    assert.equal(read({ hasgroups: true }).groupsOmitted, true);
    assert.equal(read({ _claim_names: { other: 'src1' } }).groupsOmitted, false);
    assert.equal(read({ _claim_names: 'groups' }).groupsOmitted, false);
    assert.equal(read({ _claim_names: null }).groupsOmitted, false);
  });

  it('reads groups from the configured claim only, and never from a prototype', () => {
    const claims = { ...ALICE, groups: ['a'], roles: ['b'] };
    assert.deepEqual(readIdentity(claims, { ...OPTIONS, groupsClaim: 'roles' }).groups, ['b']);
    for (const groupsClaim of ['constructor', '__proto__', 'toString']) {
      const identity = readIdentity(claims, { ...OPTIONS, groupsClaim });
      assert.deepEqual(identity.groups, []);
      assert.equal(identity.groupsOmitted, false);
    }
  });

  it('does not inherit claims', () => {
    assert.throws(() => readIdentity(Object.create(ALICE), OPTIONS), denied);
  });

  it('either denies or returns an identity without controls and lone surrogates, whatever the claims are', () => {
    const claims = fc.record({
      sub: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
      email: fc.oneof(fc.emailAddress(), fc.string({ unit: 'binary' }), fc.anything()),
      email_verified: fc.anything(),
      preferred_username: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
      groups: fc.oneof(fc.array(fc.string({ unit: 'binary' })), fc.anything()),
      hd: fc.anything(),
    });
    fc.assert(
      fc.property(claims, (hostile) => {
        let identity: Identity;
        try {
          identity = readIdentity(hostile, OPTIONS);
        } catch (error) {
          assert.ok(denied(error));
          return;
        }
        const texts = [identity.subject, identity.email, identity.username ?? 'x', ...identity.groups];
        for (const text of texts) assert.match(text, /^[^\p{Cc}\p{Cs}]+$/u);
      }),
    );
  });
});
