/**
 * A visitor's sign-in on one host, carried in a sealed cookie of that host: who they are, since when, and when last
 * seen. The sessions that one sign-in has on several hosts share an id and end together. Any edge with the same
 * secret reads them; only what ended early is kept elsewhere, in the store.
 */
import { randomBytes } from 'node:crypto';
import { deriveKeys } from '../../core/keys.js';
import { chain, type MaybePromise } from '../../core/maybe-promise.js';
import { PosternError } from '../../errors.js';
import type { Store } from '../../store/store.js';
import type { Identity } from '../identity/identity.js';
import { clearCookie, clearEverywhere, cookieNames, cookieValues, setCookie } from './cookies.js';
import { OpenedSessions } from './opened-sessions.js';
import { type Keyring, open, seal } from './seal.js';
import { type KnownIssuers, knownIssuers } from './sealed-identity.js';
import { groupsTag, packSession, shrinkToFit, unpackSession } from './sealed-session.js';
import { areRivals, type Session } from './session.js';

export interface SessionsOptions {
  /** Newest first: the first seals, every one opens. */
  readonly secrets: readonly string[];
  /** The issuers whose identities count: a session that names another one, or none, is not read. */
  readonly issuers: readonly string[];
  /** A sign-in ends this long after it was made. */
  readonly ttlMs: number;
  /** A session ends this long after its visitor was last seen. */
  readonly idleMs: number;
  /** The edge is served over https. */
  readonly secure: boolean;
  readonly store: Store;
  /** The groups that rules name now, which are kept first; the same set until they change. None unless given. */
  readonly groupsAskedFor?: () => ReadonlySet<string>;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface NewSession {
  readonly identity: Identity;
  readonly host: string;
  /** Of the sign-in that this session belongs to; absent begins a new one. */
  readonly id?: string;
  readonly signedInAtMs?: number;
  readonly admitted: boolean;
  /** `ownerTag` of the tunnel's owner. */
  readonly owner?: string;
}

export interface SealedSession {
  readonly session: Session;
  /** A `Set-Cookie` line. */
  readonly cookie: string;
}

// With the longest cookie name, 22 characters, and the equals sign: 599 bytes, so a session is always under 600.
const MAX_VALUE_CHARS = 576;

// A session of the base host leaves room for the owner of a tunnel, so that those made from it are cut no further.
const OWNER_CHARS = 20;

const NO_GROUPS: ReadonlySet<string> = new Set();

// An active visitor is given a new cookie at this pace, not with every response; a quarter of a shorter idle limit.
const RENEW_AFTER_MS = 5 * 60_000;

/** Makes, reads, renews and ends the sessions of one edge. */
export class Sessions {
  readonly cookieName: string;
  readonly #options: SessionsOptions;
  readonly #keys: Keyring;
  readonly #issuers: KnownIssuers;
  /** The clock that sessions are judged by. To read it costs as much as the rest of judging one: ask once for a request. */
  readonly nowMs: () => number;
  readonly #renewAfterMs: number;
  readonly #groupsAskedFor: () => ReadonlySet<string>;
  readonly #opened = new OpenedSessions();
  // A page asks for fifty things at once with the old cookie: one of them seals, the others share its result.
  readonly #renewals = new WeakMap<Session, { readonly next: Session; readonly cookie: Promise<string> }>();

  constructor(options: SessionsOptions) {
    this.cookieName = cookieNames(options.secure).session;
    this.#options = options;
    this.#keys = deriveKeys(options.secrets, 'session');
    this.#issuers = knownIssuers(options.issuers);
    this.nowMs = options.now ?? Date.now;
    this.#groupsAskedFor = options.groupsAskedFor ?? (() => NO_GROUPS);
    this.#renewAfterMs = Math.min(options.idleMs / 4, RENEW_AFTER_MS);
  }

