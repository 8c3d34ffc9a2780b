/**
 * An invite as it is in the store, with a hash of the secret in its link and of each account that has used it, and the decision
 * whether it lets a visitor in.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { accountKey, type Identity } from '../../auth/identity/identity.js';
import { readObject } from '../../store/json-value.js';
import type { Entry } from '../../store/store.js';
import type { Owned } from './grants.js';
import { tunnelOf } from './tunnel-mirror.js';

export const PREFIX = 'invite:';

export interface Invite {
  /** Names it in lists and records; opens nothing. */
  readonly id: string;
  readonly tunnel: string;
  /** Canonical email of the tunnel's owner. */
  readonly owner: string;
  /** Who has made it: the owner, or an administrator. */
  readonly by: string;
  /** How many accounts may use it, and how many have. */
  readonly uses: number;
  readonly used: number;
  /** Canonical email of the one person it is for; undefined: for anyone who has the link. */
  readonly email: string | undefined;
  readonly sinceMs: number;
  readonly expiresAtMs: number;
  /** The access that it gives ends with it; otherwise it lasts until it is taken back. */
  readonly endsAccess: boolean;
}

/** What is in the store: `hash` is of the secret, `accounts` has a hash of each account that has used it. */
export interface Stored extends Omit<Invite, 'used'> {
  readonly hash: string;
  readonly accounts: readonly string[];
}

/** Whether an invite lets this visitor in: with this secret, at the tunnel of this owner. */
export function isFor(stored: Stored, { owner }: Owned, secret: string, identity: Identity): boolean {
  const { hash, email, accounts, uses } = stored;
  const isRight = timingSafeEqual(Buffer.from(sha256(secret)), Buffer.from(hash));
  const isTheirs = identity.emailVerified && (email === undefined || email === identity.email);
  const hasRoom = accounts.length < uses || accounts.includes(accountOf(stored, identity));
  return isRight && isTheirs && hasRoom && stored.owner === owner;
}

export function shown({ accounts, hash: _, ...invite }: Stored): Invite {
  return { ...invite, used: accounts.length };
}

/** The hash of an account. With the id, so that the entries of two invites do not show that one person has used both. */
export function accountOf({ id }: Stored, identity: Identity): string {
  return sha256(`${id} ${accountKey(identity)}`).slice(0, 22);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

const HASH_CHARS = 43;

/** Undefined for an entry that this version does not understand. */
export function readInvite({ key, value, expiresAtMs }: Entry): Stored | undefined {
  const rest = key.slice(PREFIX.length);
  const tunnel = tunnelOf(rest);
  const { owner, by, hash, uses, email, accounts, sinceMs, endsAccess } = readObject(value);
  if (typeof owner !== 'string' || typeof by !== 'string' || typeof hash !== 'string') return undefined;
  if (hash.length !== HASH_CHARS || typeof uses !== 'number' || typeof sinceMs !== 'number') return undefined;
  if (email !== undefined && typeof email !== 'string') return undefined;
  if (typeof endsAccess !== 'boolean' || expiresAtMs === undefined || !isList(accounts)) return undefined;
  const id = rest.slice(tunnel.length + 1);
  return { id, tunnel, owner, by, hash, uses, email, accounts, sinceMs, expiresAtMs, endsAccess };
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
