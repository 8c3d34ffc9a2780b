/**
 * What a tunnel's host says to the base host about the sign-in that its visitor wants to end: the base host may have
 * another session, or none. A sealed text in a URL. It ends nothing by itself: the visitor presses a button for that.
 */
import { deriveKeys } from '../../core/keys.js';
import { type Keyring, open, seal } from './seal.js';
import type { Session } from './session.js';

/** What of a session is needed to end its sign-in. */
export type SignInReference = Pick<Session, 'id' | 'signedInAtMs'>;

// Time to read a page and press its button.
const LIFETIME_MS = 10 * 60_000;

/** Makes and reads references to sign-ins. */
export class SignOutReferences {
  readonly #keys: Keyring;
  readonly #now: () => number;

  /** The secrets newest first: the first seals, every one opens. `now` is in milliseconds since the epoch. */
  constructor(secrets: readonly string[], now: () => number = Date.now) {
    this.#keys = deriveKeys(secrets, 'sign-out');
    this.#now = now;
  }

  /** A text that is safe in a URL. */
  issue({ id, signedInAtMs }: SignInReference): Promise<string> {
    return seal({ i: id, t: signedInAtMs, x: this.#now() + LIFETIME_MS }, this.#keys);
  }

  /** The sign-in that a text of this edge refers to; undefined for any other text and for one that is too old. */
  async read(text: string): Promise<SignInReference | undefined> {
    const { i: id, t: signedInAtMs, x: expiresAtMs } = (await open(text, this.#keys)) ?? {};
    if (typeof id !== 'string' || typeof signedInAtMs !== 'number' || typeof expiresAtMs !== 'number') return undefined;
    return expiresAtMs > this.#now() ? { id, signedInAtMs } : undefined;
  }
}
