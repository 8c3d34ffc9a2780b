/** A cache of sessions by their cookie value, sealed or opened: opening one costs a decryption. */
import { LRUCache } from 'lru-cache';
import type { Session } from './session.js';

// The seal's authentication tag, 16 bytes in base64url: a tenth of the cost of hashing the whole value.
const TAG_CHARS = 22;

// About 1.5 kB each. An evicted session costs one decryption when it is seen again.
const MAX_CACHED = 10_000;

interface Opened {
  readonly value: string;
  readonly session: Session;
}

export class OpenedSessions {
  // Found by the end of the cookie value, and then compared as a whole. A value is sealed for one host; the caller compares
  // `session.host`.
  readonly #cache = new LRUCache<string, Opened>({ max: MAX_CACHED });

  get(value: string): Session | undefined {
    const opened = this.#cache.get(value.slice(-TAG_CHARS));
    return opened?.value === value ? opened.session : undefined;
  }

  set(value: string, session: Session): void {
    this.#cache.set(value.slice(-TAG_CHARS), { value, session });
  }
}
