/** What the owner of a tunnel, or an administrator, decides about access: one place for the API and the pages, with its record. */
import { formatRule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import type { AccessChange, Asker } from '../ops/events.js';
import type { Observer } from '../ops/observer.js';
import type { AccessTokens } from './access-tokens.js';
import type { Effect, Grant, Grants, Owned } from './grants.js';
import type { InviteRequest, Invites } from './invites.js';
import type { Knocks } from './knocks.js';

export interface DecisionsOptions {
  readonly grants: Grants;
  readonly knocks: Knocks;
  readonly invites: Invites;
  readonly accessTokens: AccessTokens;
  readonly observer: Observer;
}

/** Who decides, and for how long it holds. */
export interface Decided {
  /** Canonical email. */
  readonly by: string;
  readonly forMs?: number | undefined;
}

const SHUT_OUT = 'This person was shut out, which no invite changes: grant access instead.';

const GONE = { text: 'Nobody with this id asks to be let in any more.' };

export class Decisions {
  readonly #options: DecisionsOptions;

  constructor(options: DecisionsOptions) {
    this.#options = options;
  }

  /** As `Grants.decide`. It is also the response to a person who asks to be let in with this address. */
  async decide(visit: Asker, tunnel: Owned, word: string, how: Decided & { readonly effect: Effect }): Promise<Grant> {
    const grant = await this.#options.grants.decide(tunnel, word, how);
    const rule = formatRule(grant.rule);
    await this.#options.knocks.settle(tunnel, rule, how.effect);
    this.#record(visit, { change: how.effect, tunnel: tunnel.name, rule, by: how.by, expiresAtMs: grant.expiresAtMs });
    return grant;
  }

  /** As `Grants.takeBack`. */
  async takeBack(visit: Asker, tunnel: Owned, word: string, { by }: Decided): Promise<boolean> {
    const isDone = await this.#options.grants.takeBack(tunnel, word);
    if (isDone) this.#record(visit, { change: 'take-back', tunnel: tunnel.name, rule: word, by });
    return isDone;
  }

  /** Answers a person who asks to be let in. Resolves to the grant, for a yes. Throws `ERR_NOT_FOUND` if there is no such request any more. */
  async answer(
    visit: Asker,
    tunnel: Owned,
    id: string,
    { answer, ...how }: Decided & { readonly answer: Effect },
  ): Promise<Grant | undefined> {
    const knock = this.#options.knocks.find(tunnel, id);
    if (knock === undefined) throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    if (answer === 'allow') return this.decide(visit, tunnel, knock.email, { effect: 'allow', ...how });
    await this.#options.knocks.settle(tunnel, knock.email, 'deny');
    this.#record(visit, { change: 'refuse', tunnel: tunnel.name, rule: knock.email, by: how.by });
    return undefined;
  }

  /** As `Invites.create`. Throws `ERR_BAD_REQUEST` for a person who was shut out. */
  async invite(visit: Asker, tunnel: Owned, request: InviteRequest): ReturnType<Invites['create']> {
    const { email, by } = request;
    const isShutOut = ({ effect, rule }: Grant) => effect === 'deny' && rule.kind === 'email' && rule.email === email;
    if (email !== undefined && this.#options.grants.list(tunnel).some(isShutOut))
      throw new PosternError('ERR_BAD_REQUEST', SHUT_OUT, { text: SHUT_OUT });
    const made = await this.#options.invites.create(tunnel, request);
    this.#options.observer.emit({ kind: 'invite-changed', visit, change: 'create', by, invite: made.invite });
    return made;
  }

  /** Ends the link of an invite. Resolves to whether there was one. */
  async revokeInvite(visit: Asker, tunnel: Owned, id: string, { by }: Decided): Promise<boolean> {
    const invite = await this.#options.invites.revoke(tunnel, id);
    if (invite === undefined) return false;
    this.#options.observer.emit({ kind: 'invite-changed', visit, change: 'revoke', by, invite });
    return true;
  }

  /** As `AccessTokens.create`. */
  async createAccessToken(
    visit: Asker,
    tunnel: Owned,
    request: Parameters<AccessTokens['create']>[1],
  ): ReturnType<AccessTokens['create']> {
    const made = await this.#options.accessTokens.create(tunnel, request);
    const token = { ...made.created, by: request.by };
    this.#options.observer.emit({ kind: 'access-token-changed', visit, change: 'create', token });
    return made;
  }

  /** Ends an access token, and what is open with it. Resolves to whether there was one. */
  async revokeAccessToken(visit: Asker, tunnel: Owned, id: string, { by }: Decided): Promise<boolean> {
    const token = await this.#options.accessTokens.revoke(tunnel, id);
    if (token === undefined) return false;
    this.#options.observer.emit({ kind: 'access-token-changed', visit, change: 'revoke', token: { ...token, by } });
    return true;
  }

  #record({ id, address }: Asker, change: AccessChange): void {
    this.#options.observer.emit({ kind: 'access-changed', visit: { id, address }, change });
  }
}
