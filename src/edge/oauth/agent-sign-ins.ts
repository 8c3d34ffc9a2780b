/**
 * The sign-ins of agents: who signed in which machine, and the tokens that come of it. An access token lives for
 * `POSTERN_AGENT_TTL`; a refresh token is exchanged for the next pair once, and one that is presented again ends the sign-in
 * (RFC 9700 section 4.14.2). All access tokens of a sign-in have its id, so that ending it ends their links.
 */
import type { Identity } from '../../auth/identity/identity.js';
import { ownerTag } from '../../auth/session/session.js';
import { createToken } from '../../link/token.js';
import type { Entry, Store } from '../../store/store.js';
import type { AgentSignInFields } from '../ops/events.js';
import type { Origin } from './client.js';
import { OAuthError } from './oauth-error.js';
import type { OAuthSecrets } from './oauth-secrets.js';
import { readStored } from './stored.js';

/** Ends access tokens before they expire. */
export interface TokenRevoker {
  /** Revokes the tokens of an id until a time, in milliseconds since the epoch: their links end. */
  revoke(id: string, untilMs: number): Promise<void>;
  has(id: string): boolean;
  /** Whether there is hardly any room left for further ones. */
  readonly isScarce: boolean;
}

export interface AgentSignInsOptions {
  readonly store: Store;
  /** The edge's secrets, newest first: the first signs access tokens. */
  readonly secrets: readonly string[];
  readonly oauth: OAuthSecrets;
  /** Lifetime of an access token. */
  readonly ttlMs: number;
  readonly revoked: TokenRevoker;
  /** Whether an account may sign agents in now. */
  readonly admits: (identity: Identity) => boolean;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A sign-in, as its owner may see it. */
export interface AgentSignIn extends Origin {
  /** The id of its access tokens, `TokenGrant.id`. */
  readonly id: string;
  /** Canonical email. */
  readonly owner: string;
  readonly account: Pick<Identity, 'issuer' | 'subject' | 'email'>;
  readonly sinceMs: number;
  /** When it last got tokens. `address` is that of then. */
  readonly usedAtMs: number;
  /** When it ends unless it gets tokens until then. */
  readonly endsAtMs: number;
}

/** The tokens of one exchange. */
export interface Issued {
  readonly signIn: AgentSignIn;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
}

/** How an exchange of a refresh token ended. */
export type Refreshed =
  | ({ readonly kind: 'issued' } & Issued)
  | { readonly kind: 'refused' }
  /** The sign-in has ended: by a token that was used before, or because its owner may not sign agents in any more. */
  | { readonly kind: 'reused' | 'not-admitted'; readonly ended: AgentSignInFields };

/** What the store has of a sign-in. No secret. */
interface Stored extends Omit<AgentSignIn, 'endsAtMs' | 'account'> {
  readonly identity: Identity;
  /** Of the one refresh token that counts. */
  readonly generation: number;
}

const KIND = 'agent-sign-in:';

/** A sign-in ends when its refresh token was not used for this time. */
export const IDLE_MS = 90 * 86_400_000;

/** Sign-ins of one owner; the one that was not used for the longest time makes room. */
export const MAX_OF_ONE = 50;

/** Every name that no other owner has: who may sign an agent in may name its tunnels. */
const TUNNELS = ['*'];

export class AgentSignIns {
  readonly #options: AgentSignInsOptions;
  readonly #now: () => number;

