/** A proof in DNS is taken away again, whatever ends the wait for it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dnsSolver, type TextRecords } from '../../../../../src/edge/acme/dns/solver.js';

const PROOF = { name: 'tunnel.test', token: 'token', keyAuthorization: 'token.thumbprint' };

function recording() {
  const published = new Set<string>();
  const records: TextRecords = {
    add: async (name, text) => void published.add(`${name} ${text}`),
    remove: async (name, text, signal) => {
      signal.throwIfAborted();
      published.delete(`${name} ${text}`);
    },
  };
  return { published, records };
}

describe('a proof by DNS', () => {
  test('is one record of the name, and is gone afterwards, also when the edge stops meanwhile', async () => {
    const { published, records } = recording();
    const stop = new AbortController();
    const solver = dnsSolver({ records, propagation: async () => {} });
    const takeAway = await solver.present(PROOF, stop.signal);
    // The SHA-256 of the key authorization (RFC 8555 section 8.4).
    assert.deepEqual([...published], ['_acme-challenge.tunnel.test 61rBZ_4knHblO0MNoxFsXZ_eTFUHum0B6IVRbhvUn5I']);
    stop.abort();
    await takeAway();
    assert.equal(published.size, 0);
  });

  test('is gone when its name servers never have it', async () => {
    const { published, records } = recording();
    const propagation = () => Promise.reject(new Error('two minutes are over'));
    const solver = dnsSolver({ records, propagation });
    await assert.rejects(solver.present(PROOF, new AbortController().signal), { message: 'two minutes are over' });
    assert.equal(published.size, 0);
  });
});
