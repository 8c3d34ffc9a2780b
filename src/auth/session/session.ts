/** A session as the edge knows it, and what it says about the owner of the tunnel that it was made for. */
import { createHash } from 'node:crypto';
import type { Identity } from '../identity/identity.js';

/** Never changed once made: renewing gives another one. */
export interface Session {
  /** Shared by all sessions of one sign-in. Reveals nothing that would open a session. */
  readonly id: string;
  readonly identity: Identity;
  /** The host on which it counts, as `readHost` gives it. */
  readonly host: string;
  readonly signedInAtMs: number;
  readonly seenAtMs: number;
  /** The gate has let this visitor in on this host before. */
  readonly admitted: boolean;
  /** `ownerTag` of whoever had the tunnel's name when the session was made; absent on the base host. */
  readonly owner?: string;
}

/** The tag of a name that nobody had: none that `ownerTag` gives, and as long, since the length of a sealed text can be seen. */
export const NO_OWNER = '~~~~~~~~';

/** What stands for the owner of a tunnel in a session, where every byte counts. */
export function ownerTag(owner: string): string {
  return createHash('sha256').update(owner).digest('base64url').slice(0, 8);
}

/** Whether somebody had the tunnel's name when the session was made. Earlier releases gave no tag, or an empty one. */
export function hasOwner({ owner }: Pick<Session, 'owner'>): boolean {
  return owner !== undefined && owner !== '' && owner !== NO_OWNER;
}

/**
 * Whether sessions that one browser brings are of different sign-ins. Whose would they be? One of them was planted: by a
 * sibling, where no `__Host-` prefix keeps it from doing so.
 */
export function areRivals([first, ...others]: readonly Session[]): boolean {
  return others.some(({ id }) => id !== first?.id);
}
