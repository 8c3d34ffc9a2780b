import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Claim, Claimed, DirectoryChange, TunnelRecord } from '../../../src/cluster/directory.js';
import { LEASE_BEAT_MS, StoreDirectory } from '../../../src/cluster/store-directory.js';
import { type FaultyStore, StoreServer } from '../../support/faulty-store.js';

const ANA = { owner: 'ana@acme.com', agentId: 'agent-of-ana-0001', offer: '{}', slot: 1 };
const BOB = { owner: 'bob@acme.com', agentId: 'agent-of-bob-0001', offer: '{}', slot: 1 };
const START_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

const claimOf = (name: string, link: string, given: Partial<Claim> = {}): Claim => ({ ...ANA, name, link, ...given });

interface TestNode {
  readonly directory: StoreDirectory;
  readonly store: FaultyStore;
  readonly id: string;
  /** What a watcher knows. */
  readonly seen: Map<string, TunnelRecord>;
  /** It runs: it beats. */
  isStopped: boolean;
}

/** Nodes whose time passes in beats. */
class Cluster {
  readonly server: StoreServer;
  readonly nodes: TestNode[] = [];
  #nowMs = 0;

  constructor() {
    this.server = new StoreServer(() => START_MS + this.#nowMs);
  }

  async open(id: string, { driftMs = 0, store = this.server.client() } = {}): Promise<TestNode> {
    const directory = await StoreDirectory.open(
      store,
      { id, peer: `unix:/run/${id}`, state: 'up' },
      { wallClock: () => START_MS + this.#nowMs + driftMs, monotonic: () => this.#nowMs, random: () => 0 },
    );
    const seen = new Map<string, TunnelRecord>();
    directory.watch((change) => learn(seen, change));
    const node = { directory, store, id, seen, isStopped: false };
    this.nodes.push(node);
    return node;
  }

  /** Time passes, and all that run beat in it. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= LEASE_BEAT_MS) {
      this.#nowMs += Math.min(left, LEASE_BEAT_MS);
      for (const { directory, isStopped } of this.nodes) if (!isStopped) await directory.beat();
    }
  }

  /** As `kill -9` does. */
  async kill(node: TestNode): Promise<void> {
    node.isStopped = true;
    await node.store.close();
  }

  /** No beat is in it: all machines sleep. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }
}

function learn(seen: Map<string, TunnelRecord>, change: DirectoryChange): void {
  if (change.kind === 'all') seen.clear();
  if (change.kind === 'all') for (const record of change.records) seen.set(record.name, record);
  else if (change.kind === 'tunnel') seen.set(change.record.name, change.record);
  else seen.delete(change.name);
}

const live = ({ directory }: TestNode) => [...directory.nodes().keys()].sort();
const linksOf = (record: TunnelRecord | undefined) => record?.places.map(({ link }) => link).sort();

function claimed(result: Claimed): TunnelRecord {
  assert.equal(result.kind, 'claimed');
  return result.record;
}

async function three(): Promise<[Cluster, TestNode, TestNode, TestNode]> {
  const cluster = new Cluster();
  return [cluster, await cluster.open('a'), await cluster.open('b'), await cluster.open('c')];
}

describe('the lease of a node', () => {
  it('lasts while it beats, and ends ten seconds after it stops', async () => {
    const [cluster, a, b, c] = await three();
    await c.directory.claim(claimOf('demo', 'x'));
    await cluster.pass(60_000);
    assert.deepEqual(live(a), ['a', 'b', 'c']);
    c.isStopped = true;
    await cluster.pass(10_000);
    assert.deepEqual(linksOf(a.seen.get('demo')), ['x']);
    await cluster.pass(2_000);
    for (const node of [a, b]) {
      assert.deepEqual(live(node), ['a', 'b']);
      assert.deepEqual(linksOf(node.seen.get('demo')), []);
      assert.deepEqual(linksOf(await node.directory.find('demo')), []);
    }
  });

  it('does not depend on any wall clock', async () => {
    const cluster = new Cluster();
    const a = await cluster.open('a', { driftMs: -3_600_000 });
    const b = await cluster.open('b', { driftMs: 3_600_000 });
    const late = await cluster.open('late');
    await cluster.pass(60_000);
    for (const node of [a, b, late]) assert.deepEqual(live(node), ['a', 'b', 'late']);
    await a.directory.claim(claimOf('demo', 'x'));
    assert.equal((await b.directory.claim(claimOf('demo', 'y', BOB))).kind, 'held');
  });

  it('goes on while the store is away for all, and is a whole one when it is back', async () => {
    const [cluster, a, b, c] = await three();
    await c.directory.claim(claimOf('demo', 'x'));
    for (const { store } of cluster.nodes) store.isAway = true;
    await cluster.pass(600_000);
    assert.deepEqual(live(a), ['a', 'b', 'c']);
    assert.deepEqual(linksOf(a.seen.get('demo')), ['x']);
    c.isStopped = true;
    for (const { store } of [a, b]) store.isAway = false;
    await cluster.pass(8_000);
    assert.deepEqual(live(a), ['a', 'b', 'c']);
    await cluster.pass(6_000);
    assert.deepEqual(live(a), ['a', 'b']);
  });

  it('ends at the others for a node that alone has lost the store; it goes on itself, and comes back', async () => {
    const [cluster, a, b] = await three();
    await b.directory.claim(claimOf('demo', 'x'));
    b.store.isAway = true;
    await cluster.pass(14_000);
    assert.deepEqual(live(a), ['a', 'c']);
    assert.deepEqual(live(b), ['a', 'b', 'c']);
    await assert.rejects(b.directory.claim(claimOf('other', 'y')), { code: 'ERR_STORE_UNAVAILABLE' });
    await assert.rejects(b.directory.find('demo'), { code: 'ERR_STORE_UNAVAILABLE' });
    b.store.isAway = false;
    await cluster.pass(2_000);
    assert.deepEqual(live(a), ['a', 'b', 'c']);
    assert.deepEqual(linksOf(a.seen.get('demo')), ['x'], 'its places count again');
  });

  it('is not judged by a node that has stood still', async () => {
    const [cluster, a] = await three();
    cluster.sleep(3_600_000);
    await a.directory.beat();
    assert.deepEqual(live(a), ['a', 'b', 'c']);
    await cluster.pass(20_000);
    assert.deepEqual(live(a), ['a', 'b', 'c']);
  });

  it('of a node that has stood still alone is over, and begins again', async () => {
    const [cluster, a, b] = await three();
    await b.directory.claim(claimOf('demo', 'x'));
    b.isStopped = true;
    await cluster.pass(12_000);
    assert.equal(claimed(await a.directory.claim(claimOf('demo', 'y', BOB))).owner, BOB.owner);
    b.isStopped = false;
    await cluster.pass(2_000);
    assert.deepEqual(live(a), ['a', 'b', 'c']);
    assert.deepEqual(linksOf(b.seen.get('demo')), ['y']);
    assert.equal((await b.directory.claim(claimOf('demo', 'x'))).kind, 'held');
  });

  it('is written again at once when the store was emptied', async () => {
    const [cluster, a, b, c] = await three();
    await cluster.server.become([]);
    for (const node of [a, b, c]) assert.deepEqual(live(node), ['a', 'b', 'c']);
    const d = await cluster.open('d');
    assert.deepEqual(live(d), ['a', 'b', 'c', 'd']);
  });

  it('of one that leaves ends at once', async () => {
    const [, a, b, c] = await three();
    await b.directory.claim(claimOf('demo', 'x'));
    await b.directory.close();
    assert.deepEqual(live(a), ['a', 'c']);
    assert.deepEqual(linksOf(c.seen.get('demo')), []);
    assert.deepEqual(
      (await a.store.list('node:')).map(({ key }) => key),
      ['node:a', 'node:c'],
    );
  });

  it('of one that has come in this moment counts for who has not heard of it', async () => {
    const [cluster, a, b] = await three();
    b.store.close(); // it is told nothing more
    const late = await cluster.open('late');
    await late.directory.claim(claimOf('demo', 'x'));
    assert.ok(!b.directory.nodes().has('late'));
    assert.equal((await b.directory.claim(claimOf('demo', 'y', BOB))).kind, 'held');
    assert.equal((await a.directory.find('demo'))?.owner, ANA.owner);
  });
});

describe('what a node leaves behind', () => {
  it('is removed by the live node with the lowest id, and by no other', async () => {
    const [cluster, a, b, c] = await three();
    for (let n = 0; n < 600; n++) await c.directory.claim(claimOf(`demo-${n}`, `x-${n}`));
    await cluster.kill(c);
    let writes = 0;
    b.store.beforePut = (key) => {
      if (key.startsWith('tunnel:')) writes += 1;
    };
    await cluster.pass(40_000);
    const entries = await a.store.list('tunnel:');
    assert.equal(entries.length, 600);
    assert.ok(entries.every(({ value }) => !value.includes('"node"')));
    assert.equal(writes, 0);
    assert.equal(await a.store.get('node:c'), undefined);
  });

  it('is removed by a node that has found it at its start', async () => {
    const [cluster, a, b, c] = await three();
    await c.directory.claim(claimOf('demo', 'x'));
    for (const node of [a, b, c]) await cluster.kill(node);
    await a.store.delete('node:c'); // its key is gone, its place is not
    const d = await cluster.open('d');
    assert.deepEqual(linksOf(d.seen.get('demo')), []);
    await cluster.pass(60_000);
    assert.deepEqual(
      (await d.store.list('node:')).map(({ key }) => key),
      ['node:d'],
    );
    assert.ok((await d.store.get('tunnel:demo'))?.value.includes('"places":[]'));
  });

  it('is forgotten a day after the last link of a tunnel has ended', async () => {
    const [cluster, a, b] = await three();
    await a.directory.claim(claimOf('demo', 'x'));
    await a.directory.claim(claimOf('online', 'y'));
    await a.directory.release('demo', 'x');
    cluster.sleep(DAY_MS - 1_000);
    await cluster.pass(LEASE_BEAT_MS / 4);
    assert.ok(b.seen.has('demo'));
    await cluster.pass(LEASE_BEAT_MS);
    assert.ok(!b.seen.has('demo'));
    assert.ok(b.seen.has('online'));
    assert.equal(await b.directory.find('demo'), undefined);
  });
});

describe('a store that has lost what it was told last', () => {
  it('is told again of a tunnel whose node claims it again, in a later epoch; the others miss nothing', async () => {
    const [cluster, a, b] = await three();
    const before = claimed(await a.directory.claim(claimOf('demo', 'x')));
    await cluster.server.become([]);
    assert.equal(a.seen.get('demo'), undefined, 'its own node learns that it is lost');
    assert.deepEqual(b.seen.get('demo'), before);
    const again = claimed(await a.directory.claim(claimOf('demo', 'x')));
    assert.ok(again.epoch > before.epoch);
    assert.deepEqual(b.seen.get('demo'), again);
    await cluster.pass(20_000);
    assert.deepEqual(b.seen.get('demo'), again);
  });

  it('forgets after a lease what is not claimed again', async () => {
    const [cluster, a, b] = await three();
    await a.directory.claim(claimOf('demo', 'x'));
    await cluster.server.become([]);
    await cluster.pass(8_000);
    assert.ok(b.seen.has('demo'));
    await cluster.pass(4_000);
    assert.ok(!b.seen.has('demo'));
  });

  it('gives no epoch twice', async () => {
    const [cluster, a, b] = await three();
    await a.directory.claim(claimOf('demo', 'x'));
    const copy = await cluster.server.entries();
    const lost = claimed(await a.directory.claim(claimOf('demo', 'x', { offer: 'another' })));
    await cluster.server.become(copy);
    await cluster.pass(LEASE_BEAT_MS);
    const later = claimed(await b.directory.claim(claimOf('demo', 'y', { offer: 'a third' })));
    assert.ok(later.epoch > lost.epoch);
  });

  it('loses the places in it whose links are gone', async () => {
    const [cluster, a, b] = await three();
    await a.directory.claim(claimOf('demo', 'x'));
    const copy = await cluster.server.entries();
    await a.directory.release('demo', 'x');
    await cluster.server.become(copy);
    assert.equal((await b.directory.claim(claimOf('demo', 'y', BOB))).kind, 'held');
    await cluster.pass(LEASE_BEAT_MS);
    assert.equal((await b.directory.claim(claimOf('demo', 'y', BOB))).kind, 'claimed');
  });
});

describe('a claim', () => {
  it('whose outcome was unknown leaves no place behind', async () => {
    const [cluster, a, b] = await three();
    a.store.losesReplies = true;
    await assert.rejects(a.directory.claim(claimOf('demo', 'x')), { code: 'ERR_STORE_UNAVAILABLE' });
    a.store.losesReplies = false;
    assert.deepEqual(linksOf(await b.directory.find('demo')), ['x']);
    await cluster.pass(LEASE_BEAT_MS);
    assert.deepEqual(linksOf(await b.directory.find('demo')), []);
  });

  it('that is made again, and whose outcome is unknown, costs the link nothing', async () => {
    const [cluster, a, b] = await three();
    await a.directory.claim(claimOf('demo', 'x'));
    a.store.losesReplies = true;
    await assert.rejects(a.directory.claim(claimOf('demo', 'x')), { code: 'ERR_STORE_UNAVAILABLE' });
    a.store.losesReplies = false;
    await cluster.pass(20_000);
    assert.deepEqual(linksOf(await b.directory.find('demo')), ['x']);
  });

  it('of many nodes at once is granted to one agent, or to all links of one', async () => {
    const cluster = new Cluster();
    const nodes = await Promise.all(Array.from({ length: 12 }, (_, n) => cluster.open(`node-${n}`)));
    for (const { store } of nodes) store.beforePut = () => new Promise(setImmediate);
    const agents = await Promise.all(
      nodes.map(({ directory, id }) => directory.claim(claimOf('demo', id, { agentId: `agent-of-${id}` }))),
    );
    assert.equal(agents.filter(({ kind }) => kind === 'claimed').length, 1);
    const links = await Promise.all(
      nodes.map(({ directory, id }, n) => directory.claim(claimOf('other', id, { slot: n + 1 }))),
    );
    assert.equal(new Set(links.map((result) => claimed(result).epoch)).size, 1);
    assert.equal((await nodes[0]?.directory.find('other'))?.places.length, 12);
  });

  it('gives up when others change the tunnel all the time', async () => {
    const [cluster, a] = await three();
    a.store.beforePut = async (key) => {
      if (key === 'tunnel:demo') await cluster.server.memory.put(key, 'something else');
    };
    await assert.rejects(a.directory.claim(claimOf('demo', 'x')), { code: 'ERR_STORE_UNAVAILABLE' });
  });

  it('beyond what every directory takes is refused', async () => {
    const [, a] = await three();
    for (const wrong of [{ offer: 'x'.repeat(65_536) }, { name: 'no name' }, { slot: 0 }, { slot: 17 }, { link: '' }])
      await assert.rejects(a.directory.claim(claimOf('demo', 'x', wrong)), { code: 'ERR_INTERNAL' });
  });
});

describe('what others have written into the store', () => {
  const good = { epoch: 1, owner: 'a', agentId: 'agent', offer: '', places: [{ node: 'b', link: 'x', slot: 1 }] };
  const hostile: unknown[] = [
    ...[null, 7, 'text', [], {}, { ...good, epoch: 0 }, { ...good, epoch: 1.5 }, { ...good, epoch: 9e15 }],
    ...[
      { ...good, epoch: '1' },
      { ...good, owner: 7 },
      { ...good, owner: 'x'.repeat(2_000) },
      { ...good, agentId: '' },
    ],
    ...[
      { ...good, agentId: 'a b' },
      { ...good, offer: null },
      { ...good, places: {} },
      { ...good, places: [null] },
    ],
    ...[
      { ...good, places: [{ node: 'b', link: 'x', slot: 17 }] },
      { ...good, places: [{ node: '../', link: 'x', slot: 1 }] },
    ],
    { ...good, places: [...good.places, ...good.places] },
  ];

  it('counts as no tunnel unless it is one, and its name can be claimed', async () => {
    const [cluster, a, b] = await three();
    for (const value of [...hostile.map((one) => JSON.stringify(one)), '', '{', '\u0000']) {
      await cluster.server.memory.put('tunnel:demo', value);
      assert.equal(await a.directory.find('demo'), undefined, value);
      assert.equal(b.seen.get('demo'), undefined, value);
    }
    for (const key of ['tunnel:', 'tunnel:UPPER', 'tunnel:a/b', `tunnel:${'x'.repeat(64)}`]) {
      await cluster.server.memory.put(key, JSON.stringify(good));
      assert.ok(!b.seen.has(key.slice('tunnel:'.length)));
    }
    assert.equal((await a.directory.claim(claimOf('demo', 'x'))).kind, 'claimed');
    await cluster.server.memory.put('tunnel:demo', JSON.stringify({ ...good, other: 'field' }));
    assert.deepEqual(b.seen.get('demo'), { name: 'demo', ...good });
  });

  it('counts as no node unless it is one', async () => {
    const [cluster, a] = await three();
    const node = { peer: 'unix:/run/x', state: 'up', beat: 1 };
    const wrong = [
      { ...node, peer: 'http://10.0.0.1' },
      { ...node, peer: '' },
      { ...node, peer: 'unix:/a\n' },
      { ...node, state: 'dead' },
    ];
    for (const value of [...wrong, { ...node, beat: '1' }, { ...node, beat: 1e300 }, null, []])
      await cluster.server.memory.put('node:x', JSON.stringify(value));
    await cluster.server.memory.put('node:../x', JSON.stringify(node));
    assert.deepEqual(live(a), ['a', 'b', 'c']);
    await cluster.server.memory.put('node:x', JSON.stringify({ ...node, id: 'other', more: 1 }));
    assert.deepEqual(a.directory.nodes().get('x'), { id: 'x', peer: 'unix:/run/x', state: 'up' });
  });

  it('about this node itself is written over', async () => {
    const [cluster, a, b] = await three();
    await cluster.server.memory.put('node:a', '{"peer":"unix:/elsewhere","state":"draining","beat":99}');
    assert.equal(a.directory.self.state, 'up');
    await cluster.pass(LEASE_BEAT_MS);
    assert.deepEqual(b.directory.nodes().get('a'), a.directory.self);
    await cluster.server.memory.put('node:a', 'nothing');
    assert.ok(b.directory.nodes().has('a'), 'it is written again at once');
  });
});

describe('whatever happens', () => {
  const step = fc.record({
    what: fc.constantFrom('claim', 'release', 'beat', 'away', 'back', 'stop', 'go', 'older', 'pass'),
    node: fc.nat(2),
    agent: fc.nat(1),
  });

  it('no epoch has two agents, and once all is well again all nodes know the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const [cluster, ...nodes] = await three();
        const agents = new Map<number, string>();
        let copy = await cluster.server.entries();
        let links = 0;
        for (const { what, node: at, agent } of steps) {
          const { directory, store } = nodes[at] as TestNode;
          const { agentId } = [ANA, BOB][agent] as typeof ANA;
          const link = `link-${what === 'release' ? links : ++links}`;
          if (what === 'claim') {
            const result = await directory.claim(claimOf('demo', link, { agentId })).catch(() => undefined);
            if (result?.kind !== 'claimed') continue;
            const { epoch } = result.record;
            assert.equal(agents.get(epoch) ?? agentId, agentId);
            agents.set(epoch, agentId);
            if (agent === 0) copy = await cluster.server.entries();
          } else if (what === 'release') await directory.release('demo', link).catch(() => {});
          else if (what === 'away' || what === 'back') store.isAway = what === 'away';
          else if (what === 'stop' || what === 'go') (nodes[at] as TestNode).isStopped = what === 'stop';
          else if (what === 'older') await cluster.server.become(copy);
          else if (what === 'beat') await directory.beat();
          else await cluster.pass(4_000);
          await cluster.pass(1); // no two things happen in one moment of the wall clock
        }
        for (const node of nodes) {
          if (node.store.isAway) node.store.isAway = false;
          node.isStopped = false;
        }
        await cluster.pass(40_000);
        for (const node of nodes) {
          assert.deepEqual(live(node), ['a', 'b', 'c']);
          assert.deepEqual(node.seen.get('demo'), await nodes[0]?.directory.find('demo'));
        }
      }),
      { numRuns: 30 },
    );
  });
});
