import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import { deriveKeys, type KeyPurpose } from '../../../src/core/keys.js';
import { coversName } from '../../../src/core/name-pattern.js';
import { PosternError } from '../../../src/errors.js';
import { createToken, verifyToken } from '../../../src/link/token.js';

const SECRET = 'a secret of thirty-two bytes or more';
const OTHER = 'another secret, just as long as that one';
const DAY_MS = 86_400_000;
const REQUEST = { owner: 'dev@acme.com', tunnels: ['demo', 'dev-*'], ttlMs: DAY_MS };

const isInvalid = (error: unknown) => error instanceof PosternError && error.code === 'ERR_TOKEN_INVALID';
const assertInvalid = (token: string, secrets = [SECRET], now?: () => number) =>
  assert.rejects(verifyToken(secrets, token, now), isInvalid);

describe('an agent token', () => {
  it('carries the owner, the tunnels and the expiry', async () => {
    const now = () => 1_800_000_000_000;
    const { id, ...grant } = await verifyToken([SECRET], await createToken([SECRET], REQUEST, now), now);
    assert.deepEqual(grant, {
      owner: 'dev@acme.com',
      tunnels: ['demo', 'dev-*'],
      issuedAtMs: now(),
      expiresAtMs: now() + DAY_MS,
    });
    assert.match(id, /^[0-9a-f]{18}$/);
  });

  it('is different each time, recognizable and valid in a header', async () => {
    const tokens = await Promise.all([createToken([SECRET], REQUEST), createToken([SECRET], REQUEST)]);
    assert.notEqual(tokens[0], tokens[1]);
    for (const token of tokens) assert.match(token, /^postern_[\w.-]+$/);
  });

  it('of another secret is refused', async () => {
    await assertInvalid(await createToken([OTHER], REQUEST));
  });

  it('stays valid through a rotation of the secret until the old one is removed', async () => {
    const old = await createToken([SECRET], REQUEST);
    assert.equal((await verifyToken([OTHER, SECRET], old)).owner, REQUEST.owner);
    await assertInvalid(old, [OTHER]);
    await assertInvalid(await createToken([OTHER, SECRET], REQUEST), [SECRET]);
  });

  it('is refused from the second of its expiry on', async () => {
    const token = await createToken([SECRET], REQUEST, () => 0);
    assert.ok(await verifyToken([SECRET], token, () => DAY_MS - 1_000));
    await assertInvalid(token, [SECRET], () => DAY_MS);
  });

  it('is refused with any character changed, cut or added', async () => {
    const token = await createToken([SECRET], REQUEST);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom('A', 'b', '-', '.', ' ', 'ä', ''),
        async (at, sign) => {
          const changed = token.slice(0, at) + sign + token.slice(at + 1);
          // The last character of base64url has bits that no decoder reads: changing them changes nothing.
          fc.pre(changed !== token && at < token.length - 1);
          await assertInvalid(changed);
        },
      ),
      { numRuns: 200 },
    );
    for (const text of [
      '',
      'postern_',
      'postern_.',
      'postern_..',
      token.slice(8),
      `${token}.`,
      `${token}x`,
      `x${token}`,
    ]) {
      await assertInvalid(text);
    }
    await assertInvalid(`postern_${'a'.repeat(1_000_000)}`);
  });

  for (const purpose of ['session', 'ticket', 'transaction', 'assertion'] satisfies KeyPurpose[]) {
    it(`cannot be made with the key for a ${purpose}`, async () => {
      const [{ bytes }] = deriveKeys([SECRET], purpose);
      await assertInvalid(await forged({ key: bytes }));
    });
  }

  it('cannot be made without a signature, with another type or algorithm', async () => {
    assert.ok(await verifyToken([SECRET], await forged({})));
    const claims = { tunnels: ['*'], sub: 'eve@acme.com', jti: 'x', exp: 4_000_000_000 };
    await assertInvalid(`postern_${new UnsecuredJWT(claims).encode()}`);
    for (const change of [
      { typ: 'JWT' },
      { typ: undefined },
      { alg: 'HS512' },
      { kid: undefined },
      { kid: '__proto__' },
    ]) {
      await assertInvalid(await forged(change));
    }
  });

  for (const claim of ['jti', 'sub', 'exp', 'tunnels']) {
    it(`without ${claim} is invalid`, async () => {
      await assertInvalid(await forged({ without: claim }));
    });
  }

  for (const tunnels of ['demo', { 0: 'demo' }, [1], [['demo']], null]) {
    it(`that lists ${JSON.stringify(tunnels)} for tunnels is invalid`, async () => {
      await assertInvalid(await forged({ tunnels }));
    });
  }
});

describe('the tunnels of a token', () => {
  for (const [pattern, covered, others] of [
    ['demo', ['demo'], ['', 'dem', 'demos', 'Demo', 'xdemo', 'demo.x']],
    ['dev-*', ['dev-', 'dev-a', 'dev-a-b'], ['dev', 'xdev-a', 'DEV-a']],
    ['*-dev', ['a-dev', '-dev', '-dev-dev'], ['dev', 'a-dev-b']],
    ['a*b*c', ['abc', 'axbxc', 'abcbc', 'aabbcc'], ['ab', 'acb', 'abcd', 'xabc']],
    ['*', ['', 'a', 'anything'], []],
    ['**', ['', 'a'], []],
    ['', [''], ['a']],
    ['a.c', ['a.c'], ['abc']],
    ['a?c', ['a?c'], ['abc']],
    ['[ab]', ['[ab]'], ['a']],
  ] as const) {
    it(`match ${JSON.stringify(pattern)} letter by letter, with * for any letters`, () => {
      for (const name of covered) assert.ok(coversName([pattern], name), `${pattern} should cover ${name}`);
      for (const name of others) assert.ok(!coversName([pattern], name), `${pattern} should not cover ${name}`);
    });
  }

  it('agree with a regular expression, whatever the pattern', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, name) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
        assert.equal(coversName([pattern], name), expected);
      }),
    );
  });

  it('match nothing if there are none', () => {
    assert.ok(!coversName([], 'demo'));
  });

  it('are matched in a bounded number of steps', () => {
    assert.ok(!coversName([`${'*a'.repeat(500)}b`], 'a'.repeat(2_000)));
  });
});

async function forged(change: {
  readonly key?: Uint8Array;
  readonly typ?: string | undefined;
  readonly alg?: string;
  readonly kid?: string | undefined;
  readonly without?: string;
  readonly tunnels?: unknown;
}): Promise<string> {
  const [own] = deriveKeys([SECRET], 'token');
  const claims: Record<string, unknown> = { tunnels: ['*'], sub: 'eve@acme.com', jti: 'x', exp: 4_000_000_000 };
  if ('tunnels' in change) claims['tunnels'] = change.tunnels;
  if (change.without !== undefined) delete claims[change.without];
  const { alg = 'HS256' } = change;
  const typ = 'typ' in change ? change.typ : 'postern-agent+jwt';
  const kid = 'kid' in change ? change.kid : own.id;
  const header = { alg, ...(typ === undefined ? {} : { typ }), ...(kid === undefined ? {} : { kid }) };
  return `postern_${await new SignJWT(claims).setProtectedHeader(header).sign(change.key ?? own.bytes)}`;
}
