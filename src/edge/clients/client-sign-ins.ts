/**
 * The sign-ins of people at OAuth clients: each lets one client act for one person at one tunnel, until a time that refreshing
 * does not prolong. A refresh token is exchanged for the next pair of tokens once; presented again, it ends the sign-in
 * (RFC 9700 section 4.14.2). Whether an access token counts is read from this node's own copy of the sign-ins.
 */
import { accountKey, type Identity } from '../../auth/identity/identity.js';
import { ownerTag, type Session } from '../../auth/session/session.js';
import type { MaybePromise } from '../../core/maybe-promise.js';
import { RecentMap } from '../../core/recent-map.js';
import type { Entry, Store } from '../../store/store.js';
import { REMEMBERED_MS } from '../oauth/authorization-codes.js';
import { OAuthError } from '../oauth/oauth-error.js';
import type { Owned } from '../people/grants.js';
import { Room } from '../people/room.js';
import type { AttemptLimit } from '../request/attempts.js';
import {
  type Allowed,
  type ClientSignIn,
  type Issued,
  labelOf,
  type Refreshed,
  readSignIn,
  type StoredSignIn,
  storedText,
} from './client-sign-in.js';
import type { ClientTokens } from './client-tokens.js';
import { SignInMirror } from './sign-in-mirror.js';

export interface ClientSignInsOptions {
  readonly store: Store;
  readonly tokens: ClientTokens;
  /** Whether a person was signed out meanwhile: by the end of the session at the provider, or of all sign-ins of the account. */
  readonly isEnded: (session: Session) => boolean;
  /** Throws while this node cannot know who was signed out at other nodes. Default: it always knows. */
  readonly checkEnded?: () => void;
  /** What the providers of now vouch for of an identity; undefined when none of them does any more. */
  readonly recheck: (identity: Identity) => Identity | undefined;
  /** The host of a tunnel. */
  readonly hostOf: (tunnel: string) => string;
  /** Limits the refreshes of an account: each is stored. */
  readonly refreshes: AttemptLimit;
  /** Lifetime of a sign-in. */
  readonly ttlMs: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** How long an access token lives: not long, since it is not known how well a client keeps it. */
export const ACCESS_TOKEN_MS = 3_600_000;

/** The most sign-ins of one account; the one that was not refreshed for the longest time makes room for another. */
export const MAX_OF_ONE = 50;
/** The most at one tunnel, and at all tunnels of an owner: further ones are refused. */
export const MAX_OF_TUNNEL = 1_000;
export const MAX_OF_OWNER = 5_000;

const PREFIX = 'client-sign-in:';

type Held = ClientSignIn & StoredSignIn & { readonly session: Session };

export class ClientSignIns {
  readonly ready: Promise<void>;
  readonly #options: ClientSignInsOptions;
  readonly #now: () => number;
  readonly #mirror: SignInMirror<Held>;
  /** Ids of which the store has nothing, although their tokens are genuine: they have ended, and no id is ever used again. */
  readonly #gone = new RecentMap<true>(1_000, 64);
  readonly #room = new Room({ what: 'sign-ins of apps', ofTunnel: MAX_OF_TUNNEL, ofOwner: MAX_OF_OWNER });

  constructor(options: ClientSignInsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { store } = options;
    this.#mirror = new SignInMirror({ store, prefix: PREFIX, read: (entry) => this.#read(entry), now: this.#now });
    this.ready = this.#mirror.ready;
  }

  /** Begins the sign-in `id`, a new one of `createTokenId`. Rejects with `invalid_grant`, `ERR_LIMIT_REACHED`, `ERR_STORE_UNAVAILABLE`. */
  async begin(id: string, { tunnel, client, identity, signedInAtMs }: Allowed): Promise<Issued> {
    const nowMs = this.#now();
    const { host } = client;
    const stored: StoredSignIn = {
      tunnel: tunnel.name,
      owner: tunnel.owner,
      ...{ identity, signedInAtMs, sinceMs: nowMs, usedAtMs: nowMs, generation: 1 },
      client: { id: client.id, name: client.name, ...(host !== undefined && { host }) },
    };
    const expiresAtMs = nowMs + this.#options.ttlMs;
    const { length: ofTunnel } = this.#mirror.ofTunnel(tunnel.name);
    const { length: ofOwner } = this.#mirror.ofOwner(tunnel.owner);
    const held = { ofTunnel, ofOwner };
    const write = () => this.#options.store.put(PREFIX + id, storedText(stored), { ifVersion: 0, expiresAtMs });
    const written = await this.#room.take(tunnel, held, write);
    if (written === undefined) throw new OAuthError('invalid_grant', 'The sign-in has ended.'); // its code was used again meanwhile
    await this.#endSurplus(identity, id);
    return this.#issue({ id, expiresAtMs, ...stored });
  }

