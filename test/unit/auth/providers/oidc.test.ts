import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { type OidcOptions, OidcProvider } from '../../../../src/auth/providers/oidc.js';
import { silentLog } from '../../../../src/core/log.js';
import type { ErrorCode } from '../../../../src/errors.js';
import { HostileProvider, type Misbehaviour, type Trouble } from '../../../support/hostile-provider.js';

const party = {
  id: 'postern',
  secret: 'the secret of the client',
  redirectUri: 'https://tunnel.test/oauth2/callback',
};

let op: HostileProvider;
let provider: OidcProvider;

beforeEach(async () => {
  op = await HostileProvider.start(party);
  provider = connect();
});
afterEach(() => op.close());

function connect(options: Partial<OidcOptions> = {}): OidcProvider {
  return new OidcProvider({
    id: 'oidc',
    issuer: op.issuer,
    clientId: party.id,
    credential: party.secret,
    scopes: 'openid email profile',
    groupsClaim: 'groups',
    redirectUri: party.redirectUri,
    signedOutUri: 'https://tunnel.test/',
    log: silentLog,
    ...options,
  });
}

function newChecks() {
  const random = () => randomBytes(32).toString('base64url');
  return { state: random(), nonce: random(), verifier: random() };
}

async function signIn(at: OidcProvider = provider) {
  const checks = newChecks();
  const back = op.authorize(await at.begin({ ...checks, chooseAccount: 'no' }));
  return at.finish(back, checks);
}

// A function if the switches depend on the clock or on the provider when the test runs.
type Switches = Misbehaviour | (() => Misbehaviour);

function misbehave(switches: Switches): void {
  op.misbehaviour = typeof switches === 'function' ? switches() : switches;
}

function refuses(name: string, switches: Switches, code: ErrorCode = 'ERR_LOGIN_FAILED'): void {
  it(name, async () => {
    misbehave(switches);
    await assert.rejects(signIn(), { name: 'PosternError', code });
  });
}

describe('the authorization request', () => {
  it('has the parameters of the standard and nothing that a visitor could add', async () => {
    const checks = newChecks();
    const url = new URL(await provider.begin({ ...checks, chooseAccount: 'no', domainHint: 'acme.com' }));
    const challenge = url.searchParams.get('code_challenge');
    assert.match(challenge ?? '', /^[\w-]{43}$/);
    assert.equal(url.href.includes(checks.verifier), false);
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: party.id,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      nonce: checks.nonce,
      redirect_uri: party.redirectUri,
      response_type: 'code',
      scope: 'openid email profile',
      state: checks.state,
    });
  });

  it('prompts for an account when the visitor wants another one', async () => {
    const prompt = async (at: OidcProvider) =>
      new URL(await at.begin({ ...newChecks(), chooseAccount: 'yes' })).searchParams.get('prompt');
    assert.equal(await prompt(provider), 'login');
    op.misbehaviour = { metadata: { prompt_values_supported: ['none', 'select_account'] } };
    assert.equal(await prompt(connect()), 'select_account');
  });

  it('needs one discovery for concurrent visitors, and another after a failure', async () => {
    op.misbehaviour = { trouble: { discovery: { kind: 'status', status: 500 } } };
    const begin = () => provider.begin({ ...newChecks(), chooseAccount: 'no' });
    const attempts = await Promise.allSettled([begin(), begin(), begin()]);
    assert.deepEqual(
      attempts.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    assert.equal(op.asked.discovery, 1);
    op.misbehaviour = {};
    await Promise.all([begin(), begin()]);
    await begin();
    assert.equal(op.asked.discovery, 2);
  });

  it('follows metadata that changes, and keeps it while newer cannot be read', async () => {
    let nowMs = 1_790_000_000_000;
    const at = connect({ now: () => nowMs });
    const isPushed = async () =>
      new URL(await at.begin({ ...newChecks(), chooseAccount: 'no' })).searchParams.has('request_uri');
    const asked = async (times: number) => {
      while (op.asked.discovery < times) await once(op.requests, 'discovery');
    };
    assert.equal(await isPushed(), false);
    const metadata = {
      require_pushed_authorization_requests: true,
      pushed_authorization_request_endpoint: `${op.issuer}/par`,
    };
    op.misbehaviour = { metadata };
    assert.equal(await isPushed(), false);
    assert.equal(op.asked.discovery, 1);
    nowMs += 3_600_000;
    while (!(await isPushed())); // read in the background
    assert.equal(op.asked.discovery, 2);
    op.misbehaviour = { trouble: { discovery: { kind: 'status', status: 500 } } };
    nowMs += 3_600_000;
    assert.equal(await isPushed(), true);
    await asked(3);
    assert.equal(await isPushed(), true);
    assert.equal(op.asked.discovery, 3);
    nowMs += 60_000;
    assert.equal(await isPushed(), true);
    await asked(4);
  });
});

