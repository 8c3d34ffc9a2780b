/**
 * Who calls the API, and for which tunnels: a program with an agent's token, or a signed-in person on a page of the base
 * host. A page of any other origin is refused, tunnels of this edge included: a browser sends the session with its requests.
 */
import type { Identity } from '../../auth/identity/identity.js';
import { matchesRules } from '../../auth/identity/policy.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import { coversName } from '../../core/name-pattern.js';
import type { Rule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import type { SharedCounters } from '../../store/store.js';
import type { AgentTokens } from '../agents/agent-tokens.js';
import type { Registry, Tunnel } from '../gate/registry.js';
import { AttemptLimit } from '../request/attempts.js';
import type { VisitRequest } from '../request/visit.js';
import { checkCause, isFromOrigin } from '../routes/csrf.js';

/** A caller who has proven who they are. */
export class Caller {
  /** Canonical email. */
  readonly email: string;
  /** May act for every owner (`POSTERN_ADMINS`). */
  readonly isAdmin: boolean;
  /** The names, or patterns of names, that the caller's token is limited to. */
  readonly #names: readonly string[];
  /** Of the token, for a program. */
  readonly #tokenId: string | undefined;

  constructor(email: string, { isAdmin = false, names = ALL_NAMES, tokenId }: CallerFields = {}) {
    this.email = email;
    this.isAdmin = isAdmin;
    this.#names = names;
    this.#tokenId = tokenId;
  }

  /**
   * The party of the caller's budgets: the account. A token that is limited to some names is a party of its own, so that its
   * bearer cannot keep the owner from revoking it.
   */
  get party(): string {
    return this.isWhole ? this.email : (this.#tokenId ?? this.email);
  }

  /** Whether it is the person, and not a token that is limited to some names. */
  get isWhole(): boolean {
    return this.#names.includes('*');
  }

  /** Whether the caller may look at a tunnel, and change who may open it. */
  mayRead({ name, owner }: { readonly name: string; readonly owner: string }): boolean {
    return (this.isAdmin || owner === this.email) && coversName(this.#names, name);
  }

  /** Whether the caller may see and end a credential of agents. A token that is limited to some names ends only itself. */
  mayEnd({ id, owner }: { readonly id: string; readonly owner: string }): boolean {
    return this.isAdmin || (owner === this.email && (this.isWhole || id === this.#tokenId));
  }
}

interface CallerFields {
  readonly isAdmin?: boolean;
  readonly names?: readonly string[];
  readonly tokenId?: string;
}

export interface CallersOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly tokens: AgentTokens;
  readonly registry: Registry;
  readonly admins: readonly Rule[];
  /** What the provider said of the person whose sign-in (`postern login`) a token belongs to. */
  readonly identityOf: (owner: string, tokenId: string) => Promise<Identity | undefined>;
  /** As of an `AttemptLimit`. */
  readonly counters?: SharedCounters | undefined;
}

const ALL_NAMES = ['*'];

const LIMITED = { text: 'This token is limited to some tunnels: sign in as the person instead.' };

const UNKNOWN = { text: 'You have no tunnel of this name.' };

export class Callers {
  readonly #options: CallersOptions;

  /** Limits how often an account may change something. */
  readonly #changes: AttemptLimit;

  constructor(options: CallersOptions) {
    this.#options = options;
    this.#changes = new AttemptLimit('change', options);
  }

  /**
   * The caller of a request. Throws `ERR_TOKEN_INVALID` for a bad token, `ERR_LOGIN_REQUIRED` without token and session,
   * `ERR_ACCESS_DENIED` for an account without a verified email, `ERR_CROSS_SITE` for a page of another
   * origin, and `ERR_RATE_LIMITED` after too many changes.
   */
  async identify(visit: VisitRequest): Promise<Caller> {
    return this.#counted(visit, await this.#identify(visit, false));
  }

  /** As `identify`, for what is of the person and of no one tunnel. Throws `ERR_ACCESS_DENIED` for a token that is limited to some names. */
  async identifyWhole(visit: VisitRequest): Promise<Caller> {
    const caller = await this.identify(visit);
    if (!caller.isWhole) throw new PosternError('ERR_ACCESS_DENIED', 'a limited token', LIMITED);
    return caller;
  }

  /**
   * As `identify`, for what administers people and credentials but opens no tunnel: there the token of a sign-in
   * (`postern login`) of a person whom `POSTERN_ADMINS` names counts as that person.
   */
  async identifyOperator(visit: VisitRequest): Promise<Caller> {
    return this.#counted(visit, await this.#identify(visit, true));
  }

  async #counted({ method }: VisitRequest, caller: Caller): Promise<Caller> {
    if (!isSafe(method)) await this.#changes.count(caller.party);
    return caller;
  }

  async #identify(visit: VisitRequest, asOperator: boolean): Promise<Caller> {
    const authorization = visit.header['authorization'];
    if (authorization !== undefined) return this.#byToken(authorization, visit, asOperator);
    const { base, sessions } = this.#options;
    checkCause(visit, base.origin);
    const session = await sessions.read(visit.header['cookie'], base.host);
    if (session === undefined) throw new PosternError('ERR_LOGIN_REQUIRED');
    if (!isSafe(visit.method) && !isFromOrigin(visit, base.origin)) throw new PosternError('ERR_CROSS_SITE');
    const caller = this.ofIdentity(session.identity);
    if (caller === undefined) throw new PosternError('ERR_ACCESS_DENIED', 'the email address is not verified');
    return caller;
  }

  /** The caller that a signed-in person is; undefined for one without a verified email: what is kept by address is not theirs. */
  ofIdentity(identity: Identity): Caller | undefined {
    if (!identity.emailVerified) return undefined;
    return new Caller(identity.email, { isAdmin: matchesRules(this.#options.admins, identity) });
  }

  /** The tunnel of a name that this caller may look at and change. Throws `ERR_TUNNEL_UNKNOWN`, whether or not there is one. */
  tunnel(caller: Caller, name: string): Tunnel {
    const tunnel = this.#options.registry.find(name);
    if (tunnel === undefined || !isTheirs(caller, tunnel))
      throw new PosternError('ERR_TUNNEL_UNKNOWN', undefined, UNKNOWN);
    return tunnel;
  }

  /** The caller of a request, and the tunnel that its path names. Throws as `identify` and `tunnel` do. */
  async find(visit: VisitRequest, name: string): Promise<{ readonly caller: Caller; readonly tunnel: Tunnel }> {
    const caller = await this.identify(visit);
    return { caller, tunnel: this.tunnel(caller, name) };
  }

  /** All tunnels that this caller may look at and change, by name. */
  tunnels(caller: Caller): Tunnel[] {
    const { registry } = this.#options;
    const tunnels = caller.isAdmin ? registry.all() : registry.ownedBy(caller.email);
    return tunnels.filter((tunnel) => isTheirs(caller, tunnel));
  }

  async #byToken(authorization: string, { address }: VisitRequest, asOperator: boolean): Promise<Caller> {
    const token = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1] ?? '';
    const { id: tokenId, owner, tunnels: names } = await this.#options.tokens.verify(token, address);
    const identity = asOperator ? await this.#options.identityOf(owner, tokenId) : undefined;
    const isAdmin = identity?.emailVerified === true && matchesRules(this.#options.admins, identity);
    return new Caller(owner, { isAdmin, names, tokenId });
  }
}

function isTheirs(caller: Caller, { name, policy }: Tunnel): boolean {
  return caller.mayRead({ name, owner: policy.owner });
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
