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
export function packSession({ id, identity, host, signedInAtMs, seenAtMs, admitted }: Session): object {
  return { i: id, h: digest(host), t: signedInAtMs, n: seenAtMs, a: admitted ? 1 : 0, ...packIdentity(identity) };
}

/** The session that a payload of ours holds, if it was made for this host. */
export function unpackSession(payload: Readonly<Record<string, unknown>>, host: string): Session | undefined {
  const { i: id, h, t: signedInAtMs, n: seenAtMs, a } = payload;
  const identity = unpackIdentity(payload);
  if (typeof id !== 'string' || h !== digest(host) || identity === undefined) return undefined;
  if (typeof signedInAtMs !== 'number' || typeof seenAtMs !== 'number') return undefined;
  return { id, identity, host, signedInAtMs, seenAtMs, admitted: a === 1 };
}

// Hosts have up to 253 characters, a digest 16: 96 bits, inside a seal, for which nobody can look for a second host.
function digest(host: string): string {
  return createHash('sha256').update(host).digest('base64url').slice(0, 16);
}