  constructor(options: AgentSignInsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Starts the sign-in `id`, a new one of `createTokenId`. Rejects with `access_denied` if the account may not. */
  async begin(id: string, identity: Identity, origin: Origin): Promise<Issued> {
    if (!this.#options.admits(identity)) throw new OAuthError('access_denied', NOT_ADMITTED);
    if (this.#options.revoked.isScarce) throw new OAuthError('temporarily_unavailable', TOO_MANY_ENDED, 503);
    const nowMs = this.#now();
    const times = { sinceMs: nowMs, usedAtMs: nowMs };
    const stored: Stored = { id, owner: identity.email, ...origin, ...times, identity, generation: 1 };
    await this.#options.store.put(keyOf(stored), JSON.stringify(stored), {
      ifVersion: 0,
      expiresAtMs: nowMs + IDLE_MS,
    });
    // Not before: sign-ins that begin at once are all there by the time that the last of them looks.
    await this.#endSurplus(stored);
    // The code was presented again meanwhile, or the sign-in was ended otherwise.
    if (this.#options.revoked.has(id)) {
      await this.#options.store.delete(keyOf(stored));
      throw new OAuthError('invalid_grant', 'The sign-in has ended.');
    }
    return this.#issue(stored);
  }

  /** Exchanges a refresh token, once. Rejects with `ERR_STORE_UNAVAILABLE`. */
  async refresh(token: string, address: string): Promise<Refreshed> {
    const claims = this.#options.oauth.openRefreshToken(token);
    if (claims === undefined) return { kind: 'refused' };
    const entry = await this.#options.store.get(KIND + claims.signIn);
    const stored = entry && read(entry);
    if (entry === undefined || stored === undefined) return { kind: 'refused' };
    if (claims.generation !== stored.generation) return this.#ended(stored, 'reused');
    if (this.#options.revoked.has(stored.id)) return { kind: 'refused' };
    if (!this.#options.admits(stored.identity)) return this.#ended(stored, 'not-admitted');
    const next: Stored = { ...stored, address, usedAtMs: this.#now(), generation: stored.generation + 1 };
    const expiresAtMs = next.usedAtMs + IDLE_MS;
    const options = { ifVersion: entry.version, expiresAtMs };
    const written = await this.#options.store.put(entry.key, JSON.stringify(next), options);
    // Another request has exchanged the same token meanwhile, unless the sign-in was ended: that is no theft to report.
    if (written === undefined)
      return this.#options.revoked.has(stored.id) ? { kind: 'refused' } : this.#ended(stored, 'reused');
    return { kind: 'issued', ...(await this.#issue(next)) };
  }

  /** The sign-in of a refresh token of any age; undefined for another text, and for one that has ended. */
  async findByRefreshToken(token: string): Promise<AgentSignIn | undefined> {
    const claims = this.#options.oauth.openRefreshToken(token);
    return claims === undefined ? undefined : this.#find(KIND + claims.signIn);
  }

  find(owner: string, id: string): Promise<AgentSignIn | undefined> {
    return this.#find(keyOf({ owner, id }));
  }

  /** What the provider said of the person at the sign-in; undefined when there is no such sign-in. */
  async identityOf(owner: string, id: string): Promise<Identity | undefined> {
    const entry = await this.#options.store.get(keyOf({ owner, id }));
    return entry && read(entry)?.identity;
  }

  /** The sign-ins of all. */
  async all(): Promise<AgentSignIn[]> {
    return readAll(await this.#options.store.list(KIND));
  }

  /** The sign-ins of an owner, the latest use first. */
  async listOf(owner: string): Promise<AgentSignIn[]> {
    const entries = readAll(await this.#options.store.list(`${KIND}${ownerTag(owner)}.`));
    return entries.filter((signIn) => signIn.owner === owner).sort((one, other) => other.usedAtMs - one.usedAtMs);
  }

  /** Ends a sign-in: its refresh token counts no more, and the links of its access tokens end. Also if it is not known. */
  async end({ owner, id }: Pick<AgentSignIn, 'owner' | 'id'>): Promise<void> {
    try {
      // First: it is what opens tunnels. For longer than any token of it lives, whatever the lifetime was when it was issued.
      await this.#options.revoked.revoke(id, this.#now() + IDLE_MS);
    } finally {
      await this.#options.store.delete(keyOf({ owner, id }));
    }
  }

  async #find(key: string): Promise<AgentSignIn | undefined> {
    const entry = await this.#options.store.get(key);
    const stored = entry && read(entry);
    return stored && publicPart(stored);
  }

  async #ended(stored: Stored, kind: 'reused' | 'not-admitted'): Promise<Refreshed> {
    await this.end(stored);
    return { kind, ended: fieldsOf(stored) };
  }

  async #endSurplus({ owner, id }: Stored): Promise<void> {
    const others = (await this.listOf(owner)).filter((signIn) => signIn.id !== id);
    for (const signIn of others.slice(MAX_OF_ONE - 1)) await this.end(signIn);
  }

  async #issue(stored: Stored): Promise<Issued> {
    const { secrets, oauth, ttlMs } = this.#options;
    const { id, owner, generation } = stored;
    return {
      signIn: publicPart(stored),
      accessToken: await createToken(secrets, { owner, tunnels: TUNNELS, ttlMs, id }, this.#now),
      refreshToken: oauth.sealRefreshToken({ signIn: keyOf(stored).slice(KIND.length), generation }),
      expiresInSeconds: Math.floor(ttlMs / 1000),
    };
  }
}

export const NOT_ADMITTED =
  'This account may not sign agents in at this edge: POSTERN_AGENTS does not name it, or its address is not verified.';

const TOO_MANY_ENDED = 'Too many sign-ins of agents have ended lately for another one to begin: tell the operator.';

/** What events say of a sign-in. */
export function fieldsOf({ id, owner, machine }: Pick<AgentSignIn, 'id' | 'owner' | 'machine'>): AgentSignInFields {
  return { tokenId: id, owner, machine };
}

// By owner, so that those of one are listed without the others.
function keyOf({ owner, id }: Pick<AgentSignIn, 'owner' | 'id'>): string {
  return `${KIND}${ownerTag(owner)}.${id}`;
}

function read({ value }: Entry): Stored | undefined {
  return readStored<Stored>(value, ['id', 'owner', 'identity', 'generation', 'usedAtMs']);
}

function readAll(entries: readonly Entry[]): AgentSignIn[] {
  return entries.map(read).flatMap((stored) => (stored === undefined ? [] : [publicPart(stored)]));
}

function publicPart({ id, owner, machine, user, address, sinceMs, usedAtMs, identity }: Stored): AgentSignIn {
  const { issuer, subject, email } = identity;
  return {
    id,
    owner,
    account: { issuer, subject, email },
    machine,
    user,
    address,
    sinceMs,
    usedAtMs,
    endsAtMs: usedAtMs + IDLE_MS,
  };
}
