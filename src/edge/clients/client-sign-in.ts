/** One sign-in of a person at an OAuth client, and what the store has of it: no secret. */
import type { Identity } from '../../auth/identity/identity.js';
import type { Entry } from '../../store/store.js';
import { readStored } from '../oauth/stored.js';
import type { Owned } from '../people/grants.js';
import type { Client } from './client.js';

/** A sign-in, as its person and the tunnel's owner may see it. Times in milliseconds since the epoch. */
export interface ClientSignIn {
  readonly id: string;
  /** The one tunnel for which it counts. */
  readonly tunnel: string;
  /** Canonical email of the tunnel's owner. */
  readonly owner: string;
  /** The person. */
  readonly identity: Identity;
  readonly client: SignedInClient;
  readonly sinceMs: number;
  /** When it last got tokens. */
  readonly usedAtMs: number;
  /** When it ends at the latest. */
  readonly expiresAtMs: number;
}

export type SignedInClient = Pick<Client, 'id' | 'name'> & { readonly host?: string };

export interface StoredSignIn extends Omit<ClientSignIn, 'id' | 'expiresAtMs'> {
  /** When the person signed in at the provider, before they allowed it. */
  readonly signedInAtMs: number;
  /** That of the one refresh token that counts. */
  readonly generation: number;
}

/** What a person has allowed. */
export interface Allowed {
  readonly tunnel: Owned;
  readonly client: Pick<Client, 'id' | 'name' | 'host'>;
  readonly identity: Identity;
  /** When the session began with which it was allowed. */
  readonly signedInAtMs: number;
}

/** The tokens of one exchange. */
export interface Issued {
  readonly signIn: ClientSignIn;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
}

export type Refreshed =
  | ({ readonly kind: 'issued' } & Issued)
  | { readonly kind: 'refused' }
  /** The sign-in has ended now: the token was used before. */
  | { readonly kind: 'reused'; readonly ended: ClientSignIn };

/** As records name a client: by what is proven of it, else by what it says. */
export function labelOf({ host, name, id }: SignedInClient): string {
  return host ?? `"${name === '' ? id.slice(0, 24) : name}"`; // neither a host nor a name has quotation marks in it
}

/** The value of an entry. */
export function storedText(stored: StoredSignIn): string {
  const { tunnel, owner, identity, client, sinceMs, usedAtMs, signedInAtMs, generation } = stored;
  return JSON.stringify({ tunnel, owner, identity, client, sinceMs, usedAtMs, signedInAtMs, generation });
}

/** Reads an entry; undefined for one that this version does not understand. */
export function readSignIn(
  { key, value, expiresAtMs }: Entry,
  prefix: string,
): (ClientSignIn & StoredSignIn) | undefined {
  const stored = readStored<StoredSignIn>(value, FIELDS);
  if (stored === undefined || expiresAtMs === undefined) return undefined;
  return { ...stored, id: key.slice(prefix.length), expiresAtMs };
}

const FIELDS = ['tunnel', 'owner', 'identity', 'client', 'sinceMs', 'usedAtMs', 'signedInAtMs', 'generation'] as const;
