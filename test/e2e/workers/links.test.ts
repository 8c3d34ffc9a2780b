/** The agent of a busy tunnel holds a link to each of two workers, and the tunnel is there as long as one of them is. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { askAdmin, until } from '../../support/admin.js';
import { atBoth, type Both } from '../../support/both-workers.js';
import { inWorld } from '../../support/in-world.js';
import { assertRefused, knock } from '../../support/knock.js';

const BUSY = 16;

describe('a busy tunnel of two workers', () => {
  const { world } = inWorld({ workers: 2, allow: ['@acme.com'], agentEnv: { POSTERN_LOG_LEVEL: 'info' } });
  let ana: Both;
  /** The workers of the links by slot. */
  const workers: number[] = [];

  before(async () => {
    ana = await atBoth(world, 'ana');
  });

  const ask = async (worker: number) => (await visitorAt(worker).fetch(`${world.url}/`)).status;
  const visitorAt = (worker: number) => ana.visitors.get(worker) ?? assert.fail();
  const metrics = async () => (await askAdmin(world, '/metrics'))[1];

  test('gets a second link at the other worker, and is one tunnel', async () => {
    const crowd = await world.signedIn('ana');
    const busy = await Promise.all(Array.from({ length: BUSY }, () => crowd.stream(`${world.url}/sse?key=busy`)));
    await world.agent.complaint('"further link up"'); // one that comes to the same worker is closed, and another one is tried
    const up = world.edge.records(0).filter(({ msg }) => msg === 'worker up');
    const nodes = [...world.agent.stderr.matchAll(/"node":"([\w-]+)","msg":"(?:further )?link up"/g)].map(
      ([, node]) => node,
    );
    workers.push(...nodes.map((node) => up.find((line) => line['node'] === node)?.['worker'] as number));
    assert.deepEqual([...workers].sort(), [1, 2]);
    const first = await world.edge.record(({ event }) => event === 'tunnel-up');
    const second = await world.edge.record(({ event }) => event === 'link-add');
    assert.deepEqual([second['slot'], second['agent']], [2, first['agent']]);
    assert.deepEqual(await Promise.all(workers.map(ask)), [200, 200]);
    await until(async () => (await metrics()).includes('\npostern_links 2\n'));
    assert.match(await metrics(), /^postern_tunnels 1$/m);
    for (const { body } of busy) body.destroy();
  });

  test('I26 gives nothing to agents that offer other links', async () => {
    const token = await world.token();
    const agentId = world.audit().find(({ event }) => event === 'tunnel-up')?.['agent'] as string;
    const links = (slot: number) => ({ 'postern-links': '4', 'postern-slot': String(slot) });
    // Twice, since they come to the workers in turn.
    for (let turn = 0; turn < 2; turn += 1) {
      const offer = { token, name: world.name, allow: '@acme.com' };
      await assertRefused(world, { ...offer, agentId, headers: links(3) }, 503, 'ERR_EDGE_FULL');
      await assertRefused(world, { ...offer, agentId, headers: links(5) }, 400, 'ERR_OFFER_INVALID');
      await assertRefused(world, { ...offer, agentId: randomUUID(), headers: links(2) }, 409, 'ERR_NAME_TAKEN');
      await assertRefused(
        world,
        { ...offer, agentId, allow: 'eve@acme.com', headers: links(2) },
        409,
        'ERR_NAME_TAKEN',
      );
    }
    const other = await knock(world, { token, name: 'dev-other', headers: links(2) });
    other.link.terminate();
    assert.deepEqual(await Promise.all(workers.map(ask)), [200, 200]);
  });

  test('I27 one that is killed costs what ran on it, and the tunnel does not go offline', async () => {
    const [first = 0, second = 0] = workers;
    const bob = (await atBoth(world, 'bob')).visitors.get(second) ?? assert.fail();
    const { body } = await bob.stream(`${world.url}/sse?key=kept`);
    let events = '';
    body.setEncoding('utf8').on('data', (text: string) => {
      events += text;
    });
    const seen: number[] = [];
    let isBack = false;
    const load = (async () => {
      while (!isBack) seen.push(await ask(second));
    })();
    const [edge, agent] = [world.edge.mark(), world.agent.mark()];
    process.kill(pidOf(first), 'SIGKILL');
    await world.edge.record(({ msg, worker }) => msg === 'worker up' && worker === first, edge);
    await world.edge.record(({ event }) => event === 'tunnel-up', edge);
    const { length } = seen;
    await until(async () => seen.length > length + 20); // the second one is closed if the first is at the same worker now
    isBack = true;
    await load;
    assert.deepEqual([...new Set(seen)], [200]);
    await world.target.release('kept');
    await until(async () => events.includes('event 1'));
    assert.deepEqual(
      world.agent.records(agent).filter(({ event }) => event === 'offline'),
      [],
    );
    assert.equal(
      world.audit(edge).find(({ event }) => event === 'tunnel-down'),
      undefined,
    );
    body.destroy();
  });

  function pidOf(worker: number): number {
    return world.edge.records(0).findLast((line) => line['msg'] === 'worker up' && line['worker'] === worker)?.[
      'pid'
    ] as number;
  }
});
