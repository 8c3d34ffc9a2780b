import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DirectoryTable } from '../../../src/cluster/directory-table.js';

const CLAIM = { owner: 'ana@acme.com', agentId: 'agent-of-ana-0001', offer: '', link: 'a', slot: 1 };

describe('DirectoryTable', () => {
  it('forgets the tunnel that has been offline the longest, and no other', () => {
    const table = new DirectoryTable({ maxOffline: 2 });
    const forgotten: string[] = [];
    table.watch((change) => {
      if (change.kind === 'forgotten') forgotten.push(change.name);
    });
    for (const name of ['online', 'one', 'two', 'three']) table.claim('node', { ...CLAIM, name });
    for (const name of ['two', 'one', 'three']) table.release('node', name, 'a');
    assert.deepEqual(forgotten, ['two']);
    table.claim('node', { ...CLAIM, name: 'one' });
    table.claim('node', { ...CLAIM, name: 'two' });
    table.release('node', 'two', 'a');
    assert.deepEqual(forgotten, ['two']);
    assert.deepEqual(table.records.map(({ name }) => name).sort(), ['one', 'online', 'three', 'two']);
  });

  it('never gives an epoch twice, also to a name that was forgotten', () => {
    const table = new DirectoryTable({ maxOffline: 0 });
    const first = table.claim('node', { ...CLAIM, name: 'demo' });
    table.release('node', 'demo', 'a');
    assert.equal(table.find('demo'), undefined);
    const second = table.claim('node', { ...CLAIM, name: 'demo' });
    assert.ok(second.record.epoch > first.record.epoch);
  });
});
