/**
 * The sign-ins of visitors, for administrators: who signed in when, with which browser and from where. Sessions are in
 * cookies; a record opens nothing, and ends with its sign-in. A sign-in without a record, as after a restart with the
 * memory store, gets one when its visitor is next let in somewhere.
 */
import { isIPv6 } from 'node:net';
import { accountId, type Identity } from '../../auth/identity/identity.js';
import type { Session } from '../../auth/session/session.js';
import { GroupedIds } from '../../core/grouped-ids.js';
import { readObject } from '../../store/json-value.js';
import { Mirror } from '../../store/mirror.js';
import type { Entry, Store } from '../../store/store.js';
import type { EdgeEvent, EventSink } from '../ops/events.js';
import { network } from '../request/limits.js';
import type { VisitRequest } from '../request/visit.js';
import { browserName } from './browser-name.js';

/** A sign-in of a visitor. Times in milliseconds since the epoch. */
export interface VisitorSignIn {
  /** That of all its sessions. */
  readonly id: string;
  readonly identity: Pick<Identity, 'issuer' | 'subject' | 'email' | 'providerSession'>;
  readonly signedInAtMs: number;
  /** When it ends at the latest. */
  readonly expiresAtMs: number;
  /** The network of the visitor: an IPv4 address, or a /64 of IPv6. */
  readonly address: string;
  readonly browser: string;
  /** Older sign-ins of the account had to make room for it, and may still last. */
  readonly hasOlder: boolean;
}

export interface VisitorSignInsOptions {
  readonly store: Store;
  /** The longest life of a sign-in. */
  readonly ttlMs: number;
  /** Whether a sign-in still counts. */
  readonly isActive: (signIn: VisitorSignIn) => boolean;
  readonly now?: () => number;
}

/** Records of one account: the oldest makes room, and its sign-in goes on. */
export const MAX_SIGN_INS_OF_ONE = 50;

/** After a write that has failed, sign-ins without a record get none for this time. */
const RETRY_MS = 60_000;

const PREFIX = 'sign-in:';

// Expired records leave their ids behind: they are looked for after so many changes.
const SWEEP_AFTER = 1_024;

export class VisitorSignIns implements EventSink {
  readonly ready: Promise<void>;
  readonly #options: VisitorSignInsOptions;
  readonly #now: () => number;
  readonly #mirror: Mirror<VisitorSignIn>;
  readonly #byAccount = new GroupedIds();
  #changes = 0;
  #isIncomplete = false;
  #retryAtMs = 0;

  constructor(options: VisitorSignInsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#mirror = new Mirror({ store: options.store, prefix: PREFIX, read: readSignIn, now: this.#now });
    this.#index(this.#mirror.ids());
    this.#mirror.onChange((ids) => this.#index(ids));
    this.ready = this.#mirror.ready;
  }

  /** Some sign-ins could not be recorded since this process started. */
  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  on(event: EdgeEvent): void {
    if (event.kind === 'decided') {
      const { visit, verdict } = event;
      if (verdict.kind !== 'forward' || verdict.session === undefined) return;
      const isBrowsers = verdict.session.client === undefined; // those of OAuth clients are listed elsewhere
      if (isBrowsers && visit.cache.isNewSession(verdict.session)) this.#meet(visit, verdict.session);
    } else if (event.kind === 'signed-in') this.#record(event.visit, event.session);
    else if (event.kind === 'signed-out' && event.session.identity !== undefined)
      void this.#delete(accountId(event.session.identity), event.session.id).catch(() => {}); // it has ended, and is not listed
  }

  /** The sign-ins that count, by account, the latest of each first. No account is without one. */
  *accounts(): Iterable<readonly [VisitorSignIn, ...VisitorSignIn[]]> {
    for (const account of this.#byAccount.groups()) {
      const [latest, ...others] = this.#active(this.#byAccount.of(account));
      if (latest !== undefined) yield [latest, ...others];
    }
  }

