import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_SEEN_OF_ONE, SEEN_RESOLUTION_MS, SeenTokens } from '../../../../src/edge/agents/seen-tokens.js';
import { PosternError } from '../../../../src/errors.js';
import type { TokenGrant } from '../../../../src/link/token.js';
import { MemoryStore } from '../../../../src/store/memory.js';

const START_MS = 1_790_000_000_000;
const DAY_MS = 86_400_000;

class CountingStore extends MemoryStore {
  writes = 0;
  isAway = false;

  override async put(...args: Parameters<MemoryStore['put']>) {
    if (this.isAway) throw new PosternError('ERR_STORE_UNAVAILABLE');
    this.writes++;
    return super.put(...args);
  }
}

async function setUp() {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const store = new CountingStore({ now });
  const seen = new SeenTokens({ store, now });
  await seen.ready;
  const grant = (id: string, fields: Partial<TokenGrant> = {}): TokenGrant => ({
    ...{ id, owner: 'ana@acme.com', tunnels: ['demo'], issuedAtMs: START_MS - DAY_MS, expiresAtMs: START_MS + DAY_MS },
    ...fields,
  });
  const note = async (token: TokenGrant, address = '192.0.2.1') => {
    seen.note(token, address);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { clock, store, seen, grant, note };
}

describe('a token that was presented', () => {
  it('is known with what it permits, and when and from where it was used', async () => {
    const { clock, seen, grant, note } = await setUp();
    await note(grant('a'));
    clock.nowMs += SEEN_RESOLUTION_MS;
    await note(grant('a'), '192.0.2.2');
    const times = { firstSeenMs: START_MS, lastSeenMs: START_MS + SEEN_RESOLUTION_MS };
    assert.deepEqual(seen.list('ana@acme.com'), [{ ...grant('a'), ...times, address: '192.0.2.2' }]);
    assert.deepEqual(seen.list('bob@acme.com'), []);
    assert.equal(seen.list().length, 1);
  });

  it('is written once an hour, however often it is presented', async () => {
    const { clock, store, grant, note } = await setUp();
    const token = grant('a');
    for (let at = 0; at < 100; at++) {
      clock.nowMs += 30_000;
      await note(token);
    }
    assert.equal(store.writes, 1);
  });

  it('lives as long as the latest token of its id', async () => {
    const { clock, store, seen, grant, note } = await setUp();
    await note(grant('a'));
    await note(grant('a', { expiresAtMs: START_MS + 3 * DAY_MS }));
    await note(grant('a'));
    assert.equal(store.writes, 2);
    clock.nowMs += 2 * DAY_MS;
    assert.equal(seen.list().length, 1);
    clock.nowMs += DAY_MS;
    assert.deepEqual(seen.list(), []);
  });

  it('makes room for another one of the same owner, when it was not seen for the longest time', async () => {
    const { clock, seen, grant, note } = await setUp();
    await note(grant('of-bob', { owner: 'bob@acme.com' }));
    for (let at = 0; at <= MAX_SEEN_OF_ONE; at++) {
      clock.nowMs += 1;
      await note(grant(`token-${at}`));
    }
    const ids = seen.list('ana@acme.com').map(({ id }) => id);
    assert.deepEqual([ids.length, ids.includes('token-0'), ids.includes('token-1')], [MAX_SEEN_OF_ONE, false, true]);
    assert.equal(seen.list('bob@acme.com').length, 1);
  });

  it('is noted at its next use when it cannot be written', async () => {
    const { store, seen, grant, note } = await setUp();
    store.isAway = true;
    await note(grant('a'));
    assert.deepEqual(seen.list(), []);
    store.isAway = false;
    await note(grant('a'));
    assert.equal(seen.list().length, 1);
  });

  it('is left out when another release has written it', async () => {
    const { store, seen } = await setUp();
    for (const value of ['', '[]', '{"owner":"ana@acme.com"}', '{"owner":1,"tunnels":[],"address":""}'])
      await store.put(`seen-token:${value.length}`, value, { expiresAtMs: START_MS + DAY_MS });
    assert.deepEqual(seen.list(), []);
  });
});
