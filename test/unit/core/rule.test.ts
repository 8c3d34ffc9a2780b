import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalDomain, canonicalEmail, formatRule, MAX_GROUP_CHARS, parseRule } from '../../../src/core/rule.js';

/** What is written, and the canonical spelling of the rule that it is. */
const RULES: readonly (readonly [string, string])[] = [
  ['@acme.com', '@acme.com'],
  ['*@acme.com', '@acme.com'],
  ['@ACME.Com', '@acme.com'],
  ['  @acme.com\t', '@acme.com'],
  ['@sub.acme.com', '@sub.acme.com'],
  ['@bücher.example', '@xn--bcher-kva.example'],
  ['@xn--bcher-kva.example', '@xn--bcher-kva.example'],
  ['@localhost', '@localhost'],
  ['ana@acme.com', 'ana@acme.com'],
  ['Ana.Lima+Work@Acme.COM', 'ana.lima+work@acme.com'],
  ['šlice@acme.com', 'šlice@acme.com'],
  ["o'neil_x/y=z@acme.com", "o'neil_x/y=z@acme.com"],
  ['group:eng', 'group:eng'],
  ['group:Domain Admins', 'group:Domain Admins'],
  ['group:@acme.com', 'group:@acme.com'],
  ['group:ingénierie', 'group:ingénierie'],
  ['*', '*'],
  [' * ', '*'],
  ['public', 'public'],
];

const NOT_RULES: readonly string[] = [
  '',
  ' ',
  'acme.com',
  '.acme.com',
  '*.acme.com',
  '@*.acme.com',
  '*@*.acme.com',
  '*@',
  '@',
  '@@acme.com',
  '**@acme.com',
  '*a@acme.com',
  'a*@acme.com',
  '**',
  'any',
  'anyone',
  'Public',
  'PUBLIC',
  'group',
  'group:',
  'group: eng',
  'group:eng,ops',
  'group:eng\n',
  'group:\ud800',
  'group:adm\u200bin',
  `group:${'g'.repeat(MAX_GROUP_CHARS + 1)}`,
  'Group:eng',
  'user:ana',
  '@acme.com, bob@x.com',
  '@acme.com bob@x.com',
  '@acme.com\n',
  '\n@acme.com',
  '\u00a0@acme.com',
  '\ufeff@acme.com',
  '@acme.com\0',
  '@acme.com.',
  '@.acme.com',
  '@acme..com',
  '@-acme.com',
  '@acme-.com',
  '@ac_me.com',
  '@acme.com:443',
  '@acme.com/x',
  '@acme.com?x',
  '@acme.com#x',
  '@ac%6de.com',
  '@127.0.0.1',
  '@0x7f.1',
  '@[::1]',
  '@acme.1',
  '@xn--a',
  '@xn--example-',
  '@xn---j6u.com',
  '@\uff41cme.com',
  '@acme\u3002com',
  '@ac\u00adme.com',
  '@ac\u200bme.com',
  '@\u212aacme.com',
  '@BÜCHER.example',
  '@xn--bcher-kva.bücher',
  `@${'a'.repeat(64)}.com`,
  `@${'a.'.repeat(127)}com`,
  `@acme.com${' '.repeat(100_000)}x`,
  'https://acme.com',
  '/^.*@acme.com$/',
  '__proto__',
  'constructor',
];

const EMAILS: readonly (readonly [string, string])[] = [
  ['alice@example.com', 'alice@example.com'],
  ['alice@EXAMPLE.COM', 'alice@example.com'],
  ['Alice@Example.com', 'alice@example.com'],
  ['alice+x@example.com', 'alice+x@example.com'],
  ['a.l.i.c.e@example.com', 'a.l.i.c.e@example.com'],
  ['alice@bücher.example', 'alice@xn--bcher-kva.example'],
  ['alice@xn--bcher-kva.example', 'alice@xn--bcher-kva.example'],
  ['alice@XN--BCHER-KVA.example', 'alice@xn--bcher-kva.example'],
  ['alice@еxample.com', 'alice@xn--xample-2of.com'],
  ['Šlice@example.com', 'Šlice@example.com'],
  ['名@example.com', '名@example.com'],
  ['root@localhost', 'root@localhost'],
  ['a.c@example.com', 'a.c@example.com'],
  ['$&@example.com', '$&@example.com'],
];

