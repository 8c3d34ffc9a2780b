import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { freePort, PROVIDER, Program } from '../../support/processes.js';
import { type RunningProvider, startProvider } from '../../support/provider.js';
import { Visitor, type VisitorResponse } from '../../support/visitor.js';

const ANA = { sub: 'ana', email: 'ana@acme.com', email_verified: true, groups: ['eng'], hd: 'acme.com' };
const EVE = { sub: 'eve', email: 'eve@elsewhere.test', email_verified: true };

describe('the test identity provider', () => {
  let provider: RunningProvider;
  let relyingParty: oidc.Configuration;
  let redirectUri: string;
  const visitor = new Visitor();

  before(async () => {
    redirectUri = `http://localhost:${await freePort()}/oauth2/callback`; // nobody listens: the visitor stops before it
    const client = {
      id: 'edge',
      secret: 'secret',
      redirectUris: [redirectUri],
      signedOutUris: [new URL('/', redirectUri).href],
    };
    provider = await startProvider({ clients: [client], accounts: [ANA, EVE] });
    const auth = oidc.ClientSecretBasic('secret');
    const execute = [oidc.allowInsecureRequests];
    relyingParty = await oidc.discovery(new URL(provider.issuer), 'edge', undefined, auth, { execute });
  });
  after(async () => {
    visitor.close();
    await provider.close();
  });

  async function begin(more: Record<string, string> = {}) {
    const verifier = oidc.randomPKCECodeVerifier();
    const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
    const scope = 'openid email profile';
    const params = {
      redirect_uri: redirectUri,
      scope,
      state: 'state',
      nonce: 'nonce',
      code_challenge,
      code_challenge_method: 'S256',
    };
    return { verifier, url: oidc.buildAuthorizationUrl(relyingParty, { ...params, ...more }).href };
  }

  // A visitor follows redirects until the relying party, where nobody listens here: the refused address is the answer.
  async function callbackOf(response: Promise<VisitorResponse>): Promise<URL> {
    const failure = await response.then(
      (page) => assert.fail(`stopped at ${page.url}\n${page.text}`),
      (error: NodeJS.ErrnoException) => error,
    );
    assert.equal(failure.code, 'ECONNREFUSED');
    return new URL(visitor.lastUrl);
  }

  async function claimsAt(callback: URL, verifier: string) {
    const checks = { pkceCodeVerifier: verifier, expectedState: 'state', expectedNonce: 'nonce' };
    const tokens = await oidc.authorizationCodeGrant(relyingParty, callback, checks);
    const idToken = tokens.claims();
    assert.ok(idToken !== undefined);
    return { idToken, userinfo: await oidc.fetchUserInfo(relyingParty, tokens.access_token, idToken.sub), tokens };
  }

  test('asks which account, then tells email and groups in userinfo and only the subject in the ID token', async () => {
    const { url, verifier } = await begin();
    const callback = await callbackOf(visitor.signIn(url, 'ana'));
    const { idToken, userinfo } = await claimsAt(callback, verifier);
    assert.equal(idToken.sub, 'ana');
    assert.equal(idToken['email'], undefined);
    assert.deepEqual({ ...userinfo }, ANA);
  });

  test('does not ask again, and does for prompt=select_account, where another account can be chosen', async () => {
    await callbackOf(visitor.open((await begin()).url));
    const { url, verifier } = await begin({ prompt: 'select_account' });
    const page = await visitor.open(url);
    assert.match(page.text, /Choose an account/);
    const callback = await callbackOf(visitor.press(page, ['account', 'eve']));
    assert.equal((await claimsAt(callback, verifier)).userinfo.email, 'eve@elsewhere.test');
  });

  test('sends access_denied back when the visitor cancels', async () => {
    const page = await visitor.open((await begin({ prompt: 'select_account' })).url);
    const callback = await callbackOf(visitor.press(page, ['account', '']));
    assert.equal(callback.searchParams.get('error'), 'access_denied');
  });

  test('refuses a code flow without PKCE', async () => {
    const { url } = await begin();
    const bare = new URL(url);
    bare.searchParams.delete('code_challenge');
    bare.searchParams.delete('code_challenge_method');
    const callback = await callbackOf(visitor.open(bare.href));
    assert.equal(callback.searchParams.get('error'), 'invalid_request');
  });

  test('signs out without a click and asks for the account again afterwards', async () => {
    const post_logout_redirect_uri = new URL('/', redirectUri).href;
    const url = oidc.buildEndSessionUrl(relyingParty, { post_logout_redirect_uri });
    assert.equal((await callbackOf(visitor.open(url.href))).pathname, '/');
    assert.match((await visitor.open((await begin()).url)).text, /Choose an account/);
  });

  test('runs as a process of its own and says when it is ready', async () => {
    const options = { clients: [{ id: 'edge', secret: 'secret', redirectUris: [redirectUri] }], accounts: [ANA] };
    const program = new Program({ name: 'provider', script: PROVIDER, args: [JSON.stringify(options)] });
    const ready = await program.record((line) => 'issuer' in line);
    const discovery = await visitor.bare(`${ready['issuer']}/.well-known/openid-configuration`);
    assert.equal((discovery.json() as { issuer: string }).issuer, ready['issuer']);
    assert.equal(ready['pid'], program.pid);
    assert.equal(program.stderr, '');
    assert.deepEqual(await program.kill(), { code: null, signal: 'SIGKILL' });
  });
});