describe('a valid token response', () => {
  it('identifies the visitor', async () => {
    assert.deepEqual(await signIn(), {
      issuer: op.issuer,
      domainProof: 'email',
      subject: 'alice',
      email: 'alice@acme.com',
      emailVerified: true,
      groups: ['eng'],
      groupsOmitted: false,
    });
  });

  it('is requested with the configured redirect URI, whatever the host of the callback is', async () => {
    const checks = newChecks();
    const back = op.authorize(await provider.begin({ ...checks, chooseAccount: 'no' }));
    await provider.finish(new URL(`http://evil.test/other${back.search}`), checks);
    assert.equal(op.lastTokenRequest.get('redirect_uri'), party.redirectUri);
  });

  for (const authentication of ['basic', 'post'] as const) {
    it(`is received whatever client authentication the provider requires: ${authentication}`, async () => {
      op.misbehaviour = { authentication };
      await signIn();
      const asked = op.asked.token;
      await signIn();
      assert.equal(op.asked.token, asked + 1); // the method that worked is kept
    });
  }
});

describe('a callback is rejected', () => {
  refuses('with the state of another sign-in', { callback: { state: 'other' } });
  refuses('without a state', { callback: { state: undefined } });
  refuses('without a code', { callback: { code: undefined } });
  refuses('with a code that the provider does not know', { callback: { code: 'stolen' } });
  refuses('with the issuer of another provider (RFC 9207)', { callback: { iss: 'https://evil.test' } });
  refuses('without the issuer that was announced', { callback: { iss: undefined } });
  refuses('with tokens in it', { callback: { id_token: 'x' } });
  refuses('as a JARM response', { callback: { response: 'x' } });
  refuses('with an error of ours', { callback: { error: 'invalid_request', error_description: '<script>' } });
  refuses('when a sign-in was needed', { callback: { error: 'login_required' } });
  refuses('when the visitor said no', { callback: { error: 'access_denied', code: undefined } }, 'ERR_ACCESS_DENIED');
  refuses('when the provider failed', { callback: { error: 'server_error' } }, 'ERR_PROVIDER_UNAVAILABLE');

  it('with any parameter twice', async () => {
    for (const twice of ['code=b', 'state=b', 'iss=b', 'x=1&x=1', 'error=a&error=b']) {
      const checks = newChecks();
      const back = op.authorize(await provider.begin({ ...checks, chooseAccount: 'no' }));
      back.search += `&${twice}`;
      await assert.rejects(provider.finish(back, checks), { code: 'ERR_LOGIN_FAILED' }, twice);
    }
    assert.equal(op.asked.token, 0);
  });

  it('with parameters written as arrays', async () => {
    const checks = newChecks();
    const back = op.authorize(await provider.begin({ ...checks, chooseAccount: 'no' }));
    back.search = back.search.replace('state=', 'state[]=');
    await assert.rejects(provider.finish(back, checks), { code: 'ERR_LOGIN_FAILED' });
  });

  it('with the verifier of another sign-in, and when it comes twice', async () => {
    const checks = newChecks();
    const begin = async () => op.authorize(await provider.begin({ ...checks, chooseAccount: 'no' }));
    const wrong = { ...checks, verifier: newChecks().verifier };
    await assert.rejects(provider.finish(await begin(), wrong), { code: 'ERR_LOGIN_FAILED' });
    const back = await begin();
    await provider.finish(back, checks);
    await assert.rejects(provider.finish(back, checks), { code: 'ERR_LOGIN_FAILED' });
  });
});

