/**
 * The steps of a sign-in, from a visitor without a session to a session on a tunnel's host. The routes call them; providers,
 * transactions, tickets and sessions do the work.
 *
 * start (base host) -> provider -> callback (base host): session on the base host -> ticket -> session on the tunnel.
 */
import { accountKey, type Identity, isSameAccount } from '../../auth/identity/identity.js';
import type { IdentityProvider } from '../../auth/providers/identity-provider.js';
import type { Providers } from '../../auth/providers/providers.js';
import { cookieNames, cookieValues, setCookie } from '../../auth/session/cookies.js';
import type { Nonces } from '../../auth/session/nonce.js';
import { queryValue, type ReturnTarget, readReturnPath, readReturnTarget } from '../../auth/session/return-path.js';
import { hasOwner, type Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { Tickets } from '../../auth/session/ticket.js';
import type { Transaction, Transactions } from '../../auth/session/transaction.js';
import { type BaseAddress, tunnelHost, tunnelOrigin } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { Revocations } from '../../store/revocations.js';
import type { Observer } from '../ops/observer.js';
import type { Departure, HandOff, PlainRedirect, Redirect } from '../replies/hand-off.js';
import type { AttemptLimit } from '../request/attempts.js';
import { network } from '../request/limits.js';
import type { VisitRequest } from '../request/visit.js';
import { choiceOf, type ProviderChoice, rememberedProvider, rememberProvider } from './provider-choice.js';
import { choiceQuery, chosenProvider, type SignInChoice, signInPath } from './sign-in-choice.js';
import { SignInFailure } from './sign-in-failure.js';
import type { Redeemed, StartFields, TicketFields } from './sign-in-fields.js';
import type { VisitLimit } from './visit-limit.js';

export interface SignInOptions {
  readonly base: BaseAddress;
  readonly providers: Providers;
  readonly sessions: Sessions;
  readonly tickets: Tickets;
  readonly nonces: Nonces;
  readonly transactions: Transactions;
  /** Limits the starts of one address. */
  readonly starts: VisitLimit;
  /** Limits the completions of one address: the provider leads to all of them. */
  readonly completions: AttemptLimit;
  /** Limits the sign-ins of an account. */
  readonly accounts: AttemptLimit;
  /** The sign-ins that were ended early. */
  readonly ended: Pick<Revocations, 'isScarce'>;
  /** Throws `ERR_STORE_UNAVAILABLE` while no sign-in could be completed. */
  readonly checkStore: () => void;
  readonly observer: Observer;
  /**
   * The only domain of the operator's ceiling, for providers that accept a hint. Never from a tunnel's rules: the hint is
   * visible before the sign-in, and would tell strangers that the tunnel exists and for whom.
   */
  readonly domainHint: string | undefined;
  /** Whether the gate would admit a session to a tunnel now. */
  readonly isAdmitted: (session: Session, name: string) => boolean;
  /** `ownerTag` of the owner of a tunnel's name, `NO_OWNER` when there is none. */
  readonly ownerOf: (name: string) => string;
}

// The lifetime of a transaction, and time for the ticket after it.
const NONCE_SECONDS = 15 * 60;

// A longer path is sent beside the ticket: sealing adds a third, and sealed text is limited to 8 kB.
const MAX_TICKET_PATH_CHARS = 2_048;

export class SignIn {
  readonly #options: SignInOptions;
  readonly #isSecure: boolean;

  constructor(options: SignInOptions) {
    this.#options = options;
    this.#isSecure = options.base.scheme === 'https';
  }

  /** On a tunnel's host, without a session: redirects to the start on the base host, and sets a nonce in this browser. */
  redirectToBase(request: VisitRequest, name: string, path: string, choice: SignInChoice): PlainRedirect {
    const { base, nonces } = this.#options;
    const host = tunnelHost(base, name);
    const nonce = this.#nonces(request).find((value) => nonces.isIssued(value, host)) ?? nonces.issue(host);
    const returnTo = queryValue(tunnelOrigin(base, name) + path);
    const maxAgeSeconds = NONCE_SECONDS;
    const cookie = setCookie(cookieNames(this.#isSecure).nonce, nonce, { secure: this.#isSecure, maxAgeSeconds });
    const location = `${base.origin}/oauth2/start?rd=${returnTo}&nonce=${nonces.prove(nonce, host)}${choiceQuery(choice)}`;
    return { kind: 'redirect', location, cookies: [cookie] };
  }

  /**
   * On the base host: redirects to the target if there is a sufficient session, else to the provider, which the visitor chooses
   * where there are several. Throws `ERR_BAD_REQUEST` for an unknown provider, and `ERR_STORE_UNAVAILABLE` while a
   * sign-in at the provider would be in vain.
   */
  async start(request: VisitRequest, fields: StartFields): Promise<Redirect | ProviderChoice> {
    const { base, providers, sessions, starts, checkStore } = this.#options;
    const chosen = chosenProvider(providers, fields);
    const target = readReturnTarget(fields.returnTo, base);
    const nonceHash = this.#readProof(fields.nonceProof, target);
    if (target.name !== undefined && nonceHash === undefined) {
      const location = signInPath(base, target.name, target.path, fields);
      return { kind: 'redirect', location, cookies: [] };
    }
    const session = await sessions.read(request.header['cookie'], base.host);
    const isOfChosen = chosen === undefined || session?.identity.issuer === chosen.issuer;
    const current = fields.account === 'current' && isOfChosen ? session : undefined;
    if (current !== undefined && fields.isAgain !== true && !this.#lacksGroups(current, target)) {
      return this.#issueTicket(current, target, nonceHash, { cookies: [], state: undefined });
    }
    const last = rememberedProvider(providers, request, this.#isSecure);
    const usual = fields.account === 'current' ? (providers.ofIssuer(current?.identity.issuer) ?? last) : undefined;
    const provider = chosen ?? providers.only ?? usual;
    if (provider === undefined) return choiceOf(base, providers, fields, last);
    checkStore();
    await starts.count(request, request.address);
    const began = { target, ...(nonceHash !== undefined && { nonceHash }), ...(current && { continues: current.id }) };
    return this.#toProvider(request, provider, began, fields.account);
  }

  /**
   * On the base host, back from the provider at its redirect URI: creates a session here and redirects to the return target.
   * Counts against the limit, and sends requests to the provider, only for a sign-in that this browser has started and not used before.
   */
  async completeCallback(request: VisitRequest): Promise<Redirect> {
    const { base, providers, sessions, transactions, completions, observer } = this.#options;
    const callback = new URL(base.origin + request.path);
    const states = callback.searchParams.getAll('state');
    const { transaction, cookie } = await transactions.finish(
      request.header['cookie'],
      states.length === 1 ? states[0] : undefined,
      network(request.address),
      () => completions.count(request.address),
    );
    const identity = await this.#identify(transaction, callback, cookie);
    await this.#checkRoom(identity);
    const former = await sessions.read(request.header['cookie'], base.host);
    // A new sign-in revokes the former one on all hosts, unless two tabs sign in to the same account concurrently: then the
    // former session is younger than the start of this sign-in.
    const isSame = former !== undefined && isSameAccount(former.identity, identity);
    const isConcurrent = isSame && former.signedInAtMs > transaction.startedAtMs;
    // A sign-in that was started because the session lacked groups continues that session, so its other sessions do not end.
    const isContinued = isSame && former.id === transaction.continues;
    if (former !== undefined && !isConcurrent && !isContinued) await sessions.revoke(former);
    const signIn = isContinued ? { id: former.id, signedInAtMs: former.signedInAtMs } : {};
    const created = await sessions.create({ identity, host: base.host, admitted: false, ...signIn });
    observer.emit({ kind: 'signed-in', visit: request, session: created.session });
    const { target, nonceHash, state } = transaction;
    const remembered = rememberProvider(providers, transaction.provider, this.#isSecure);
    return this.#issueTicket(created.session, target, nonceHash, {
      cookies: [cookie, ...remembered, created.cookie],
      state,
    });
  }

  /** On a tunnel's host: exchanges the ticket for a session of this host. Throws `ERR_LOGIN_FAILED`. */
  async redeem(request: VisitRequest, name: string, { text, returnTo, isWelcome }: TicketFields): Promise<Redeemed> {
    const { base, tickets, sessions, isAdmitted, ownerOf } = this.#options;
    const nonces = isWelcome ? this.#nonces(request) : [];
    const ticket = await tickets.redeem(text, { host: tunnelHost(base, name), nonces });
    const { identity, host, sessionId: id, signedInAtMs } = ticket;
    const owner = ownerOf(name);
    const former = await sessions.read(request.header['cookie'], host);
    const { session, cookie } = await sessions.create({ identity, host, id, signedInAtMs, admitted: false, owner });
    const admitted = isAdmitted(session, name) ? await sessions.renew(session, { admitted: true }) : undefined;
    const location = readReturnPath(returnTo ?? ticket.path);
    // For admitted visitors only: a denied one would learn from it that the name has an owner.
    const isPassedOn = admitted !== undefined && former !== undefined && hasOwner(former) && former.owner !== owner;
    return { kind: 'redirect', location, cookies: [admitted ?? cookie], isPassedOn };
  }

  #lacksGroups(session: Session, { name }: ReturnTarget): boolean {
    const { sessions, isAdmitted } = this.#options;
    return name !== undefined && !sessions.knowsGroups(session) && !isAdmitted(session, name);
  }

  #readProof(proof: string | undefined, { name }: ReturnTarget): string | undefined {
    const { base, nonces } = this.#options;
    return proof === undefined || name === undefined ? undefined : nonces.readProof(proof, tunnelHost(base, name));
  }

  async #toProvider(
    request: VisitRequest,
    provider: IdentityProvider,
    began: Pick<Transaction, 'target' | 'nonceHash' | 'continues'>,
    account: StartFields['account'],
  ): Promise<PlainRedirect | Departure> {
    const { transactions, domainHint } = this.#options;
    const { target } = began;
    const { transaction, cookies } = await transactions.start(request.header['cookie'], {
      ...began,
      provider: provider.id,
    });
    const { state, nonce, verifier } = transaction;
    const chooseAccount = account === 'other' ? 'yes' : 'no';
    const hint = domainHint === undefined ? {} : { domainHint };
    const location = await provider.begin({ state, nonce, verifier, chooseAccount, ...hint });
    if (target.name === undefined) return { kind: 'redirect', location, cookies };
    const path = transaction.target.path === target.path ? undefined : target.path;
    return { kind: 'departure', location, cookies, state, path };
  }

  async #issueTicket(
    { identity, id: sessionId, signedInAtMs }: Session,
    { name, path }: ReturnTarget,
    nonceHash: string | undefined,
    also: Pick<HandOff, 'cookies' | 'state'>,
  ): Promise<PlainRedirect | HandOff> {
    const { base, tickets } = this.#options;
    if (name === undefined || nonceHash === undefined) {
      return { kind: 'redirect', location: path, cookies: also.cookies };
    }
    const isShort = path.length <= MAX_TICKET_PATH_CHARS;
    const fields = { host: tunnelHost(base, name), nonceHash, identity, sessionId, signedInAtMs };
    const ticket = await tickets.issue({ ...fields, path: isShort ? path : '/' });
    const origin = tunnelOrigin(base, name);
    const location = `${origin}/.postern/session?ticket=${ticket}${isShort ? '' : `&rd=${queryValue(path)}`}`;
    return { kind: 'hand-off', location, origin, path, ticket, ...also };
  }

  async #identify(transaction: Transaction, callback: URL, cookie: string) {
    try {
      const { providers } = this.#options;
      const provider = providers.find(transaction.provider);
      if (provider === undefined)
        throw new PosternError('ERR_LOGIN_FAILED', 'the identity provider is no longer known');
      // Mix-up (RFC 9700 section 4.4): a code of one provider, sent to another, would be that one's to use.
      if (callback.pathname !== provider.callbackPath)
        throw new PosternError('ERR_LOGIN_FAILED', 'the response came to the redirect URI of another provider');
      return providers.accept(provider, await provider.finish(callback, transaction));
    } catch (error) {
      throw new SignInFailure(error, transaction.target, [cookie]);
    }
  }

  /** Each sign-in may be ended, and that must be remembered: without room for it none begins. */
  async #checkRoom(identity: Identity): Promise<void> {
    const { ended, accounts } = this.#options;
    if (ended.isScarce) throw new PosternError('ERR_STORE_UNAVAILABLE', 'no room for further ends of sign-ins');
    await accounts.count(accountKey(identity));
  }

  #nonces(request: VisitRequest): string[] {
    return cookieValues(request.header['cookie'], cookieNames(this.#isSecure).nonce);
  }
}
