/**
 * The results of a connection's last request, for the next one: a browser sends the same cookies to the same tunnel with
 * each request. A reverse proxy sends many people's requests over one connection, so every method compares all that its
 * result depends on, and a request never gets what was computed for another identity, policy, host or `Cookie` header.
 */
import type { Assertion, Assertions } from '../../auth/identity/assertion.js';
import { accountKey, type Identity } from '../../auth/identity/identity.js';
import { type Decision, decide, type Policy } from '../../auth/identity/policy.js';
import { isOurCookie, removeCookies } from '../../auth/session/cookies.js';
import type { Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { MaybePromise } from '../../core/maybe-promise.js';

/** The last result of a pure function of two arguments. */
export class LastCall<First, Second, Result extends object> {
  #first: First | undefined;
  #second: Second | undefined;
  #result: Result | undefined;

  /** The last result when both arguments are the same (`===`), else that of `compute`. Keeps nothing when it throws. */
  get(first: First, second: Second, compute: (first: First, second: Second) => Result): Result {
    if (this.#result !== undefined && this.#first === first && this.#second === second) return this.#result;
    const result = compute(first, second);
    this.#first = first;
    this.#second = second;
    this.#result = result;
    return result;
  }
}

// A property of the connection rather than a WeakMap, which costs fifty times as much on the path of each request.
const CACHE = Symbol('cache');

/** The socket of a connection, or what represents one. */
export interface Connection {
  [CACHE]?: ConnectionCache;
}

/** One for each connection of visitors. Allocates nothing for a request that repeats the one before. */
export class ConnectionCache {
  /** The headers that name a visitor, by identity and assertion. */
  readonly identityHeaders = new LastCall<Identity, string, readonly string[]>();
  /** What is known of the person at a tunnel, by session and tunnel; kept by `people/presence.ts`. */
  readonly seen = new LastCall<Session, { readonly name: string }, object>();
  readonly #decision = new LastCall<Policy, Identity | undefined, Decision>();
  #cookieHeader = '';
  #session: Session | undefined;
  #appCookies: string | undefined;
  #assertion: Assertion | undefined;
  #identity: Identity | undefined;
  #account = '';
  #met: Session | undefined;
  #allowed: Session | undefined;
  #allowedBy = '';

  /** The cache of a connection, for as long as the connection lives. */
  static of(connection: object & Connection): ConnectionCache {
    connection[CACHE] ??= new ConnectionCache();
    return connection[CACHE];
  }

  /** As `sessions.read`. Only opening is saved: the session's end, and a sign-out, are checked for each request. */
  session(
    sessions: Sessions,
    cookieHeader: string | undefined,
    host: string,
    nowMs: number,
  ): MaybePromise<Session | undefined> {
    if (cookieHeader === undefined) return sessions.read(cookieHeader, host, nowMs);
    this.#useCookies(cookieHeader);
    if (this.#session?.host === host) return sessions.ifActive(this.#session, host, nowMs);
    const found = sessions.read(cookieHeader, host, nowMs);
    if (!(found instanceof Promise)) this.#session = found;
    return found;
  }

  /** The cookies of a `Cookie` header that go on to the target: all but ours. */
  appCookies(cookieHeader: string): string {
    this.#useCookies(cookieHeader);
    this.#appCookies ??= removeCookies(cookieHeader, isOurCookie);
    return this.#appCookies;
  }

  /** As `decide`. */
  decision(policy: Policy, identity: Identity | undefined): Decision {
    return this.#decision.get(policy, identity, decide);
  }

  /** As `assertions.sign`, for a session: the text of the assertion. */
  assertion(assertions: Assertions, session: Session, audience: string, nowMs: number): MaybePromise<string> {
    const last = this.#assertion;
    const isSame = last !== undefined && last.sessionId === session.id && last.audience === audience;
    if (isSame && nowMs < last.reusableUntilMs) return last.text;
    this.#assertion = assertions.sign({ audience, identity: session.identity, sessionId: session.id }, nowMs);
    return this.#assertion.text;
  }

  /** As `accountKey`. */
  account(identity: Identity): string {
    if (this.#identity !== identity) {
      this.#identity = identity;
      this.#account = accountKey(identity);
    }
    return this.#account;
  }

  /** Whether this session or the rule that allows it differs from the last time: then the audit record may lack it. */
  isNewlyAllowed(session: Session, rule: string): boolean {
    if (this.#allowed === session && this.#allowedBy === rule) return false;
    this.#allowed = session;
    this.#allowedBy = rule;
    return true;
  }

  /** Whether this session differs from the last one of which this was asked. */
  isNewSession(session: Session): boolean {
    if (this.#met === session) return false;
    this.#met = session;
    return true;
  }

  #useCookies(cookieHeader: string): void {
    if (this.#cookieHeader !== cookieHeader) {
      this.#session = undefined;
      this.#appCookies = undefined;
    }
    // This string, also when it is only equal: the next comparison for this request is then one of references.
    this.#cookieHeader = cookieHeader;
  }
}
