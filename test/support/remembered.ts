/** What a store remembers for sessions and sign-ins, in memory. */
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory.js';
import { Redemptions } from '../../src/store/redemptions.js';
import { Revocations } from '../../src/store/revocations.js';

export function remembered({ now = Date.now, maxEntries }: MemoryStoreOptions = {}) {
  const store = new MemoryStore(maxEntries === undefined ? { now } : { now, maxEntries });
  return { store, ended: new Revocations(store, 'ended-sign-in', now), redemptions: new Redemptions(store, { now }) };
}
