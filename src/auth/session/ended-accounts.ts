/**
 * Accounts that were signed out everywhere: sessions of sign-ins up to a time count no more, whether or not a record of them
 * is kept. Asked for every request, so it is read from this node's own copy: one lookup for an account that was never
 * signed out like that.
 */
import { createHash } from 'node:crypto';
import { readObject } from '../../store/json-value.js';
import { Mirror } from '../../store/mirror.js';
import type { Entry, Store } from '../../store/store.js';
import { accountKey, type Identity } from '../identity/identity.js';
import type { Session } from './session.js';

type Account = Pick<Identity, 'issuer' | 'subject'>;

interface Ended extends Account {
  /** Sign-ins up to this time have ended. */
  readonly untilMs: number;
}

export interface EndedAccountsOptions {
  readonly store: Store;
  /** No sign-in lasts longer than this. */
  readonly ttlMs: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

const PREFIX = 'ended-account:';

export class EndedAccounts {
  readonly ready: Promise<void>;
  readonly #options: EndedAccountsOptions;
  readonly #now: () => number;
  readonly #mirror: Mirror<Ended>;
  /** By subject, which a session has at hand: the key of an account would have to be put together for each request. */
  #bySubject: ReadonlyMap<string, readonly Ended[]> = new Map();

  constructor(options: EndedAccountsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#mirror = new Mirror({ store: options.store, prefix: PREFIX, read: readEnded, now: this.#now });
    this.#mirror.onChange(() => this.#index());
    this.ready = this.#mirror.ready.then(() => this.#index());
  }

  /** Whether the sign-in of a session has ended with all others of its account. */
  has({ identity, signedInAtMs }: { readonly identity: Account } & Pick<Session, 'signedInAtMs'>): boolean {
    const ended = this.#bySubject.get(identity.subject);
    return ended?.some(({ issuer, untilMs }) => issuer === identity.issuer && signedInAtMs <= untilMs) ?? false;
  }

  /** Ends all sign-ins of an account up to now, on all hosts. Rejects with `ERR_STORE_UNAVAILABLE`. */
  async end({ issuer, subject }: Account): Promise<void> {
    const untilMs = this.#now();
    const key = PREFIX + createHash('sha256').update(accountKey({ issuer, subject })).digest('base64url');
    const value = JSON.stringify({ issuer, subject, untilMs });
    await this.#options.store.put(key, value, { expiresAtMs: untilMs + this.#options.ttlMs });
  }

  /** Calls the listener after accounts were signed out, here or at another node. */
  onChange(listener: () => void): void {
    this.#mirror.onChange(listener);
  }

  close(): void {
    this.#mirror.close();
  }

  #index(): void {
    const bySubject = new Map<string, Ended[]>();
    for (const ended of this.#mirror.ids().flatMap((id) => this.#mirror.get(id) ?? []))
      bySubject.set(ended.subject, [...(bySubject.get(ended.subject) ?? []), ended]);
    this.#bySubject = bySubject;
  }
}

/** Undefined for an entry that this version does not understand. */
function readEnded({ value }: Entry): Ended | undefined {
  const { issuer, subject, untilMs } = readObject(value);
  if (typeof issuer !== 'string' || typeof subject !== 'string' || typeof untilMs !== 'number') return undefined;
  return { issuer, subject, untilMs };
}
