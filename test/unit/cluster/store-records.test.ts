import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readLease, writeLease } from '../../../src/cluster/store-records.js';

const NODE = { id: 'one', peer: 'https://10.0.0.7:7443', state: 'up' } as const;

const read = (value: unknown) =>
  readLease({ key: 'node:one', value: JSON.stringify(value), version: 1, expiresAtMs: undefined });

describe('the key of a node', () => {
  it('says where its neighbours reach it', () => {
    const nearby = { machine: 'a-b', peer: 'unix:/tmp/1.sock' };
    assert.deepEqual(read(JSON.parse(writeLease({ node: { ...NODE, nearby }, beat: 1 })))?.node, { ...NODE, nearby });
    assert.deepEqual(read(JSON.parse(writeLease({ node: NODE, beat: 1 })))?.node, NODE);
  });

  for (const nearby of [
    null,
    'unix:/tmp/1.sock',
    { machine: 'a', peer: 'https://10.0.0.8:7443' },
    { machine: 'a', peer: 'unix:1.sock' },
    { machine: 'a b', peer: 'unix:/tmp/1.sock' },
    { machine: 'a', peer: 'unix:/tmp/\n' },
  ])
    it(`is without such an address for ${JSON.stringify(nearby)}`, () => {
      assert.deepEqual(read({ ...NODE, beat: 1, nearby })?.node, NODE);
    });
});