describe('userinfo', () => {
  const metadata = () => ({ userinfo_endpoint: `${op.issuer}/userinfo` });
  const noEmail = { email: undefined, email_verified: undefined };

  it('is requested for what the ID token lacks', async () => {
    const userinfo = {
      sub: 'alice',
      email: 'a@x.com',
      email_verified: true,
      groups: ['ops'],
      preferred_username: 'al',
    };
    op.misbehaviour = { metadata: metadata(), claims: { ...noEmail, groups: undefined }, userinfo };
    const { subject, issuer, domainProof, ...rest } = await signIn();
    assert.deepEqual([subject, issuer, domainProof], ['alice', op.issuer, 'email']);
    assert.deepEqual(rest, {
      email: 'a@x.com',
      emailVerified: true,
      groups: ['ops'],
      groupsOmitted: false,
      username: 'al',
    });
  });

  it('is not requested when the ID token is complete', async () => {
    op.misbehaviour = { metadata: metadata() };
    await signIn();
    assert.equal(op.asked.userinfo, 0);
  });

  it('never verifies the email of the ID token, nor the ID token that of userinfo', async () => {
    const evil = { sub: 'alice', email: 'evil@x.com', email_verified: true };
    op.misbehaviour = {
      metadata: metadata(),
      claims: { email_verified: undefined, groups: undefined },
      userinfo: evil,
    };
    const first = await signIn();
    assert.deepEqual([first.email, first.emailVerified], ['alice@acme.com', false]);
    const unverified = { sub: 'alice', email: 'evil@x.com' };
    op.misbehaviour = { metadata: metadata(), claims: { email: undefined }, userinfo: unverified };
    const second = await signIn(connect());
    assert.deepEqual([second.email, second.emailVerified], ['evil@x.com', false]);
  });

  it('that fails makes the provider unavailable: unknown groups are not the same as none', async () => {
    const trouble: Trouble = { kind: 'status', status: 503 };
    op.misbehaviour = { metadata: metadata(), claims: { groups: undefined }, trouble: { userinfo: trouble } };
    await assert.rejects(signIn(), { code: 'ERR_PROVIDER_UNAVAILABLE' });
  });
});