  /**
   * Makes a session and its cookie. An identity too large for a cookie loses groups, those that no rule names first, and
   * then its username; throws `ERR_LOGIN_FAILED` when it is too large even so.
   */
  async create({ identity, host, admitted, owner, ...signIn }: NewSession): Promise<SealedSession> {
    const nowMs = this.nowMs();
    const fresh = { id: randomBytes(12).toString('base64url'), signedInAtMs: nowMs };
    const common = { ...fresh, ...signIn, host, seenAtMs: nowMs, admitted, ...(owner !== undefined && { owner }) };
    const maxChars = owner === undefined ? MAX_VALUE_CHARS - OWNER_CHARS : MAX_VALUE_CHARS;
    for (const smaller of shrinkToFit(identity, this.#groupsAskedFor())) {
      const session: Session = { ...common, identity: smaller };
      const value = await seal(packSession(session), this.#keys);
      if (value.length <= maxChars) return { session, cookie: this.#cache(session, value) };
    }
    throw new PosternError('ERR_LOGIN_FAILED', 'the identity does not fit a session cookie', {
      text: 'The name of this account is too long to sign in with.',
    });
  }

  /**
   * The live session in a `Cookie` header for this host. Duplicates are all tried, since a cookie planted by a sibling
   * may come first; two genuine sessions of different sign-ins are ambiguous and count as none. At once when the header
   * holds one session cookie that was opened before, as almost every request's does.
   */
  read(cookieHeader: string | undefined, host: string, nowMs = this.nowMs()): MaybePromise<Session | undefined> {
    if (cookieHeader === undefined) return undefined;
    const values = cookieValues(cookieHeader, this.cookieName);
    const [first] = values;
    if (first === undefined) return undefined;
    const cached = values.length === 1 ? this.#opened.get(first) : undefined;
    return cached === undefined ? this.#readAll(values, host, nowMs) : this.ifActive(cached, host, nowMs);
  }

  /** The session itself if it belongs to this host, has not run out and was not ended. */
  ifActive(session: Session, host: string, nowMs: number): MaybePromise<Session | undefined> {
    if (session.host !== host || this.endsAtMs(session) <= nowMs) return undefined;
    return chain(this.#options.store.isRevoked(session.id), (isRevoked) => (isRevoked ? undefined : session));
  }

  /**
   * `Set-Cookie` lines that make the browser forget its sessions, when a `Cookie` header holds two of different sign-ins:
   * then `read` gives none, and another sign-in would only add a third. None otherwise.
   */
  async clearRivals(cookieHeader: string | undefined, host: string, path: string): Promise<readonly string[]> {
    const active = await this.#activeAmong(cookieValues(cookieHeader, this.cookieName), host, this.nowMs());
    return areRivals(active) ? clearEverywhere(this.cookieName, { secure: this.#options.secure, host, path }) : [];
  }

  /**
   * A `Set-Cookie` line when the session's cookie is old enough to be replaced or the gate has newly admitted it: nearly
   * always none, and at once.
   */
  renew(
    session: Session,
    changes?: { readonly admitted: true },
    nowMs = this.nowMs(),
  ): MaybePromise<string | undefined> {
    const admitted = session.admitted || changes !== undefined;
    if (this.#isFresh(session, admitted, nowMs)) return undefined;
    const cached = this.#renewals.get(session);
    if (cached !== undefined && this.#isFresh(cached.next, admitted, nowMs)) return cached.cookie;
    const next: Session = { ...session, admitted, seenAtMs: nowMs };
    const cookie = seal(packSession(next), this.#keys).then((value) => this.#cache(next, value));
    this.#renewals.set(session, { next, cookie });
    return cookie;
  }

  /** Whether the session has lost no group that rules name now: groups it lacks are groups that the visitor is not in. */
  knowsGroups({ identity: { groupsOmitted, omittedFor } }: Pick<Session, 'identity'>): boolean {
    return !groupsOmitted || omittedFor === groupsTag(this.#groupsAskedFor());
  }

  /** When the session ends if its visitor is not seen again: the earlier of both limits. */
  endsAtMs({ signedInAtMs, seenAtMs }: Session): number {
    return Math.min(signedInAtMs + this.#options.ttlMs, seenAtMs + this.#options.idleMs);
  }

  /**
   * Whether this browser still presents a session of this host that was ended, and did not run out. Only for those who are
   * refused: it opens cookies.
   */
  async hasEnded(cookieHeader: string | undefined, host: string): Promise<boolean> {
    for (const value of cookieValues(cookieHeader, this.cookieName)) {
      const session = this.#opened.get(value) ?? (await this.#open(value, host));
      if (session?.host === host && (await this.#options.store.isRevoked(session.id))) return true;
    }
    return false;
  }

  /** Ends every session of the same sign-in, on all hosts. */
  revoke({ id, signedInAtMs }: Pick<Session, 'id' | 'signedInAtMs'>): Promise<void> {
    return this.#options.store.revoke(id, signedInAtMs + this.#options.ttlMs);
  }

  /** A `Set-Cookie` line that makes the browser forget its session on this host. */
  clear(): string {
    return clearCookie(this.cookieName, this.#options);
  }

  async #readAll(values: readonly string[], host: string, nowMs: number): Promise<Session | undefined> {
    const active = await this.#activeAmong(values, host, nowMs);
    if (areRivals(active)) return undefined;
    return active.reduce<Session | undefined>(
      (latest, session) => (latest === undefined || latest.seenAtMs < session.seenAtMs ? session : latest),
      undefined,
    );
  }

  async #activeAmong(values: readonly string[], host: string, nowMs: number): Promise<Session[]> {
    const active: Session[] = [];
    for (const value of values) {
      const opened = this.#opened.get(value) ?? (await this.#open(value, host));
      const session = opened && (await this.ifActive(opened, host, nowMs));
      if (session !== undefined) active.push(session);
    }
    return active;
  }

  #isFresh({ admitted, seenAtMs }: Session, expected: boolean, nowMs: number): boolean {
    return admitted === expected && nowMs - seenAtMs < this.#renewAfterMs;
  }

  #cache(session: Session, value: string): string {
    this.#opened.set(value, session);
    const maxAgeSeconds = Math.max(0, Math.ceil((this.endsAtMs(session) - this.nowMs()) / 1000));
    return setCookie(this.cookieName, value, { secure: this.#options.secure, maxAgeSeconds });
  }

  async #open(value: string, host: string): Promise<Session | undefined> {
    if (value.length > MAX_VALUE_CHARS) return undefined;
    const payload = await open(value, this.#keys);
    const session = payload && unpackSession(payload, host, this.#issuers);
    if (session !== undefined) this.#opened.set(value, session);
    return session;
  }
}
