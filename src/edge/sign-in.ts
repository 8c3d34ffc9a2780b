/**
 * Signing in and out: the steps between a visitor without a session and a session on a tunnel's host. Express routes
 * call it; it knows OIDC, transactions, tickets and sessions, and no routing.
 *
 * start (base host) -> provider -> callback (base host): session on the base host -> ticket -> session on the tunnel.
 */
import type { IncomingMessage } from 'node:http';
import { cookieNames, cookieValues, setCookie } from '../auth/cookies.js';
import type { OidcProvider } from '../auth/oidc.js';
import { type ReturnTarget, readReturnPath, readReturnTarget } from '../auth/return-path.js';
import type { Session, Sessions } from '../auth/session.js';
import { hashNonce, newNonce, type Tickets } from '../auth/ticket.js';
import type { Transaction, Transactions } from '../auth/transaction.js';
import { type BaseAddress, tunnelHost, tunnelOrigin } from '../core/hostname.js';
import { type AttemptLimit, network } from './limits.js';
import type { Observer } from './observer.js';
import { contextOf } from './request.js';

export interface SignInOptions {
  readonly base: BaseAddress;
  readonly provider: OidcProvider;
  readonly sessions: Sessions;
  readonly tickets: Tickets;
  readonly transactions: Transactions;
  readonly limit: AttemptLimit;
  readonly observer: Observer;
  /**
   * The one domain that the operator's ceiling admits, for providers that take a hint. Never from a tunnel's rules: the
   * hint is seen before sign-in, and would tell a stranger that the tunnel exists and for whom.
   */
  readonly domainHint: string | undefined;
  /** Whether the gate would let a session in on a tunnel right now. */
  readonly isAdmitted: (session: Session, name: string) => boolean;
}

/** Where the visitor goes next, and the cookies that go along. */
export interface Step {
  readonly location: string;
  readonly cookies: readonly string[];
}

/** A start's own parameters. Anything else in its query is ignored. */
export interface StartFields {
  readonly returnTo: string | undefined;
  /** `hashNonce` of the nonce cookie on the tunnel's host. */
  readonly nonceHash: string | undefined;
  readonly account: 'current' | 'other';
}

// As long as a transaction may take, with room for the ticket behind it.
const NONCE_SECONDS = 15 * 60;
const NONCE = /^[A-Za-z0-9_-]{43}$/;

export class SignIn {
  readonly #options: SignInOptions;
  readonly #isSecure: boolean;

  constructor(options: SignInOptions) {
    this.#options = options;
    this.#isSecure = options.base.scheme === 'https';
  }

