/** What a directory makes of a store that has lost its last writes, and of what it reads late. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Claim, DirectoryChange } from '../../../src/cluster/directory.js';
import { StoreDirectory, type StoreDirectoryOptions } from '../../../src/cluster/store-directory.js';
import { MemoryStore } from '../../../src/store/memory.js';
import type { Change, Entry, Watch } from '../../../src/store/store.js';

const RECORD = { epoch: 3e15, owner: 'ana@acme.com', agentId: 'agent-of-ana-0001', offer: '{}', places: [] };
const CLAIM: Claim = { ...RECORD, name: 'demo', link: 'a', slot: 1 };

/** A store whose changes and replies come when a test says so. */
class HeldStore extends MemoryStore {
  #watches: { readonly prefix: string; readonly listener: (change: Change) => void }[] = [];
  isHeld = false;
  reply: Promise<void> | undefined;

  override watch(prefix: string, listener: (change: Change) => void): Watch {
    this.#watches.push({ prefix, listener });
    return super.watch(prefix, (change) => {
      if (!this.isHeld) listener(change);
    });
  }

  override async get(key: string): Promise<Entry | undefined> {
    const entry = await super.get(key);
    await this.reply;
    return entry;
  }

  tell(change: Change): void {
    for (const { prefix, listener } of this.#watches) if (prefix === 'tunnel:') listener(change);
  }
}

async function open(t: TestContext, store: MemoryStore, options?: StoreDirectoryOptions): Promise<StoreDirectory> {
  const self = { id: 'node-1', peer: 'https://node-1.test:7443', state: 'up' } as const;
  const directory = await StoreDirectory.open(store, self, options);
  t.after(() => directory.close());
  return directory;
}

/** The epochs of a tunnel, as a watcher is told of them. */
function epochsOf(directory: StoreDirectory): number[] {
  const epochs: number[] = [];
  directory.watch((change: DirectoryChange) => {
    if (change.kind === 'tunnel') epochs.push(change.record.epoch);
  });
  return epochs;
}

describe('a directory whose store has another past', () => {
  it('gives no epoch that another node has given behind the same former one, which is ahead of every clock', async (t) => {
    const epochs = await Promise.all(
      [1, 2].map(async (number) => {
        const store = new MemoryStore();
        await store.put('tunnel:demo', JSON.stringify(RECORD));
        const directory = await open(t, store, { random: () => number });
        const claimed = await directory.claim({ ...CLAIM, agentId: `agent-of-ana-000${number + 1}` });
        return claimed.record.epoch;
      }),
    );
    assert.equal(new Set(epochs).size, 2);
    assert.ok(epochs.every((epoch) => epoch > RECORD.epoch));
  });

  it('tells of what it has read before the reading resolves, though the change itself comes later', async (t) => {
    const store = new HeldStore();
    const directory = await open(t, store);
    const epochs = epochsOf(directory);
    store.isHeld = true;
    await store.put('tunnel:demo', JSON.stringify(RECORD));
    await directory.find('demo');
    assert.deepEqual(epochs, [RECORD.epoch]);
  });

  it('is not kept from later changes by what was read before the store was emptied', async (t) => {
    const store = new HeldStore();
    const directory = await open(t, store);
    const epochs = epochsOf(directory);
    store.isHeld = true;
    const entry = (await store.put('tunnel:demo', JSON.stringify(RECORD))) as Entry;
    let reply = () => {};
    store.reply = new Promise((resolve) => {
      reply = resolve;
    });
    const found = directory.find('demo');
    await new Promise(setImmediate);
    store.tell({ kind: 'all', entries: [], isOlder: true });
    reply();
    await found;
    const later = { ...entry, version: 1, value: JSON.stringify({ ...RECORD, epoch: 7 }) };
    store.tell({ kind: 'put', entry: later });
    assert.deepEqual(epochs, [7]);
  });
});
