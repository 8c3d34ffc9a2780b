/** Both ways to sign an agent in, with a real OAuth client, the certified provider and a person at a browser. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as oauth from 'openid-client';
import { inWorld } from '../../support/in-world.js';
import { allow, decide, discover, exchange, post, send, signIn, start } from '../../support/oauth-client.js';
import type { Line } from '../../support/processes.js';

describe('the sign-in of an agent', () => {
  const { world } = inWorld({ shared: true, manyAddresses: true, edgeEnv: { POSTERN_AGENTS: '@acme.com' } });

  function audited(event: string, matches: Line = {}): Promise<Line> {
    const fits = (line: Line) => Object.entries(matches).every(([name, value]) => line[name] === value);
    return world.edge.record((line) => line['event'] === event && fits(line));
  }

  test('in the browser gives a token that opens a tunnel of that person, and is renewed', async () => {
    const config = await discover(world);
    const tokens = await signIn(world, 'ana', config);
    assert.equal(tokens.expires_in, 7 * 86_400);
    assert.equal(tokens['owner'], 'ana@acme.com');
    const agent = await world.startAgent({ name: 'anas', token: tokens.access_token });
    const up = await audited('tunnel-up', { tunnel: 'anas' });
    assert.equal(up['owner'], 'ana@acme.com');
    const signedIn = await audited('agent-sign-in', { tokenId: up['tokenId'] as string });
    assert.deepEqual([signedIn['owner'], signedIn['machine']], ['ana@acme.com', 'test-machine']);
    const next = await oauth.refreshTokenGrant(config, tokens.refresh_token ?? '');
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    await agent.kill();
    await (await world.startAgent({ name: 'anas', token: next.access_token })).kill();
  });

  test('in the browser comes back from the provider to the question, and may be answered with no', async () => {
    const config = await discover(world);
    const started = await start(config);
    const visitor = world.visitor();
    const page = await visitor.signIn(started.url.href, 'ana');
    assert.equal(page.status, 200);
    assert.ok(page.trail.some((url) => url.startsWith(world.issuer)));
    const { headers } = await decide(visitor, page, 'deny');
    await assert.rejects(exchange(config, new URL(headers.location ?? ''), started), { error: 'access_denied' });
  });

  test('with a code waits until the person has allowed it', async () => {
    const config = await discover(world);
    const device = await oauth.initiateDeviceAuthorization(config, { machine: 'build-server', user: 'root' });
    assert.match(device.user_code, /^[B-Z]{4}-[B-Z]{4}$/);
    assert.equal(device.interval, 5);
    const visitor = world.visitor();
    const entry = await visitor.signIn(device.verification_uri, 'ana');
    const page = await post(visitor, entry.url, { user_code: device.user_code.toLowerCase().replace('-', ' ') });
    for (const text of ['build-server', 'root', '127.0.0.1', 'ana@acme.com']) assert.ok(page.text.includes(text), text);
    const polled = oauth.pollDeviceAuthorizationGrant(config, device);
    assert.match((await decide(visitor, page, 'allow')).text, /The agent is signed in/);
    const tokens = await polled;
    assert.equal(tokens['owner'], 'ana@acme.com');
    await oauth.tokenRevocation(config, tokens.refresh_token ?? '');
    await assert.rejects(oauth.refreshTokenGrant(config, tokens.refresh_token ?? ''), { error: 'invalid_grant' });
  });

  test('with a code says what became of it: pending, too fast, denied', async () => {
    const started = await send(world, '/oauth2/device_authorization', {});
    assert.equal(started.status, 200);
    const { device_code: code, user_code: userCode } = started.body as Record<string, string>;
    const poll = async () => {
      const fields = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code ?? '' };
      const { status, body } = await send(world, '/oauth2/token', fields);
      return [status, body['error']];
    };
    assert.deepEqual(await poll(), [400, 'authorization_pending']);
    assert.deepEqual(await poll(), [400, 'slow_down']);
    const visitor = world.visitor();
    const entry = await visitor.signIn(`${world.base}/device?user_code=${userCode}`, 'ana');
    const page = await visitor.press(entry);
    assert.match((await decide(visitor, page, 'deny')).text, /The agent was refused/);
    const again = await post(visitor, `${world.base}/device`, { user_code: userCode ?? '', decision: 'allow' });
    assert.match(again.text, /This code is not known/);
  });

  test('ends by revoking either token, and with it the links of both', async () => {
    const config = await discover(world);
    for (const kind of ['access_token', 'refresh_token'] as const) {
      const tokens = await signIn(world, 'bob', config);
      const next = await oauth.refreshTokenGrant(config, tokens.refresh_token ?? '');
      const agents = [
        await world.startAgent({ name: 'bobs-one', token: tokens.access_token }),
        await world.startAgent({ name: 'bobs-two', token: next.access_token }),
      ];
      await oauth.tokenRevocation(config, next[kind] ?? '');
      for (const agent of agents) assert.equal((await agent.exited).code, 4);
      await assert.rejects(oauth.refreshTokenGrant(config, next.refresh_token ?? ''), { error: 'invalid_grant' });
    }
    await oauth.tokenRevocation(config, 'neither of them'); // RFC 7009 section 2.2: no error
    await audited('agent-sign-out', { owner: 'bob@acme.com' });
  });

  test('offers another account to a person who may not, who then comes back to the question', async () => {
    const config = await discover(world);
    const started = await start(config);
    const visitor = world.visitor();
    const page = await visitor.signIn(started.url.href, 'eve');
    assert.equal(page.status, 403);
    assert.match(page.text, /POSTERN_AGENTS does not name it/);
    const [, href = ''] = /href="([^"]*switch=account)"/.exec(page.text.replaceAll('&amp;', '&')) ?? [];
    const question = await visitor.press(await visitor.open(new URL(href, page.url).href), ['account', 'ana']);
    const response = new URL((await decide(visitor, question, 'allow')).headers.location ?? '');
    assert.equal((await exchange(config, response, started))['owner'], 'ana@acme.com');
  });

  test('does not ask a person again who has signed in here before', async () => {
    const config = await discover(world);
    const visitor = world.visitor();
    await allow(visitor, await start(config));
    const page = await visitor.navigate((await start(config)).url.href);
    assert.equal(page.status, 200);
    assert.match(page.text, /Did you start this\?/);
  });
});
