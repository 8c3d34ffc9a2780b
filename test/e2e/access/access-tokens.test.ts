/** Access tokens: what machines open a tunnel with. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Api, apiOf } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';
import { longEnough } from '../../support/long-enough.js';
import { runPostern } from '../../support/processes.js';

const TOKENS = '/tunnels/demo/access-tokens';

describe('an access token', () => {
  const { world, visitor: machine } = inWorld({
    manyAddresses: true,
    edgeEnv: { POSTERN_ACCESS_TOKENS: 'true' },
    agentArgs: ['--access-token-basic'],
  });
  let api: Api;
  before(async () => {
    api = await apiOf(world);
  });

  async function create(name: string, more: object = {}) {
    const { status, body } = await api('POST', TOKENS, { name, ...more });
    assert.equal(status, 201, JSON.stringify(body));
    return { id: String(body['id']), token: String(body['token']) };
  }

  const ask = (headers: Readonly<Record<string, string>>, path = '/headers', url = world.url) =>
    machine.bare(`${url}${path}`, { headers });
  const basic = (password: string, user = 'postern') =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

  test('P13 opens its tunnel, with the rule that names it, and leaves Authorization to the app', async () => {
    const { token, id } = await create('ci');
    const authorization = 'Bearer of-the-app';
    const seen = await ask({ 'postern-access-token': token, authorization });
    assert.equal(seen.status, 200);
    assert.ok(seen.text.includes(authorization) && !seen.text.includes(token), seen.text);
    assert.doesNotMatch(seen.text, /x-forwarded-(?:email|user)|x-postern-assertion|postern-access-token/i);
    assert.match(String(seen.headers['cache-control']), /private/);
    const record = await world.edge.record(({ stream, rule }) => stream === 'audit' && rule === 'access-token:ci');
    assert.deepEqual([record['event'], record['email']], ['allow', undefined]);
    const made = await world.edge.record(({ event }) => event === 'access-token-create');
    assert.deepEqual([made['tokenId'], made['by']], [id, 'dev@acme.com']);
    await world.edge.record((line) => line['accessToken'] === 'ci' && line['status'] === 200);
    assert.ok(!JSON.stringify(world.edge.records(0)).includes(token.slice(23)));
    const { body } = await api('GET', TOKENS);
    assert.ok(!JSON.stringify(body).includes(token.slice(23)));
  });

  test('P13 as a Basic password of postern, which the target does not see, and no other', async () => {
    const { token } = await create('basic');
    const seen = await ask({ authorization: basic(token) });
    assert.deepEqual([seen.status, /authorization/i.test(seen.text)], [200, false]);
    for (const authorization of [basic(token, 'ana'), basic('of-the-app'), `Bearer ${token}`])
      assert.equal((await ask({ authorization })).status, 401);
    const ana = await world.signedIn('ana');
    const hers = await ana.fetch(`${world.url}/headers`, { headers: { authorization: basic(token) } });
    assert.deepEqual(
      [hers.status, /authorization/i.test(hers.text), hers.text.includes('ana@acme.com')],
      [200, false, true],
    );
    const app = await ana.fetch(`${world.url}/headers`, { headers: { authorization: basic('of-the-app') } });
    assert.ok(app.text.includes(basic('of-the-app')));
  });

  test('P14 ends with what is open when it is revoked, and when its time is over', async () => {
    for (const end of ['revoked', 'over']) {
      const { id, headers, stream } = await longEnough(async (time) => {
        const { token, id } = await create(end, end === 'over' ? { for: time } : {});
        const headers = { 'postern-access-token': token };
        const stream = await machine.stream(`${world.url}/sse?key=${end}`, 'bare', { headers });
        return stream.status === 200 ? { id, headers, stream } : undefined;
      });
      const cut = new Promise((resolve) => stream.body.once('close', resolve).once('error', () => {}));
      if (end === 'revoked') assert.equal((await api('DELETE', `${TOKENS}/${id}`)).status, 204);
      await cut;
      assert.equal((await ask(headers)).headers['postern-error'], 'ERR_ACCESS_TOKEN_INVALID');
    }
  });

  test('P15 is one refusal for a guess, a former one and a foreign one, with a tunnel or without', async () => {
    await world.startAgent({ name: 'dev-two' });
    const { token } = await create('one-tunnel');
    const guess = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    for (const [text, url] of [
      ...[
        [guess, world.url],
        ['', world.url],
        ['x', world.url],
      ],
      ...[
        [token, world.urlOf('dev-two')],
        [token, world.urlOf('dev-none')],
      ],
    ] as const) {
      const visitor = world.visitor();
      for (const headers of [{ 'postern-access-token': text }, { authorization: basic(text || 'postern_vt_') }]) {
        if (text === 'x' && headers.authorization !== undefined) continue; // a password of the app
        const { status, headers: got } = await visitor.bare(`${url}/`, { headers });
        assert.deepEqual([status, got['postern-error']], [401, 'ERR_ACCESS_TOKEN_INVALID'], `${text} ${url}`);
      }
    }
  });

  test('P15 is limited in guesses, while valid ones pass from the same address', async () => {
    const { token } = await create('busy');
    const guesser = world.visitor();
    const guess = async (text: string) =>
      (await guesser.bare(`${world.url}/`, { headers: { 'postern-access-token': text } })).status;
    for (let at = 0; at < 20; at++) assert.equal(await guess(`guess-${at}`), 401);
    assert.equal(await guess('one-more'), 429);
    assert.equal(await guess(token), 200);
  });

  test('P16 is no way in for the pages of other origins', async () => {
    const { token } = await create('page');
    for (const method of ['GET', 'POST']) {
      const { status, headers } = await machine.fetch(`${world.url}/`, {
        ...{ method, initiator: 'https://elsewhere.test' },
        headers: { 'postern-access-token': token },
      });
      assert.deepEqual([status, headers['postern-error']], [403, 'ERR_CROSS_SITE']);
    }
    const asks = { origin: 'https://elsewhere.test', 'access-control-request-method': 'GET' };
    const more = { 'access-control-request-headers': 'postern-access-token' };
    const preflight = await machine.bare(`${world.url}/`, { method: 'OPTIONS', headers: { ...asks, ...more } });
    assert.equal(preflight.status, 403);
  });

  test('is made, listed and revoked from the command line', async () => {
    const env = { POSTERN_EDGE: world.base, POSTERN_TOKEN: await world.token() };
    const postern = (...args: string[]) => runPostern(['access-token', ...args, '--name', 'demo'], env);
    const made = await postern('create', 'cli', '--for', '90d');
    assert.equal(made.exit.code, 0, made.stderr);
    assert.match(made.stdout, /^postern_vt_[\w-]{55}$/);
    assert.equal((await ask({ 'postern-access-token': made.stdout })).status, 200);
    const listed = await postern('list');
    const id = /demo {2}([0-9a-f]{12}) {2}cli {2}until 20/.exec(listed.stdout)?.[1] ?? assert.fail(listed.stdout);
    assert.ok(!listed.stdout.includes(made.stdout.slice(23)));
    assert.equal((await postern('revoke', id)).exit.code, 0);
    assert.equal((await postern('revoke', id)).exit.code, 1);
    assert.equal((await postern('revoke', 'ci')).exit.code, 2);
    assert.equal((await postern('create', 'a b')).exit.code, 1);
  });
});

describe('an edge whose operator permits no access tokens', () => {
  const { world } = inWorld();

  test('P17 needs the permission of the operator', async () => {
    const api = await apiOf(world);
    const { status, body } = await api('POST', TOKENS, { name: 'ci' });
    assert.equal(status, 403);
    assert.match(JSON.stringify(body), /ERR_OUTSIDE_CEILING.*POSTERN_ACCESS_TOKENS/);
    const headers = { 'postern-access-token': 'postern_vt_x' };
    const refused = await world.visitor().bare(`${world.url}/`, { headers });
    assert.equal(refused.headers['postern-error'], 'ERR_LOGIN_REQUIRED');
    const agent = await world.offer({ name: 'dev-basic', args: ['--access-token-basic'] });
    const line = await agent.record(({ event }) => event === 'refused');
    assert.match(String(line['message']), /POSTERN_ACCESS_TOKENS.*--access-token-basic/);
  });
});
