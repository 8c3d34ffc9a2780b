import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreDirectory } from '../../../../src/cluster/store-directory.js';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import type { OwnLink } from '../../../../src/edge/agents/own-link.js';
import { Places } from '../../../../src/edge/agents/places.js';
import { tunnelOfRecord, writeOffered } from '../../../../src/edge/agents/tunnel-of.js';
import { Registry } from '../../../../src/edge/gate/registry.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { deferred } from '../../../support/deferred.js';
import { type FaultyStore, StoreServer } from '../../../support/faulty-store.js';

const BASE = readBaseAddress('http://localhost') ?? assert.fail();
const COMMON = { base: BASE, policy: { ceiling: undefined, publicPermitted: false } };
const OFFER = { allow: ['@acme.com'], origins: [], frameOrigins: [], terms: undefined, agentId: 'agent-of-ana-0001' };
const WANTED = { name: 'demo', owner: 'ana@acme.com', agentId: OFFER.agentId, offer: writeOffered(OFFER), slot: 1 };
const OTHERS = { ...WANTED, owner: 'bob@acme.com', agentId: 'agent-of-bob-0001' };

/** What `Places` sees of a link. */
class TestLink {
  readonly #draining = new AbortController();
  readonly #closed = deferred<void>();
  readonly draining = this.#draining.signal;
  readonly closed = this.#closed.promise;
  error: Error | undefined;
  readonly running = 0;
  readonly receivedBytes = 0;

  async ping(): Promise<number> {
    return await this.closed.then(() => Promise.reject(new Error('closed')));
  }
  async drain(): Promise<void> {
    this.#draining.abort();
  }
  destroy(error?: Error): void {
    this.error = error;
    this.#draining.abort();
    this.#closed.resolve();
  }
}

interface TestNode {
  readonly places: Places;
  readonly directory: StoreDirectory;
  readonly store: FaultyStore;
  readonly registry: Registry;
  connect(wanted?: typeof WANTED): Promise<{ readonly own: OwnLink; readonly link: TestLink }>;
}

async function openNode(t: TestContext, server: StoreServer, id: string): Promise<TestNode> {
  const store = server.client();
  const directory = await StoreDirectory.open(store, { id, peer: `unix:/run/${id}`, state: 'up' });
  const registry = new Registry();
  const peers = { open: () => assert.fail('nothing is relayed'), probe: async () => true };
  const read = (record: Parameters<typeof tunnelOfRecord>[0]) => tunnelOfRecord(record, COMMON);
  const places = new Places({ directory, registry, read, peers, expected: 1, changed: () => {} });
  t.after(() => places.close());
  const connect = async (wanted = WANTED) => {
    const own = await places.reserve(wanted);
    const link = new TestLink();
    places.connect(own, link as unknown as OutboundLink, () => {});
    return { own, link };
  };
  return { places, directory, store, registry, connect };
}

async function twoNodes(t: TestContext): Promise<[StoreServer, TestNode, TestNode]> {
  const server = new StoreServer();
  return [server, await openNode(t, server, 'a'), await openNode(t, server, 'b')];
}

/** What has begun ends: nothing of it waits for a clock. */
async function settled(): Promise<void> {
  for (let n = 0; n < 20; n++) await turn();
}

const isOnline = ({ registry }: TestNode) => registry.find('demo')?.link !== undefined;

