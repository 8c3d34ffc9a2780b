import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Directory, DirectoryChange, TunnelRecord } from '../../../../src/cluster/directory.js';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import { Places } from '../../../../src/edge/agents/places.js';
import { tunnelOfRecord, writeOffered } from '../../../../src/edge/agents/tunnel-of.js';
import { Registry } from '../../../../src/edge/gate/registry.js';
import { deferred } from '../../../support/deferred.js';

const BASE = readBaseAddress('http://localhost') ?? assert.fail();
const OFFER = writeOffered({ allow: [], origins: [], frameOrigins: [], terms: {}, agentId: '' });

const recordOf = (agentId: string, epoch: number): TunnelRecord => ({
  ...{ name: 'demo', epoch, owner: 'ana@acme.com', agentId, offer: OFFER },
  places: [{ node: 'other', link: agentId, slot: 1 }],
});

describe('what is known of a tunnel whose record is read again', () => {
  it('is what the directory has told meanwhile, if it has, and what was read otherwise', async () => {
    let tell: (change: DirectoryChange) => void = () => {};
    let found = deferred<TunnelRecord | undefined>();
    const directory: Partial<Directory> = {
      self: { id: 'this', peer: '', state: 'up' },
      find: () => found.promise,
      watch: (listener) => {
        tell = listener;
        return { ready: Promise.resolve(), close: () => {} };
      },
    };
    const registry = new Registry();
    const places = new Places({
      directory: directory as Directory,
      registry,
      read: (record) => tunnelOfRecord(record, { base: BASE, policy: { ceiling: undefined, publicPermitted: false } }),
      peers: { open: () => assert.fail('nobody asks'), probe: () => assert.fail('nobody asks') },
      changed: () => {},
    });
    tell({ kind: 'all', records: [recordOf('agent-1', 1)] });

    const late = places.refresh('demo');
    tell({ kind: 'tunnel', record: recordOf('agent-2', 2) });
    found.resolve(recordOf('agent-1', 1));
    await late;
    assert.equal(registry.find('demo')?.agentId, 'agent-2');

    found = deferred();
    const read = places.refresh('demo');
    found.resolve(recordOf('agent-3', 3));
    await read;
    assert.equal(registry.find('demo')?.agentId, 'agent-3');
    places.close();
  });
});
