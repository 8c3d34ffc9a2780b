/** A store whose writes happen a turn of the event loop later, as those of a disk do: what is checked before one is old by then. */
import { setImmediate as turn } from 'node:timers/promises';
import { MemoryStore } from '../../src/store/memory.js';
import type { Entry, PutOptions } from '../../src/store/store.js';

export class SlowStore extends MemoryStore {
  override async put(key: string, value: string, options?: PutOptions): Promise<Entry | undefined> {
    await turn();
    return super.put(key, value, options);
  }
}