  /** The sign-ins with a record of every account of an address, those that have ended included. */
  ofAddress(email: string): VisitorSignIn[] {
    const held = this.#mirror.ids().flatMap((id) => this.#mirror.get(id) ?? []);
    return held.filter(({ identity }) => identity.email === email);
  }

  /** Forgets a sign-in that was ended. */
  forget({ id, identity }: VisitorSignIn): Promise<void> {
    return this.#delete(accountId(identity), id);
  }

  /** Calls the listener when sign-ins have come or gone. */
  onChange(listener: () => void): void {
    this.#mirror.onChange(listener);
  }

  close(): void {
    this.#mirror.close();
  }

  #active(ids: Iterable<string>): VisitorSignIn[] {
    const held = [...ids].flatMap((id) => this.#mirror.get(id) ?? []);
    const active = held.filter((signIn) => this.#options.isActive(signIn));
    return active.sort((one, other) => other.signedInAtMs - one.signedInAtMs);
  }

  #meet(visit: VisitRequest, session: Session): void {
    const isKnown = this.#mirror.get(idOf(accountId(session.identity), session.id)) !== undefined;
    if (!isKnown && this.#now() >= this.#retryAtMs) this.#record(visit, session);
  }

  #record(visit: VisitRequest, session: Session): void {
    void this.#write(visit, session).catch(() => {
      this.#isIncomplete = true;
      this.#retryAtMs = this.#now() + RETRY_MS;
    });
  }

  async #write({ address, header }: VisitRequest, { id, identity, signedInAtMs }: Session): Promise<void> {
    const account = accountId(identity);
    const hasOlder = await this.#makeRoom(account, id);
    const { issuer, subject, email, providerSession } = identity;
    const value = {
      ...{ issuer, subject, email, providerSession, signedInAtMs },
      address: isIPv6(address) ? `${network(address)}::/64` : address,
      browser: browserName(header['user-agent']),
      hasOlder,
    };
    const expiresAtMs = signedInAtMs + this.#options.ttlMs;
    await this.#options.store.put(PREFIX + idOf(account, id), JSON.stringify(value), { expiresAtMs });
  }

  /** Resolves to whether sign-ins that may still last have lost their records, now or before. */
  async #makeRoom(account: string, id: string): Promise<boolean> {
    const others = this.#active(this.#byAccount.of(account)).filter((signIn) => signIn.id !== id);
    const surplus = others.slice(MAX_SIGN_INS_OF_ONE - 1);
    for (const signIn of surplus) await this.forget(signIn);
    return surplus.length > 0;
  }

  #index(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#mirror.get(id) === undefined) this.#byAccount.delete(id);
      else this.#byAccount.set(id, id.slice(0, id.indexOf('/')));
    }
    this.#changes += ids.length;
    if (this.#changes < SWEEP_AFTER) return;
    this.#changes = 0;
    for (const account of this.#byAccount.groups())
      for (const id of this.#byAccount.of(account)) if (this.#mirror.get(id) === undefined) this.#byAccount.delete(id);
  }

  async #delete(account: string, id: string): Promise<void> {
    await this.#options.store.delete(PREFIX + idOf(account, id));
  }
}

function idOf(account: string, id: string): string {
  return `${account}/${id}`;
}

/** Undefined for an entry that this version does not understand. */
function readSignIn({ key, value, expiresAtMs }: Entry): VisitorSignIn | undefined {
  const { issuer, subject, email, providerSession, signedInAtMs, address, browser, hasOlder } = readObject(value);
  const texts = [issuer, subject, email, address, browser];
  if (!texts.every((text) => typeof text === 'string') || expiresAtMs === undefined) return undefined;
  if (typeof signedInAtMs !== 'number' || typeof hasOlder !== 'boolean') return undefined;
  const account = { issuer: issuer as string, subject: subject as string, email: email as string }; // checked above
  const identity = { ...account, ...(typeof providerSession === 'string' && { providerSession }) };
  const where = { address: address as string, browser: browser as string };
  return { id: key.slice(key.indexOf('/') + 1), identity, signedInAtMs, expiresAtMs, ...where, hasOlder };
}
