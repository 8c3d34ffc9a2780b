/** Sessions by the cookie value that they were opened from or sealed to: opening one costs a decryption. */
import { LRUCache } from 'lru-cache';
import type { Session } from './session.js';

// The seal's authentication tag, 16 bytes in base64url: to look for it costs a tenth of what the hash of a whole value does.
const TAG_CHARS = 22;

// About 1.5 kB each. A session that falls out costs one decryption when it is seen again.
const MAX_CACHED = 10_000;

interface Opened {
  readonly value: string;
  readonly session: Session;
}

export class OpenedSessions {
  // By the end of the cookie value, and only for the whole of it. The value is sealed for one host: another host's session
  // is told by `session.host`.
  readonly #cache = new LRUCache<string, Opened>({ max: MAX_CACHED });

  get(value: string): Session | undefined {
    const opened = this.#cache.get(value.slice(-TAG_CHARS));
    return opened?.value === value ? opened.session : undefined;
  }

  set(value: string, session: Session): void {
    this.#cache.set(value.slice(-TAG_CHARS), { value, session });
  }
}