const NOT_EMAILS: readonly string[] = [
  '',
  '@',
  'alice',
  '@example.com',
  'alice@',
  'alice@evil.com@example.com',
  'eve@acme.com@evil.com',
  '"a@example.com"@evil.com',
  'a@example.com@',
  '@a@example.com',
  '"alice"@example.com',
  'alice@example.com\0.evil.com',
  'alice@example.com\0',
  'x@evil\r\nX-Forwarded-Email: alice@example.com',
  'alice@example.com\r\n',
  'alice@example.com\n',
  ' alice@example.com',
  'alice@example.com ',
  'al ice@example.com',
  '\talice@example.com',
  'al\u200bice@example.com',
  'al\u200dice@example.com',
  'alice\u3164@example.com',
  'alice\ufe0f@example.com',
  'alice@exam\u200bple.com',
  '\ufeffalice@example.com',
  '\u202ealice@example.com',
  'alice@example.com.',
  'alice@.example.com',
  'alice@example..com',
  'alice\uff20example.com',
  'alice\uff20evil.com@example.com',
  '\uff41lice@example.com',
  'a\u0301lice@example.com',
  '\u212aim@example.com',
  'kim@\u212aexample.com',
  '\u017falice@example.com',
  'alice@\u212aexample.com',
  'alice@ｅxample.com',
  'alice@example。com',
  'alice@BÜCHER.example',
  'alice\ud800@example.com',
  'alice@exa\udc00mple.com',
  'alice,bob@example.com',
  'alice;bob@example.com',
  'alice:bob@example.com',
  '<alice@example.com>',
  'Alice <alice@example.com>',
  'alice(x)@example.com',
  'alice\\@example.com',
  'alice[1]@example.com',
  '*@example.com',
  '.alice@example.com',
  'alice.@example.com',
  'al..ice@example.com',
  'alice@127.0.0.1',
  'alice@[127.0.0.1]',
  'alice@2130706433',
  'alice@example.com:25',
  'alice@example.com/x',
  'alice@ex_ample.com',
  '😀@example.com',
  `${'a'.repeat(243)}@example.com`,
  `${'名'.repeat(90)}@example.com`,
];

describe('parseRule', () => {
  for (const [text, canonical] of RULES) {
    it(`reads ${JSON.stringify(text)}`, () => {
      const rule = parseRule(text);
      assert.ok(rule);
      assert.equal(formatRule(rule), canonical);
      assert.deepEqual(parseRule(canonical), rule);
    });
  }

  for (const text of NOT_RULES) {
    it(`does not take ${JSON.stringify(text).slice(0, 60)} for a rule`, () => {
      assert.equal(parseRule(text), undefined);
    });
  }

  it('tells the kinds apart', () => {
    assert.deepEqual(parseRule('@acme.com'), { kind: 'domain', domain: 'acme.com' });
    assert.deepEqual(parseRule('ana@acme.com'), { kind: 'email', email: 'ana@acme.com' });
    assert.deepEqual(parseRule('group:eng'), { kind: 'group', group: 'eng' });
    assert.deepEqual(parseRule('*'), { kind: 'anyone' });
    assert.deepEqual(parseRule('public'), { kind: 'public' });
  });

  it('never throws, and reads what it has read again from its canonical spelling', () => {
    const piece = fc.constantFrom(
      '*',
      '@',
      '.',
      'acme',
      'com',
      'group:',
      'public',
      ' ',
      ',',
      'É',
      'é',
      'xn--',
      '\0',
      '-',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (written) => {
        const rule = parseRule(written);
        if (rule === undefined) return;
        assert.deepEqual(parseRule(formatRule(rule)), rule);
        assert.doesNotMatch(formatRule(rule), /[,\p{Cc}\p{Cs}]/u);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('canonicalEmail', () => {
  for (const [text, canonical] of EMAILS) {
    it(`reads ${text} as ${canonical}`, () => assert.equal(canonicalEmail(text), canonical));
  }

  for (const text of NOT_EMAILS) {
    it(`refuses ${JSON.stringify(text).slice(0, 60)}`, () => assert.equal(canonicalEmail(text), undefined));
  }

  it('accepts 254 bytes and no more', () => {
    assert.equal(canonicalEmail(`${'a'.repeat(242)}@example.com`)?.length, 254);
    assert.equal(canonicalEmail(`${'a'.repeat(243)}@example.com`), undefined);
  });

  it('is stable, ignores ASCII case and holds exactly one @', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        const email = canonicalEmail(address);
        if (email === undefined) return;
        assert.equal(canonicalEmail(email), email);
        assert.equal(canonicalEmail(address.toUpperCase()), email);
        assert.equal(email.split('@').length, 2);
      }),
    );
  });
});

describe('canonicalDomain', () => {
  it('distinguishes look-alikes', () => {
    const spellings = [
      'example.com',
      'еxample.com',
      'exаmple.com',
      'examp1e.com',
      'evil-example.com',
      'sub.example.com',
    ];
    const canonical = spellings.map((domain) => canonicalDomain(domain));
    assert.equal(new Set(canonical).size, spellings.length);
    assert.ok(canonical.every((domain) => domain !== undefined));
  });

  it('gives lower-case ASCII, and is idempotent', () => {
    const text = fc.oneof(fc.domain(), fc.string({ unit: 'binary' }), fc.webAuthority());
    fc.assert(
      fc.property(text, (written) => {
        const domain = canonicalDomain(written);
        if (domain === undefined) return;
        assert.match(domain, /^[a-z0-9.-]+$/);
        assert.equal(canonicalDomain(domain), domain);
      }),
    );
  });
});
