import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { redirectFinding } from '../../../../src/auth/providers/redirect-check.js';
import { startProvider } from '../../../support/provider.js';

const CALLBACK = 'https://tunnel.acme.com/oauth2/callback';

async function providerWith(t: TestContext, status: number, location?: string) {
  const asked: URL[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://x'));
    response.writeHead(status, location === undefined ? {} : { location }).end();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/authorize?client_id=id` };
}

describe('a redirect URI', () => {
  it('is registered where a provider redirects to it at once', async (t) => {
    const { asked, url } = await providerWith(t, 302, `${CALLBACK}?error=login_required`);
    assert.equal(await redirectFinding(url, CALLBACK, 5_000), undefined);
    assert.equal(asked[0]?.searchParams.get('prompt'), 'none');
  });

  it('is not registered where a provider refuses, itself or on a page of errors', async (t) => {
    for (const [status, location] of [
      [400, undefined],
      [302, 'https://accounts.google.com/signin/oauth/error?authError=x'],
    ] as const) {
      const { url } = await providerWith(t, status, location);
      assert.match((await redirectFinding(url, CALLBACK, 5_000)) ?? '', /register https:\/\/tunnel\.acme\.com\/oauth2/);
    }
  });

  it('is not doubted when the provider says something else, or nothing', async (t) => {
    for (const status of [200, 403, 404, 500]) {
      const { url } = await providerWith(t, status);
      assert.equal(await redirectFinding(url, CALLBACK, 5_000), undefined);
    }
    assert.equal(await redirectFinding('http://127.0.0.1:9/authorize', CALLBACK, 5_000), undefined);
    const { asked, url } = await providerWith(t, 400);
    assert.equal(await redirectFinding(`${url}&request_uri=urn:x`, CALLBACK, 5_000), undefined);
    assert.deepEqual(asked, []);
  });

  it('is told apart by a certified provider', async (t) => {
    const clients = [{ id: 'edge', secret: 'client-secret', redirectUris: [CALLBACK] }];
    const provider = await startProvider({ clients, accounts: [] });
    t.after(() => provider.close());
    const ask = (redirectUri: string) => {
      const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
      const query = { client_id: 'edge', response_type: 'code', scope: 'openid', state: 's', nonce: 'n' };
      const pkce = { code_challenge: challenge, code_challenge_method: 'S256', redirect_uri: redirectUri };
      return redirectFinding(
        `${provider.issuer}/auth?${new URLSearchParams({ ...query, ...pkce })}`,
        redirectUri,
        5_000,
      );
    };
    assert.equal(await ask(CALLBACK), undefined);
    assert.match((await ask('https://tunnel.acme.com/other')) ?? '', /does not take the redirect URI/);
  });
});
