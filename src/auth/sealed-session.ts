/** A session, and what of it stands in its sealed cookie. */
import { createHash } from 'node:crypto';
import type { Identity } from './identity.js';
import { packIdentity, unpackIdentity } from './sealed-identity.js';

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

/** The tag of a name that nobody had. */
export const NO_OWNER = '';

/** What stands for the owner of a tunnel in a session, where every byte counts. */
export function ownerTag(owner: string): string {
  return createHash('sha256').update(owner).digest('base64url').slice(0, 8);
}

/**
 * What of an identity may be sealed, the most first: an identity too large loses groups, those that no rule asks for
 * first, and then its username.
 */
export function* reductions(identity: Identity, asked: ReadonlySet<string>): Generator<Identity> {
  yield identity;
  const groups = [
    ...identity.groups.filter((group) => asked.has(group)),
    ...identity.groups.filter((group) => !asked.has(group)),
  ];
  for (let count = groups.length; count > 0; ) {
    count = Math.floor(count * KEPT_OF_GROUPS);
    yield { ...identity, groups: groups.slice(0, count), groupsOmitted: true };
  }
  const { username, ...nameless } = identity;
  if (username !== undefined)
    yield { ...nameless, groups: [], groupsOmitted: identity.groupsOmitted || groups.length > 0 };
}

// Each try costs a seal: some thirty for the thousand groups of a large directory.
const KEPT_OF_GROUPS = 0.8;

/** The payload. Both times in full and `a` always present: a renewed session is as long as the first, so it always fits. */
export function packSession({ id, identity, host, signedInAtMs, seenAtMs, admitted, owner }: Session): object {
  const common = { i: id, h: digest(host), t: signedInAtMs, n: seenAtMs, a: admitted ? 1 : 0 };
  return { ...common, ...(owner !== undefined && { w: owner }), ...packIdentity(identity) };
}

/** The session that a payload of ours holds, if it was made for this host. */
export function unpackSession(payload: Readonly<Record<string, unknown>>, host: string): Session | undefined {
  const { i: id, h, t: signedInAtMs, n: seenAtMs, a, w: owner } = payload;
  const identity = unpackIdentity(payload);
  if (typeof id !== 'string' || h !== digest(host) || identity === undefined) return undefined;
  if (typeof signedInAtMs !== 'number' || typeof seenAtMs !== 'number') return undefined;
  const session = { id, identity, host, signedInAtMs, seenAtMs, admitted: a === 1 };
  return typeof owner === 'string' ? { ...session, owner } : session;
}

// Hosts have up to 253 characters, a digest 16: 96 bits, inside a seal, for which nobody can look for a second host.
function digest(host: string): string {
  return createHash('sha256').update(host).digest('base64url').slice(0, 16);
}
