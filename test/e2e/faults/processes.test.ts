/**
 * Processes that die at the worst moment: the answer and its code each time, and how everything comes back. An answer
 * that cannot be finished is broken and never short. The plain deaths of agent, edge and provider are in
 * test/e2e/faults/environment.test.ts.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as faults from '../../support/fault-checks.js';
import { inWorld } from '../../support/in-world.js';
import { startMoments } from '../../support/moments.js';
import { startTargetProcess, type TargetProcess } from '../../support/target-remote.js';
import type { Visitor } from '../../support/visitor.js';
import type { World } from '../../support/world.js';

describe('a process is killed', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let eve: Visitor;
  /** The world's own, then the one that was started in its place. */
  let target: TargetProcess;

  before(async () => {
    target = world.target;
    eve = world.visitor();
    assert.equal((await eve.signIn(`${world.url}/`, 'eve')).status, 403);
  });
  after(async () => {
    await target?.close();
  });

  test('when the target is killed, its responses break and other requests get 502 until it is back', async () => {
    await target.forget();
    const moments = await startMoments(world.url, target, ana);
    await target.program.kill();
    await faults.assertBroken(moments);
    await faults.assertResponses(moments, 502, 'ERR_TARGET_REFUSED');
    for (const response of [await ana.fetch(`${world.url}/`), await ana.fetch(`${world.url}/`, { method: 'POST' })]) {
      faults.assertError(response, 502, 'ERR_TARGET_REFUSED');
    }
    await faults.assertRefusedUpgrade(ana, world, 502, 'ERR_TARGET_REFUSED');
    target = await startTargetProcess({ port: target.port });
    assert.equal((await ana.fetch(`${world.url}/back`)).status, 200);
  });

  test('when the edge is killed, again and again, the agent is back in time each time', async () => {
    for (let round = 0; round < 3; round++) {
      await world.edge.kill();
      await faults.assertBackInTime(world);
      assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
    }
  });

  test('when agent and edge are killed, only visitors who were let in before are told that the tunnel is offline', async () => {
    await world.agent.kill();
    await world.edge.kill();
    await world.startEdge();
    await faults.assertOffline(world, { ana, eve });
    const bob = world.visitor();
    faults.assertError(await bob.signIn(`${world.url}/`, 'bob'), 403, 'ERR_ACCESS_DENIED');
    await world.startAgent();
    const page = await bob.open(`${world.url}/`); // renewed on the way: a session of a name without an owner is nobody's now
    assert.deepEqual([page.status, page.url], [200, `${world.url}/`]);
  });

  test('when the edge is killed between the start of a sign-in and its callback, the sign-in goes on', async () => {
    const visitor = world.visitor();
    const chooser = await visitor.open(`${world.url}/deep?x=1%2F2`);
    await world.edge.kill();
    await faults.assertBackInTime(world);
    const page = await visitor.press(chooser, ['account', 'ana']);
    assert.deepEqual([page.status, page.url], [200, `${world.url}/deep?x=1%2F2`]);
  });

  test('when the agent is killed between the start of a sign-in and its callback, the visitor ends at the offline page', async () => {
    const visitor = world.visitor();
    const chooser = await visitor.open(`${world.url}/deep`);
    await world.agent.kill();
    await world.edge.record(({ event, agent }) => event === 'tunnel-down' && agent === lastAgent(world));
    const page = await visitor.press(chooser, ['account', 'ana']);
    faults.assertError(page, 503, 'ERR_TUNNEL_OFFLINE');
    assert.equal(page.url, `${world.url}/deep`);
    await world.startAgent();
    assert.equal((await visitor.navigate(page.url)).status, 200);
  });
});

/** The id of the agent whose tunnel came up last. */
function lastAgent(world: World): unknown {
  return world.audit().findLast(({ event }) => event === 'tunnel-up')?.['agent'];
}
