/** What every directory must do, run once for each implementation. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  type Claim,
  type Claimed,
  type Directory,
  type DirectoryChange,
  MAX_OFFER_CHARS,
  type TunnelRecord,
} from '../../src/cluster/directory.js';

/** Nodes that share one directory, which is empty at first. */
export interface Nodes {
  /** Starts a node; its id is its own, and `peer` is its address. */
  open(id: string, peer: string): Promise<Directory>;
  /** Ends a node as `kill -9` does, and resolves once its lease is over. */
  kill(directory: Directory): Promise<void>;
  close(): Promise<void>;
}

export type NodesFactory = () => Nodes | Promise<Nodes>;

const ANA = { name: 'demo', owner: 'ana@acme.com', agentId: 'agent-of-ana-0001', offer: '{"rules":[]}' };

const claimOf = (link: string, given: Partial<Claim> = {}): Claim => ({ ...ANA, link, slot: 1, ...given });

export function directoryContract(name: string, create: NodesFactory): void {
  describe(`${name} keeps the contract of a directory`, () => {
    let nodes: Nodes;
    let one: Directory;
    let two: Directory;

    beforeEach(async () => {
      nodes = await create();
      one = await nodes.open('node-1', 'unix:/run/peer-1');
      two = await nodes.open('node-2', 'unix:/run/peer-2');
    });
    afterEach(() => nodes.close());

    it('knows each node, where it is reached, and that it drains', async () => {
      await until(two, () => two.nodes().has('node-1'));
      await until(one, () => one.nodes().has('node-2'));
      assert.deepEqual(one.nodes().get('node-2'), { id: 'node-2', peer: 'unix:/run/peer-2', state: 'up' });
      assert.deepEqual(one.self, one.nodes().get('node-1'));
      await two.drain();
      assert.equal(two.self.state, 'draining');
      await until(one, () => one.nodes().get('node-2')?.state === 'draining');
    });

    it('gives a name to the node that claims it, and tells the other', async () => {
      const record = claimed(await one.claim(claimOf('a')));
      const places = [{ node: 'node-1', link: 'a', slot: 1 }];
      assert.deepEqual(record, { ...ANA, epoch: record.epoch, places });
      assert.deepEqual(await two.find('demo'), record);
      assert.deepEqual(await one.find('demo'), record);
      assert.equal(await one.find('other'), undefined);
    });

    it('takes any text for an offer', async () => {
      for (const text of ['', '__proto__', 'ü\u2028\u0000"\\\n', 'x'.repeat(MAX_OFFER_CHARS - 2)]) {
        const record = claimed(await one.claim(claimOf('a', { offer: text })));
        assert.equal(record.offer, text);
        assert.deepEqual(await two.find('demo'), record);
      }
    });

    it('adds a link of the same agent with the same offer, at any node, and the epoch stays', async () => {
      const first = claimed(await one.claim(claimOf('a')));
      const second = claimed(await two.claim(claimOf('b', { slot: 2 })));
      assert.equal(second.epoch, first.epoch);
      assert.deepEqual(linksOf(second), ['a', 'b']);
    });

    it('replaces the link of the same slot, wherever it was', async () => {
      await one.claim(claimOf('a'));
      await one.claim(claimOf('b', { slot: 2 }));
      assert.deepEqual(linksOf(claimed(await two.claim(claimOf('c')))), ['b', 'c']);
    });

    it('begins another epoch with another offer, without the links of the former one', async () => {
      const first = claimed(await one.claim(claimOf('a')));
      await two.claim(claimOf('b', { slot: 2 }));
      const changed = claimed(await one.claim(claimOf('c', { offer: '{"rules":["*"]}' })));
      assert.ok(changed.epoch > first.epoch);
      assert.deepEqual(linksOf(changed), ['c']);
    });

    it('takes another offer from the first link of an agent only, and from a further one what that has offered', async () => {
      await one.claim(claimOf('a'));
      const record = claimed(await one.claim(claimOf('b', { offer: '{"rules":["*"]}' })));
      for (const slot of [2, 4]) assert.deepEqual(await two.claim(claimOf('c', { slot })), { kind: 'held', record });
      await one.release('demo', 'b');
      assert.equal((await two.claim(claimOf('c', { slot: 2 }))).kind, 'held', 'also once that has ended');
      const joined = claimed(await two.claim(claimOf('d', { slot: 2, offer: '{"rules":["*"]}' })));
      assert.deepEqual([joined.epoch, linksOf(joined)], [record.epoch, ['d']]);
    });

    it('refuses another agent and another owner while there is a link, and changes nothing', async () => {
      const record = claimed(await one.claim(claimOf('a')));
      for (const other of [{ agentId: 'agent-of-ana-0002' }, { owner: 'bob@acme.com' }]) {
        assert.deepEqual(await two.claim(claimOf('b', other)), { kind: 'held', record });
        assert.deepEqual(await one.find('demo'), record);
      }
    });

    it('gives a name without a link to another agent and another owner, in another epoch', async () => {
      const first = claimed(await one.claim(claimOf('a')));
      await one.release('demo', 'a');
      const second = claimed(await two.claim(claimOf('b', { owner: 'bob@acme.com', agentId: 'agent-of-bob-0001' })));
      assert.ok(second.epoch > first.epoch);
      assert.deepEqual(linksOf(second), ['b']);
      assert.equal((await one.find('demo'))?.owner, 'bob@acme.com');
    });

    it('remembers a tunnel whose last link was released, without a place', async () => {
      await one.claim(claimOf('a'));
      await one.release('demo', 'a');
      assert.deepEqual((await two.find('demo'))?.places, []);
      assert.equal((await two.find('demo'))?.owner, ANA.owner);
    });

    it("releases a node's own link only, and the one that is meant", async () => {
      await one.claim(claimOf('a'));
      assert.equal(await two.release('demo', 'a'), undefined);
      assert.equal(await one.release('demo', 'b'), undefined);
      assert.equal(await one.release('other', 'a'), undefined);
      assert.deepEqual(linksOf(await two.find('demo')), ['a']);
    });

    it('tells one of those who release that no place is left, and the others what is', async () => {
      await one.claim(claimOf('a'));
      await two.claim(claimOf('b', { slot: 2 }));
      const left = await Promise.all([one.release('demo', 'a'), two.release('demo', 'b')]);
      assert.deepEqual(left.map((record) => record?.places.length).sort(), [0, 1]);
      assert.equal(await one.release('demo', 'a'), undefined);
    });

    it('of two nodes that claim at once for different agents gives the name to one', async () => {
      const both = await Promise.all([
        one.claim(claimOf('a')),
        two.claim(claimOf('b', { agentId: 'agent-of-ana-0002' })),
      ]);
      assert.deepEqual(both.map(({ kind }) => kind).sort(), ['claimed', 'held']);
      assert.equal((await one.find('demo'))?.places.length, 1);
    });

    it('takes back the places of a node that leaves, and of one that is killed', async () => {
      const three = await nodes.open('node-3', 'unix:/run/peer-3');
      await one.claim(claimOf('a'));
      await two.claim(claimOf('b', { slot: 2 }));
      await three.claim(claimOf('c', { slot: 3 }));
      await one.close();
      assert.deepEqual(linksOf(await three.find('demo')), ['b', 'c']);
      await nodes.kill(two);
      assert.deepEqual(linksOf(await three.find('demo')), ['c']);
      assert.equal((await three.claim(claimOf('d', { slot: 3 }))).kind, 'claimed');
      await until(three, () => !three.nodes().has('node-2') && !three.nodes().has('node-1'));
    });

    it('tells a watcher of all tunnels, then of each change', async () => {
      await one.claim(claimOf('a'));
      const seen = new Seen();
      const watch = two.watch(seen.listener);
      await watch.ready;
      assert.deepEqual(seen.links('demo'), ['a']);
      await two.claim(claimOf('b', { slot: 2 }));
      assert.deepEqual(seen.links('demo'), ['a', 'b'], 'before the claim of its own node has resolved');
      await one.release('demo', 'a');
      await seen.until(() => seen.links('demo')?.join() === 'b');
      await one.claim(claimOf('c', { name: 'other' }));
      await seen.until(() => seen.links('other')?.join() === 'c');
      watch.close();
    });

    it('tells a watcher that the places of a killed node are gone', async () => {
      await one.claim(claimOf('a'));
      const seen = new Seen();
      await two.watch(seen.listener).ready;
      await nodes.kill(one);
      await seen.until(() => seen.links('demo')?.length === 0);
    });

    it('tells nothing to a watcher that was closed', async () => {
      const seen = new Seen();
      const watch = one.watch(seen.listener);
      await watch.ready;
      watch.close();
      await one.claim(claimOf('a'));
      assert.equal(seen.links('demo'), undefined);
    });
  });
}

function claimed(result: Claimed): TunnelRecord {
  assert.equal(result.kind, 'claimed');
  return result.record;
}

function linksOf(record: TunnelRecord | undefined): string[] {
  return (record?.places ?? []).map(({ link }) => link).sort();
}

/** Nodes are known "within seconds": looks again until then. */
async function until(directory: Directory, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await directory.find('nothing'); // a round trip
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What a watcher knows. */
class Seen {
  readonly #records = new Map<string, TunnelRecord>();
  #waiting: (() => void)[] = [];

  readonly listener = (change: DirectoryChange): void => {
    if (change.kind === 'all') this.#records.clear();
    if (change.kind === 'forgotten') this.#records.delete(change.name);
    else
      for (const record of change.kind === 'all' ? change.records : [change.record])
        this.#records.set(record.name, record);
    for (const wake of this.#waiting.splice(0)) wake();
  };

  links(name: string): string[] | undefined {
    const record = this.#records.get(name);
    return record && linksOf(record);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition())
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
  }
}
