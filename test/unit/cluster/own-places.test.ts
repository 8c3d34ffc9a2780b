import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Claimed, Place, TunnelRecord } from '../../../src/cluster/directory.js';
import { OwnPlaces } from '../../../src/cluster/own-places.js';

const record = (name: string, ...places: Place[]): TunnelRecord => ({
  ...{ name, epoch: 1, owner: 'ana@acme.com', agentId: 'agent', offer: '{}', places },
});

describe('places that no link of this node wants', () => {
  it('are removed, some at once, and those of other nodes stay', async () => {
    const [unwanted, wanted] = [
      { node: 'me', link: 'gone', slot: 1 },
      { node: 'me', link: 'here', slot: 2 },
    ];
    const records = Array.from({ length: 1_200 }, (_, at) => record(`t${at}`, unwanted, wanted));
    const others = record('others', { node: 'other', link: 'gone', slot: 1 });
    const removed = new Set<string>();
    let [running, most] = [0, 0];
    const places = new OwnPlaces({
      node: 'me',
      records: () => [...records, others],
      removePlaces: async (name, isGone) => {
        assert.deepEqual([unwanted, wanted].map(isGone), [true, false]);
        running += 1;
        most = Math.max(most, running);
        await turn();
        running -= 1;
        removed.add(name);
      },
    });
    const claimed: Claimed = { kind: 'claimed', record: record('t0', wanted) };
    assert.equal(await places.claim('here', async () => claimed), claimed);
    await places.removeUnwanted();
    assert.equal(removed.size, records.length);
    assert.ok(!removed.has('others'));
    assert.ok(most <= 500, `${most} at once`);
  });
});
