/** Sign-in with GitHub, against a small GitHub on loopback. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { GitHubProvider } from '../../../../src/auth/providers/github.js';
import { silentLog } from '../../../../src/core/log.js';
import { FakeGitHub, OCTOCAT } from '../../../support/fake-github.js';

const CHECKS = { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43) };

let github: FakeGitHub;
beforeEach(async () => {
  github = await FakeGitHub.start();
});
afterEach(() => github.close());

function connect(clientSecret = 'client-secret'): GitHubProvider {
  return new GitHubProvider({
    id: 'github',
    issuer: github.issuer,
    clientId: 'client',
    clientSecret,
    scopes: 'user:email read:org',
    redirectUri: 'https://tunnel.test/oauth2/callback/github',
    log: silentLog,
  });
}

async function signIn(provider = connect()) {
  return provider.finish(github.authorize(await provider.begin({ ...CHECKS, chooseAccount: 'no' })), CHECKS);
}

describe('sign-in with GitHub', () => {
  it('asks for addresses and organisations, with PKCE', async () => {
    await signIn();
    const { code_challenge: challenge, ...rest } = Object.fromEntries(github.asked);
    assert.match(challenge ?? '', /^[\w-]{43}$/);
    assert.deepEqual(rest, {
      client_id: 'client',
      code_challenge_method: 'S256',
      redirect_uri: 'https://tunnel.test/oauth2/callback/github',
      response_type: 'code',
      scope: 'user:email read:org',
      state: CHECKS.state,
    });
    const url = new URL(await connect().begin({ ...CHECKS, chooseAccount: 'yes' }));
    assert.equal(url.searchParams.get('prompt'), 'select_account');
  });

  it('knows an account by its number, and organisations and teams as groups in lower case', async () => {
    assert.deepEqual(await signIn(), {
      issuer: github.issuer,
      domainProof: 'none',
      subject: '583231',
      email: 'octocat@acme.com',
      emailVerified: true,
      username: 'Octocat',
      groups: ['acme', 'acme/eng'],
      groupsOmitted: false,
    });
  });

  it('reads every page of organisations, up to five hundred', async () => {
    const orgs = (count: number) => Array.from({ length: count }, (_, at) => ({ login: `org-${at}`, id: at }));
    github.account = { ...OCTOCAT, orgs: orgs(250) };
    const { groups, groupsOmitted } = await signIn();
    assert.deepEqual([groups.length, groupsOmitted], [251, false]);
    github.account = { ...OCTOCAT, orgs: orgs(700) };
    assert.equal((await signIn()).groupsOmitted, true);
  });

  it('asks for the next page as long as GitHub names one, however short this one is', async () => {
    github.account = { ...OCTOCAT, orgs: Array.from({ length: 150 }, (_, at) => ({ login: `org-${at}`, id: at })) };
    github.pageSize = 30;
    const { groups, groupsOmitted } = await signIn();
    assert.deepEqual([groups.length, groups.includes('org-129'), groupsOmitted], [61, true, false]);
  });

  it('says that groups are missing when an organisation wants a single sign-on first', async () => {
    github.apiFields = { 'x-github-sso': 'partial-results; organizations=21955855,20582480' };
    assert.equal((await signIn()).groupsOmitted, true);
  });

  it('compares the issuer of the response (RFC 9207), which older Enterprise Servers do not send', async () => {
    assert.equal(github.iss, `${github.issuer}/login/oauth`);
    assert.equal((await signIn()).issuer, github.issuer);
    github.iss = undefined;
    await signIn();
    github.iss = 'https://github.com.else.test/login/oauth';
    await assert.rejects(signIn(), { code: 'ERR_LOGIN_FAILED' });
  });

  it('says that groups are missing when the visitor did not grant them', async () => {
    github.granted = 'user:email';
    const { groups, groupsOmitted } = await signIn();
    assert.deepEqual([groups, groupsOmitted], [[], true]);
    assert.equal(github.paths.includes('/user/orgs'), false);
  });

  const primary = { email: 'a@acme.com', primary: true, verified: true };
  for (const [what, emails] of [
    ['no address', []],
    ['an unverified one', [{ ...primary, verified: false }]],
    ['one that is verified by its word only', [{ ...primary, verified: 'true' }]],
    ['a verified one that is not the primary', [{ ...primary, primary: false }]],
    ['one that GitHub made up', [{ ...primary, email: '583231+octocat@users.noreply.github.com' }]],
    ['one that is no address', [{ ...primary, email: 'a@b@acme.com' }]],
    ['a list of something else', ['a@acme.com', null, 1]],
  ] as const) {
    it(`refuses an account with ${what}`, async () => {
      github.account = { ...OCTOCAT, emails: [...emails] };
      await assert.rejects(signIn(), { code: 'ERR_ACCESS_DENIED', text: /no verified primary email address/ });
    });
  }

  for (const user of [null, [], {}, { id: '583231' }, { id: 0 }, { id: 1.5 }, { id: 2 ** 60 }, 'x']) {
    it(`refuses the account ${JSON.stringify(user)}`, async () => {
      github.account = { ...OCTOCAT, user };
      await assert.rejects(signIn(), { code: 'ERR_LOGIN_FAILED' });
    });
  }

  for (const [status, code] of [
    [401, 'ERR_LOGIN_FAILED'],
    [403, 'ERR_LOGIN_FAILED'],
    [429, 'ERR_PROVIDER_UNAVAILABLE'],
    [500, 'ERR_PROVIDER_UNAVAILABLE'],
  ] as const) {
    it(`signs nobody in when the API answers ${status}`, async () => {
      github.apiStatus = status;
      await assert.rejects(signIn(), { code });
    });
  }

  for (const fields of [{ 'x-ratelimit-remaining': '0' }, { 'retry-after': '60' }])
    it(`takes a limit on requests for what it is: ${JSON.stringify(fields)}`, async () => {
      Object.assign(github, { apiStatus: 403, apiFields: fields });
      await assert.rejects(signIn(), { code: 'ERR_PROVIDER_UNAVAILABLE' });
    });

  it('refuses a code of another sign-in, another state, a denial and a parameter twice', async () => {
    const provider = connect();
    const back = github.authorize(await provider.begin({ ...CHECKS, chooseAccount: 'no' }));
    await assert.rejects(provider.finish(back, { ...CHECKS, verifier: 'w'.repeat(43) }), { code: 'ERR_LOGIN_FAILED' });
    await assert.rejects(provider.finish(back, { ...CHECKS, state: 'x' }), { code: 'ERR_LOGIN_FAILED' });
    const denied = new URL(`${back.origin}${back.pathname}?error=access_denied&state=${CHECKS.state}`);
    await assert.rejects(provider.finish(denied, CHECKS), { code: 'ERR_ACCESS_DENIED' });
    const twice = new URL(`${back.href}&code=x`);
    await assert.rejects(provider.finish(twice, CHECKS), { code: 'ERR_LOGIN_FAILED' });
  });

  it('tries the secret without a visitor', async () => {
    assert.deepEqual(await connect().check(), []);
    assert.match((await connect('wrong').check()).join(), /does not accept/);
    await assert.rejects(signIn(connect('wrong')), { code: 'ERR_LOGIN_FAILED' });
  });

  it('has no sign-out of its own', async () => assert.equal(await connect().signOutUrl(), undefined));
});
