import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LEASE_MS } from '../../../src/cluster/leases.js';
import { readTunnel } from '../../../src/cluster/store-records.js';
import { TunnelCopy } from '../../../src/cluster/tunnel-copy.js';
import type { Entry } from '../../../src/store/store.js';

function entryOf(name: string, version: number, nodes: readonly string[], expiresAtMs?: number): Entry {
  const places = nodes.map((node, at) => ({ node, link: `link-${at}`, slot: at + 1 }));
  const record = { epoch: 1, owner: 'ana@acme.com', agentId: 'agent-of-ana-0001', offer: '{}', places };
  return { key: `tunnel:${name}`, value: JSON.stringify(record), version, expiresAtMs };
}

describe('the tunnels of a node, in the copy of what a store has', () => {
  it('are those with a place there now, through changes, deletions, losses and expiry', () => {
    let nowMs = 0;
    const copy = new TunnelCopy({ wallClock: () => nowMs, monotonic: () => nowMs, read: readTunnel });
    const at = (node: string) => copy.recordsAt((id) => id === node).map(({ name }) => name);
    const put = (entry: Entry) => copy.change({ kind: 'put', entry });
    copy.replace({ kind: 'all', entries: [entryOf('one', 1, ['a']), entryOf('two', 2, ['a', 'b'])] });
    assert.deepEqual([at('a'), at('b')], [['one', 'two'], ['two']]);
    assert.equal(copy.recordsAt(() => true).length, 2, 'each once');
    put(entryOf('two', 3, ['b']));
    assert.deepEqual([at('a'), at('b')], [['one'], ['two']]);
    copy.change({ kind: 'deleted', key: 'tunnel:one' });
    assert.deepEqual(at('a'), []);
    copy.replace({ kind: 'all', entries: [entryOf('three', 1, [], 5_000)], isOlder: true });
    assert.deepEqual(at('b'), ['two'], 'lost, and kept for a while');
    nowMs = 5_000;
    assert.deepEqual(copy.sweep(), ['three']);
    nowMs = LEASE_MS;
    assert.deepEqual(copy.sweep(), ['two']);
    assert.deepEqual([at('b'), copy.records()], [[], []]);
  });

  it('are the same objects while they say the same, whatever their version, and others where one thing differs', () => {
    const copy = new TunnelCopy({ wallClock: () => 0, monotonic: () => 0, read: readTunnel });
    copy.replace({ kind: 'all', entries: [entryOf('same', 1, ['a', 'b']), entryOf('moved', 2, ['a'])] });
    const [same, moved] = [copy.get('same'), copy.get('moved')];
    copy.replace({ kind: 'all', entries: [entryOf('same', 7, ['a', 'b']), entryOf('moved', 2, ['b'])] });
    assert.equal(copy.get('same'), same);
    assert.notEqual(copy.get('moved'), moved);
    assert.deepEqual(copy.get('moved')?.places, [{ node: 'b', link: 'link-0', slot: 1 }]);
    const changes = {
      epoch: 2,
      owner: 'bob@acme.com',
      agentId: 'agent-of-bob-0001',
      offer: '{"allow":[]}',
      places: [],
    };
    for (const [key, value] of Object.entries(changes)) {
      const entry = entryOf('same', 8, ['a', 'b']);
      const changed = { ...entry, value: JSON.stringify({ ...JSON.parse(entry.value), [key]: value }) };
      copy.replace({ kind: 'all', entries: [changed] });
      assert.deepEqual(copy.get('same')?.[key as keyof typeof changes], value);
      copy.replace({ kind: 'all', entries: [entry] });
    }
  });
});
