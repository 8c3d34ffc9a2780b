/**
 * The identity: in whatever script a name is written it reaches the target whole and as nobody else's, or the
 * request fails; and the signed form of it says the same, to one tunnel and for a minute.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import { readBaseAddress } from '../../../src/core/hostname.js';
import { identityHeaders } from '../../../src/edge/forward/identity-headers.js';
import { targetHeaders } from '../../../src/edge/forward/request-headers.js';
import { normalizedName } from '../../../src/http/header-rules.js';
import { inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import { PEOPLE } from '../../support/world-options.js';
import { requestOf } from '../../unit/edge/visits.js';

const ACCOUNTS = [
  ...PEOPLE,
  {
    sub: 'z\u00f6e',
    email: '\u0161lice@acme.com',
    email_verified: true,
    preferred_username: 'Zo\u00eb, 100% \u540d\u524d',
    groups: ['eng', '\u540d \u524d', 'a,b', 'a', '100%', 'eng'],
  },
  { sub: 'caps', email: 'Caps.LOCK@ACME.com', email_verified: true, groups: 'solo' },
  { sub: 'odd-groups', email: 'odd@acme.com', email_verified: true, groups: { eng: true }, preferred_username: ['x'] },
  {
    sub: 'evil|sub"%0d%0a',
    email: 'evil+tag@acme.com',
    email_verified: true,
    preferred_username: 'a\r\nX-Forwarded-Email: dev@acme.com',
  },
  {
    sub: 'many',
    email: 'many@acme.com',
    email_verified: true,
    groups: Array.from({ length: 200 }, (_, at) => `group-${at}`),
  },
];

describe('the identity that a target reads', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', accounts: ACCOUNTS });

  /** What the target is told under any spelling of a name. */
  const told = (rawHeaders: readonly string[], name: string): string[] =>
    rawHeaders.flatMap((field, at) =>
      at % 2 === 0 && normalizedName(field) === name ? [rawHeaders[at + 1] ?? ''] : [],
    );

  test('E9 a name outside ASCII arrives percent-encoded, whole and never as somebody else’s', async () => {
    const visitor = await world.signedIn('z\u00f6e');
    const { rawHeaders } = (await visitor.fetch(`${world.url}/`)).json() as Echo;
    assert.deepEqual(told(rawHeaders, 'x-forwarded-email'), ['%C5%A1lice@acme.com']);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-user'), ['z%C3%B6e']);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-preferred-username'), ['Zo%C3%AB%2C%20100%25%20%E5%90%8D%E5%89%8D']);
    assert.deepEqual(told(rawHeaders, 'x-forwarded-groups'), ['eng,%E5%90%8D%20%E5%89%8D,a%2Cb,a,100%25']);
    const { email, groups } = await verified(rawHeaders);
    assert.deepEqual([email, groups], ['\u0161lice@acme.com', ['eng', '\u540d \u524d', 'a,b', 'a', '100%']]);
  });

  test('E9 an identity that cannot be carried fails its request, and is never cut', () => {
    const base = readBaseAddress('https://tunnel.test') ?? assert.fail();
    const request = { ...requestOf({ base }), headers: [] };
    const ordinary = {
      issuer: 'https://id.acme.com',
      domainProof: 'email' as const,
      subject: 'ana',
      email: 'ana@acme.com',
      emailVerified: true,
      groups: [],
      groupsOmitted: false,
    };
    for (const part of [
      { subject: 'a\ud800' },
      { email: '\udc00@acme.com' },
      { username: '\ud800' },
      { groups: ['a', '\udfff'] },
    ]) {
      const identity = { ...ordinary, ...part };
      assert.throws(() => targetHeaders(request, base, identityHeaders(identity, 'signed')), URIError);
    }
  });

  const odd: Record<string, Record<string, string[]>> = {
    caps: {
      'x-forwarded-email': ['caps.lock@acme.com'],
      'x-forwarded-groups': ['solo'],
      'x-forwarded-preferred-username': [],
    },
    'odd-groups': {
      'x-forwarded-email': ['odd@acme.com'],
      'x-forwarded-groups': [],
      'x-forwarded-preferred-username': [],
    },
    'evil|sub"%0d%0a': {
      'x-forwarded-user': ['evil|sub"%250d%250a'],
      'x-forwarded-email': ['evil+tag@acme.com'],
      'x-forwarded-preferred-username': [],
    },
    // No rule here asks for a group: as many as fit a session.
    many: {
      'x-forwarded-email': ['many@acme.com'],
      'x-forwarded-groups': [Array.from({ length: 16 }, (_, at) => `group-${at}`).join(',')],
    },
  };
  for (const [account, expected] of Object.entries(odd)) {
    test(`E9 odd claims never become another identity, nor another header: ${JSON.stringify(account)}`, async () => {
      const visitor = await world.signedIn(account);
      const { rawHeaders } = (
        await visitor.fetch(`${world.url}/`, {
          headers: { 'x-forwarded-groups': 'admins', 'x-forwarded-preferred-username': 'root' },
        })
      ).json() as Echo;
      for (const [name, values] of Object.entries(expected)) assert.deepEqual(told(rawHeaders, name), values, name);
    });
  }

  /** Verifies the assertion as an app would, with nothing but the base URL and its own. */
  async function verified(rawHeaders: readonly string[], audience = world.url): Promise<JWTPayload> {
    const keys = createRemoteJWKSet(new URL(`${world.base}/.postern/jwks.json`));
    const [assertion = ''] = told(rawHeaders, 'x-postern-assertion');
    const { payload } = await jwtVerify(assertion, keys, { issuer: world.base, audience, algorithms: ['ES256'] });
    return payload;
  }

  test('E16 the assertion verifies against the published keys and says what the headers say', async () => {
    const { rawHeaders } = (await ana.fetch(`${world.url}/`)).json() as Echo;
    const { sub, email, preferred_username, groups, iat = 0, exp = 0, aud } = await verified(rawHeaders);
    assert.deepEqual(
      { sub, email, preferred_username, groups, aud },
      { sub: 'ana', email: 'ana@acme.com', preferred_username: 'ana', groups: ['eng'], aud: world.url },
    );
    assert.equal(exp - iat, 180); // a minute of it is past: for a verifier whose clock is behind
    const { alg, kid } = decodeProtectedHeader(told(rawHeaders, 'x-postern-assertion')[0] ?? '');
    assert.deepEqual([alg, typeof kid], ['ES256', 'string']);
  });

  test('E16 the assertion of one tunnel is refused on another, and the one of a WebSocket is too', async () => {
    await world.startAgent({ name: 'dev-two' });
    const second = world.urlOf('dev-two');
    const { rawHeaders } = (await ana.open(`${second}/`)).json() as Echo;
    await verified(rawHeaders, second);
    await assert.rejects(verified(rawHeaders, world.url), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
    (await ana.socket(`${world.url}/ws-assertion`)).close();
    const upgrade = (await world.target.seen()).find(({ url }) => url === '/ws-assertion');
    await verified(upgrade?.rawHeaders ?? []);
  });

  test('E16 the published keys are public halves, and may be kept for a while', async () => {
    const response = await world.visitor().bare(`${world.base}/.postern/jwks.json`);
    const { keys } = response.json() as { keys: Record<string, unknown>[] };
    assert.equal(response.status, 200);
    assert.match(response.headers['cache-control'] ?? '', /^public, max-age=\d+$/);
    for (const key of keys) assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});
