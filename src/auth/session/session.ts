/** A session, and the tag of the owner of the tunnel for which it was created. */
import { createHash } from 'node:crypto';
import type { Identity } from '../identity/identity.js';

/** Immutable: renewing a session creates another one. */
export interface Session {
  /** Shared by all sessions of one sign-in. Not secret: it does not open a session. */
  readonly id: string;
  readonly identity: Identity;
  /** The host for which it is valid, as `readHost` returns it. */
  readonly host: string;
  readonly signedInAtMs: number;
  readonly seenAtMs: number;
  /** The gate has admitted this visitor on this host before. */
  readonly admitted: boolean;
  /** `ownerTag` of the tunnel's owner when the session was created; absent on the base host. */
  readonly owner?: string;
  /** The OAuth client that acts for the person, by its token: there is no cookie. Absent for a browser. */
  readonly client?: SessionClient;
}

/** An OAuth client, as records name it. */
export interface SessionClient {
  /** The host of its metadata document, which is proven, or the name that it gives itself. */
  readonly label: string;
}

/** The tag of a name without an owner. Never returned by `ownerTag`, and as long, since the length of sealed text is visible. */
export const NO_OWNER = '~~~~~~~~';

/** Represents the owner of a tunnel in a session, where every byte counts. */
export function ownerTag(owner: string): string {
  return createHash('sha256').update(owner).digest('base64url').slice(0, 8);
}

/** Whether the tunnel's name had an owner when the session was created. Earlier releases sealed no tag, or an empty one. */
export function hasOwner({ owner }: Pick<Session, 'owner'>): boolean {
  return owner !== undefined && owner !== '' && owner !== NO_OWNER;
}

/**
 * Whether sessions in one request are of different sign-ins. It is then unknown which one is the visitor's: a sibling tunnel
 * can plant a cookie where there is no `__Host-` prefix.
 */
export function areRivals([first, ...others]: readonly Session[]): boolean {
  return others.some(({ id }) => id !== first?.id);
}
