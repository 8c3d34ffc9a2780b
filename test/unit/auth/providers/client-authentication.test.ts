/** Which method of client authentication is used, and when the other one is tried. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allowInsecureRequests, Configuration, clientCredentialsGrant, customFetch } from 'openid-client';
import { ClientAuthentication } from '../../../../src/auth/providers/client-authentication.js';

type Way = 'basic' | 'post' | 'jwt';
type Says = 'token' | 'invalid_client' | 'invalid_grant' | 'nothing';

/** A provider whose token endpoint responds to each method in its own way. */
function provider(supported: readonly string[] | undefined) {
  const says: Record<Way, Says> = { basic: 'token', post: 'token', jwt: 'token' };
  const ways: Way[] = [];
  const metadata = { issuer: 'http://op.test', token_endpoint: 'http://op.test/token' };
  const announced = supported === undefined ? {} : { token_endpoint_auth_methods_supported: [...supported] };
  const authentication = new ClientAuthentication('the secret');
  authentication.choose({ ...metadata, ...announced } as never);
  const configuration = new Configuration(metadata, 'edge', undefined, authentication.authenticate);
  allowInsecureRequests(configuration);
  configuration[customFetch] = async (_url, { body, headers }) => {
    const way = wayOf(String(body), new Headers(headers));
    ways.push(way);
    return responseTo(says[way]);
  };
  return {
    says,
    ask: () => authentication.withFallback(() => clientCredentialsGrant(configuration)),
    /** The methods that were tried since the last call. */
    tried: () => ways.splice(0),
  };
}

function wayOf(body: string, headers: Headers): Way {
  if (headers.has('authorization')) return 'basic';
  return new URLSearchParams(body).has('client_assertion') ? 'jwt' : 'post';
}

function responseTo(says: Says): Response {
  if (says === 'nothing') throw new TypeError('fetch failed');
  const [status, body] = says === 'token' ? [200, { access_token: 'x', token_type: 'bearer' }] : [400, { error: says }];
  return Response.json(body, { status });
}

const refused = { error: 'invalid_client' };

describe('the method of client authentication', () => {
  for (const [supported, way] of [
    [undefined, 'basic'],
    [['client_secret_basic'], 'basic'],
    [['client_secret_basic', 'client_secret_post'], 'post'],
    [['private_key_jwt', 'client_secret_jwt'], 'jwt'],
    [['client_secret_jwt', 'client_secret_basic'], 'basic'],
  ] as const) {
    it(`is ${way} when the provider supports ${supported}`, async () => {
      const { ask, tried } = provider(supported);
      await ask();
      assert.deepEqual(tried(), [way]);
    });
  }

  it('is an error when the provider supports none of those of the edge', () => {
    for (const supported of [[], ['private_key_jwt'], ['none']]) {
      assert.throws(() => provider(supported), { code: 'ERR_LOGIN_FAILED' });
    }
  });

  it('changes when the first is rejected, and stays changed', async () => {
    const { says, ask, tried } = provider(undefined);
    says.basic = 'invalid_client';
    await ask();
    assert.deepEqual(tried(), ['basic', 'post']);
    await ask();
    assert.deepEqual(tried(), ['post'], 'what was learned is not forgotten');
    Object.assign(says, { basic: 'token', post: 'invalid_client' });
    await ask();
    assert.deepEqual(tried(), ['post', 'basic']);
    await ask();
    assert.deepEqual(tried(), ['basic']);
  });

  it('changes back when both are rejected: the secret is wrong, not the method', async () => {
    const { says, ask, tried } = provider(undefined);
    Object.assign(says, { basic: 'invalid_client', post: 'invalid_client' });
    for (let at = 0; at < 3; at++) {
      await assert.rejects(ask(), refused);
      assert.deepEqual(tried(), ['basic', 'post']);
    }
    Object.assign(says, { basic: 'token', post: 'token' });
    await ask();
    assert.deepEqual(tried(), ['basic']);
  });

  for (const what of ['invalid_grant', 'nothing'] as const) {
    it(`does not change when the provider reports ${what}`, async () => {
      const { says, ask, tried } = provider(undefined);
      says.basic = what;
      await assert.rejects(ask());
      assert.deepEqual(tried(), ['basic']);
      says.basic = 'token';
      await ask();
      assert.deepEqual(tried(), ['basic']);
    });

    it(`stays changed when the second attempt reports ${what}, not a wrong secret`, async () => {
      const { says, ask, tried } = provider(undefined);
      Object.assign(says, { basic: 'invalid_client', post: what });
      await assert.rejects(ask());
      tried();
      says.post = 'token';
      await ask();
      assert.deepEqual(tried(), ['post']);
    });
  }

  it('stays a JWT, without the secret in clear, whatever the provider reports', async () => {
    const { says, ask, tried } = provider(['client_secret_jwt']);
    says.jwt = 'invalid_client';
    await assert.rejects(ask(), refused);
    assert.deepEqual(tried(), ['jwt']);
  });
});
