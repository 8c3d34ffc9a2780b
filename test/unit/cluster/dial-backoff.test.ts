import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DialBackoff } from '../../../src/cluster/dial-backoff.js';
import type { ClusterNode } from '../../../src/cluster/directory.js';

const LATEST = 1 - Number.EPSILON;

/** Nodes `a` and `b`, in virtual time. */
function dialling(random: number) {
  const ids = ['a', 'b'];
  const nodes = new Map<string, ClusterNode>(ids.map((id) => [id, { id, peer: `https://${id}:7443`, state: 'up' }]));
  let nowMs = 0;
  const backoff = new DialBackoff({ nodeOf: (id) => nodes.get(id), now: () => nowMs, random: () => random });
  return {
    ...{ backoff, nodes },
    /** How long a node is not dialled after one more failure. */
    waitAfterFailure: (id: string) => {
      backoff.failed(id, 'it has left');
      const fromMs = nowMs;
      while (backoff.refusal(id) !== undefined) nowMs += 1;
      return nowMs - fromMs;
    },
  };
}

describe('a node that cannot be reached is dialled', () => {
  it('at once after one failure, then less and less often, up to every ten seconds', () => {
    const { waitAfterFailure } = dialling(LATEST);
    const waits = Array.from({ length: 10 }, () => waitAfterFailure('a'));
    assert.deepEqual(waits, [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  });

  it('by each node at another time, and by none more than twice as often', () => {
    const { waitAfterFailure } = dialling(0);
    const waits = Array.from({ length: 8 }, () => waitAfterFailure('a'));
    assert.deepEqual(waits, [0, 125, 250, 500, 1_000, 2_000, 4_000, 5_000]);
  });

  it('with its own waits, which begin again once it was reached', () => {
    const { backoff, waitAfterFailure } = dialling(LATEST);
    for (let failure = 0; failure < 5; failure++) waitAfterFailure('a');
    assert.deepEqual([waitAfterFailure('b'), waitAfterFailure('b')], [0, 250]);
    backoff.failed('a', 'it does not respond');
    assert.deepEqual([backoff.refusal('a'), backoff.refusal('b')], ['it does not respond', undefined]);
    backoff.reached('a');
    assert.equal(backoff.refusal('a'), undefined);
    assert.deepEqual([waitAfterFailure('a'), waitAfterFailure('a')], [0, 250]);
  });

  it('as long as it lives: one that has ended is forgotten', () => {
    const { backoff, nodes, waitAfterFailure } = dialling(LATEST);
    for (let failure = 0; failure < 5; failure++) waitAfterFailure('a');
    const a = nodes.get('a') as ClusterNode;
    nodes.delete('a');
    for (const id of ['a', 'b']) backoff.failed(id, 'it has left');
    assert.equal(backoff.refusal('a'), undefined);
    nodes.set('a', a);
    assert.deepEqual([waitAfterFailure('a'), waitAfterFailure('a')], [0, 250]);
  });
});
