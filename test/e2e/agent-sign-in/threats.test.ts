/** What attackers do to the sign-in of agents: the rules of RFC 9700, of RFC 8252 section 8, and of RFC 8628 section 5. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as oauth from 'openid-client';
import { inWorld } from '../../support/in-world.js';
import { allow, discover, exchange, post, REDIRECT_URI, send, signIn, start } from '../../support/oauth-client.js';
import type { VisitorResponse } from '../../support/visitor.js';

const ENDPOINTS = ['/oauth2/device_authorization', '/oauth2/token', '/oauth2/revoke'];

describe('an attacker', () => {
  const { world } = inWorld({ shared: true, manyAddresses: true, edgeEnv: { POSTERN_AGENTS: '@acme.com' } });

  async function userCode(fields: Readonly<Record<string, string>> = {}): Promise<string> {
    return (await send(world, '/oauth2/device_authorization', fields)).body['user_code'] as string;
  }

  function assertPage(page: VisitorResponse, status: number): void {
    assert.equal(page.status, status);
    assert.equal(page.headers.location, undefined);
    assert.match(String(page.headers['content-type']), /^text\/html/);
  }

  test('Z1 cannot have a code sent anywhere but to a port of this machine: there is a page and no redirect', async () => {
    const config = await discover(world);
    const visitor = world.visitor();
    await allow(visitor, await start(config));
    for (const uri of ['https://evil.example/', 'http://localhost:9/', 'http://127.0.0.1:9@evil.example/', undefined]) {
      const { url } = await start(config, { redirect_uri: uri });
      assertPage(await visitor.navigate(url.href), 400);
      assertPage(await post(visitor, url.href, { decision: 'allow' }), 400);
    }
    const twice = (await start(config)).url;
    twice.searchParams.append('redirect_uri', 'https://evil.example/');
    assertPage(await visitor.navigate(twice.href), 400);
    assertPage(await visitor.navigate((await start(config, { client_id: 'another' })).url.href), 400);
  });

  test('Z2 gets nothing without PKCE: a request without S256 is refused, a code without its verifier is used up', async () => {
    const config = await discover(world);
    const visitor = world.visitor();
    const changes = [
      { code_challenge: undefined },
      { code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge: 'short' },
    ];
    for (const change of changes) {
      const { url, state } = await start(config, change);
      const { searchParams } = new URL((await visitor.navigate(url.href)).headers.location ?? '');
      assert.deepEqual([searchParams.get('error'), searchParams.get('state')], ['invalid_request', state]);
    }
    const started = await start(config);
    const response = await allow(visitor, started);
    const other = { ...started, verifier: oauth.randomPKCECodeVerifier() };
    await assert.rejects(exchange(config, response, other), { error: 'invalid_grant' });
    await assert.rejects(exchange(config, response, started), { error: 'invalid_grant' });
  });

  test('Z3 who uses a code a second time ends what the first use began, its link included', async () => {
    const config = await discover(world);
    const started = await start(config);
    const response = await allow(world.visitor(), started);
    const tokens = await exchange(config, response, started);
    const agent = await world.startAgent({ name: 'replayed', token: tokens.access_token });
    const reused = world.edge.record((line) => line['event'] === 'agent-token-reuse');
    await assert.rejects(exchange(config, response, started), { error: 'invalid_grant' });
    assert.equal((await agent.exited).code, 4);
    assert.equal((await reused)['owner'], 'ana@acme.com');
    await assert.rejects(oauth.refreshTokenGrant(config, tokens.refresh_token ?? ''), { error: 'invalid_grant' });
  });

  test('Z4 cannot use a code with another redirect URI, or as another client', async () => {
    const config = await discover(world);
    const started = await start(config);
    const code = (await allow(world.visitor(), started)).searchParams.get('code') ?? '';
    const fields = { grant_type: 'authorization_code', code, code_verifier: started.verifier };
    const asOther = { ...fields, redirect_uri: REDIRECT_URI, client_id: 'another' };
    const { status, body } = await send(world, '/oauth2/token', asOther);
    assert.deepEqual([status, body['error']], [401, 'invalid_client']);
    for (const uri of ['http://127.0.0.1:10/callback', REDIRECT_URI]) {
      const refused = await send(world, '/oauth2/token', { ...fields, redirect_uri: uri });
      assert.deepEqual([refused.status, refused.body['error']], [400, 'invalid_grant'], uri);
    }
  });

  test('Z5 who runs another server cannot pass its response off as that of this edge', async () => {
    const config = await discover(world);
    const started = await start(config);
    const response = await allow(world.visitor(), started);
    assert.equal(response.searchParams.get('iss'), world.base);
    const mixed = new URL(response);
    mixed.searchParams.set('iss', 'https://evil.example');
    await assert.rejects(exchange(config, mixed, started));
    mixed.searchParams.delete('iss');
    await assert.rejects(exchange(config, mixed, started));
    await exchange(config, response, started);
  });

  test('Z6 who stole a refresh token ends the sign-in, whoever of the two is second', async () => {
    const config = await discover(world);
    const tokens = await signIn(world, 'bob', config);
    const stolen = tokens.refresh_token ?? '';
    const agent = await world.startAgent({ name: 'stolen', token: tokens.access_token });
    const next = await oauth.refreshTokenGrant(config, stolen);
    const reused = world.edge.record(
      (line) => line['event'] === 'agent-token-reuse' && line['owner'] === 'bob@acme.com',
    );
    await assert.rejects(oauth.refreshTokenGrant(config, stolen), { error: 'invalid_grant' });
    await reused;
    assert.equal((await agent.exited).code, 4);
    await assert.rejects(oauth.refreshTokenGrant(config, next.refresh_token ?? ''), { error: 'invalid_grant' });
    const refused = await world.offer({ name: 'stolen', token: next.access_token });
    assert.equal((await refused.exited).code, 4);
  });

  test('Z7 who guesses user codes has five an hour, and then the right one does not count either', async () => {
    const right = await userCode();
    const visitor = world.visitor();
    const { url } = await visitor.signIn(`${world.base}/device`, 'dev');
    for (let count = 0; count < 5; count++) {
      const page = await post(visitor, url, { user_code: 'ZZZZ-ZZZZ' });
      assert.match(page.text, /This code is not known/);
    }
    assertPage(await post(visitor, url, { user_code: right }), 429);
    assertPage(await post(visitor, url, { user_code: right, decision: 'allow' }), 429);
    const elsewhere = world.visitor();
    await elsewhere.signIn(url, 'dev');
    assertPage(await post(elsewhere, url, { user_code: right }), 429);
    const other = world.visitor();
    await other.signIn(url, 'bob');
    assert.match((await post(other, url, { user_code: right })).text, /Did you start this\?/);
    await world.edge.record((line) => line['event'] === 'agent-sign-in-failed');
  });

  test('Z8 who sends a link with a code in it signs nothing in: it takes two buttons, beside who asks and from where', async () => {
    const code = await userCode({ machine: 'not-yours', user: 'mallory' });
    const visitor = world.visitor();
    const entry = await visitor.signIn(`${world.base}/device?user_code=${code}`, 'ana');
    assert.ok(entry.text.includes(`value="${code}"`));
    assert.ok(!entry.text.includes('not-yours') && !entry.text.includes('value="allow"'));
    const page = await visitor.press(entry);
    for (const text of [
      'Did you start this?',
      'not-yours',
      'mallory',
      'from the address 198.18.',
      code,
      'just started',
    ])
      assert.ok(page.text.includes(text), text);
    // Neither page has allowed it: the code still waits.
    assert.match((await post(visitor, page.url, { user_code: code })).text, /not-yours/);
  });

  test('Z9 whose account POSTERN_AGENTS does not name, or whose address is not verified, signs nothing in', async () => {
    const config = await discover(world);
    const code = await userCode();
    for (const account of ['eve', 'mal']) {
      const visitor = world.visitor();
      const { url } = await start(config);
      assertPage(await visitor.signIn(url.href, account), 403);
      assertPage(await post(visitor, url.href, { decision: 'allow' }), 403);
      assertPage(await post(visitor, `${world.base}/device`, { user_code: code, decision: 'allow' }), 403);
    }
  });

  test('Z10 cannot press a button for somebody: forms of other origins are refused on both pages', async () => {
    const config = await discover(world);
    const visitor = world.visitor();
    const { url } = await start(config);
    await visitor.signIn(url.href, 'ana');
    const code = await userCode();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: world.url },
      { 'sec-fetch-site': undefined, origin: 'null' },
      { 'sec-fetch-site': undefined, origin: undefined },
    ]) {
      assertPage(await post(visitor, url.href, { decision: 'allow' }, headers), 403);
      assertPage(await post(visitor, `${world.base}/device`, { user_code: code, decision: 'allow' }, headers), 403);
    }
    const page = await visitor.press(await visitor.open(`${world.base}/device?user_code=${code}`));
    assert.match(page.text, /Did you start this\?/);
  });

  test('Z11 cannot put either page under another one: no frame, no script, no handle on its window', async () => {
    const config = await discover(world);
    const visitor = world.visitor();
    const consent = await visitor.signIn((await start(config)).url.href, 'ana');
    const entry = await visitor.open(`${world.base}/device`);
    const device = await post(visitor, entry.url, { user_code: await userCode() });
    for (const page of [consent, entry, device]) {
      assertPage(page, 200);
      const policy = String(page.headers['content-security-policy']);
      assert.match(policy, /default-src 'none'.*frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /script-src/);
      assert.equal(page.headers['x-frame-options'], 'DENY');
      assert.equal(page.headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(page.headers['cache-control'], 'no-store');
    }
  });

  test('Z12 cannot change a page by the name of a machine', async () => {
    const config = await discover(world);
    const names = ['<img src=x onerror=alert(1)>', '”. Press “Allow', '\u202egnirts', 'x'.repeat(500), 'a\u001b[2J'];
    const visitor = world.visitor();
    await visitor.signIn(`${world.base}/device`, 'ana');
    for (const machine of names) {
      const consent = await visitor.open((await start(config, { machine, user: machine })).url.href);
      const code = await userCode({ machine, user: machine });
      const device = await post(visitor, `${world.base}/device`, { user_code: code });
      for (const page of [consent, device]) {
        assertPage(page, 200);
        const shown = page.text.replace(/ action="[^"]*"/g, ''); // the request itself, percent-encoded
        assert.doesNotMatch(shown, /<img|[\u202e\u0000\u001b]|x{65}|Press “/);
        assert.equal(page.text.match(/<button/g)?.length, 2);
      }
    }
    assert.equal((await send(world, '/oauth2/device_authorization', { machine: 'x'.repeat(1_100) })).status, 400);
  });

  test('Z13 who reads log and audit record finds no code and no token in them', async () => {
    const config = await discover(world);
    const started = await start(config);
    const visitor = world.visitor();
    const response = await allow(visitor, started);
    const tokens = await exchange(config, response, started);
    const next = await oauth.refreshTokenGrant(config, tokens.refresh_token ?? '');
    const { body } = await send(world, '/oauth2/device_authorization', {});
    await post(visitor, `${world.base}/device`, { user_code: String(body['user_code']), decision: 'deny' });
    await world.edge.record((line) => line['path'] === '/device' && line['method'] === 'POST');
    const output = world.edge.report();
    const secrets = [
      response.searchParams.get('code'),
      started.state,
      started.verifier,
      body['device_code'],
      body['user_code'],
    ];
    for (const secret of [...secrets, tokens.access_token, tokens.refresh_token, next.access_token, next.refresh_token])
      assert.ok(typeof secret === 'string' && secret.length > 8 && !output.includes(secret), `${secret}`);
  });

  test('Z14 whose page calls the endpoints gets nothing that it could read, and nothing is stored by a cache', async () => {
    for (const path of ENDPOINTS) {
      for (const origin of ['https://evil.example', world.url]) {
        const headers = { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
        const refused = await send(world, path, {}, headers);
        assert.equal(refused.status, 403);
        assert.equal(refused.headers['access-control-allow-origin'], undefined);
      }
      const { headers } = await send(world, path, {});
      assert.deepEqual([headers['cache-control'], headers['access-control-allow-origin']], ['no-store', undefined]);
    }
  });

  test('Z15 who sends what is no request of OAuth is told so in its own words', async () => {
    const { status, body } = await send(world, '/oauth2/token', {
      grant_type: 'password',
      username: 'a',
      password: 'b',
    });
    assert.deepEqual([status, body['error']], [400, 'unsupported_grant_type']);
    assert.equal((await send(world, '/oauth2/token', {})).body['error'], 'invalid_request');
    const json = { 'content-type': 'application/json' };
    assert.equal((await send(world, '/oauth2/token', {}, json)).body['error'], 'invalid_request');
    const twice = await world.visitor().bare(`${world.base}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'client_id=postern&grant_type=refresh_token&refresh_token=a&refresh_token=b',
    });
    assert.deepEqual([twice.status, (twice.json() as { error: string }).error], [400, 'invalid_request']);
    for (const path of ENDPOINTS) assert.equal((await world.visitor().bare(world.base + path)).status, 404);
  });

  test('Z16 who asks for device codes without end is stopped, and nobody else', async () => {
    const from = (address: string) => send(world, '/oauth2/device_authorization', {}, { 'x-forwarded-for': address });
    const statuses = [];
    for (let count = 0; count < 25; count++) statuses.push((await from('198.51.100.77')).status);
    assert.ok(statuses.includes(200) && statuses.at(-1) === 429, `${statuses}`);
    assert.equal((await from('198.51.100.78')).status, 200);
  });
});

describe('an edge without POSTERN_AGENTS', () => {
  const { world } = inWorld();

  test('Z9 signs no agent in, and says so in one sentence everywhere', async () => {
    const sentence = /has not set POSTERN_AGENTS/;
    const visitor = await world.signedIn('ana');
    const query = `client_id=postern&redirect_uri=${encodeURIComponent(REDIRECT_URI)}&response_type=code&code_challenge=${'x'.repeat(43)}&code_challenge_method=S256`;
    for (const path of [`/oauth2/authorize?${query}`, '/device']) {
      const page = await visitor.navigate(world.base + path);
      assert.equal(page.status, 403);
      assert.match(page.text, sentence);
    }
    const metadata = await visitor.bare(`${world.base}/.well-known/oauth-authorization-server`);
    const { device_authorization_endpoint: device, grant_types_supported: grants } = JSON.parse(metadata.text);
    assert.deepEqual([device, grants], [undefined, ['authorization_code', 'refresh_token']]);
    for (const path of ENDPOINTS) {
      const { status, body } = await send(world, path, { token: 'x', grant_type: 'refresh_token', refresh_token: 'x' });
      assert.deepEqual([status, body['error']], [400, 'unauthorized_client']);
      assert.match(String(body['error_description']), sentence);
    }
    assert.equal((await decideAnyway(world.base)).status, 403);

    function decideAnyway(base: string) {
      return post(visitor, `${base}/oauth2/authorize?${query}`, { decision: 'allow' });
    }
  });
});

describe('an edge with a state folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-sign-ins-'));
  const env = { POSTERN_AGENTS: '@acme.com,eve@elsewhere.test', POSTERN_STATE_DIR: join(folder, 'state') };
  const { world } = inWorld({ edgeEnv: env });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('Z9 remembers sign-ins over a restart, and ends that of an account which POSTERN_AGENTS names no more', async () => {
    const before = await discover(world);
    const [ana, eve] = [await signIn(world, 'ana', before), await signIn(world, 'eve', before)];
    const { body } = await send(world, '/oauth2/device_authorization', {});
    const entries = readdirSync(env.POSTERN_STATE_DIR, { withFileTypes: true }).filter((entry) => entry.isFile());
    const files = entries.map(({ name }) => readFileSync(join(env.POSTERN_STATE_DIR, name), 'latin1'));
    const stored = files.join('\n');
    assert.ok(stored.includes('agent-sign-in:') && stored.includes('device-code:'), 'the state was not found');
    const secrets = [ana.access_token, ana.refresh_token, eve.refresh_token, body['device_code'], body['user_code']];
    for (const secret of secrets) assert.ok(typeof secret === 'string' && !stored.includes(secret));

    await world.edge.terminate();
    await world.startEdge({ POSTERN_AGENTS: '@acme.com' });
    const config = await discover(world);
    const next = await oauth.refreshTokenGrant(config, ana.refresh_token ?? '');
    assert.equal(next['owner'], 'ana@acme.com');
    await assert.rejects(oauth.refreshTokenGrant(config, eve.refresh_token ?? ''), { error: 'invalid_grant' });
    await world.edge.record((line) => line['event'] === 'agent-sign-out' && line['owner'] === 'eve@elsewhere.test');
    const refused = await world.offer({ name: 'of-eve', token: eve.access_token });
    assert.equal((await refused.exited).code, 4);

    await world.edge.terminate();
    await world.startEdge({ POSTERN_OIDC_DOMAINS: 'elsewhere.test' });
    const renewed = oauth.refreshTokenGrant(await discover(world), next.refresh_token ?? '');
    await assert.rejects(renewed, { error: 'invalid_grant' }, 'the provider vouches for nobody of acme.com now');
  });
});