describe('the link of an agent whose place the directory has lost', () => {
  it('has it again when the store was emptied, and visitors notice nothing', async (t) => {
    const [server, a, b] = await twoNodes(t);
    const { own, link } = await a.connect();
    const before = own.epoch;
    await server.become([]);
    for (const node of [a, b]) assert.ok(isOnline(node));
    await settled();
    for (const node of [a, b]) assert.ok(isOnline(node));
    assert.ok((own.epoch ?? 0) > (before ?? 0));
    assert.ok(await a.places.linkOf('demo', own.epoch ?? 0));
    assert.ok(!link.draining.aborted);
  });

  it('has it again when the store is an older copy that says otherwise', async (t) => {
    const [server, a, b] = await twoNodes(t);
    const former = await a.connect();
    const copy = await server.entries();
    former.link.destroy();
    await settled();
    const { own, link } = await b.connect({ ...WANTED, offer: writeOffered({ ...OFFER, allow: ['@example.com'] }) });
    await server.become(copy);
    await settled();
    assert.ok(!link.draining.aborted);
    assert.deepEqual((await a.directory.find('demo'))?.places, [{ node: 'b', link: own.id, slot: 1 }]);
    for (const node of [a, b]) assert.ok(isOnline(node));
  });

  it('serves on while the directory is away, and asks for it until it has it', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const [server, a, b] = await twoNodes(t);
    const { own, link } = await a.connect();
    a.store.beforePut = (key) => {
      if (key === 'tunnel:demo') throw new Error('away');
    };
    await server.become([]);
    for (let n = 0; n < 3; n++) {
      await settled();
      assert.ok(isOnline(a));
      assert.ok(!link.draining.aborted);
      t.mock.timers.tick(1_000);
    }
    a.store.beforePut = () => {};
    await settled();
    t.mock.timers.tick(1_000);
    await settled();
    assert.deepEqual((await b.directory.find('demo'))?.places, [{ node: 'a', link: own.id, slot: 1 }]);
  });

  it('keeps no new agent waiting when it has ended and the directory takes no change', async (t) => {
    const [, a, b] = await twoNodes(t);
    const { link } = await a.connect();
    a.store.beforePut = (key) => {
      if (key === 'tunnel:demo') throw new Error('full');
    };
    link.destroy();
    await settled();
    assert.equal(await a.places.probe('demo'), false);
    const again = { ...WANTED, agentId: 'agent-of-ana-0002' };
    await assert.rejects(a.connect(again), { code: 'ERR_STORE_UNAVAILABLE' });
    await assert.rejects(b.connect(again), { code: 'ERR_NAME_TAKEN' }); // its peers take every agent for alive
  });

  it('ends when another agent has got the name meanwhile', async (t) => {
    const [server, a, b] = await twoNodes(t);
    const { link } = await a.connect();
    a.store.isAway = true;
    await server.become([]);
    await b.connect(OTHERS);
    a.store.isAway = false;
    await settled();
    assert.ok(link.draining.aborted);
    assert.equal((await b.directory.find('demo'))?.owner, OTHERS.owner);
  });

  it('is let go when its own agent has offered something else meanwhile: nobody has taken the tunnel', async (t) => {
    const [server, a, b] = await twoNodes(t);
    const own = await a.places.reserve({ ...WANTED, slot: 2 });
    const link = new TestLink();
    const left: string[] = [];
    a.places.connect(own, link as unknown as OutboundLink, (what) => left.push(what));
    const writing = deferred<void>();
    const go = deferred<void>();
    a.store.beforePut = (key) => {
      if (key !== 'tunnel:demo') return undefined;
      writing.resolve();
      return go.promise;
    };
    await server.become([]);
    await writing.promise;
    await b.connect({ ...WANTED, offer: writeOffered({ ...OFFER, allow: ['@example.com'] }) });
    go.resolve();
    await settled();
    assert.ok(link.draining.aborted);
    assert.equal(link.error, undefined, 'running requests finish on it');
    link.destroy();
    await settled();
    assert.deepEqual(left, ['other links']);
  });

  it('leaves no place behind when it ends while it is claimed', async (t) => {
    const [server, a, b] = await twoNodes(t);
    const { link } = await a.connect();
    const writing = new EventTarget();
    const go = deferred<void>();
    a.store.beforePut = (key) => {
      if (key !== 'tunnel:demo') return undefined;
      writing.dispatchEvent(new Event('begun'));
      return go.promise;
    };
    const begun = once(writing, 'begun');
    await server.become([]);
    await begun;
    link.destroy();
    await settled();
    go.resolve();
    await settled();
    assert.deepEqual((await b.directory.find('demo'))?.places, []);
    assert.ok(!isOnline(b));
  });
});

describe('an offer that the directory cannot take', () => {
  it('costs the link that is there nothing', async (t) => {
    const [, a, b] = await twoNodes(t);
    const { own, link } = await a.connect();
    for (const node of [a, b]) {
      node.store.isAway = true;
      await assert.rejects(node.connect(), { code: 'ERR_STORE_UNAVAILABLE' });
      await assert.rejects(node.connect(OTHERS), { code: 'ERR_STORE_UNAVAILABLE' });
      node.store.isAway = false;
    }
    assert.ok(!link.draining.aborted);
    for (const node of [a, b]) assert.ok(isOnline(node));
    assert.deepEqual((await b.directory.find('demo'))?.places, [{ node: 'a', link: own.id, slot: 1 }]);
    await b.places.refresh('demo');
  });

  it('leaves the tunnel as it is where it is looked for', async (t) => {
    const [, a, b] = await twoNodes(t);
    await a.connect();
    b.store.isAway = true;
    await b.places.refresh('demo');
    assert.ok(isOnline(b));
  });
});
