/**
 * Names a sign-in to the base host when its visitor wants to sign out on a tunnel's host: on the base host the browser may
 * have another session, or none. A sealed text in a URL. It ends nothing by itself: the visitor confirms with a button.
 */
import { deriveKeys } from '../../core/keys.js';
import { type Keyring, open, seal } from './seal.js';
import type { Session } from './session.js';

/** The fields that are needed to revoke a sign-in. */
export type SignInReference = Pick<Session, 'id' | 'signedInAtMs'>;

// Time to read a page and press its button.
const LIFETIME_MS = 10 * 60_000;

/** Issues and reads references to sign-ins. */
export class SignOutReferences {
  readonly #keys: Keyring;
  readonly #now: () => number;

  /** The secrets, newest first: the first seals, all of them open. `now` is in milliseconds since the epoch. */
  constructor(secrets: readonly string[], now: () => number = Date.now) {
    this.#keys = deriveKeys(secrets, 'sign-out');
    this.#now = now;
  }

  /** A text that is safe in a URL. */
  issue({ id, signedInAtMs }: SignInReference): Promise<string> {
    return seal({ i: id, t: signedInAtMs, x: this.#now() + LIFETIME_MS }, this.#keys);
  }

  /** The sign-in to which a reference of this edge refers; undefined for any other text and for an expired one. */
  async read(text: string): Promise<SignInReference | undefined> {
    const { i: id, t: signedInAtMs, x: expiresAtMs } = (await open(text, this.#keys)) ?? {};
    if (typeof id !== 'string' || typeof signedInAtMs !== 'number' || typeof expiresAtMs !== 'number') return undefined;
    return expiresAtMs > this.#now() ? { id, signedInAtMs } : undefined;
  }
}
