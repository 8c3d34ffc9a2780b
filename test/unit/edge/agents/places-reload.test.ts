/** What a node makes of all tunnels, read again after a gap: with tens of thousands of them it must not stand still for long. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { StoreDirectory } from '../../../../src/cluster/store-directory.js';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import { Places } from '../../../../src/edge/agents/places.js';
import { tunnelOfRecord, writeOffered } from '../../../../src/edge/agents/tunnel-of.js';
import { Registry } from '../../../../src/edge/gate/registry.js';
import { StoreServer } from '../../../support/faulty-store.js';

const BASE = readBaseAddress('http://localhost') ?? assert.fail();
const OFFER = writeOffered({
  allow: [],
  origins: [],
  frameOrigins: [],
  terms: undefined,
  agentId: 'agent-of-ana-0001',
});

const recordText = (epoch: number, nodes: readonly string[]) =>
  JSON.stringify({
    ...{ epoch, owner: 'ana@acme.com', agentId: 'agent-of-ana-0001', offer: OFFER },
    places: nodes.map((node) => ({ node, link: `link-${epoch}`, slot: 1 })),
  });

async function begin(t: TestContext) {
  const server = new StoreServer();
  await server.memory.put('node:other', JSON.stringify({ peer: 'unix:/run/other', state: 'up', beat: 1 }));
  for (const name of ['one', 'two', 'three']) await server.memory.put(`tunnel:${name}`, recordText(1, ['other']));
  const store = server.client();
  const directory = await StoreDirectory.open(store, { id: 'this', peer: 'unix:/run/this', state: 'up' });
  const registry = new Registry();
  const read: string[] = [];
  const places = new Places({
    ...{ directory, registry, changed: () => {} },
    read: (record) => {
      read.push(record.name);
      return tunnelOfRecord(record, { base: BASE, policy: { ceiling: undefined, publicPermitted: false } });
    },
    peers: { open: () => assert.fail('nobody asks'), probe: () => assert.fail('nobody asks') },
  });
  t.after(() => places.close());
  await places.ready;
  const taken = () => read.splice(0).sort();
  return { server, store, registry, taken };
}

describe('all tunnels of a directory, read again after a gap', () => {
  it('cost nothing where nothing has changed', async (t) => {
    const { store, registry, taken } = await begin(t);
    assert.deepEqual(taken(), ['one', 'three', 'two']);
    const before = registry.all();
    store.readAgain(false);
    store.readAgain(true);
    assert.deepEqual(taken(), []);
    registry.all().forEach((tunnel, at) => void assert.equal(tunnel, before[at]));
    assert.equal(registry.links, 3);
  });

  it('are as they are now where something has changed meanwhile', async (t) => {
    const { server, store, registry, taken } = await begin(t);
    taken();
    store.isAway = true;
    await server.memory.put('tunnel:one', recordText(2, []));
    await server.memory.put('tunnel:four', recordText(3, ['other']));
    await server.memory.delete('tunnel:two');
    store.isAway = false;
    assert.deepEqual(taken(), ['four', 'one']);
    assert.deepEqual(
      registry.all().map(({ name, link }) => [name, link !== undefined]),
      [
        ['four', true],
        ['one', false],
        ['three', true],
      ],
    );
  });
});
