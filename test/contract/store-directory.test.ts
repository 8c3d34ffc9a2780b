import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Directory } from '../../src/cluster/directory.js';
import { LEASE_BEAT_MS, StoreDirectory } from '../../src/cluster/store-directory.js';
import { storeUrl } from '../../src/config/store-url.js';
import { MemoryStore } from '../../src/store/memory.js';
import { RedisStore } from '../../src/store/redis/store.js';
import type { Store } from '../../src/store/store.js';
import { MAX_WAIT_MS } from '../support/ceiling.js';
import { redisMissing, TestRedis } from '../support/redis.js';
import { directoryContract, type Nodes } from './directory.js';

/** Nodes in virtual time: their owner beats for all that run. */
function nodesOf(openStore: () => Promise<Store>, closeStore: (store: Store) => Promise<void>): Nodes {
  const running = new Map<Directory, StoreDirectory>();
  const stores = new Map<Directory, Store>();
  let nowMs = 0;
  const beatAll = async () => {
    nowMs += LEASE_BEAT_MS;
    for (const directory of running.values()) await directory.beat();
  };
  return {
    open: async (id, peer) => {
      const store = await openStore();
      const directory = await StoreDirectory.open(store, { id, peer, state: 'up' }, { monotonic: () => nowMs });
      running.set(directory, directory);
      stores.set(directory, store);
      const close = directory.close.bind(directory);
      directory.close = async () => {
        if (running.delete(directory)) await close();
      };
      return directory;
    },
    kill: async (killed) => {
      running.delete(killed);
      const { id } = killed.self;
      while ([...running.values()].some((directory) => directory.nodes().has(id))) await beatAll();
    },
    close: async () => {
      for (const directory of [...running.values()]) await directory.close();
      for (const store of stores.values()) await closeStore(store);
    },
  };
}

directoryContract('StoreDirectory in memory', () => {
  const store = new MemoryStore();
  return nodesOf(
    async () => store,
    async () => {},
  );
});

describe('Redis', { skip: redisMissing() }, () => {
  let redis: TestRedis;
  let prefixes = 0;
  before(async () => {
    redis = await TestRedis.start();
  });
  after(() => redis.close());

  /** Nodes of a store of their own. */
  const openNodes = () => {
    const address = storeUrl.read(redis.url).value;
    if (address === undefined) throw new Error('the URL of the test is none');
    prefixes += 1;
    const prefix = `postern:test-${prefixes}`;
    return nodesOf(
      () => RedisStore.open({ ...address, prefix }, { patienceMs: MAX_WAIT_MS, deadlineMs: MAX_WAIT_MS }),
      (store) => store.close(),
    );
  };

  directoryContract('StoreDirectory in Redis', openNodes);

  it('that was emptied has all nodes again at once, and a tunnel once its node claims it', async () => {
    const nodes = openNodes();
    const one = await nodes.open('node-1', 'unix:/run/peer-1');
    const two = await nodes.open('node-2', 'unix:/run/peer-2');
    const claim = { name: 'demo', owner: 'ana@acme.com', agentId: 'agent', offer: '', link: 'a', slot: 1 };
    await one.claim(claim);
    const reclaimed = new Promise<void>((resolve) => {
      let epoch = 0;
      two.watch((change) => {
        const records = change.kind === 'all' ? change.records : change.kind === 'tunnel' ? [change.record] : [];
        assert.ok(records.length > 0, 'it is online all the time');
        for (const record of records) {
          assert.equal(record.places.length, 1);
          if (epoch !== 0 && record.epoch > epoch) resolve();
          epoch = record.epoch;
        }
      });
    });
    one.watch((change) => {
      if (change.kind === 'all' && change.records.length === 0) void one.claim(claim);
    });
    await redis.command('FLUSHALL');
    await reclaimed;
    const three = await nodes.open('node-3', 'unix:/run/peer-3');
    assert.deepEqual([...three.nodes().keys()].sort(), ['node-1', 'node-2', 'node-3']);
    assert.equal((await three.find('demo'))?.places.length, 1);
    await nodes.close();
  });
});
