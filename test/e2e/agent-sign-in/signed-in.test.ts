/** What works once a machine has signed in: agents, the commands for access, renewal, and `postern logout`. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, test } from 'node:test';
import * as oauth from 'openid-client';
import { inWorld } from '../../support/in-world.js';
import { isOnline, Machine } from '../../support/machine.js';
import { discover } from '../../support/oauth-client.js';
import { type Line, run } from '../../support/processes.js';

describe('the sign-in of a machine', () => {
  const { world } = inWorld({ shared: true, manyAddresses: true, edgeEnv: { POSTERN_AGENTS: '@acme.com' } });

  test('Z18 two agents that renew at once present one refresh token once, also behind a lock that a dead process left', async () => {
    const machine = new Machine(world);
    const atFirst = world.edge.mark();
    await machine.login();
    const former = machine.credential;
    await world.edge.record((line) => line['path'] === '/oauth2/token' && line['status'] === 200, atFirst);
    machine.makeDue();
    const dead = await run({ name: 'true', command: '/bin/sh', script: '-c', args: ['echo $$'] });
    writeFileSync(`${machine.path}.lock`, `${hostname()}:${dead.stdout.trim()}:0`);
    const before = world.edge.mark();
    const agents = ['race-one', 'race-two', 'race-three'].map((name) => machine.agent(name));
    await Promise.all(agents.map((agent) => agent.record(isOnline)));
    assert.notEqual(machine.credential.refreshToken, former.refreshToken);
    const isRenewal = (line: Line) => line['path'] === '/oauth2/token';
    await world.edge.record(isRenewal, before);
    assert.equal(world.edge.records(before).filter(isRenewal).length, 1);
    assert.deepEqual(
      world.audit(before).filter((line) => line['event'] === 'agent-token-reuse'),
      [],
    );
  });

  test('says to sign in again when the edge refuses to renew, and an agent whose sign-in ends says so too', async () => {
    const machine = new Machine(world);
    await machine.login();
    const agent = machine.agent('until-then');
    await agent.record(isOnline);
    await oauth.tokenRevocation(await discover(world), machine.credential.refreshToken);
    const again = new RegExp(`Sign in again: postern login ${world.base}`);
    assert.equal((await agent.exited).code, 4);
    assert.match(agent.stderr, again);
    machine.makeDue();
    for (const args of [
      ['http', world.target.url],
      ['revoke', 'eve@elsewhere.test'],
    ]) {
      const { exit, stderr } = await machine.run(args);
      assert.equal(exit.code, 4);
      assert.match(stderr, again);
    }
    await machine.login('bob');
    await machine.agent('and-on').record(isOnline);
  });

  test('goes on under an agent that runs when the person signs in again, though the former sign-in ends', async () => {
    const machine = new Machine(world);
    await machine.login();
    const former = machine.credential;
    const agent = machine.agent('signed-in-twice');
    await agent.record(isOnline);
    const since = agent.mark();
    await machine.login();
    await agent.record(isOnline, since);
    const refused = oauth.refreshTokenGrant(await discover(world), former.refreshToken);
    await assert.rejects(refused, { error: 'invalid_grant' });
    assert.equal(agent.ended, undefined);
  });

  test('lets the commands for access use the sign-in', async () => {
    const machine = new Machine(world);
    await machine.login();
    await machine.agent('shared').record(isOnline);
    const { exit, stdout, stderr } = await machine.run(['allow', 'eve@elsewhere.test', '--name', 'shared']);
    assert.equal(exit.code, 0, stderr);
    assert.match(stdout, /eve@elsewhere\.test may open/);
  });

  test('gives way to POSTERN_TOKEN', async () => {
    const machine = new Machine(world);
    await machine.login();
    const args = ['http', world.target.url, '--name', 'demo-too', '--json'];
    const refused = await machine.run(args, { POSTERN_TOKEN: await world.token({ tunnels: 'only-this' }) });
    assert.equal(refused.exit.code, 4);
    assert.match(refused.stderr, /ERR_NAME_FORBIDDEN/);
  });

  test('is ended by postern logout, at the edge and on this machine', async () => {
    const machine = new Machine(world);
    await machine.login();
    const { refreshToken } = machine.credential;
    const agent = machine.agent('logged-out');
    await agent.record(isOnline);
    const { exit, stdout } = await machine.run(['logout']);
    assert.equal(exit.code, 0);
    assert.match(stdout, /ana@acme\.com is no longer signed in/);
    assert.equal((await agent.exited).code, 4);
    await assert.rejects(oauth.refreshTokenGrant(await discover(world), refreshToken), { error: 'invalid_grant' });
    assert.ok(!readFileSync(machine.path, 'utf8').includes(refreshToken));
    assert.match((await machine.run(['logout'])).stderr, /this machine is signed in nowhere/);
    assert.match((await machine.run(['logout', world.base])).stderr, /this machine is not signed in at/);
  });
});

describe('an agent that has signed in', () => {
  const { world } = inWorld({ edgeEnv: { POSTERN_AGENTS: '@acme.com', POSTERN_AGENT_TTL: '16s' } });

  test('renews its token while it runs, and serves on past the end of the first one', async () => {
    const machine = new Machine(world);
    await machine.login();
    const first = machine.credential;
    const agent = machine.agent('long-lived');
    await agent.record(isOnline);
    const visitor = await world.signedIn('ana', `${world.urlOf('long-lived')}/`);
    let renewed = 0;
    let since = 0;
    while (renewed < 3) {
      await agent.record(isOnline, since);
      since = agent.mark();
      renewed += 1;
      assert.equal((await visitor.navigate(`${world.urlOf('long-lived')}/${renewed}`)).status, 200);
    }
    assert.ok(Date.now() > first.expiresAtMs, 'the first token has expired');
    assert.equal(agent.ended, undefined);
    assert.deepEqual(
      agent.records().filter((line) => line['event'] === 'offline'),
      [],
    );
  });
});
