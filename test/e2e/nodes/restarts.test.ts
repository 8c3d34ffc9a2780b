/**
 * Three edges with one Redis: each is restarted in turn while people work, and nobody notices; one that is killed costs what ran on it
 * and nothing else.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../../support/admin.js';
import { Load } from '../../support/nodes/load.js';
import { Nodes, nodesMissing, type TestNode } from '../../support/nodes/nodes.js';

const TUNNELS = ['demo', 'dev-second', 'dev-third'];

// Where the machine has the processor time for it.
const PER_SECOND = 500;

describe('three nodes with one Redis', { skip: nodesMissing() }, () => {
  let nodes: Nodes;

  before(async () => {
    nodes = await Nodes.start({ hasOwnWay: true, edgeEnv: { POSTERN_DRAIN: '2s' } });
    for (const name of TUNNELS) await nodes.world.startAgent({ name });
  });
  after(() => nodes?.close());

  test('I28 each is restarted in turn and no request is lost; WebSockets are told to come again', async (t) => {
    const loads = await startLoads(nodes, PER_SECOND);
    const startMs = performance.now();
    for (const node of nodes.all) {
      node.program.signal('SIGTERM');
      assert.deepEqual(await node.program.exited, { code: 0, signal: null });
      await nodes.restart(node);
      await moreOf(loads);
    }
    await stopAll(loads);
    const total = loads.reduce((sum, { requests }) => sum + requests, 0);
    t.diagnostic(`${total} requests, ${Math.round((total * 1_000) / (performance.now() - startMs))} a second`);
    for (const { wrong, closes, requests } of loads) {
      assert.deepEqual(wrong, []);
      assert.deepEqual(
        closes.filter((code) => code !== 1012),
        [],
      );
      assert.ok(requests > 200, `${requests} requests`);
    }
    const resets = loads.flatMap((load) => load.resets);
    assert.ok(resets.length <= loads.length, resets.join('\n'));
    assert.ok(
      loads.some(({ closes }) => closes.length > 0),
      'no WebSocket was at a node that was restarted',
    );
  });

  test('I29 one that is killed costs what ran there, and its tunnels are back', async () => {
    const loads = await startLoads(nodes, PER_SECOND / 5);
    const [lost] = nodes.all as [TestNode];
    lost.program.signal('SIGKILL');
    await lost.program.exited;
    await moreOf(loads); // each has its tunnel again
    await nodes.restart(lost);
    await stopAll(loads);
    const wrong = loads.flatMap((load) => load.wrong);
    // Of each visitor at most what was on its way, and what met a tunnel whose agent had not dialled again yet.
    assert.deepEqual(
      wrong.filter((what) => !/ 50[23] /.test(`${what} `)),
      [],
    );
  });
});

/** So many requests a second, of all tunnels together. */
async function startLoads(nodes: Nodes, rate: number): Promise<Load[]> {
  const loads = await Promise.all(
    TUNNELS.map(async (name) => {
      const url = nodes.world.urlOf(name);
      const perSecond = rate / TUNNELS.length;
      return new Load(await nodes.world.signedIn('ana', `${url}/`), { url, perSecond, bytes: 2_000 });
    }),
  );
  await Promise.all(loads.map((load) => load.start()));
  return loads;
}

/** Resolves when each has gone on. */
async function moreOf(loads: readonly Load[]): Promise<void> {
  const before = loads.map(({ requests, messages }) => [requests, messages] as const);
  await until(async () =>
    loads.every(({ requests, messages }, at) => {
      const [formerRequests, formerMessages] = before[at] as readonly [number, number];
      return requests > formerRequests + 5 && messages > formerMessages + 5;
    }),
  );
}

async function stopAll(loads: readonly Load[]): Promise<void> {
  await Promise.all(loads.map((load) => load.stop()));
}
