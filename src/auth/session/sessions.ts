/**
 * The sessions of visitors, each in a sealed cookie of one host: who signed in, when, and when they were last seen. All
 * sessions of one sign-in share an id and end together. Every edge with the same secret reads them; only the
 * sign-ins that were ended early are remembered.
 */
import { randomBytes } from 'node:crypto';
import { deriveKeys } from '../../core/keys.js';
import type { MaybePromise } from '../../core/maybe-promise.js';
import { PosternError } from '../../errors.js';
import type { Revocations } from '../../store/revocations.js';
import type { Identity } from '../identity/identity.js';
import { clearCookie, clearEverywhere, cookieNames, cookieValues, setCookie } from './cookies.js';
import type { EndedAccounts } from './ended-accounts.js';
import { OpenedSessions } from './opened-sessions.js';
import { type Keyring, open, seal } from './seal.js';
import { type KnownIssuers, knownIssuers } from './sealed-identity.js';
import { groupsTag, packSession, shrinkToFit, unpackSession } from './sealed-session.js';
import { areRivals, type Session } from './session.js';

export interface SessionsOptions {
  /** Newest first: the first seals, all of them open. */
  readonly secrets: readonly string[];
  /** The accepted issuers: a session of another one, or of none, is ignored. */
  readonly issuers: readonly string[];
  /** A sign-in ends after this time. */
  readonly ttlMs: number;
  /** A session ends when its visitor was not seen for this time. */
  readonly idleMs: number;
  /** The edge is served over https. */
  readonly secure: boolean;
  /** The sign-ins that were ended early. */
  readonly ended: Pick<Revocations, 'has' | 'add'>;
  /** The accounts whose sign-ins up to a time were ended. Default: none. */
  readonly endedAccounts?: Pick<EndedAccounts, 'has'>;
  /** Throws while it is not known which sign-ins were ended. Default: it always is. */
  readonly checkEnded?: () => void;
  /** The groups that rules name now, the last to be left out; the same object until they change. Default: none. */
  readonly groupsAskedFor?: () => ReadonlySet<string>;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface NewSession {
  readonly identity: Identity;
  readonly host: string;
  /** The sign-in to which this session belongs; absent for a new one. */
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

// 599 bytes with the longest cookie name, 22 characters, and the equals sign: a session is always under 600.
const MAX_VALUE_CHARS = 576;

// A session of the base host leaves room for an owner tag, so that the sessions created from it lose nothing more.
const OWNER_CHARS = 20;

const NO_GROUPS: ReadonlySet<string> = new Set();

// How often an active visitor gets a new cookie; a quarter of the idle limit if that is shorter.
const RENEW_AFTER_MS = 5 * 60_000;

/** Creates, reads, renews and ends the sessions of one edge. */
export class Sessions {
  readonly cookieName: string;
  readonly #options: SessionsOptions;
  readonly #keys: Keyring;
  readonly #issuers: KnownIssuers;
  /** The clock for all limits. Reading it costs as much as the rest of a check, so it is read once per request. */
  readonly nowMs: () => number;
  readonly #renewAfterMs: number;
  readonly #groupsAskedFor: () => ReadonlySet<string>;
  readonly #opened = new OpenedSessions();
  // A page sends fifty requests at once with the old cookie: the first seals, the others share its result.
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
   * Creates a session and its cookie. An identity too large for a cookie loses groups, those that no rule names first, and
   * then its username; throws `ERR_LOGIN_FAILED` when it is still too large.
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
   * The active session of this host in a `Cookie` header. All duplicates are tried, since a cookie planted by a sibling may
   * come first; two genuine sessions of different sign-ins are ambiguous, so neither counts. Synchronous when the header has
   * one session cookie that was opened before, as in almost every request.
   */
  read(cookieHeader: string | undefined, host: string, nowMs = this.nowMs()): MaybePromise<Session | undefined> {
    if (cookieHeader === undefined) return undefined;
    const values = cookieValues(cookieHeader, this.cookieName);
    const [first] = values;
    if (first === undefined) return undefined;
    const cached = values.length === 1 ? this.#opened.get(first) : undefined;
    return cached === undefined ? this.#readAll(values, host, nowMs) : this.ifActive(cached, host, nowMs);
  }

  /** The session itself if it is of this host, has not expired and was not revoked. Throws as `checkEnded`. */
  ifActive(session: Session, host: string, nowMs: number): Session | undefined {
    if (session.host !== host || this.endsAtMs(session) <= nowMs) return undefined;
    return this.isEnded(session) ? undefined : session;
  }

  /** Whether the sign-in of a session was ended, alone or with others of its account. Throws as `checkEnded`. */
  isEnded(session: Pick<Session, 'id' | 'identity' | 'signedInAtMs'>): boolean {
    const { ended, endedAccounts, checkEnded } = this.#options;
    checkEnded?.();
    return ended.has(session.id) || endedAccounts?.has(session) === true;
  }

  /**
   * `Set-Cookie` lines that remove the sessions from the browser when a `Cookie` header has two of different sign-ins: `read`
   * returns none then, and another sign-in would only add a third. Empty otherwise.
   */
  async clearRivals(cookieHeader: string | undefined, host: string, path: string): Promise<readonly string[]> {
    const active = await this.#activeAmong(cookieValues(cookieHeader, this.cookieName), host, this.nowMs());
    return areRivals(active) ? clearEverywhere(this.cookieName, { secure: this.#options.secure, host, path }) : [];
  }

  /**
   * A `Set-Cookie` line when the session's cookie is old enough to be replaced, or when the gate has admitted it for the first
   * time. Nearly always undefined, synchronously.
   */
  renew(
    session: Session,
    changes?: { readonly admitted: true },
    nowMs = this.nowMs(),
  ): MaybePromise<string | undefined> {
    if (session.client !== undefined) return undefined; // no token of a client ever becomes a cookie
    const admitted = session.admitted || changes !== undefined;
    if (this.#isFresh(session, admitted, nowMs)) return undefined;
    const cached = this.#renewals.get(session);
    if (cached !== undefined && this.#isFresh(cached.next, admitted, nowMs)) return cached.cookie;
    const next: Session = { ...session, admitted, seenAtMs: nowMs };
    const cookie = seal(packSession(next), this.#keys).then((value) => this.#cache(next, value));
    this.#renewals.set(session, { next, cookie });
    return cookie;
  }

  /** Whether no group that rules name now was left out: the visitor is in none of those that the session lacks. */
  knowsGroups({ identity: { groupsOmitted, omittedFor } }: Pick<Session, 'identity'>): boolean {
    return !groupsOmitted || omittedFor === groupsTag(this.#groupsAskedFor());
  }

  /** When the session expires unless its visitor is seen again: the earlier of both limits. */
  endsAtMs({ signedInAtMs, seenAtMs }: Session): number {
    return Math.min(signedInAtMs + this.#options.ttlMs, seenAtMs + this.#options.idleMs);
  }

  /**
   * Whether the `Cookie` header has a session of this host that was revoked, not expired. For refused requests only, since it
   * may decrypt.
   */
  async hasEnded(cookieHeader: string | undefined, host: string): Promise<boolean> {
    for (const value of cookieValues(cookieHeader, this.cookieName)) {
      const session = this.#opened.get(value) ?? (await this.#open(value, host));
      if (session?.host === host && this.isEnded(session)) return true;
    }
    return false;
  }

  /** Ends every session of the same sign-in, on all hosts. */
  revoke({ id, signedInAtMs }: Pick<Session, 'id' | 'signedInAtMs'>): Promise<void> {
    return this.#options.ended.add(id, signedInAtMs + this.#options.ttlMs);
  }

  /** A `Set-Cookie` line that removes the session of this host from the browser. */
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
