import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_OFFER_CHARS } from '../../../../src/cluster/directory.js';
import { writeOffered } from '../../../../src/edge/agents/tunnel-of.js';

const OFFER = { allow: ['@acme.com'], origins: [], frameOrigins: [], terms: undefined, agentId: 'agent-of-ana-0001' };

describe('an offer as the directory keeps it', () => {
  it('is refused when it is longer than every directory takes, escapes included', () => {
    const room = MAX_OFFER_CHARS - JSON.stringify(writeOffered({ ...OFFER, allow: [''] })).length;
    writeOffered({ ...OFFER, allow: ['x'.repeat(room)] });
    for (const rule of ['x'.repeat(room + 1), '"'.repeat(Math.ceil(room / 4) + 1)])
      assert.throws(() => writeOffered({ ...OFFER, allow: [rule] }), { code: 'ERR_OFFER_INVALID' });
  });
});
