/** Nodes whose store is away, was emptied, or is another one for some of them: tunnels go on, and in the end each has one owner. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../../support/admin.js';
import { Nodes, nodesMissing, type TestNode } from '../../support/nodes/nodes.js';
import type { Program } from '../../support/processes.js';
import { TestRedis } from '../../support/redis.js';
import type { Visitor } from '../../support/visitor.js';

// Where the store keeps the records of tunnels (src/store/redis/codec.ts).
const TUNNELS = 'postern:1:entries:tunnel';

describe('two nodes whose store fails', { skip: nodesMissing() }, () => {
  let nodes: Nodes;
  let ana: Visitor;
  let agent: Program;

  before(async () => {
    nodes = await Nodes.start({ nodes: 2, edgeEnv: { POSTERN_DRAIN: '1s' } });
    agent = await nodes.world.startAgent();
    ana = await nodes.world.signedIn('ana');
  });
  after(() => nodes?.close());

  /** On a connection of its own each: HAProxy hands them out in turn. */
  const statuses = () =>
    Promise.all([1, 2, 3, 4].map(async () => (await nodes.world.visitor(ana.jar).fetch(nodes.world.url)).status));

  /** All of them know the other one, and say of their store what the pattern says. */
  const all = async (healthz: RegExp) => {
    for (const node of nodes.all)
      await until(async () => {
        const said = await nodes.ask(node, '/healthz');
        return /^nodes: 2 up$/m.test(said) && healthz.test(said);
      });
  };
  const HEALTHY = /^(?!.*^store:)/ms;

  test('X15 while it stands still requests are relayed as before, and no node is given up', async () => {
    nodes.redis.pause();
    await all(/^store: .*; away for 1[1-9] s, sessions count/m); // for longer than a lease
    assert.deepEqual(await statuses(), [200, 200, 200, 200]);
    nodes.redis.resume();
    await all(HEALTHY);
    assert.deepEqual(await statuses(), [200, 200, 200, 200]);
  });

  test('X15 while it is full requests are relayed as before, and an agent that comes back waits', async () => {
    await nodes.redis.command('CONFIG', 'SET', 'maxmemory', '1');
    const failures = /^postern_store_write_failures_total [1-9]/m; // of the beats, too
    for (const node of nodes.all) await until(async () => failures.test(await nodes.ask(node, '/metrics')));
    assert.deepEqual(await statuses(), [200, 200, 200, 200]);
    await agent.terminate();
    agent = await nodes.world.offer();
    await agent.record(({ code }) => code === 'ERR_STORE_UNAVAILABLE');
    await nodes.redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await agent.record(({ event }) => event === 'online');
    assert.deepEqual(await statuses(), [200, 200, 200, 200]);
  });

  test('X15 while it is away requests are relayed as before, and each node says so and is ready', async () => {
    await nodes.redis.kill();
    await all(/^store: Redis at /m);
    assert.deepEqual(await statuses(), [200, 200, 200, 200]);
    for (const node of nodes.all) assert.equal(await nodes.ask(node, '/readyz'), 'ready\n');
    const fresh = await nodes.world.offer({ name: 'dev-new' });
    await fresh.record(({ code }) => code === 'ERR_STORE_UNAVAILABLE');
  });

  test('X15 when it comes back empty, each node tells it again what it has', async () => {
    await nodes.redis.restart();
    await until(async () => (await nodes.redis.command('HLEN', TUNNELS)) === ':2\r\n'); // and the agent that waited has come
    assert.deepEqual(await statuses(), [200, 200, 200, 200]);
    await all(HEALTHY);
  });
});

describe('two nodes with a store each, which become one', { skip: nodesMissing() }, () => {
  let nodes: Nodes;
  let promoted: TestRedis | undefined;

  before(async () => {
    nodes = await Nodes.start({ nodes: 2, edgeEnv: { POSTERN_DRAIN: '1s' } });
  });
  after(async () => {
    await nodes?.close();
    await promoted?.close();
  });

  test('X16 a tunnel that two agents have got has one of them in the end, and the audit record says so', async () => {
    const { world } = nodes;
    const first = await world.startAgent();
    await until(async () => nodes.all.some(({ program }) => isUp(program))); // the agent knows before its line is read
    const holder = nodes.all.find(({ program }) => isUp(program)) ?? assert.fail('no node has the agent');
    const [other] = nodes.all.filter((node) => node !== holder) as [TestNode];
    promoted = await copyOf(nodes.redis);
    other.store.lead(promoted);
    await other.program.record(({ msg }) => msg === 'another node has ended'); // its lease is over, in this half
    await nodes.balance(holder, 'drain');
    await world.startAgent();
    await nodes.balance(holder, 'ready');
    const ana = await world.signedIn('ana');

    holder.store.lead(promoted);
    const { agent } = await holder.program.record(({ event }) => event === 'tunnel-taken');
    assert.equal(agent, holder.program.records().find(({ event }) => event === 'tunnel-up')?.['agent']);
    assert.deepEqual(await first.exited, { code: 4, signal: null });
    for (let count = 0; count < 4; count++) assert.equal((await world.visitor(ana.jar).fetch(world.url)).status, 200);
  });
});

function isUp(program: Program): boolean {
  return program.records().some(({ event }) => event === 'tunnel-up');
}

/** Another server that knows what this one has written so far. */
async function copyOf(redis: TestRedis): Promise<TestRedis> {
  const copy = TestRedis.prepare();
  await redis.command('SAVE');
  copyFileSync(join(redis.folder, 'dump.rdb'), join(copy.folder, 'dump.rdb'));
  await copy.restart();
  return copy;
}
