import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterNode } from '../../../src/cluster/directory.js';
import { Unreachable } from '../../../src/cluster/unreachable.js';
import { silentLog } from '../../../src/core/log.js';

describe('a node that cannot be reached', () => {
  it('is named in the log, once a minute, for as long as it lives', () => {
    const nodes = new Map<string, ClusterNode>(
      ['a', 'b'].map((id) => [id, { id, peer: `https://${id}:7443`, state: 'up' }]),
    );
    const warned: unknown[] = [];
    const log = { ...silentLog, warn: (fields: object) => void warned.push(fields) };
    let nowMs = 0;
    const unreachable = new Unreachable(
      log,
      (id) => nodes.get(id),
      () => nowMs,
    );
    for (const id of ['a', 'a', 'b', 'gone']) unreachable.add(id, 'it has left');
    const [a, b] = ['a', 'b'].map((node) => ({ node, peer: `https://${node}:7443`, reason: 'it has left' }));
    assert.deepEqual(warned, [a, b]);
    nowMs = 60_000;
    nodes.delete('b');
    for (const id of ['a', 'b']) unreachable.add(id, 'it has left');
    assert.deepEqual(warned, [a, b, a]);
  });

  it('is counted until it is reached, or has ended', () => {
    const nodes = new Map<string, ClusterNode>(
      ['a', 'b'].map((id) => [id, { id, peer: `https://${id}:7443`, state: 'up' }]),
    );
    const told: unknown[] = [];
    const unreachable = new Unreachable({ ...silentLog, info: (fields) => void told.push(fields) }, (id) =>
      nodes.get(id),
    );
    for (const id of ['a', 'b', 'gone']) unreachable.add(id, 'it has left');
    assert.deepEqual(unreachable.ids, ['a', 'b']);
    nodes.delete('b');
    assert.deepEqual(unreachable.ids, ['a']);
    for (const id of ['a', 'a', 'other']) unreachable.delete(id);
    assert.deepEqual([unreachable.ids, told], [[], [{ node: 'a' }]]);
  });
});
