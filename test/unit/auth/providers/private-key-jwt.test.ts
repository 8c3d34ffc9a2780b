/** Client authentication with a private key: the JWT that a provider gets at each endpoint, and when the other one is tried. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { type JWTVerifyResult, jwtVerify } from 'jose';
import {
  allowInsecureRequests,
  buildAuthorizationUrlWithPAR,
  Configuration,
  clientCredentialsGrant,
  customFetch,
} from 'openid-client';
import { ClientAuthentication } from '../../../../src/auth/providers/client-authentication.js';

const ISSUER = 'http://op.test';
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  pushed_authorization_request_endpoint: `${ISSUER}/par`,
};
const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** A provider that takes JWTs with these audiences, and the requests that it was sent. */
function provider(key: KeyObject, algorithms: readonly string[], metadata: object = {}, audiences = [ISSUER]) {
  const seen: JWTVerifyResult[] = [];
  const authentication = new ClientAuthentication({ key, algorithms, names: { kid: 'one' } });
  authentication.choose({ ...METADATA, ...metadata } as never);
  const configuration = new Configuration(METADATA, 'edge', undefined, authentication.authenticate);
  allowInsecureRequests(configuration);
  configuration[customFetch] = async (url, { body, headers }) => {
    const form = new URLSearchParams(String(body));
    assert.equal(new Headers(headers).has('authorization'), false);
    assert.deepEqual([form.get('client_id'), form.get('client_secret')], ['edge', null]);
    const assertion = await jwtVerify(form.get('client_assertion') ?? '', createPublicKey(key));
    seen.push(assertion);
    if (!audiences.includes(String(assertion.payload.aud)))
      return Response.json({ error: 'invalid_client' }, { status: 401 });
    return url.endsWith('/par')
      ? Response.json({ request_uri: 'urn:x', expires_in: 60 }, { status: 201 })
      : Response.json({ access_token: 'x', token_type: 'bearer' });
  };
  return {
    token: () => authentication.withFallback(() => clientCredentialsGrant(configuration)),
    push: () => authentication.withFallback(() => buildAuthorizationUrlWithPAR(configuration, { scope: 'openid' })),
    /** The audiences of the requests since the last call. */
    audiences: () => seen.splice(0).map(({ payload }) => payload.aud),
    seen,
    refusal: authentication.refusal,
  };
}

describe('a JWT of client authentication', () => {
  it('has what RFC 7523 asks for, and is sent once', async () => {
    const { token, seen } = provider(ec(), ['ES256']);
    await token();
    await token();
    const [first, second] = seen.map(({ payload }) => payload);
    const { jti, iat, nbf: _nbf, exp, ...rest } = first ?? assert.fail();
    assert.deepEqual(rest, { iss: 'edge', sub: 'edge', aud: ISSUER });
    assert.ok(Number(exp) - Number(iat) <= 60);
    assert.notEqual(jti, second?.jti);
    assert.deepEqual(seen[0]?.protectedHeader, { alg: 'ES256', typ: 'JWT', kid: 'one' });
  });

  it('B28 names the issuer, or else the endpoint that it is sent to, and no other endpoint', async () => {
    const endpoints = [`${ISSUER}/token`, `${ISSUER}/par`];
    const { token, push, audiences } = provider(ec(), ['ES256'], {}, endpoints);
    await push();
    assert.deepEqual(audiences(), [ISSUER, `${ISSUER}/par`]);
    await token();
    assert.deepEqual(audiences(), [`${ISSUER}/token`], 'what was learned is kept');
    const unknown = provider(ec(), ['ES256'], {}, []);
    await assert.rejects(unknown.token(), { error: 'invalid_client' });
    assert.match(unknown.refusal, /with the client key/);
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ed25519 = generateKeyPairSync('ed25519').privateKey;
  for (const [key, algorithms, supported, used] of [
    [rsa, ['RS256', 'PS256'], undefined, 'RS256'],
    [rsa, ['RS256', 'PS256'], ['ES256', 'PS256'], 'PS256'],
    [rsa, ['PS256', 'RS256'], ['RS256', 'PS256'], 'PS256'],
    [ed25519, ['EdDSA', 'Ed25519'], undefined, 'EdDSA'],
    [ed25519, ['EdDSA', 'Ed25519'], ['Ed25519'], 'Ed25519'],
  ] as const) {
    it(`is signed by ${used} with ${algorithms} where the provider accepts ${supported}`, async () => {
      const metadata = { token_endpoint_auth_signing_alg_values_supported: supported };
      const { token, seen } = provider(key, algorithms, metadata);
      await token();
      assert.equal(seen[0]?.protectedHeader.alg, used);
    });
  }

  it('is not for a provider that takes none, or none of this key', () => {
    const choose = (metadata: object) => provider(ec(), ['ES256'], metadata);
    assert.throws(() => choose({ token_endpoint_auth_methods_supported: ['client_secret_post'] }), {
      code: 'ERR_LOGIN_FAILED',
      message: /does not accept private_key_jwt: expected a client secret/,
    });
    assert.throws(() => choose({ token_endpoint_auth_signing_alg_values_supported: ['RS256'] }), {
      code: 'ERR_LOGIN_FAILED',
      message: /no signature by ES256/,
    });
  });
});
