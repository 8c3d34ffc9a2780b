/** What attackers do to OAuth clients of visitors, and by means of them: RFC 9700, RFC 8707, RFC 9728 section 7. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, test } from 'node:test';
import { cookieNames } from '../../../src/auth/session/cookies.js';
import { type Api, apiOf } from '../../support/api.js';
import { ClientFlow, type Tokens } from '../../support/client-flow.js';
import { readForms } from '../../support/forms.js';
import { inWorld } from '../../support/in-world.js';
import { decide, post, REDIRECT_URI } from '../../support/oauth-client.js';
import { overEach } from '../../support/versions.js';
import type { VisitorResponse } from '../../support/visitor.js';
import { PEOPLE } from '../../support/world-options.js';

const NAME = 'dev-mcp';
const SESSION = cookieNames(false).session;
const EVIL = 'https://evil.example';
const EXAMPLE = 'postern_ct_0123456789abcdef01.1.zzzzzz.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';

describe('an OAuth client of a visitor', () => {
  const { world } = inWorld({
    manyAddresses: true,
    accounts: [...PEOPLE, { sub: 'imp', name: 'Imp', email: 'dev@acme.com', email_verified: false }],
    edgeEnv: {
      POSTERN_ADMINS: 'dev@acme.com',
      POSTERN_CLIENT_REGISTRATION: 'true',
      POSTERN_ACCESS_TOKENS: 'true',
      POSTERN_AGENTS: '@acme.com',
    },
  });
  let url: string;
  let flow: ClientFlow;
  let tokens: Tokens;
  before(async () => {
    const args = ['--oauth-resource', '--allow-origin', 'https://inspector.example'];
    await world.startAgent({ name: NAME, args });
    await world.startAgent({ name: 'dev-two', args: ['--oauth-resource'] });
    url = world.urlOf(NAME);
    flow = await ClientFlow.registered(world, url);
    tokens = await flow.signIn(world.visitor(), 'ana');
  });

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const ask = (headers: Readonly<Record<string, string | undefined>>, at = `${url}/headers`, method = 'GET') =>
    world.visitor().bare(at, { method, headers });
  const challengesOf = ({ rawHeaders }: VisitorResponse) =>
    rawHeaders.filter((_, at) => rawHeaders[at - 1]?.toLowerCase() === 'www-authenticate');
  const agent = async (): Promise<Api> => apiOf(world, await world.token({ tunnels: '*' }));

  function assertPage(page: VisitorResponse, status: number): void {
    assert.equal(page.status, status, page.text);
    assert.equal(page.headers.location, undefined);
    assert.match(String(page.headers['content-type']), /^text\/html/);
  }

  test('Z19 is led by a 401 to metadata that everyone may read, and only where the owner of the tunnel says so', async () => {
    const refused = await ask({}, `${url}/a/mcp?x=1`, 'POST');
    assert.equal(refused.status, 401);
    const [first = '', second] = challengesOf(refused);
    assert.equal(first, `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource/a/mcp"`);
    assert.match(second ?? '', /^Postern login_url=/);
    for (const [path, resource] of [
      ['', url],
      ['/', url],
      ['?x', url],
      ['/a/mcp', `${url}/a/mcp`],
    ]) {
      const { status, headers, text } = await ask(
        { origin: EVIL },
        `${url}/.well-known/oauth-protected-resource${path}`,
      );
      assert.deepEqual([status, headers['access-control-allow-origin']], [200, '*']);
      assert.equal(headers['access-control-allow-credentials'], undefined);
      const metadata = JSON.parse(text) as Record<string, unknown>;
      assert.deepEqual([metadata['resource'], metadata['authorization_servers']], [resource, [world.base]]);
    }
    const odd = await world.visitor().bare(`${url}/`, { path: '/.well-known/oauth-protected-resource/"x' });
    assert.equal(odd.status, 404);
    assert.equal((await ask({}, `${url}/.well-known/oauth-protected-resource`, 'POST')).status, 405);
    const quoted = await world.visitor().bare(`${url}/`, { path: '/a"b' });
    assert.equal(challengesOf(quoted)[0], `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource"`);
    const person = await world.visitor().navigate(`${url}/mcp`);
    assert.deepEqual([person.status, challengesOf(person)], [302, []]);
    for (const path of ['/', '/.well-known/oauth-protected-resource']) {
      const plain = await ask({}, world.url + path);
      assert.deepEqual([plain.status, challengesOf(plain).length, plain.text.includes('resource')], [401, 1, false]);
      assert.equal((await ask(bearer(tokens.access), world.url + path)).headers['postern-error'], 'ERR_LOGIN_REQUIRED');
    }
  });

  test('Z20 has a token for one tunnel: at another one, changed or cut it is refused, and it leads to no guess', async () => {
    assert.equal((await ask(bearer(tokens.access))).status, 200);
    const last = tokens.access.at(-1) === 'A' ? 'B' : 'A';
    for (const [token, at] of [
      [tokens.access, world.urlOf('dev-two')],
      [`${tokens.access.slice(0, -1)}${last}`, url],
      [tokens.access.slice(0, -1), url],
      [tokens.access.toUpperCase(), url],
      [`${tokens.access} x`, url],
      [EXAMPLE, url],
    ] as const) {
      const refused = await ask(bearer(token), `${at}/headers`);
      const [challenge = ''] = challengesOf(refused);
      assert.equal(refused.status, 401, `${token} ${at}`);
      assert.match(challenge, /^Bearer (?:error="invalid_token", )?resource_metadata="/);
    }
    const guesser = world.visitor();
    for (let at = 0; at < 20; at++) await guesser.bare(`${url}/`, { headers: bearer(EXAMPLE) });
    assert.equal((await guesser.bare(`${url}/`, { headers: bearer(EXAMPLE) })).status, 429);
    assert.equal((await guesser.bare(`${url}/`, { headers: bearer(tokens.access) })).status, 200);
  });

  test('Z21 is judged by the rules as they are: what is open ends with the access of its person', async () => {
    const { access } = await flow.signIn(world.visitor(), 'bob');
    const api = await agent();
    const stream = await world.visitor().stream(`${url}/sse?key=bob`, 'bare', { headers: bearer(access) });
    await once(stream.body, 'data');
    const cut = new Promise((resolve) => stream.body.once('close', resolve).once('error', () => {}));
    await api('PUT', `/tunnels/${NAME}/grants/bob%40acme.com`, { effect: 'deny' });
    await cut;
    const denied = await ask(bearer(access));
    assert.deepEqual([denied.status, denied.headers['postern-error']], [403, 'ERR_ACCESS_DENIED']);
    assert.deepEqual(challengesOf(denied), []);
    await api('DELETE', `/tunnels/${NAME}/grants/bob%40acme.com`);
    assert.equal((await ask(bearer(access))).status, 200);
  });

  test('Z22 has credentials that are taken for no other, nor others for them', async () => {
    const visitor = world.visitor();
    const code = await flow.code(visitor, 'bob');
    const agentToken = await world.token();
    const { body } = await (await agent())('POST', `/tunnels/${NAME}/access-tokens`, { name: 'machine' });
    const machine = String(body['token']);
    const texts = { ...tokens, code, agentToken, machine, clientId: flow.clientId };
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(`postern:${text}`).toString('base64')}` });
    const places: Record<string, (text: string) => Promise<number>> = {
      tunnel: async (text) => (await ask(bearer(text))).status,
      basic: async (text) => (await ask(basic(text))).status,
      header: async (text) => (await ask({ 'postern-access-token': text })).status,
      cookie: async (text) => (await ask({ cookie: `${SESSION}=${text}` })).status,
      api: async (text) => (await ask(bearer(text), `${world.base}/.postern/api/v1/tunnels`)).status,
      userinfo: async (text) => (await ask(bearer(text), `${world.base}/oauth2/userinfo`)).status,
      refresh: async (text) => (await flow.refresh(text)).status,
      agentRefresh: async (text) => (await flow.refresh(text, { client_id: 'postern', resource: undefined })).status,
      agentCode: async (text) => (await flow.exchange(text, { client_id: 'postern' })).status,
    };
    const accepted = new Set(['tunnel access', 'header machine', 'api agentToken']);
    for (const [place, present] of Object.entries(places)) {
      for (const [kind, text] of Object.entries(texts)) {
        if (place === 'refresh' && kind === 'refresh') continue; // it is the one that counts
        const status = await present(text);
        assert.equal(status === 200, accepted.has(`${place} ${kind}`), `${place} ${kind}: ${status}`);
      }
    }
    const offered = await world.offer({ name: 'dev-three', token: tokens.access });
    assert.equal((await offered.exited).code, 4);
    assert.equal((await flow.exchange(code)).status, 200);
  });

  overEach(world, () => {
    test('Z23 has a token that no target sees, that makes no cookie, and that counts in no other place', async () => {
      const seen = await ask(bearer(tokens.access));
      assert.ok(seen.text.includes('ana@acme.com') && /x-postern-assertion/i.test(seen.text));
      assert.ok(!/authorization/i.test(seen.text) && !seen.text.includes('postern_ct_'));
      assert.equal(seen.headers['set-cookie'], undefined);
      assert.match(String(seen.headers['cache-control']), /private/);
      const own = await ask({ authorization: 'Bearer of-the-app' });
      assert.equal(own.status, 401);
      const visitor = await world.signedIn('ana');
      for (const authorization of [
        `Bearer ${tokens.access}`,
        `bearer  ${tokens.access}`,
        `Bearer x, Bearer ${tokens.access}`,
      ]) {
        const passed = await visitor.fetch(`${world.url}/headers`, { headers: { authorization } });
        assert.deepEqual([passed.status, /postern_ct_/i.test(passed.text)], [200, false], authorization);
      }
      const kept = await visitor.fetch(`${world.url}/headers`, { headers: { authorization: 'Bearer of-the-app' } });
      assert.ok(kept.text.includes('Bearer of-the-app'));
      for (const query of [`access_token=${tokens.access}`, `token=${tokens.access}`])
        assert.equal((await ask({}, `${url}/headers?${query}`)).status, 401);
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = `access_token=${tokens.access}`;
      assert.equal((await world.visitor().bare(`${url}/`, { method: 'POST', headers: form, body })).status, 401);
      await world.edge.record((line) => line['client'] === '"Flow"' && line['status'] === 200);
      assert.ok(!JSON.stringify(world.edge.records(0)).includes(tokens.access.slice(30)));
    });

    test('Z24 is no way in for pages: with a cookie beside its token it is refused, and so are pages of other origins', async () => {
      const visitor = await world.signedIn('bob', `${url}/`);
      assert.equal((await visitor.fetch(`${url}/headers`)).status, 200);
      const both = await visitor.fetch(`${url}/headers`, { headers: bearer(tokens.access) });
      assert.deepEqual([both.status, both.headers['postern-error']], [400, 'ERR_BAD_REQUEST']);
      const planted = { ...bearer(tokens.access), cookie: `${SESSION}=planted` };
      assert.equal((await ask(planted)).status, 400);
      assert.equal((await ask({ ...bearer(tokens.access), 'postern-access-token': 'postern_vt_x' })).status, 400);
      assert.equal((await ask({ ...bearer(tokens.access), cookie: 'of-the-app=1' })).status, 200);
      const asks = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
      for (const [origin, isNamed] of [
        [EVIL, false],
        [world.urlOf('dev-two'), false],
        ['https://inspector.example', true],
      ] as const) {
        const page = { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
        assert.equal((await ask({ ...page, ...asks }, url, 'OPTIONS')).status, isNamed ? 204 : 403);
        assert.equal((await ask({ ...page, ...bearer(tokens.access) })).status, isNamed ? 200 : 403);
        const challenged = await ask(page);
        assert.equal(challenged.status, isNamed ? 401 : 403);
        const exposed = challenged.headers['access-control-expose-headers'];
        assert.equal(/WWW-Authenticate/.test(exposed ?? ''), isNamed);
      }
    });
  });

  test('Z25 is sent back to an address of its own or not at all, with PKCE, for a tunnel, by an edge that names itself', async () => {
    const visitor = world.visitor();
    const allowed = await flow.allow(visitor, 'ana', { redirect_uri: 'http://127.0.0.1:4711/callback' });
    assert.deepEqual([allowed.get('iss'), allowed.get('state')], [world.base, flow.state]);
    const state = 'x'.repeat(1_000);
    assert.equal((await flow.allow(visitor, 'ana', { state })).get('state'), state);
    for (const changes of [
      { redirect_uri: undefined },
      { redirect_uri: `${EVIL}/callback` },
      { redirect_uri: `${REDIRECT_URI}/more` },
      { redirect_uri: `${REDIRECT_URI}?x=1` },
      { redirect_uri: 'http://localhost:9/callback' },
      { redirect_uri: 'http://127.0.0.1:9@evil.example/callback' },
      { resource: undefined },
      { resource: world.url },
      { resource: world.urlOf('dev-none') },
      { resource: world.base },
      { resource: `${EVIL}/mcp` },
      { resource: `${url}#fragment` },
      { resource: url.replace('://', '://x@') },
      { client_id: undefined },
      { client_id: 'another' },
      { client_id: `${flow.clientId}x` },
      { client_id: 'http://app.example/client.json' },
      { client_id: 'https://127.0.0.1/client.json' },
    ]) {
      assertPage(await visitor.navigate(flow.url(changes)), 400);
      assertPage(await post(visitor, flow.url(changes), { decision: 'allow' }), 400);
    }
    for (const [changes, error] of [
      [{ code_challenge: undefined }, 'invalid_request'],
      [{ code_challenge_method: undefined }, 'invalid_request'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
    ] as const) {
      for (const page of [
        await visitor.navigate(flow.url(changes)),
        await post(visitor, flow.url(changes), { decision: 'allow' }),
      ]) {
        const { searchParams } = new URL(page.headers.location ?? '');
        const got = [searchParams.get('error'), searchParams.get('state'), searchParams.get('iss')];
        assert.deepEqual(got, [error, flow.state, world.base], JSON.stringify(changes));
        assert.equal(searchParams.get('code'), null);
      }
    }
    const elsewhere = await ClientFlow.registered(world, url, { redirect_uris: [`${EVIL}/callback?x`] });
    const back = { redirect_uri: `${EVIL}/callback?x` };
    const failed = await visitor.navigate(elsewhere.url({ ...back, code_challenge: undefined }));
    assertPage(failed, 400);
    assert.match(failed.text, /href="https:\/\/evil\.example\/callback\?x&amp;error=invalid_request&amp;/);
    assertPage(await visitor.navigate(`${flow.url()}&resource=${encodeURIComponent(world.url)}`), 400);
  });

  test('Z26 has a code that counts once, for the client, address, verifier and tunnel that it is for', async () => {
    const visitor = world.visitor();
    const other = await ClientFlow.registered(world, url, { client_name: 'Other' });
    for (const [changes, error] of [
      [{ code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
      [{ redirect_uri: 'http://127.0.0.1:10/callback' }, 'invalid_grant'],
      [{ client_id: other.clientId }, 'invalid_grant'],
      [{ resource: world.urlOf('dev-two') }, 'invalid_grant'],
    ] as const) {
      const code = await flow.code(visitor, 'ana');
      for (const tried of [changes, {}]) {
        const { status, body } = await flow.exchange(code, tried);
        assert.deepEqual([status, body['error']], [400, error], JSON.stringify(changes));
      }
    }
    const code = await flow.code(visitor, 'ana');
    assert.equal((await flow.exchange(code, { code_verifier: undefined })).body['error'], 'invalid_request');
    assert.equal((await flow.exchange(code, { client_id: 'another' })).status, 401);
    const nameless = await flow.exchange(code, { client_id: undefined });
    const garbage = await flow.send('/oauth2/token', '{}', { 'content-type': 'application/json' });
    for (const { body, headers } of [nameless, garbage])
      assert.deepEqual([body['error'], headers['access-control-allow-origin']], ['invalid_request', '*']);
    const { status, body, headers } = await flow.exchange(code, {}, { origin: EVIL, 'sec-fetch-site': 'cross-site' });
    assert.deepEqual(
      [status, headers['access-control-allow-origin'], headers['cache-control']],
      [200, '*', 'no-store'],
    );
    assert.equal((await ask(bearer(String(body['access_token'])))).status, 200);
    const reused = world.edge.record(
      (line) => line['event'] === 'client-token-reuse' && line['email'] === 'ana@acme.com',
    );
    assert.equal((await flow.exchange(code)).body['error'], 'invalid_grant');
    await reused;
    assert.equal((await ask(bearer(String(body['access_token'])))).status, 401);
    assert.equal((await flow.refresh(String(body['refresh_token']))).status, 400);
  });

  test('Z27 exchanges a refresh token once; a second time ends its sign-in, whoever is second', async () => {
    const first = await flow.signIn(world.visitor(), 'bob');
    const other = await ClientFlow.registered(world, url, { client_name: 'Other' });
    assert.equal((await other.refresh(first.refresh)).status, 400);
    assert.equal((await flow.refresh(first.refresh, { resource: world.urlOf('dev-two') })).status, 400);
    const next = await flow.refresh(first.refresh);
    assert.equal(next.status, 200);
    assert.equal((await ask(bearer(String(next.body['access_token'])))).status, 200);
    assert.equal((await ask(bearer(first.access))).status, 200);
    assert.equal((await flow.refresh(first.refresh)).status, 400);
    assert.equal((await flow.refresh(String(next.body['refresh_token']))).status, 400);
    for (const token of [first.access, String(next.body['access_token'])])
      assert.equal((await ask(bearer(token))).status, 401);
  });

  test('Z29 cannot press the button, and the page says which app, where it goes, which tunnel and which person', async () => {
    const visitor = world.visitor();
    const hostile = await ClientFlow.registered(world, url, { client_name: '<b>Claude</b>” of claude.ai asks. “' });
    const page = await visitor.signIn(hostile.url(), 'ana');
    assertPage(page, 200);
    for (const text of [
      '&lt;b&gt;Claude',
      'not verified',
      '127.0.0.1:9',
      `${NAME}.localhost`,
      'ana@acme.com',
      'dev@acme.com',
    ])
      assert.ok(page.text.includes(text), text);
    assert.ok(!page.text.includes('<b>') && !page.text.includes('” of claude.ai'));
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(page.headers['x-frame-options'], 'DENY');
    assert.equal(page.headers['cross-origin-opener-policy'], 'same-origin');
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: EVIL },
      { 'sec-fetch-site': 'same-site', origin: url },
      { 'sec-fetch-site': undefined, origin: 'null' },
    ])
      assertPage(await post(visitor, hostile.url(), { decision: 'allow' }, headers), 403);
    const denied = new URL((await decide(visitor, page, 'deny')).headers.location ?? '').searchParams;
    assert.deepEqual([denied.get('error'), denied.get('code')], ['access_denied', null]);
    const prefetch = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' };
    assert.equal((await visitor.navigate(hostile.url(), { headers: prefetch })).status, 401);
  });

  test('Z30 acts for nobody whom the rules do not let in: they get a page, and no code', async () => {
    for (const account of ['eve', 'mal']) {
      const visitor = world.visitor();
      const page = await visitor.signIn(flow.url(), account);
      assertPage(page, 403);
      assert.ok(!page.text.includes('value="allow"'));
      assertPage(await post(visitor, flow.url(), { decision: 'allow' }), 403);
    }
  });

  test('Z30 tells an account whose address is not verified nothing of who has that address: neither tunnels nor apps', async () => {
    await flow.signIn(world.visitor(), 'dev');
    const linksOf = async (account: string) => {
      const { text } = await world.visitor().signIn(`${world.base}/`, account);
      return ['/tunnels', '/apps'].map((path) => text.includes(`href="${path}"`));
    };
    assert.deepEqual(await linksOf('dev'), [true, true]);
    assert.deepEqual(await linksOf('imp'), [false, false]);
    for (const path of ['/tunnels', '/apps']) assertPage(await world.visitor().signIn(world.base + path, 'imp'), 403);
  });

  test('Z31 registers itself within bounds: addresses, sizes and how often', async () => {
    const page = { origin: EVIL, 'sec-fetch-site': 'cross-site' };
    const made = await flow.register({ grant_types: ['authorization_code', 'refresh_token'], logo_uri: EVIL }, page);
    assert.deepEqual([made.status, made.body['token_endpoint_auth_method']], [201, 'none']);
    assert.equal(made.headers['access-control-allow-origin'], '*');
    for (const [fields, error] of [
      [{ redirect_uris: undefined }, 'invalid_redirect_uri'],
      [{ redirect_uris: [] }, 'invalid_redirect_uri'],
      [{ redirect_uris: ['http://evil.example/'] }, 'invalid_redirect_uri'],
      [{ redirect_uris: ['cursor://callback'] }, 'invalid_redirect_uri'],
      [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
      [{ redirect_uris: [`${EVIL}/#x`] }, 'invalid_redirect_uri'],
      [{ redirect_uris: Array.from({ length: 21 }, () => `${EVIL}/`) }, 'invalid_redirect_uri'],
      [{ redirect_uris: [`${EVIL}/${'x'.repeat(300)}`] }, 'invalid_redirect_uri'],
      [{ redirect_uris: [1, 2, 3].map((n) => `${EVIL}/${n}${'x'.repeat(200)}`) }, 'invalid_client_metadata'],
      [{ client_name: { evil: true } }, 'invalid_client_metadata'],
      [{ grant_types: ['implicit'] }, 'invalid_client_metadata'],
      [{ response_types: ['token'] }, 'invalid_client_metadata'],
    ] as const) {
      const { status, body } = await flow.register(fields);
      assert.deepEqual([status, body['error']], [400, error], JSON.stringify(fields));
    }
    const from = { 'x-forwarded-for': '198.51.100.9' };
    const json = { 'content-type': 'application/json' };
    const malformed = [
      ['{"redirect_uris":', json],
      ['[]', json],
      ['{}', { 'content-type': 'text/plain' }],
      ['{}', { ...json, 'content-encoding': 'gzip' }],
      ['{}', { 'content-type': 'application/json; charset=x' }],
      [JSON.stringify({ padding: 'x'.repeat(9_000) }), json],
    ] as const;
    for (const [text, headers] of malformed) {
      const refused = await flow.send('/oauth2/register', text, { ...from, ...headers });
      assert.deepEqual([refused.status, refused.body['error']], [400, 'invalid_client_metadata'], text.slice(0, 20));
      assert.equal(refused.headers['access-control-allow-origin'], '*');
    }
    for (let at = malformed.length; at < 30; at++) assert.equal((await flow.register({}, from)).status, 201);
    const { status, headers } = await flow.register({}, from);
    assert.deepEqual([status, headers['access-control-allow-origin']], [429, '*']);
    assert.equal((await flow.register({}, { 'x-forwarded-for': '198.51.100.10' })).status, 201);
  });

  test('Z32 is listed to its person and to the owner of the tunnel, who end it, and to no other', async () => {
    const { access, refresh } = await flow.signIn(world.visitor(), 'ana');
    const visitor = world.visitor();
    const list = await visitor.signIn(`${world.base}/apps`, 'ana');
    assert.match(list.text, /“Flow” \(not verified\) at dev-mcp/);
    assert.ok(!list.text.includes(access.slice(30)) && !list.text.includes(refresh.slice(30)));
    const stranger = world.visitor();
    assert.match((await stranger.signIn(`${world.base}/apps`, 'eve')).text, /No app acts for you/);
    const api = await agent();
    const { body } = await api('GET', `/tunnels/${NAME}/clients`);
    const clients = body['clients'] as { id: string; email: string }[];
    assert.ok(clients.length > 0 && !JSON.stringify(body).includes('postern_c'.concat('t_')));
    const { id } = clients.filter(({ email }) => email === 'ana@acme.com').at(-1) ?? assert.fail();
    assert.equal((await post(stranger, `${world.base}/apps`, { id })).status, 303);
    assert.equal(
      (await post(visitor, `${world.base}/apps`, { id }, { 'sec-fetch-site': 'same-site', origin: url })).status,
      403,
    );
    const other = await apiOf(world, await world.token({ owner: 'bob@acme.com', tunnels: '*' }));
    assert.equal((await other('DELETE', `/tunnels/${NAME}/clients/${id}`)).status, 404);
    assert.equal((await other('DELETE', `/clients/${id}`)).status, 404);
    assert.equal((await (await apiOf(world))('GET', '/clients')).status, 403);
    assert.equal((await ask(bearer(access))).status, 200);
    const ended = world.edge.record((line) => line['event'] === 'client-sign-out' && line['by'] === 'ana@acme.com');
    assert.equal((await post(visitor, `${world.base}/apps`, { id })).status, 303);
    await ended;
    assert.equal((await ask(bearer(access))).status, 401);
    const again = await flow.signIn(visitor, 'ana');
    const admin = world.visitor();
    const people = await admin.signIn(`${world.base}/people`, 'dev');
    assert.ok(people.text.includes('“Flow” (not verified) at dev-mcp'));
    const listed = readForms(people.text, people.url).filter(({ fields }) =>
      fields.some(([name]) => name === 'client'),
    );
    for (const { fields } of listed) await post(admin, people.url, Object.fromEntries(fields));
    assert.equal((await ask(bearer(again.access))).status, 401);
    const own = await flow.signIn(visitor, 'ana');
    assert.equal((await flow.revoke(own.access)).status, 200);
    assert.equal((await ask(bearer(own.access))).status, 401);
  });
});

describe('an edge that permits no registration', () => {
  const { world } = inWorld({ shared: true });

  test('Z31 says so in its metadata, and registers none', async () => {
    const { text, headers } = await world.visitor().bare(`${world.base}/.well-known/oauth-authorization-server`);
    const metadata = JSON.parse(text) as Record<string, unknown>;
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(metadata['client_id_metadata_document_supported'], true);
    assert.equal(metadata['registration_endpoint'], undefined);
    const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
    assert.equal((await world.visitor().bare(`${world.base}/oauth2/register`, options)).status, 404);
  });
});
