/**
 * Accounts that were signed out everywhere, each by itself, all of an address, or where they have one session at their provider:
 * sessions of sign-ins up to a time count no more, whether or not a record of them is kept. Later ones do: a session at a provider
 * may outlive its end here. Asked for every request, so it is read from this node's own copy: three lookups for an account that
 * was never signed out like that.
 */
import { createHash } from 'node:crypto';
import { readObject } from '../../store/json-value.js';
import { Mirror } from '../../store/mirror.js';
import type { Entry, Store } from '../../store/store.js';
import { accountKey, type Identity } from '../identity/identity.js';
import type { Session } from './session.js';

type Account = Pick<Identity, 'issuer' | 'subject'>;

/** One account, or all accounts of a canonical email address. */
type Whose = Account | Pick<Identity, 'email'>;

/** What of a sign-in may have ended. */
type SignedIn = Pick<Session, 'signedInAtMs'> & {
  readonly identity: Account & Pick<Identity, 'email' | 'providerSession'>;
};

type Ended = Whose & {
  /** Sign-ins up to this time have ended. */
  readonly untilMs: number;
};

interface EndedAccount extends Account {
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
const PROVIDER_SESSION_PREFIX = 'ended-provider-session:';

export class EndedAccounts {
  readonly ready: Promise<void>;
  readonly #options: EndedAccountsOptions;
  readonly #now: () => number;
  readonly #mirror: Mirror<Ended>;
  /** Up to when, by the tag of a session at a provider. */
  readonly #providerSessions: Mirror<number>;
  /** By subject, which a session has at hand: the key of an account would have to be put together for each request. */
  #bySubject: ReadonlyMap<string, readonly EndedAccount[]> = new Map();
  #untilByEmail: ReadonlyMap<string, number> = new Map();

  constructor(options: EndedAccountsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const common = { store: options.store, keeps: () => true, now: this.#now };
    this.#mirror = new Mirror({ ...common, prefix: PREFIX, read: readEnded });
    this.#providerSessions = new Mirror({ ...common, prefix: PROVIDER_SESSION_PREFIX, read: readUntil });
    this.#mirror.onChange(() => this.#index());
    this.ready = Promise.all([this.#mirror.ready, this.#providerSessions.ready]).then(() => this.#index());
  }

  /** Whether the sign-in of a session has ended with all others of its account, its address or its session at the provider. */
  has({ identity, signedInAtMs }: SignedIn): boolean {
    const { email, providerSession } = identity;
    if (isUpTo(this.#untilByEmail.get(email), signedInAtMs)) return true;
    if (providerSession !== undefined && isUpTo(this.#providerSessions.get(providerSession), signedInAtMs)) return true;
    const ended = this.#bySubject.get(identity.subject);
    return ended?.some(({ issuer, untilMs }) => issuer === identity.issuer && signedInAtMs <= untilMs) ?? false;
  }

  /** Ends all sign-ins up to now, on all hosts. Rejects with `ERR_STORE_UNAVAILABLE`. */
  async end(whose: Whose): Promise<void> {
    const untilMs = this.#now();
    const value = JSON.stringify({ ...pick(whose), untilMs });
    await this.#options.store.put(keyOf(whose), value, { expiresAtMs: untilMs + this.#options.ttlMs });
  }

  /** Ends all sign-ins up to now from one session at a provider, by its `providerSessionTag`. Rejects like `end`. */
  async endProviderSession(tag: string): Promise<void> {
    const untilMs = this.#now();
    const expiresAtMs = untilMs + this.#options.ttlMs;
    await this.#options.store.put(PROVIDER_SESSION_PREFIX + tag, String(untilMs), { expiresAtMs });
  }

  /** Calls the listener after accounts were signed out, here or at another node. */
  onChange(listener: () => void): void {
    this.#mirror.onChange(listener);
    this.#providerSessions.onChange(listener);
  }

  close(): void {
    this.#mirror.close();
    this.#providerSessions.close();
  }

  #index(): void {
    const bySubject = new Map<string, EndedAccount[]>();
    const untilByEmail = new Map<string, number>();
    for (const ended of this.#mirror.ids().flatMap((id) => this.#mirror.get(id) ?? [])) {
      if ('email' in ended) untilByEmail.set(ended.email, ended.untilMs);
      else bySubject.set(ended.subject, [...(bySubject.get(ended.subject) ?? []), ended]);
    }
    this.#bySubject = bySubject;
    this.#untilByEmail = untilByEmail;
  }
}

function isUpTo(untilMs: number | undefined, signedInAtMs: number): boolean {
  return untilMs !== undefined && signedInAtMs <= untilMs;
}

function pick(whose: Whose): Whose {
  return 'subject' in whose ? { issuer: whose.issuer, subject: whose.subject } : { email: whose.email };
}

// No key of an account begins like that of an address: an issuer is a URL.
function keyOf(whose: Whose): string {
  const text = 'subject' in whose ? accountKey(whose) : `email ${whose.email}`;
  return PREFIX + createHash('sha256').update(text).digest('base64url');
}

/** Undefined for an entry that this version does not understand. */
function readEnded({ value }: Entry): Ended | undefined {
  const { issuer, subject, email, untilMs } = readObject(value);
  if (typeof untilMs !== 'number') return undefined;
  if (typeof email === 'string') return { email, untilMs };
  return typeof issuer === 'string' && typeof subject === 'string' ? { issuer, subject, untilMs } : undefined;
}

function readUntil({ value }: Entry): number | undefined {
  const untilMs = Number(value);
  return Number.isSafeInteger(untilMs) && untilMs > 0 ? untilMs : undefined;
}