describe('a faulty provider', () => {
  it('is unavailable when its port is closed', async () => {
    const gone = await HostileProvider.start(party);
    await gone.close();
    const at = connect({ issuer: gone.issuer });
    await assert.rejects(at.begin({ ...newChecks(), chooseAccount: 'no' }), { code: 'ERR_PROVIDER_UNAVAILABLE' });
    assert.equal(await at.signOutUrl(), undefined);
  });

  const bodies = ['', 'null', '[]', '<html>', '{"issuer":1}', '['.repeat(100_000), `{"a":${'['.repeat(100_000)}`];
  for (const body of bodies) {
    it(`is unavailable when its metadata is ${JSON.stringify(body.slice(0, 12))}`, async () => {
      op.misbehaviour = { trouble: { discovery: { kind: 'body', body } } };
      await assert.rejects(signIn(), { code: 'ERR_PROVIDER_UNAVAILABLE' });
    });
    it(`signs nobody in when its token response is ${JSON.stringify(body.slice(0, 12))}`, async () => {
      op.misbehaviour = { trouble: { token: { kind: 'body', body } } };
      await assert.rejects(signIn(), { code: 'ERR_LOGIN_FAILED' });
    });
  }

  for (const metadata of [
    { issuer: 'https://evil.test' },
    { authorization_endpoint: undefined },
    { authorization_endpoint: 'javascript:alert(1)' },
    { token_endpoint: 'file:///etc/passwd' },
    { jwks_uri: undefined },
    { jwks_uri: 7 },
  ]) {
    refuses(`is unavailable with the metadata ${JSON.stringify(metadata)}`, { metadata }, 'ERR_PROVIDER_UNAVAILABLE');
  }

  it('lets no code, token, secret or claim into the error', async () => {
    const secrets = ['access-token-secret', 'alice@acme.com', party.secret];
    const cases: Misbehaviour[] = [
      { claims: { iss: 'https://evil.test' }, token: { access_token: 'access-token-secret' } },
      { token: { access_token: 'access-token-secret', token_type: 'odd' } },
      { trouble: { token: { kind: 'body', body: 'access-token-secret' } } },
      { trouble: { token: { kind: 'status', status: 400, body: '{"error":"access-token-secret\\n"}' } } },
      { callback: { error: 'invalid_request', error_description: 'access-token-secret' } },
    ];
    for (const misbehaviour of cases) {
      op.misbehaviour = misbehaviour;
      const checks = newChecks();
      const back = op.authorize(await provider.begin({ ...checks, chooseAccount: 'no' }));
      const error = await provider.finish(back, checks).catch((thrown: unknown) => thrown);
      const shown = inspect(error, { depth: 20, showHidden: true });
      assert.equal((error as { code?: string }).code, 'ERR_LOGIN_FAILED');
      for (const secret of [...secrets, ...Object.values(checks), back.searchParams.get('code') ?? 'none']) {
        assert.equal(shown.includes(secret), false, `${secret} in ${shown}`);
      }
    }
  });
});

describe('sign-out at the provider', () => {
  it('has a URL when the provider supports it', async () => {
    op.misbehaviour = { metadata: { end_session_endpoint: `${op.issuer}/end` } };
    const url = new URL((await provider.signOutUrl()) ?? '');
    assert.equal(url.origin + url.pathname, `${op.issuer}/end`);
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: party.id,
      post_logout_redirect_uri: 'https://tunnel.test/',
    });
  });

  it('has none otherwise', async () => {
    assert.equal(await provider.signOutUrl(), undefined);
    op.misbehaviour = { metadata: { end_session_endpoint: 'javascript:alert(1)' } };
    assert.equal(await connect().signOutUrl(), undefined);
  });
});

describe('Google', () => {
  it('is recognised by its issuer: domain rules are compared with `hd`', () => {
    assert.equal(connect({ issuer: 'https://accounts.google.com' }).domainProof, 'hosted-domain');
    for (const issuer of ['https://accounts.google.com.evil.test', 'https://google.com', op.issuer]) {
      assert.equal(connect({ issuer }).domainProof, 'email');
    }
  });
});

