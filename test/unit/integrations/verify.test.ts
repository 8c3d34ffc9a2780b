/** What `postern/verify` accepts as an assertion, of whatever kind of request, and what it refuses. */
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { SignJWT } from 'jose';
import { Assertions } from '../../../src/auth/identity/assertion.js';
import { createVerifier, type VerifierOptions, type WithHeaders } from '../../../src/integrations/verify.js';
import { AUDIENCE, FakeEdge, ISSUER, SECRET } from './fake-edge.js';

const HEADER = 'x-postern-assertion';

function verifierOf(edge: FakeEdge, more: Partial<VerifierOptions> = {}) {
  return createVerifier({ edge: ISSUER, tunnel: AUDIENCE, fetch: edge.fetch, ...more });
}

const refused = { code: 'ERR_ASSERTION_INVALID', status: 401 };

describe('a verifier', () => {
  test('gives the visitor of a request, with groups and name', async () => {
    const edge = new FakeEdge();
    const { expiresAt, ...visitor } = await verifierOf(edge).verify({ headers: { [HEADER]: await edge.assertion() } });
    assert.deepEqual(visitor, {
      subject: '1',
      provider: 'https://id.acme.com',
      email: 'ana@acme.com',
      username: 'Ana',
      groups: ['eng'],
      tunnel: AUDIENCE,
    });
    assert.ok(expiresAt.getTime() > Date.now());
  });

  test('reads a Web request, its headers, a request of Node and plain headers alike', async () => {
    const edge = new FakeEdge();
    const verifier = verifierOf(edge);
    const headers = { [HEADER]: await edge.assertion() };
    const request = new Request('http://localhost/', { headers });
    for (const given of [request, request.headers, { headers }, headers] satisfies WithHeaders[])
      assert.equal((await verifier.verify(given)).email, 'ana@acme.com');
    assert.equal(edge.fetches, 1);
  });

  test('refuses a request without an assertion, whatever else it says of its visitor', async () => {
    const verifier = verifierOf(new FakeEdge());
    const headers = { 'x-forwarded-email': 'dev@acme.com', 'x-forwarded-user': '1' };
    await assert.rejects(verifier.verify({ headers }), refused);
    assert.equal(await verifier.verifyIfPresent({ headers }), undefined);
    await assert.rejects(verifier.verifyIfPresent({ headers: { [HEADER]: '' } }), refused);
  });

  test('E17 refuses what is not signed by this edge, for this tunnel, with its algorithm, for this time', async () => {
    const edge = new FakeEdge();
    const stranger = new FakeEdge({ secret: 'another secret of thirty-two bytes or more' });
    const verifier = verifierOf(edge);
    const valid = await edge.assertion();
    const [head = '', payload = '', signature = ''] = valid.split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const [key] = edge.jwks().keys;
    const secretOfPublicKey = Buffer.from(JSON.stringify(key));
    const cases: Record<string, string> = {
      'no token': 'x',
      'two tokens': `${valid}, ${valid}`,
      'a changed payload': `${head}.${encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), email: 'dev@acme.com' })}.${signature}`,
      'no signature': `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      'the public key as a secret': await new SignJWT({ email: 'ana@acme.com' })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: String(key?.kid) })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject('1')
        .setExpirationTime('1m')
        .sign(secretOfPublicKey),
      'another key': await stranger.assertion(),
      'another tunnel': await edge.assertion({ audience: 'https://other.tunnel.test' }),
      'another edge': await new FakeEdge({ issuer: 'https://tunnel.example' }).assertion(),
      'an assertion of three minutes ago': await new FakeEdge({ now: () => Date.now() - 180_000 }).assertion(),
    };
    for (const [name, text] of Object.entries(cases)) {
      await assert.rejects(verifier.verify({ headers: { [HEADER]: text } }), refused, name);
      await assert.rejects(verifier.verifyIfPresent({ headers: { [HEADER]: text } }), refused, name);
    }
    await verifier.verify({ headers: { [HEADER]: valid } });
  });

  test('accepts an assertion for any tunnel that it is made for, and tells which', async () => {
    const edge = new FakeEdge();
    const verifier = verifierOf(edge, { tunnel: [AUDIENCE, 'https://other.tunnel.test/'] });
    const other = await edge.assertion({ audience: 'https://other.tunnel.test' });
    assert.equal((await verifier.verify({ [HEADER]: other })).tunnel, 'https://other.tunnel.test');
  });

  test('tolerates a clock that is a few seconds ahead', async () => {
    const late = new FakeEdge({ now: () => Date.now() - 122_000 });
    const headers = { [HEADER]: await late.assertion() };
    await verifierOf(late).verify({ headers });
    await assert.rejects(verifierOf(late, { clockToleranceSeconds: 0 }).verify({ headers }), refused);
  });

  test('E17 reads the keys again for one that it does not know, at most every half minute', async (t) => {
    const edge = new FakeEdge();
    const verifier = verifierOf(edge);
    await verifier.verify({ [HEADER]: await edge.assertion() });
    edge.rotate('a newer secret of thirty-two bytes or more');
    const rotated = { [HEADER]: await edge.assertion() };
    await assert.rejects(verifier.verify(rotated), refused);
    for (let at = 0; at < 20; at++) await assert.rejects(verifier.verify(rotated), refused);
    assert.equal(edge.fetches, 1);
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 31_000 });
    t.after(() => mock.timers.reset());
    assert.equal((await verifier.verify(rotated)).email, 'ana@acme.com');
    assert.equal(edge.fetches, 2);
  });

  test('forgets a key that was withdrawn after five minutes', async (t) => {
    const edge = new FakeEdge({ now: () => Date.now() }); // of the mock, also what was signed before
    const verifier = verifierOf(edge);
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    t.after(() => mock.timers.reset());
    await verifier.verify({ [HEADER]: await edge.assertion() });
    const former = edge.assertions;
    edge.rotate('a newer secret of thirty-two bytes or more', []);
    const signed = async (sessionId: string) => ({ [HEADER]: await former.sign({ ...edge.fields, sessionId }).text });
    mock.timers.tick(299_000);
    await verifier.verify(await signed('in time'));
    mock.timers.tick(2_000);
    await assert.rejects(verifier.verify(await signed('late')), refused);
  });

  test('tells a refusal from an edge whose keys cannot be read', async () => {
    const edge = new FakeEdge();
    const text = await edge.assertion();
    const unavailable = { code: 'ERR_KEYS_UNAVAILABLE', status: 503, retryable: true };
    for (const respond of [
      () => Promise.reject(new Error('ECONNREFUSED')),
      async () => new Response('', { status: 502 }),
      async () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }),
      async () => new Response('<html>'),
      async () => Response.json({ keys: 'none' }),
    ]) {
      const verifier = verifierOf(edge, { fetch: respond });
      await assert.rejects(verifier.verify({ [HEADER]: text }), unavailable);
    }
  });

  test('refuses addresses that are no origins, and http beyond this machine', () => {
    const invalid = { code: 'ERR_CONFIG_INVALID' };
    for (const edge of ['tunnel.acme.com', 'http://tunnel.acme.com', 'https://tunnel.acme.com/x', ''])
      assert.throws(() => createVerifier({ edge, tunnel: AUDIENCE }), invalid, edge);
    assert.throws(() => createVerifier({ edge: ISSUER, tunnel: [] }), invalid);
    assert.throws(() => createVerifier({ edge: ISSUER, tunnel: 'demo' }), invalid);
    createVerifier({ edge: 'http://localhost:8080', tunnel: 'http://demo.localhost:8080' });
  });
});

test('claims of another shape are refused', async () => {
  const edge = new FakeEdge();
  const odd = new Assertions({ secrets: [SECRET], issuer: ISSUER });
  const identity = { ...edge.fields.identity, email: 7 as unknown as string };
  const text = await odd.sign({ ...edge.fields, identity }).text;
  await assert.rejects(verifierOf(edge).verify({ [HEADER]: text }), refused);
});