  /** Exchanges a refresh token, once, for the client that has it. Rejects with `ERR_RATE_LIMITED`, `ERR_STORE_UNAVAILABLE`. */
  async refresh(token: string, clientId: string, tunnel: string | undefined): Promise<Refreshed> {
    const claims = this.#options.tokens.openRefresh(token);
    const entry = claims && (await this.#options.store.get(PREFIX + claims.id));
    const stored = entry && this.#read(entry);
    if (claims === undefined || entry === undefined || stored === undefined) return { kind: 'refused' };
    const isTheirs = stored.client.id === clientId && (tunnel === undefined || stored.tunnel === tunnel);
    if (!isTheirs || !this.#counts(stored)) return { kind: 'refused' };
    if (claims.generation !== stored.generation) return this.#reused(stored);
    await this.#options.refreshes.count(accountKey(stored.identity));
    const next = { ...stored, usedAtMs: this.#now(), generation: stored.generation + 1 };
    const { version: ifVersion, expiresAtMs } = entry;
    const written = await this.#options.store.put(entry.key, storedText(next), { ifVersion, expiresAtMs });
    // Another request has exchanged the same token meanwhile.
    if (written === undefined) return this.#reused(stored);
    return { kind: 'issued', ...this.#issue(next) };
  }

  /**
   * The person for whom an access token acts at a tunnel, with the owner that it had when the person agreed; `ended` for one that
   * was made here and does not count there now, undefined for any other text. `arrivedAtMs`: when the request arrived, since
   * what was begun in time goes on for as long as the sign-in does. `isThere`: whether there is a tunnel of this name; without one
   * the store is not asked. Synchronous unless it is: for a sign-in that another node has begun a moment ago. Throws as `checkEnded`.
   */
  sessionOf(
    tunnel: string,
    token: string,
    arrivedAtMs: number,
    isThere = true,
  ): MaybePromise<Session | 'ended' | undefined> {
    const claims = this.#options.tokens.openAccess(token);
    if (claims === undefined) return undefined;
    if (claims.expiresAtMs <= arrivedAtMs) return 'ended';
    const held = this.#mirror.get(claims.id);
    if (held !== undefined) return this.#sessionAt(tunnel, held);
    return !isThere || this.#gone.get(claims.id) ? 'ended' : this.#fetch(tunnel, claims.id);
  }

  /** The sign-in that a token belongs to, however old the token is; undefined for any other text, and once the sign-in has ended. */
  async findByToken(token: string): Promise<ClientSignIn | undefined> {
    const { tokens } = this.#options;
    const claims = tokens.openRefresh(token) ?? tokens.openAccess(token);
    return claims && this.find(claims.id);
  }

  async find(id: string): Promise<ClientSignIn | undefined> {
    const entry = await this.#options.store.get(PREFIX + id);
    return entry && this.#read(entry);
  }

  /** Those of all people that count. */
  all(): ClientSignIn[] {
    return this.#mirror.all().filter((held) => this.#counts(held));
  }

  /** Those that count at a tunnel. */
  ofTunnel({ name, owner }: Owned): ClientSignIn[] {
    return this.#mirror.ofTunnel(name).filter((held) => held.owner === owner && this.#counts(held));
  }

  /** Those of a person that count, by canonical email. */
  ofPerson(email: string): ClientSignIn[] {
    return this.#mirror.ofPerson(email).filter((held) => this.#counts(held));
  }

  /** Ends a sign-in. Resolves to whether it was there. Rejects with `ERR_STORE_UNAVAILABLE`. */
  end({ id }: Pick<ClientSignIn, 'id'>): Promise<boolean> {
    return this.#options.store.delete(PREFIX + id);
  }

  /** Ends the sign-in that a code has begun; one that it is about to begin will be refused. Undefined if none had begun. */
  async endById(id: string): Promise<ClientSignIn | undefined> {
    const { store } = this.#options;
    const expiresAtMs = this.#now() + REMEMBERED_MS;
    const isBefore = (await store.put(PREFIX + id, '{}', { ifVersion: 0, expiresAtMs })) !== undefined;
    const found = isBefore ? undefined : await this.find(id);
    return found !== undefined && (await this.end(found)) ? found : undefined;
  }

  /** Calls the listener with the tunnels at which some have begun or ended, here or at another node. */
  onChange(listener: (tunnels: readonly string[]) => void): void {
    this.#mirror.onChange(listener);
  }

  /** Ends the sign-ins that were allowed when the name had another owner. Rejects with `ERR_STORE_UNAVAILABLE`. */
  async forgetOthers({ name, owner }: Owned): Promise<void> {
    for (const held of this.#mirror.ofTunnel(name)) if (held.owner !== owner) await this.end(held);
  }

  close(): void {
    this.#mirror.close();
  }

  async #fetch(tunnel: string, id: string): Promise<Session | 'ended'> {
    const entry = await this.#options.store.get(PREFIX + id);
    const held = entry && this.#read(entry);
    if (entry === undefined) this.#gone.set(id, true);
    return held === undefined ? 'ended' : this.#sessionAt(tunnel, held);
  }

  #sessionAt(tunnel: string, held: Held): Session | 'ended' {
    if (held.tunnel !== tunnel) return 'ended'; // first, so that a token of one tunnel tells nothing of another name
    this.#options.checkEnded?.();
    return this.#counts(held) ? held.session : 'ended';
  }

  /**
   * Whether a sign-in counts, whatever the rules of its tunnel are: they are for the gate. By the lifetime that is set now, too,
   * since who was signed out is remembered for no longer than that.
   */
  #counts({ session, sinceMs }: Held): boolean {
    return sinceMs + this.#options.ttlMs > this.#now() && !this.#options.isEnded(session);
  }

  /** One that was ended meanwhile, by its person or by another request, is no theft to report. */
  async #reused(ended: Held): Promise<Refreshed> {
    return (await this.end(ended)) ? { kind: 'reused', ended } : { kind: 'refused' };
  }

  async #endSurplus({ issuer, subject, email }: Identity, id: string): Promise<void> {
    const isOfAccount = ({ identity }: Held) => identity.issuer === issuer && identity.subject === subject;
    const others = this.#mirror.ofPerson(email).filter((held) => held.id !== id && isOfAccount(held));
    others.sort((one, other) => other.usedAtMs - one.usedAtMs);
    for (const surplus of others.slice(MAX_OF_ONE - 1)) await this.end(surplus);
  }

  #issue(signIn: ClientSignIn & StoredSignIn): Issued {
    const { tokens } = this.#options;
    const { id, generation } = signIn;
    const expiresAtMs = Math.min(this.#now() + ACCESS_TOKEN_MS, signIn.expiresAtMs);
    return {
      signIn,
      accessToken: tokens.sealAccess({ id, generation, expiresAtMs }),
      refreshToken: tokens.sealRefresh({ id, generation }),
      expiresInSeconds: Math.max(0, Math.floor((expiresAtMs - this.#now()) / 1000)),
    };
  }

  #read(entry: Entry): Held | undefined {
    const signIn = readSignIn(entry, PREFIX);
    const identity = signIn && this.#options.recheck(signIn.identity);
    if (signIn === undefined || identity === undefined) return undefined;
    const { id, tunnel, owner, client, sinceMs: seenAtMs, signedInAtMs } = signIn;
    const at = { host: this.#options.hostOf(tunnel), admitted: true, owner: ownerTag(owner), seenAtMs };
    const session = { id, identity, signedInAtMs, ...at, client: { label: labelOf(client) } };
    return { ...signIn, identity, session };
  }
}