describe('the check before the first visitor', () => {
  it('finds nothing at a correct provider, and sends one token request', async () => {
    assert.deepEqual(await provider.check(), []);
    assert.equal(op.asked.token, 1);
  });

  const FINDINGS: Readonly<Record<string, readonly [Misbehaviour, RegExp]>> = {
    'a secret that the provider does not accept': [
      { authentication: 'none' },
      /does not accept the client id with the client secret/,
    ],
    'a provider whose clock is another': [
      { dateOffsetMs: 120_000 },
      /clock of this machine is 1(?:19|20|21) seconds behind/,
    ],
    'a provider that requires pushed requests and takes none': [
      { metadata: { require_pushed_authorization_requests: true } },
      /requires pushed authorization requests \(RFC 9126\), and names no endpoint/,
    ],
    'a provider without the authorization code flow': [
      { metadata: { response_types_supported: ['id_token'] } },
      /has no authorization code flow/,
    ],
    'a provider that signs with the client secret only': [
      { metadata: { id_token_signing_alg_values_supported: ['HS256', 'none'] } },
      /signs ID tokens in no way that proves who did/,
    ],
    'a way to authenticate that is not there': [
      { metadata: { token_endpoint_auth_methods_supported: ['private_key_jwt'] } },
      /client_secret_post, client_secret_basic, client_secret_jwt/,
    ],
    'an issuer without metadata': [
      { trouble: { discovery: { kind: 'status', status: 404 } } },
      /openid-configuration has status 404: look at the issuer/,
    ],
    'an issuer that is a web page': [
      { trouble: { discovery: { kind: 'body', body: '<html>' } } },
      /is no metadata of OpenID Connect: look at the issuer/,
    ],
    'metadata of another issuer': [
      { metadata: { issuer: 'https://id.acme.com/\u001b' } },
      /its metadata names the issuer https:\/\/id\.acme\.com\/: expected that spelling/,
    ],
    'an issuer that answers with an error': [{ trouble: { discovery: { kind: 'status', status: 500 } } }, /500/],
  };
  for (const [what, [switches, finding]] of Object.entries(FINDINGS)) {
    it(`reports ${what}`, async () => {
      op.misbehaviour = switches;
      const findings = await provider.check();
      assert.equal(findings.length, 1, findings.join('\n'));
      assert.match(findings[0] ?? '', finding);
    });
  }

  it('reports an issuer that does not respond', async () => {
    op.misbehaviour = { trouble: { discovery: { kind: 'stall' } } };
    assert.match((await connect({ timeoutMs: 100 }).check()).join(), /it did not respond in time/);
  });

  it('reports a pushed request that the provider refuses', async () => {
    op.misbehaviour = {
      metadata: {
        require_pushed_authorization_requests: true,
        pushed_authorization_request_endpoint: `${op.issuer}/par`,
      },
      trouble: { push: { kind: 'status', status: 400, body: '{"error":"invalid_request"}' } },
    };
    const findings = await provider.check();
    assert.equal(findings.length, 1);
    assert.match(findings[0] ?? '', /invalid_request: is https:\/\/tunnel\.test\/oauth2\/callback registered there/);
  });

  it('reports that nothing listens at the issuer', async () => {
    const { issuer } = op;
    await op.close();
    const findings = await connect({ issuer }).check();
    op = await HostileProvider.start(party); // for `afterEach` to close
    assert.match(findings[0] ?? '', /nothing listens there: look at the address/);
  });

  it('accepts an issuer with the path of its metadata', async () => {
    const pasted = connect({ issuer: `${op.issuer}/.well-known/openid-configuration` });
    assert.deepEqual(await pasted.check(), []);
  });
});

describe('the client authenticates', () => {
  it('with a JWT when the provider supports nothing else', async () => {
    op.misbehaviour = { metadata: { token_endpoint_auth_methods_supported: ['client_secret_jwt'] } };
    await signIn();
    assert.equal(
      op.lastTokenRequest.get('client_assertion_type'),
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    );
    assert.equal(op.lastTokenRequest.get('client_secret'), null);
  });

  it('once when the provider rejects something other than the secret', async () => {
    op.misbehaviour = { trouble: { token: { kind: 'status', status: 400 } } };
    await assert.rejects(signIn(), { name: 'PosternError' });
    assert.equal(op.asked.token, 1);
  });

  it('with a pushed authorization request when the provider requires one', async () => {
    op.misbehaviour = {
      metadata: {
        require_pushed_authorization_requests: true,
        pushed_authorization_request_endpoint: `${op.issuer}/par`,
      },
    };
    const url = new URL(await provider.begin({ ...newChecks(), chooseAccount: 'no' }));
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
    assert.equal((await signIn()).subject, 'alice');
  });
});