  /** On a tunnel's host, without a session: to the start on the base host, with a nonce in this browser. */
  leaveTunnel(request: IncomingMessage, name: string, path: string, account: StartFields['account']): Step {
    const { base } = this.#options;
    const nonce = this.#nonces(request).find((value) => NONCE.test(value)) ?? newNonce();
    const query = new URLSearchParams({ rd: tunnelOrigin(base, name) + path, nonce: hashNonce(nonce) });
    if (account === 'other') query.set('switch', 'account');
    const maxAgeSeconds = NONCE_SECONDS;
    const cookie = setCookie(cookieNames(this.#isSecure).nonce, nonce, { secure: this.#isSecure, maxAgeSeconds });
    return { location: `${base.origin}/oauth2/start?${query}`, cookies: [cookie] };
  }

  /** On the base host: straight to the tunnel for a visitor with a session here, else to the provider. */
  async start(request: IncomingMessage, fields: StartFields): Promise<Step> {
    const { base, sessions, transactions, provider, limit, domainHint } = this.#options;
    const target = readReturnTarget(fields.returnTo, base);
    const nonceHash = fields.nonceHash !== undefined && NONCE.test(fields.nonceHash) ? fields.nonceHash : undefined;
    if (target.name !== undefined && nonceHash === undefined) {
      return { location: signInPath(base, target.name, target.path, fields.account), cookies: [] };
    }
    const session = await sessions.read(request.headers.cookie, base.host);
    if (session !== undefined && fields.account === 'current') return this.#handOver(session, target, nonceHash, []);
    await limit.count(contextOf(request).address);
    const started = await transactions.start(request.headers.cookie, {
      target,
      ...(nonceHash === undefined ? {} : { nonceHash }),
    });
    const { state, nonce, verifier } = started.transaction;
    const chooseAccount = fields.account === 'other' ? 'yes' : 'no';
    const hint = domainHint === undefined ? {} : { domainHint };
    const location = await provider.begin({ state, nonce, verifier, chooseAccount, ...hint });
    return { location, cookies: started.cookies };
  }

  /** On the base host, back from the provider: a new session here, and on to where the visitor wanted to go. */
  async finish(request: IncomingMessage): Promise<Step> {
    const { base, sessions, transactions, provider, limit, observer } = this.#options;
    await limit.count(contextOf(request).address);
    const callback = new URL(base.origin + request.url);
    const state = callback.searchParams.getAll('state');
    const { transaction, cookie } = await transactions.finish(
      request.headers.cookie,
      state.length === 1 ? state[0] : undefined,
      network(contextOf(request).address),
    );
    const identity = await this.#identify(transaction, callback, cookie, provider);
    const former = await sessions.read(request.headers.cookie, base.host);
    // A new sign-in ends the one before it, everywhere. Only two tabs that sign in at once as the same person keep both:
    // the former session is then younger than this sign-in's start.
    const isConcurrent = former?.identity.subject === identity.subject && former.signedInAtMs > transaction.startedAtMs;
    if (former !== undefined && !isConcurrent) await sessions.revoke(former);
    const created = await sessions.create({ identity, host: base.host, admitted: false });
    observer.signedIn(request, created.session);
    return this.#handOver(created.session, transaction.target, transaction.nonceHash, [cookie, created.cookie]);
  }

  /** On a tunnel's host: the ticket becomes a session of this host. */
  async redeem(request: IncomingMessage, name: string, ticketText: string): Promise<Step> {
    const { base, tickets, sessions, isAdmitted } = this.#options;
    const ticket = await tickets.redeem(ticketText, { host: tunnelHost(base, name), nonces: this.#nonces(request) });
    const { identity, host, sessionId: id, signedInAtMs } = ticket;
    const { session, cookie } = await sessions.create({ identity, host, id, signedInAtMs, admitted: false });
    const admitted = isAdmitted(session, name) ? await sessions.renew(session, { admitted: true }) : undefined;
    return { location: readReturnPath(ticket.path), cookies: [admitted ?? cookie] };
  }

  /** Ends the sign-in on all hosts; the provider's own sign-out follows where it offers one. */
  async signOut(request: IncomingMessage): Promise<Step> {
    const { base, sessions, provider, observer } = this.#options;
    const session = await sessions.read(request.headers.cookie, contextOf(request).host);
    if (session !== undefined) {
      await sessions.revoke(session);
      observer.signedOut(request, session);
    }
    // The visitor is out here whatever the provider says: one that cannot be reached must not keep them in.
    const providerUrl = await provider.signOutUrl().catch(() => undefined);
    return { location: providerUrl ?? `${base.origin}/oauth2/signed_out`, cookies: [sessions.clear()] };
  }

  async #handOver(
    session: Session,
    target: ReturnTarget,
    nonceHash: string | undefined,
    cookies: readonly string[],
  ): Promise<Step> {
    const { base, tickets } = this.#options;
    if (target.name === undefined || nonceHash === undefined) return { location: target.path, cookies };
    const { identity, id: sessionId, signedInAtMs } = session;
    const host = tunnelHost(base, target.name);
    const ticket = await tickets.issue({ host, nonceHash, identity, sessionId, signedInAtMs, path: target.path });
    return { location: `${tunnelOrigin(base, target.name)}/.postern/session?ticket=${ticket}`, cookies };
  }

  async #identify(transaction: Transaction, callback: URL, cookie: string, provider: OidcProvider) {
    try {
      return await provider.finish(callback, transaction);
    } catch (error) {
      throw new SignInFailure(error, transaction.target, [cookie]);
    }
  }

  #nonces(request: IncomingMessage): string[] {
    return cookieValues(request.headers.cookie, cookieNames(this.#isSecure).nonce);
  }
}

/** A sign-in that failed at the provider: where the visitor wanted to go, so that the page can offer another try. */
export class SignInFailure extends Error {
  readonly target: ReturnTarget;
  readonly cookies: readonly string[];

  constructor(cause: unknown, target: ReturnTarget, cookies: readonly string[]) {
    super('the sign-in failed', { cause });
    this.target = target;
    this.cookies = cookies;
  }
}

/** Where a visitor of a tunnel begins to sign in and comes back to a path. */
export function signInPath(base: BaseAddress, name: string, path: string, account: StartFields['account']): string {
  const query = new URLSearchParams({ rd: path });
  if (account === 'other') query.set('switch', 'account');
  return `${tunnelOrigin(base, name)}/.postern/session?${query}`;
}
